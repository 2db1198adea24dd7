"""The same relations, asked on Spark: a cluster with two workers, each a process of its own."""

import os
import shutil
import sys

import ibis
import pytest

import lakes
import ledger
from ledger import MemberJoined, MetricDefined, MetricUpdated, relations

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore"),  # of PySpark, which does not know the newest pandas yet
    pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java, which Spark needs: version 17 or later"),
]


@pytest.fixture(scope="module")
def spark():
    """A session on a cluster of two workers of one core each; what Spark logs is shown where a test fails."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("ledger")
    for name, value in {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executor.memory": "1g",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",  # nothing is asked before both workers are there
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "300s",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="module")
def fixed(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    book = lakes.fixed_ledger()
    book.to_parquet(folder, partitions=2)
    return book, relations.lake(ibis.pyspark.connect(spark), folder)


@pytest.mark.parametrize("question", lakes.QUESTIONS[::4] + lakes.QUESTIONS[3::4], ids=str)
def test_of_a_fixed_ledger_they_say_what_its_states_say(fixed, question):
    question.require(*fixed)


def test_a_name_with_a_variable_of_spark_is_that_name(spark, tmp_path):
    with ledger.open(":memory:") as book:
        for name, amount in ("co2", "1 t"), ("co2${x}", "77 t"), ("${spark.app.name}${y}", "5 t"):
            book.initiative(name).record(
                MetricDefined(name, "t"),
                MemberJoined("ada", "2020", attributes={"c" + name: name}),
                MetricUpdated(name, "2020", amount, member="ada"),
            )
        book.to_parquet(tmp_path)
    read = relations.lake(ibis.pyspark.connect(spark), tmp_path)
    for name, amount in ("co2", 1), ("co2${x}", 77), ("${spark.app.name}${y}", 5):
        (row,) = relations.totals(read, name, "2021-01-01", by="c" + name).to_pyarrow().to_pylist()
        assert (row["initiative"], row["group"], row["low"]) == (name, name, amount)
        (row,) = [
            row for row in relations.counts(read, "2021-01-01", by="c" + name).to_pyarrow().to_pylist() if row["group"]
        ]
        assert row["group"] == name


def test_a_sum_of_too_many_digits_is_refused_where_spark_raises_no_error(spark, tmp_path):
    with ledger.open(":memory:") as book:
        for id, amount in ("large", "6e28 EUR"), ("small", "1 EUR"):
            book.initiative(id).record(
                MetricDefined("dues", "EUR"),
                *(MemberJoined(member, "2020-01-01") for member in ("ada", "ben")),
                *(MetricUpdated("dues", "2020-01-01", amount, member=member) for member in ("ada", "ben")),
            )
        book.to_parquet(tmp_path / "lake", partitions=1)
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        totals = relations.totals(relations.lake(ibis.pyspark.connect(spark), tmp_path / "lake"), "dues", "2021-01-01")
        rows = totals.select("initiative", "low", "high", "refused").to_pyarrow().to_pylist()
    finally:
        spark.conf.unset("spark.sql.ansi.enabled")
    assert sorted(tuple(row.values()) for row in rows) == [("large", None, None, "too large"), ("small", 2, 2, None)]


def test_two_workers_have_worked(spark):
    spark.range(2).count()
    assert spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() == 3  # the program itself is counted too

"""The same relations, asked on Spark: a cluster with two workers, each a process of its own."""

import os
import shutil
import sys

import ibis
import pytest

import lakes
from ledger import relations

pytestmark = [
    pytest.mark.spark,
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
    book.to_parquet(folder)
    return book, relations.lake(ibis.pyspark.connect(spark), folder)


def test_there_are_two_workers(spark):
    executors = spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size()
    assert executors == 3  # the program itself is counted too


@pytest.mark.parametrize("question", lakes.QUESTIONS, ids=str)
def test_of_a_fixed_ledger_they_say_what_its_states_say(fixed, question):
    question.require(*fixed)

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


def test_two_workers_have_worked(spark):
    spark.range(2).count()
    assert spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() == 3  # the program itself is counted too

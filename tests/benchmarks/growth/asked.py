"""Ask a lake, on one engine in processes that do nothing else, and print what that took as JSON.

Arguments: duckdb, spark or bare; the folder of the lake; a folder for what the engine notes down.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import psutil

sys.path.append(str(Path(sys.prefix) / "apart"))

import ibis
import pyarrow.compute as pc
import pyarrow.parquet as pq

from growth.history import METRIC
from ledger import relations
from ledger.exchange.lake_tables import GROWING

AT: Final = "2015-06-30"
MONTHS: Final = ("2015-01-31", "2015-12-31")
WARM: Final = 3
NEEDED: Final = (
    "initiative",
    "member",
    "metric",
    "low",
    "high",
    "may_be_missing",
    "oldest",
    "day_from",
    "day_to",
    "to_position",
)
WORKERS: Final = 2

Asked = dict[str, Any]
"""The first time and the others, in seconds; the work of all cores in each of the others; and what was answered."""


def asked(ask: Callable[[], Any]) -> Asked:
    """Ask once, and then again."""
    walls, works, answer = [], [], None
    for _ in range(1 + WARM):
        start, before = perf_counter(), _work()
        answer = ask()
        walls.append(perf_counter() - start)
        works.append(_work() - before)
    return {"cold": walls[0], "warm": walls[1:], "work": works[1:], "answer": _gist(answer)}


def _gist(rows: Any) -> Any:
    """Give what two engines must agree on of their rows."""
    if isinstance(rows, (int, str)):
        return rows
    low = pc.sum(rows["low"]).as_py() or Decimal(0)
    counts = [pc.sum(rows[name].cast("int64")).as_py() for name in ("members", "reporting", "possible_members")]
    return [rows.num_rows, str(low.normalize()), *counts, rows["refused"].null_count]


def _work() -> float:
    """Give the seconds that cores worked so far, for this process and those that it began."""
    found = 0.0
    for one in _processes():
        with suppress(psutil.NoSuchProcess):  # it has come and gone
            found += sum(one.cpu_times()[:2])
    return found


def _peaks() -> Mapping[str, float]:
    """Give the most memory that each of the processes ever had, in MB, by what it is."""
    found: dict[str, float] = defaultdict(float)
    for one in _processes():
        with suppress(psutil.NoSuchProcess, OSError):
            line = " ".join(one.cmdline())
            if what := _what(one.pid, line):
                status = Path(f"/proc/{one.pid}/status").read_text("ascii").splitlines()
                found[what] += next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    return found


def _processes() -> list[psutil.Process]:
    own = psutil.Process()
    return [own, *own.children(recursive=True)]


def _what(pid: int, command: str) -> str | None:
    if pid == psutil.Process().pid:
        return "python"
    if "ExecutorBackend" in command:
        return "executors"
    return "driver" if "SparkSubmit" in command else None


def on_duckdb(folder: Path, _: Path) -> Mapping[str, Any]:
    """Ask DuckDB, in this process."""
    lake = relations.lake(ibis.duckdb.connect(), folder)
    found: dict[str, Any] = {"totals": asked(relations.totals(lake, METRIC, AT).to_pyarrow)}
    found["peak"] = _peaks()["python"]
    found["series"] = asked(relations.series(lake, METRIC, *MONTHS).to_pyarrow)
    return found | {"peak of series": _peaks()["python"]}


def on_spark(folder: Path, notes: Path) -> Mapping[str, Any]:
    """Ask Spark, with workers that are processes of their own; what they exchange stands in its log of events."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local-cluster[{WORKERS},1,1024]").config("spark.executor.memory", "1g")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.dir": notes.as_uri(),
    }.items():
        builder = builder.config(name, value)
    start = perf_counter()
    session = builder.getOrCreate()
    lake = relations.lake(ibis.pyspark.connect(session), folder)
    began = perf_counter() - start
    found = {"begin": began, "totals": asked(relations.totals(lake, METRIC, AT).to_pyarrow), "peaks": _peaks()}
    session.stop()
    return found | {"exchanged": _exchanged(notes) / (1 + WARM)}


def _exchanged(notes: Path) -> float:
    """Give how many MB all workers wrote for one another."""
    lines = (line for path in notes.iterdir() for line in path.read_text("utf-8").splitlines())
    tasks = (json.loads(line) for line in lines if '"SparkListenerTaskEnd"' in line)
    return sum(task["Task Metrics"]["Shuffle Write Metrics"]["Shuffle Bytes Written"] for task in tasks) / 1e6


def bare(folder: Path, _: Path) -> Mapping[str, Any]:
    """Do the least that must be done: read the bytes of the files, and decode the columns of values, and add one up."""
    paths = {table: paths for table, paths in relations.files(folder).items() if table not in GROWING}

    def read() -> int:
        return sum(len(Path(path).read_bytes()) for table in paths.values() for path in table)

    def summed() -> str:
        found = Decimal(0)
        for path in paths["values"]:
            rows = pq.read_table(path, columns=[*NEEDED])
            found += pc.sum(rows.filter(pc.is_null(rows["to_position"]))["low"]).as_py() or 0
        return str(found)

    return {"read": asked(read), "decoded": asked(summed), "peak": _peaks()["python"]}


ENGINES: Final = {"duckdb": on_duckdb, "spark": on_spark, "bare": bare}


if __name__ == "__main__":
    engine, lake_folder, notes_folder = sys.argv[1:]
    found = ENGINES[engine](Path(lake_folder).absolute(), Path(notes_folder).absolute())
    print(json.dumps(found))

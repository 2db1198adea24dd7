"""DuckDB, in memory: a table for each aspect, and a key that puts day and order into one number.

Every form that was tried answers alike; this was the fastest. `arg_max` over a pair of columns takes twice
as long, one table for all aspects a little longer; a prepared statement saves the planning.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import duckdb

from travel.history import FACTS, Aspect, whole_batches
from travel.questions import FIGURES, MONTH_DAYS, SECTOR, SERIES, Answer, Question, series_of

_TABLES: Final = {aspect: aspect.name.lower() for aspect in Aspect}


def _latest(name: str) -> str:
    return (
        f"latest_{name} AS (SELECT member, arg_max(value, key) AS value FROM {name}"
        " WHERE day <= $day AND seq <= $known GROUP BY member)"
    )


def _query(answer: str, *names: str) -> str:
    joins = "".join(f" JOIN latest_{name} AS {name} USING (member)" for name in names)
    latest = ", ".join(map(_latest, ["status", *names]))
    return f"WITH {latest} SELECT {answer} FROM latest_status AS status{joins} WHERE status.value = 1"


class ArgMax:
    """The latest value of every member by `arg_max`; the series by ASOF JOIN."""

    kinds = frozenset({*FIGURES, SERIES})

    _QUERIES: Final = {
        "total": _query("coalesce(sum(co2.value), 0)", "co2"),
        "where": f"{_query('coalesce(sum(co2.value), 0)', 'co2', 'sector')} AND sector.value = {SECTOR}",
        "members": _query("count(*)"),
        "distinct": _query("count(DISTINCT country.value)", "country"),
    }
    _SERIES: Final = (
        "SELECT grid.day, sum(co2.value) FROM grid"
        " ASOF JOIN status ON grid.member = status.member AND grid.key >= status.key"
        " ASOF JOIN co2 ON grid.member = co2.member AND grid.key >= co2.key"
        " WHERE status.value = 1 GROUP BY grid.day ORDER BY grid.day"
    )

    def __init__(self, folder: Path, count: int) -> None:
        self._count = count
        self._connection = connection = duckdb.connect()
        columns = "member::SMALLINT AS member, day::SMALLINT AS day, seq::INTEGER AS seq, value::INTEGER AS value"
        connection.execute(f"CREATE TABLE facts AS FROM read_csv('{folder / FACTS}')")
        for aspect, name in _TABLES.items():
            connection.execute(
                f"CREATE TABLE {name} AS SELECT {columns}, day::BIGINT << 32 | seq AS key FROM facts"
                f" WHERE aspect = {aspect:d} ORDER BY day, seq"
            )
        connection.execute("DROP TABLE facts")
        connection.execute(
            "CREATE TABLE grid AS SELECT unnest($days)::SMALLINT AS day, member,"
            " day::BIGINT << 32 | 4294967295 AS key FROM (SELECT DISTINCT member FROM status)",
            {"days": list(MONTH_DAYS)},
        )
        for kind, query in self._QUERIES.items():
            connection.execute(f"PREPARE ask_{kind} AS {query}")
        connection.execute(f"PREPARE ask_{SERIES} AS {self._SERIES}")

    def prepare(self, question: Question) -> Callable[[], object]:
        """Take whole batches, and write the statement."""
        execute, statement = self._connection.execute, f"EXECUTE ask_{question.kind}"
        if question.kind != SERIES:
            statement += f"(day := {question.day}, known := {whole_batches(question.known, self._count)})"
        return lambda: execute(statement).fetchall()

    def answer(self, question: Question, found: Any) -> Answer:
        """Take the numbers out of the rows."""
        if question.kind == SERIES:
            return series_of(found)
        return int(found[0][0])

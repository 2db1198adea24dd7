"""SQLite, in memory, with the index that suits the questions: each register lies together, by day and order."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from travel.history import FACTS, Aspect, read_facts, whole_batches
from travel.questions import FIGURES, MONTH_DAYS, SECTOR, SERIES, Answer, Question, series_of


def opened(folder: Path) -> sqlite3.Connection:
    """Load the facts. The key covers every question, since the table is its own index."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE facts (aspect INTEGER, member INTEGER, day INTEGER, seq INTEGER, value INTEGER,"
        " PRIMARY KEY (aspect, member, day, seq)) STRICT, WITHOUT ROWID"
    )
    connection.executemany(
        "INSERT INTO facts (seq, member, aspect, day, value) VALUES (?, ?, ?, ?, ?)", read_facts(folder / FACTS)
    )
    connection.execute("CREATE TABLE members (member INTEGER PRIMARY KEY)")
    connection.execute("INSERT INTO members SELECT DISTINCT member FROM facts WHERE aspect = 0")
    connection.execute("CREATE TABLE months (day INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO months VALUES (?)", [(day,) for day in MONTH_DAYS])
    connection.execute("ANALYZE")
    connection.commit()
    return connection


def _seek(aspect: int, day: str = ":day", known: str = "AND seq <= :known") -> str:
    return (
        f"(SELECT value FROM facts WHERE aspect = {aspect:d} AND facts.member = m.member AND facts.day <= {day} {known}"
        " ORDER BY facts.day DESC, seq DESC LIMIT 1)"
    )


_ACTIVE: Final = f"{_seek(Aspect.STATUS)} = 1"


class Seeks:
    """One seek for every member and aspect, backwards from the day."""

    kinds = frozenset({*FIGURES, SERIES})

    _QUERIES: ClassVar[Mapping[str, str]] = {
        "total": f"SELECT coalesce(sum({_seek(Aspect.CO2)}), 0) FROM members AS m WHERE {_ACTIVE}",
        "where": f"SELECT coalesce(sum({_seek(Aspect.CO2)}), 0) FROM members AS m"
        f" WHERE {_ACTIVE} AND {_seek(Aspect.SECTOR)} = {SECTOR}",
        "members": f"SELECT count(*) FROM members AS m WHERE {_ACTIVE}",
        "distinct": f"SELECT count(DISTINCT {_seek(Aspect.COUNTRY)}) FROM members AS m WHERE {_ACTIVE}",
        SERIES: f"SELECT n.day, sum({_seek(Aspect.CO2, 'n.day', '')}) FROM months AS n CROSS JOIN members AS m"
        f" WHERE {_seek(Aspect.STATUS, 'n.day', '')} = 1 GROUP BY n.day ORDER BY n.day",
    }

    def __init__(self, folder: Path, count: int) -> None:
        self._count = count
        self._connection = opened(folder)

    def prepare(self, question: Question) -> Callable[[], object]:
        """Take whole batches."""
        execute, query = self._connection.execute, self._QUERIES[question.kind]
        given = {"day": question.day, "known": whole_batches(question.known, self._count)}
        return lambda: execute(query, given).fetchall()

    def answer(self, question: Question, found: Any) -> Answer:
        """Take the numbers out of the rows."""
        return series_of(found) if question.kind == SERIES else int(found[0][0])


def _numbered(*aspects: int) -> str:
    listed = ", ".join(f"{one:d}" for one in aspects)
    return (
        "WITH numbered AS (SELECT member, aspect, value, row_number() OVER (PARTITION BY aspect, member"
        f" ORDER BY day DESC, seq DESC) AS place FROM facts WHERE aspect IN ({listed})"
        " AND day <= :day AND seq <= :known), latest AS (SELECT * FROM numbered WHERE place = 1)"
    )


def _joined(aspect: int, name: str) -> str:
    return f" JOIN latest AS {name} ON {name}.member = status.member AND {name}.aspect = {aspect:d}"


class RowNumber(Seeks):
    """What people write: number the facts of each register from the latest on, and keep the first."""

    kinds = frozenset(FIGURES)

    _IS_ACTIVE = f" WHERE status.aspect = {Aspect.STATUS:d} AND status.value = 1"
    _QUERIES: ClassVar[Mapping[str, str]] = {
        "total": f"{_numbered(Aspect.STATUS, Aspect.CO2)} SELECT coalesce(sum(co2.value), 0)"
        f" FROM latest AS status {_joined(Aspect.CO2, 'co2')} {_IS_ACTIVE}",
        "where": f"{_numbered(Aspect.STATUS, Aspect.CO2, Aspect.SECTOR)} SELECT coalesce(sum(co2.value), 0)"
        f" FROM latest AS status {_joined(Aspect.CO2, 'co2')} {_joined(Aspect.SECTOR, 'sector')}"
        f" {_IS_ACTIVE} AND sector.value = {SECTOR}",
        "members": f"{_numbered(Aspect.STATUS)} SELECT count(*) FROM latest AS status {_IS_ACTIVE}",
        "distinct": f"{_numbered(Aspect.STATUS, Aspect.COUNTRY)} SELECT count(DISTINCT country.value)"
        f" FROM latest AS status {_joined(Aspect.COUNTRY, 'country')} {_IS_ACTIVE}",
    }

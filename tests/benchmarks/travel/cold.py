"""The whole state of a day, of a file just opened: our `at()`, and the bare SQL that it cannot do without."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import date
from json import dumps
from pathlib import Path
from typing import Any, Final

import ledger
from travel.history import METRICS, Aspect, day_of, whole_batches
from travel.questions import STATE, Answer, Question, digest
from travel.recorded import FILE, INITIATIVE

_ASPECTS: Final = {
    ("status", ""): Aspect.STATUS,
    ("attribute", "country"): Aspect.COUNTRY,
    ("attribute", "sector"): Aspect.SECTOR,
    **{("metric", metric): Aspect.CO2 + place for place, metric in enumerate(METRICS)},
}


def state_at(initiative: ledger.Initiative, day: date, known: int) -> ledger.InitiativeState:
    """Give the whole state, without anything that is kept from one question to the next."""
    return initiative.at(day, known)


class States:
    """`at()`, of a file opened anew for every question."""

    kinds = frozenset({STATE})

    def __init__(self, folder: Path, count: int) -> None:
        self._path = folder / FILE
        self._book = ledger.open(self._path)

    def prepare(self, question: Question) -> Callable[[], object]:
        """Open the file."""
        self._book.close()
        self._book = ledger.open(self._path)
        initiative, day = self._book.initiative(INITIATIVE), day_of(question.day)
        return lambda: state_at(initiative, day, question.known)

    def answer(self, question: Question, found: Any) -> Answer:
        """Say which record holds in each register of a member."""
        cells = ((*register, held.candidates[0].fact.position) for register, held in found.registers.cells.items())
        return _digest(cells)


class BareSeeks:
    """The SQL that `at()` needs, bare: on our own file, opened anew for every question."""

    kinds = frozenset({STATE})

    def __init__(self, folder: Path, count: int) -> None:
        self._path = folder / FILE
        self._count = count
        self._connection = sqlite3.connect(self._path)

    def prepare(self, question: Question) -> Callable[[], object]:
        """Open the file, and read its schema, as `ledger.open` does."""
        self._connection.close()
        self._connection = connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("SELECT 1 FROM facts LIMIT 1").fetchone()
        day, position = day_of(question.day).isoformat(), whole_batches(question.known, self._count)
        newest = position == self._count
        return lambda: bare_seeks(connection, day, position, newest=newest)

    def answer(self, question: Question, found: Any) -> Answer:
        """Say which record holds in each register of a member."""
        rows, refs = found
        if len(refs) != len({row[5] for row in rows}):
            raise RuntimeError("a record that a fact belongs to is not there")
        return _digest((*row[:4], row[5]) for row in rows)


_SEEKS: Final = """
    SELECT g.subject, g.id, g.aspect, g.name, f.rank, f.position, f.earliest, f.latest, f.value, f.low, f.high
    FROM registers AS g JOIN facts AS f ON f.register = g.register AND (f.latest, f.rank, f.position) = (
        SELECT latest, rank, position FROM facts AS f
        WHERE f.register = g.register AND f.latest <= {until} AND f.position <= :position
            AND NOT EXISTS (SELECT 1 FROM retractions AS t WHERE t.retracts = f.position AND t.position <= :position)
        ORDER BY f.latest DESC, f.rank DESC, f.position DESC LIMIT 1)
    WHERE g.initiative = :initiative AND NOT EXISTS (
        SELECT 1 FROM facts AS r INDEXED BY facts_rough WHERE r.register = g.register AND r.earliest <> r.latest)
"""
_NOW: Final = _SEEKS.format(until=":day")
_EARLIER: Final = _SEEKS.format(
    until="min(:day, (SELECT coalesce(k.reach, k.latest) FROM facts AS k INDEXED BY facts_by_position"
    " WHERE k.register = g.register AND k.position <= :position ORDER BY k.position DESC LIMIT 1))"
)
_REFS: Final = (
    "SELECT position, version, id, recorded_at, source FROM records WHERE position IN (SELECT value FROM json_each(?))"
)


def bare_seeks(connection: sqlite3.Connection, day: str, position: int, *, newest: bool) -> tuple[list[Any], list[Any]]:
    """Read one state with the statements of `ledger.stores.sqlite.state`, and do nothing with the rows.

    One seek a register, then the short form of each record used. To be kept level with that module, save
    that nothing is asked here of rough facts, of which there are none.
    """
    terms = {"initiative": INITIATIVE, "day": day, "position": position}
    rows = connection.execute(_NOW if newest else _EARLIER, terms).fetchall()
    refs = connection.execute(_REFS, (dumps(sorted({row[5] for row in rows})),)).fetchall()
    return rows, refs


def _digest(cells: Iterable[tuple[str, str, str, str, int]]) -> str:
    return digest(
        (int(id.removeprefix("member-")), _ASPECTS[aspect, name], position)
        for subject, id, aspect, name, position in cells
        if subject == "member" and (aspect, name) in _ASPECTS
    )

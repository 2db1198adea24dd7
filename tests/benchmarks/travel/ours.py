"""Our own answers from a timeline that is kept, asked for as a user would."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Callable, Mapping
from contextlib import closing
from decimal import Decimal
from gc import collect
from pathlib import Path
from typing import Any, Final

from watch import Watch

import ledger
from ledger.model.measures import Measure
from travel.history import FIRST_DAY, HEADING, LAST_DAY, SECTORS, Joined, Left, day_of
from travel.questions import FIGURES, MONTHS, SECTOR, SERIES, Answer, Question
from travel.recorded import FILE, INITIATIVE, event_of, heading

MEASURES: Final[Mapping[str, Measure]] = {
    "total": ledger.Total("co2"),
    "where": ledger.Total("co2", where={"sector": SECTORS[SECTOR]}),
    "members": ledger.Members(),
    "distinct": ledger.Distinct("country"),
}


def warm() -> None:
    """Go once through everything, in memory, so that what loads on first use is loaded."""
    with ledger.open(":memory:") as book:
        initiative = book.initiative(INITIATIVE)
        initiative.record(*heading(), event_of(Joined(0, 0, 0, 0)), event_of(Left(0, 1)))
        for measure in MEASURES.values():
            initiative.timeline(measure).at(FIRST_DAY, known_at=HEADING + 2)


class Timelines:
    """`timeline()` of each measure, kept from question to question."""

    kinds = frozenset({*FIGURES, SERIES})

    def __init__(self, folder: Path, count: int) -> None:
        self._initiative = ledger.open(folder / FILE).initiative(INITIATIVE)
        self._lines = {kind: self._initiative.timeline(measure) for kind, measure in MEASURES.items()}
        for line in self._lines.values():
            line.at(LAST_DAY)

    def prepare(self, question: Question) -> Callable[[], object]:
        """Make the date."""
        if question.kind == SERIES:
            line = self._lines["total"]
            return lambda: line.series(MONTHS[0], MONTHS[-1], every="month").to_rows()
        line, day, known = self._lines[question.kind], day_of(question.day), question.known
        return lambda: line.at(day, known_at=known).amount

    def answer(self, question: Question, found: Any) -> Answer:
        """Make whole numbers."""
        if question.kind == SERIES:
            return [_whole(row["low"], row["high"], 100) for row in found]
        return whole_answer(question, found)


def build(path: Path, _: int, watch: Watch) -> None:
    """Build the timeline of the total from a file just opened."""
    with ledger.open(path) as book:
        initiative = book.initiative(INITIATIVE)
        collect()
        watch.weigh("rss before")
        with watch.part("build"):
            line = initiative.timeline(MEASURES["total"])
            line.at(LAST_DAY)
        collect()
        watch.weigh("rss after")


def allocated(path: Path, _: int, watch: Watch) -> None:
    """The same, to see how much of what Python allocates is kept."""
    with ledger.open(path) as book:
        initiative = book.initiative(INITIATIVE)
        collect()
        tracemalloc.start()
        line = initiative.timeline(MEASURES["total"])
        line.at(LAST_DAY)
        collect()
        kept, peak = tracemalloc.get_traced_memory()
        watch.weigh("kept", kept / 2**20)
        watch.weigh("kept at most", peak / 2**20)


def whole_answer(question: Question, amount: ledger.Quantity) -> int:
    """Give an amount in hundredths of a tonne; a count as it is."""
    return _whole(amount.low, amount.high, 100 if question.kind in ("total", "where") else 1)


def _whole(low: object, high: object, parts: int) -> int:
    if not isinstance(low, Decimal) or low != high or (low * parts) % 1:
        raise TypeError(f"{low}..{high} is not one number of whole parts")
    return int(low * parts)


def bearing(path: Path) -> int:
    """Count the events that bear on the total: values of its metric, joinings and leavings."""
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute(
            "SELECT count(*) FROM records WHERE metric = 'co2' OR type IN ('member-joined', 'member-left')"
        ).fetchone()[0]
    return found

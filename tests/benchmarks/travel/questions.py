"""What is asked, and of whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final, NamedTuple, Protocol, TypeAlias

from travel.history import DAYS, FIRST_DAY, SECTORS, batch_size, day_of

Answer: TypeAlias = "int | str | list[int]"

FIGURES: Final = {
    "total": 'Total("co2") at (D, K)',
    "where": 'Total("co2", where=sector) at (D, K)',
    "members": "Members() at (D, K)",
    "distinct": 'Distinct("country") at (D, K)',
}
"""The questions whose answer is one number: hundredths of a tonne, or a count."""

SERIES: Final = "series"
"""Total("co2") on the first day of each of 240 months, known now; the day and the position asked say nothing."""

STATE: Final = "state"
"""Everything that is known of every member at (D, K)."""

SECTOR: Final = SECTORS.index("metals")
MONTHS: Final = tuple(date(year, month, 1) for year in range(2004, 2024) for month in range(1, 13))
MONTH_DAYS: Final = tuple((first - FIRST_DAY).days for first in MONTHS)


class Question(NamedTuple):
    """A kind of question, on a day, as known at a position."""

    kind: str
    day: int
    known: int

    def __str__(self) -> str:
        return f"{self.kind} at {day_of(self.day)}, known at position {self.known}"


class Contestant(Protocol):
    """Who answers. Making one reads what it needs from a folder, and takes as long as that takes."""

    kinds: frozenset[str]  # that it answers

    def __init__(self, folder: Path, count: int) -> None: ...

    def prepare(self, question: Question) -> Callable[[], object]:
        """Make all ready, so that calling what is returned does nothing but find the answer."""

    def answer(self, question: Question, found: object) -> Answer:
        """Put what was found into a form that can be compared."""


def points(kind: str, count: int, many: int, seed: int) -> list[Question]:
    """Draw questions: any day of the 20 years, any position from the end of the first batch on."""
    random = Random(f"{kind} {count} {seed}")
    return [Question(kind, random.randrange(DAYS), random.randint(batch_size(count), count)) for _ in range(many)]


def months(count: int) -> Question:
    """Ask for the series."""
    return Question(SERIES, DAYS - 1, count)


def states(count: int, known: int, many: int) -> list[Question]:
    """Ask for the state as known at a position: of the last day, and of any days."""
    random = Random(f"{STATE} {count} {known}")
    return [Question(STATE, random.randrange(DAYS) if place % 2 else DAYS - 1, known) for place in range(many)]


def moments(count: int) -> dict[str, int]:
    """Name the positions at which states are asked for."""
    return {"now": count, "the middle": count // 2, "the first hundredth": count // 100}


def series_of(totals: Iterable[tuple[int, int | None]]) -> list[int]:
    """Give the series from the totals by day; a month without a row has none, which is 0."""
    known = dict(totals)
    return [int(known.get(day) or 0) for day in MONTH_DAYS]


def registers_in(answer: Answer) -> int:
    """Say how many registers of members hold something, by such a sum."""
    return int(str(answer).split(maxsplit=1)[0])


def digest(cells: Iterable[tuple[int, int, int]]) -> str:
    """Sum up a state: how many registers hold something, and of each member and aspect the event that says what."""
    lines = sorted(f"{member} {aspect:d} {seq}" for member, aspect, seq in cells)
    return f"{len(lines)} {sha256(chr(10).join(lines).encode()).hexdigest()}"

"""Series and revisions: the answers of a timeline along the days, and as they were believed of one day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import repeat
from typing import Generic, NamedTuple, Self, TypeVar, overload

from ledger.model.exact import Exact
from ledger.model.figures import Figure, Figures
from ledger.model.measures import By, Measure
from ledger.model.tables import Rows, Tabular
from ledger.queries.totals import Columns

A = TypeVar("A", bound=Figure | Figures)
"""A figure or, of a measure asked by groups, one for each."""


class Revision(NamedTuple, Generic[A]):
    """What was believed of a day from a moment on: when the ledger learned it, and as which position."""

    known_at: datetime
    position: int
    figure: A


class Revisions(Rows[Revision[A]]):
    """What was believed of the day `at`, in the order in which it was learned.

    `measure` and `by` are what was asked. It is a table with a row for each revision or, by groups, for each group.
    """

    __slots__ = ("at", "by", "measure")

    def __init__(self, measure: Measure, by: By | None, at: date, revisions: Iterable[Revision[A]]) -> None:
        super().__init__(revisions)
        self.measure, self.by, self.at = measure, by, at

    def _with(self, items: tuple[Revision[A], ...]) -> Self:
        return type(self)(self.measure, self.by, self.at, items)


class Point(NamedTuple):
    """A figure of a series in plain values; `group` is None too where nothing was asked by groups.

    Where no value exists, there is no `low` and no `high`.
    """

    at: date
    group: str | None
    low: Exact | None
    high: Exact | None
    unit: str
    complete: bool
    envelope_low: Exact | None
    envelope_high: Exact | None


class Series(Tabular, Generic[A]):
    """The answers for some days, in order, all as known at one moment. `days` are those days.

    `measure` and `by` are what was asked. A figure is made when it is asked for. It is a table with a row for each
    figure, for which none is made.
    """

    def __init__(
        self,
        measure: Measure,
        by: By | None,
        days: Sequence[date],
        answer: Callable[[date], A],
        columns: Callable[[Sequence[date]], Columns | None],
    ) -> None:
        self.measure = measure
        self.by = by
        self.days = tuple(days)
        self._answer = answer
        self._columns = columns

    def __len__(self) -> int:
        return len(self.days)

    def __iter__(self) -> Iterator[A]:
        return map(self._answer, self.days)

    @overload
    def __getitem__(self, place: int) -> A: ...
    @overload
    def __getitem__(self, place: slice) -> Series[A]: ...
    def __getitem__(self, place: int | slice) -> A | Series[A]:
        if isinstance(place, slice):
            return Series(self.measure, self.by, self.days[place], self._answer, self._columns)
        return self._answer(self.days[place])

    def __repr__(self) -> str:
        span = f", {self.days[0]} to {self.days[-1]}" if self.days else ""
        return f"<Series of {len(self)} answers{span}>"

    def between(self, first: date, last: date) -> Series[A]:
        """Answer for `first` and each later day of these up to `last`, inclusive, as known at the same moment.

        >>> import ledger
        >>> with ledger.open(":memory:") as book:
        ...     club = book.initiative("club")
        ...     _ = club.record(*(ledger.MemberJoined(f"m{year}", f"{year}-01-01") for year in (2020, 2021, 2022)))
        ...     series = club.timeline(ledger.Members()).series("2020-01-01", "2025-01-01", every="change")
        ...     series.between(date(2020, 7, 1), date(2021, 7, 1))
        <Series of 2 answers, 2020-07-01 to 2021-01-01>
        """
        days = [first, *(one for one in self.days if first < one <= last)]
        return Series(self.measure, self.by, days, self._answer, self._columns)

    def points(self) -> Iterator[Point]:
        """Give the figures in plain values, a group after the other; they are made only where there are no sums."""
        columns = self._columns(self.days)
        if columns is None:
            return (point for at, answer in zip(self.days, self, strict=True) for point in points_of(at, answer))
        low, high, envelope_low, envelope_high, complete, unit = columns
        ends = envelope_low, envelope_high
        return map(Point, self.days, repeat(None), low, high, repeat(unit), complete, *ends)


def by_group(answer: Figure | Figures) -> Iterable[tuple[str | None, Figure]]:
    """Give the figures of an answer, each with its group; the only one has none."""
    return [(None, answer)] if isinstance(answer, Figure) else answer.items()


def points_of(at: date, answer: Figure | Figures) -> Iterator[Point]:
    """Give the figures of an answer for a day in plain values."""
    for group, figure in by_group(answer):
        low, high = figure.ends
        envelope = figure.envelope
        yield Point(at, group, low, high, envelope.unit, figure.complete, envelope.low, envelope.high)

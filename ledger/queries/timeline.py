"""Timelines: one measure at any date, as known at any moment, in microseconds.

A timeline reads what its measure looks at once, and keeps sums of it by day and by batch (`totals`). When it
is asked of now and the ledger has grown, by this process or another, it takes in what is new first. What was
known at an earlier moment never changes. It holds no meaning of its own: every answer equals that of the
replay, and who counts, and whose value is missing, is read from there when it is first asked for.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from threading import RLock
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

from attrs import frozen

from ledger.model.answers import require_groups, share_of
from ledger.model.errors import BadInput, shown
from ledger.model.figures import Figure, Support
from ledger.model.measures import Measure, Share
from ledger.model.records import KnownAt, known_at_of
from ledger.model.state import InitiativeState
from ledger.model.when import day
from ledger.queries.log import Log, News, Wanted
from ledger.queries.totals import Totals

A = TypeVar("A", bound=Figure | dict[str | None, Figure])
"""A figure or, of a measure asked by groups, one for each."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
STEPS: Final = {"day": (0, 1), "week": (0, 7), "month": (1, 0), "quarter": (3, 0), "year": (12, 0)}
"""How many months, and how many days, a step is."""


class Revision(NamedTuple, Generic[A]):
    """What was believed of a day from a moment on: when the ledger learned it, and as which position."""

    known_at: datetime
    position: int
    figure: A


@frozen
class Series(Sequence[A]):
    """The answers for some days, in order, all as known at one moment."""

    figures: tuple[A, ...]

    def __len__(self) -> int:
        return len(self.figures)

    def __getitem__(self, place: Any) -> Any:
        return self.figures[place]

    def to_rows(self) -> list[dict[str, object]]:
        """Give a plain row for each figure: `at`, `low`, `high`, `unit` and `complete`; by groups, the `group` too.

        `at` is a date; the ends are exact numbers, and None where they are open.
        """
        return [
            {
                "at": figure.at,
                **({} if group == () else {"group": group}),
                "low": figure.amount.low,
                "high": figure.amount.high,
                "unit": figure.amount.unit,
                "complete": figure.complete,
            }
            for answer in self.figures
            for group, figure in (answer.items() if isinstance(answer, dict) else [((), answer)])
        ]


class Timeline(Generic[A]):
    """The fast index of one measure. Made by `Initiative.timeline`; several threads may use one.

    `measure` is what it answers, and `by` the attribute by whose values it is grouped, or None.
    """

    def __init__(self, initiative: str, log: Log, measure: Measure, by: str | None = None) -> None:
        require_groups(measure, by)
        self.measure = measure
        self.by = by
        self._initiative = initiative
        self._log = log
        self._wanted = Wanted.by(measure, by)
        self._lock = RLock()
        self._begin()

    def at(self, at: date | str, known_at: KnownAt = None) -> A:
        """Answer as `Initiative.at(at, known_at).measure(measure, by=by)` does, in microseconds.

        Raises what that raises: `BadWhen`, `UnknownMetric`, `NotAdditive`.
        """
        asked = day(at)
        with self._lock:
            return self._answer(asked, self._batch(known_at))

    def series(
        self, start: date | str, end: date | str, *, every: str = "month", known_at: KnownAt = None
    ) -> Series[A]:
        """Answer for `start` and each `day`, `week`, `month`, `quarter` or `year` on from it, up to `end`, inclusive.

        All are as known at one moment. A month on from the 31st is the last day of a shorter month.
        """
        days = list(_days(day(start), day(end), every))
        with self._lock:
            batch = self._batch(known_at)
            return Series(tuple(self._answer(one, batch) for one in days))

    def revisions(self, at: date | str) -> tuple[Revision[A], ...]:
        """Say how the belief about one day changed: each amount or envelope, and the moment from which it held.

        The first is what was believed as soon as anything was recorded by which it could be answered.
        """
        asked = day(at)
        with self._lock:
            batches = {1} if self._batch(None) else set()
            for totals in self._totals:
                batches |= totals.changed(asked.toordinal())
            found: list[Revision[A]] = []
            for batch in sorted(batches):
                if all(totals.can_answer(batch) for totals in self._totals):
                    answer = self._answer(asked, batch)
                    if not found or _amounts(answer) != _amounts(found[-1].figure):
                        moment = EPOCH + self._instants[batch - 1] * MICROSECOND
                        found.append(Revision(moment, self._ends[batch - 1], answer))
            return tuple(found)

    def _begin(self) -> None:
        measure = self.measure
        singles = (measure.part, measure.whole) if isinstance(measure, Share) else (measure,)
        self._totals = [Totals(one, self.by) for one in singles]
        self._ends = array("q")  # the last position of each batch
        self._instants = array("q")  # and when it was recorded, in microseconds since 1970
        self._position = 0  # of the ledger, as far as it has been read

    def _batch(self, known_at: KnownAt) -> int:
        """Give the number of the last batch known at a moment, once all has been read that was known by then."""
        moment = known_at_of(known_at)
        if isinstance(moment, int):
            if moment > self._position:
                self._catch_up()
            return bisect_right(self._ends, moment)
        instant = None if moment is None else (moment - EPOCH) // MICROSECOND
        if instant is None or not self._instants or instant >= self._instants[-1]:
            self._catch_up()
        return len(self._instants) if instant is None else bisect_right(self._instants, instant)

    def _catch_up(self) -> None:
        if self._log.position() == self._position:
            return
        try:
            with self._log.news(self._initiative, self._position, self._wanted) as news:
                self._take(news)
        except BaseException:
            self._begin()  # what was taken in halfway would be taken in again
            raise

    def _take(self, news: News) -> None:
        facts, retractions = iter(news.facts), iter(news.retractions)
        fact, retraction = next(facts, None), next(retractions, None)
        for end, recorded_at in news.batches:
            said, retracted = [], []
            while fact is not None and fact[1][1] <= end:
                said.append(fact)
                fact = next(facts, None)
            while retraction is not None and retraction.position <= end:
                retracted.append(retraction)
                retraction = next(retractions, None)
            self._ends.append(end)
            self._instants.append((recorded_at - EPOCH) // MICROSECOND)
            if said or retracted:
                for totals in self._totals:
                    totals.take(len(self._ends), said, retracted)
        self._position = news.position

    def _answer(self, at: date, batch: int) -> A:
        position = self._ends[batch - 1] if batch else 0
        if not all(totals.can_answer(batch) for totals in self._totals):
            return self._replayed(at, position, None)  # which raises, and names what is known
        if self.by is not None:
            groups = self._totals[0].groups(at.toordinal(), batch)
            figures = {group: self._figure(0, self.measure, at, batch, group) for group in groups}
            if None in figures.values():
                return self._replayed(at, position, self._wanted)
            return cast("A", figures)
        if isinstance(self.measure, Share):
            part = self._figure(0, self.measure.part, at, batch)
            whole = self._figure(1, self.measure.whole, at, batch)
            if part is not None and whole is not None:
                return cast("A", share_of(self.measure, part, whole))
        elif (figure := self._figure(0, self.measure, at, batch)) is not None:
            return cast("A", figure)
        return self._replayed(at, position, self._wanted)

    def _figure(self, which: int, measure: Measure, at: date, batch: int, group: str | None = None) -> Figure | None:
        sums = self._totals[which].at(at.toordinal(), batch, group)
        if sums is None:
            return None
        support = partial(self._support, measure, at, self._ends[batch - 1] if batch else 0, group)
        return Figure(measure, at, sums.amount, sums.envelope, at, sums.complete, support)

    def _support(self, measure: Measure, at: date, position: int, group: str | None) -> Support:
        state = self._state(at, position, self._wanted)
        return (state.measure(measure) if self.by is None else state.measure(measure, by=self.by)[group]).support

    def _replayed(self, at: date, position: int, wanted: Wanted | None) -> A:
        return cast("A", self._state(at, position, wanted).measure(self.measure, by=self.by))

    def _state(self, at: date, position: int, wanted: Wanted | None) -> InitiativeState:
        version, registers = self._log.registers(self._initiative, at, position, wanted)
        return InitiativeState(self._initiative, at, version, registers)


def _amounts(answer: Figure | dict[str | None, Figure]) -> object:
    if isinstance(answer, Figure):
        return answer.amount, answer.envelope
    return {group: (figure.amount, figure.envelope) for group, figure in answer.items()}


def _days(first: date, last: date, every: str) -> Iterator[date]:
    if not isinstance(every, str) or every not in STEPS:
        raise BadInput(f"every={shown(every)} is no step of a series: give one of {', '.join(STEPS)}")
    months, days = STEPS[every]
    found, steps = first, 0
    while found <= last:
        yield found
        steps += 1
        try:
            found = _months_on(first, steps * months) + timedelta(days=steps * days)
        except (OverflowError, ValueError):  # past the last day there is
            return


def _months_on(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    year = first.year + years
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))

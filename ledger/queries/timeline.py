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
from datetime import date, timedelta
from functools import lru_cache, partial
from threading import RLock
from typing import TYPE_CHECKING, Final, Generic, cast

from ledger.model.answers import require_groups, require_measure
from ledger.model.errors import BadInput, Overlapping, shown
from ledger.model.figures import Figure, Figures, Support
from ledger.model.measures import ByLike, Measure, Share, singles_of
from ledger.model.records import KnownAt, known_at_of
from ledger.model.shares import in_order, share_of
from ledger.model.when import day
from ledger.queries.holds import days_of_change
from ledger.queries.log import Log, News, Wanted, standing, state_of
from ledger.queries.series import A, Revision, Revisions, Series
from ledger.queries.totals import Columns, Totals
from ledger.recording.batch import EPOCH

if TYPE_CHECKING:
    import altair

MICROSECOND: Final = timedelta(microseconds=1)
STEPS: Final = {"day": (0, 1), "week": (0, 7), "month": (1, 0), "quarter": (3, 0), "year": (12, 0)}
"""How many months, and how many days, a step is."""
CHANGE: Final = "change"
"""The step of a series that has every day on which anything changes, and no other."""


class Timeline(Generic[A]):
    """The fast index of one measure. Made by `Initiative.timeline`; several threads may use one.

    `measure` is what it answers, and `by` what it is grouped by, or None.

    A total of values that are not too old (`within`) is read from the ledger each time, in milliseconds.
    """

    def __init__(self, initiative: str, log: Log, measure: Measure, by: ByLike | None = None) -> None:
        require_measure(measure)
        self.measure = measure
        self.by = None if by is None else require_groups(measure, by)
        self._initiative = initiative
        self._log = log
        self._wanted = Wanted.by(measure, self.by)
        self._lock = RLock()
        self._begin()

    def __repr__(self) -> str:
        return f"Timeline({self._initiative!r}, {self.measure!r}, by={self.by!r})"

    def at(self, at: date | str, known_at: KnownAt = None) -> A:
        """Answer as `Initiative.at(at, known_at).measure(measure, by=by)` does, in microseconds.

        Raises what that raises: `BadWhen`, `UnknownMetric`, `NotAdditive`, `Overlapping`, `WrongDimension`.
        """
        asked = day(at)
        with self._lock:
            return self._answer(asked, self._batch(known_at))

    def series(
        self, start: date | str, end: date | str, *, every: str = "month", known_at: KnownAt = None
    ) -> Series[A]:
        """Answer for `start` and each `day`, `week`, `month`, `quarter` or `year` on from it, up to `end`, inclusive.

        All are as known at one moment. A month on from the 31st is the last day of a shorter month.

        With `every="change"` it answers for `start` and each later day on which anything that the measure looks at
        can begin to hold. From one of them to the day before the next the answer is the same, so these say all; only
        where a `Total` leaves out values older than `within`, and one is of a rough day, may its `oldest` move on in
        between.
        """
        first, last = day(start), day(end)
        days = [] if every == CHANGE else list(days_of_series(first, last, every))
        with self._lock:
            batch = self._batch(known_at)
            if every == CHANGE and first <= last:
                days = [first, *(one for one in self._days_of_change(batch) if first < one <= last)]
            if days and not all(totals.can_answer(batch) for totals in self._totals):
                self._answer(days[0], batch)  # which raises
            answer, columns = partial(self._answer_to, batch), partial(self._columns, batch)
            return Series(self.measure, self.by, days, answer, columns)

    def revisions(self, at: date | str) -> Revisions[A]:
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
            return Revisions(self.measure, self.by, asked, found)

    def chart(
        self,
        start: date | str | None = None,
        end: date | str | None = None,
        *,
        known_at: KnownAt = None,
        width: int = 640,
        height: int = 320,
    ) -> altair.LayerChart:
        """Draw the line from `start` to `end`, inclusive; else around all days on which anything changes.

        It is as `Initiative.chart` draws it, with ids for names and without the claims of reports, of which a
        timeline knows nothing.
        """
        from ledger.faces.charts import chart_of  # noqa: PLC0415 - many programs never ask

        return chart_of(self, start, end, known_at=known_at, width=width, height=height)

    def _days_of_change(self, batch: int) -> list[date]:
        position = self._ends[batch - 1] if batch else 0
        with self._log.news(self._initiative, 0, self._wanted) as news:
            windows = {(earliest, latest) for _, (_, _, earliest, latest, _, _, _) in standing(news, position)}
        return sorted(days_of_change(self.measure, windows))

    def _answer_to(self, batch: int, at: date) -> A:
        with self._lock:
            self._require_read(batch)
            return self._answer(at, batch)

    def _columns(self, batch: int, days: Sequence[date]) -> Columns | None:
        """Give the amounts of many days as columns; None where they must be asked for one by one."""
        with self._lock:
            self._require_read(batch)
            if self.by is not None or isinstance(self.measure, Share):
                return None
            return self._totals[0].along([one.toordinal() for one in days], batch)

    def _require_read(self, batch: int) -> None:
        if batch > len(self._ends):  # a failure to catch up has made this timeline begin anew
            self._catch_up()

    def _begin(self) -> None:
        self._totals = [Totals(one, self.by) for one in singles_of(self.measure)]
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
        totals = self._totals[0]
        if self.by is not None:
            ready = all(one.has_sums(batch) for one in self._totals)
            found = {group for one in self._totals for group in one.groups(at.toordinal(), batch)} if ready else {None}
            figures = {group: self._whole(at, batch, position, group) for group in sorted(found, key=in_order)}
            if None not in figures.values():
                return cast("A", Figures(self.measure, cast("dict[str | None, Figure]", figures)))
        elif isinstance(self.measure, Share):
            if (share := self._whole(at, batch, position, None)) is not None:
                return cast("A", share)
        elif (figure := self._figure(totals, self.measure, at, batch, position)) is not None:
            return figure  # type: ignore[return-value]  # a cast here would cost a tenth of the answer
        if all(one.can_answer(batch) for one in self._totals):
            self._require_no_overlap(at, batch)
        # where it cannot be answered the whole state is asked, which names what is known
        wanted = self._wanted if all(one.can_answer(batch) for one in self._totals) else None
        state = state_of(self._log, self._initiative, at, position, wanted)
        return cast("A", state.measure(self.measure, by=self.by))

    def _require_no_overlap(self, at: date, batch: int) -> None:
        # of a share by groups, whether its part has groups at all is looked at before its whole is
        for totals in self._totals if self.by is None else self._totals[:1]:
            if pairs := totals.both(at.toordinal(), batch):
                raise Overlapping(totals.metric, pairs)

    def _whole(self, at: date, batch: int, position: int, group: str | None) -> Figure | None:
        """Answer the measure for one group, of a share both its figures; None where it takes more than sums."""
        if not isinstance(self.measure, Share):
            return self._figure(self._totals[0], self.measure, at, batch, position, group)
        part = self._figure(self._totals[0], self.measure.part, at, batch, position, group)
        whole = self._figure(self._totals[1], self.measure.whole, at, batch, position, group)
        if part is None or whole is None:
            return None
        nonnegative = all(one.is_nonnegative(batch) for one in self._totals)
        return share_of(self.measure, part, whole, nonnegative=nonnegative)

    def _figure(
        self, totals: Totals, measure: Measure, at: date, batch: int, position: int, group: str | None = None
    ) -> Figure | None:
        sums = totals.at(at.toordinal(), batch, group)
        if sums is None:
            return None
        amount, envelope, complete, has_value = sums
        basis = getattr(measure, "members_at", None) or at
        support = partial(self._support, measure, at, position, group)
        return Figure(measure, at, amount, envelope, basis, complete, has_value, support)

    def _support(self, measure: Measure, at: date, position: int, group: str | None) -> Support:
        state = state_of(self._log, self._initiative, at, position, self._wanted)
        if self.by is None:
            return state.measure(measure).support
        found = state.measure(measure, by=self.by).get(group)  # a group of the other figure of a share may be none here
        return Support() if found is None else found.support


def _amounts(answer: Figure | Figures) -> object:
    if isinstance(answer, Figure):
        return answer.amount, answer.envelope
    return {group: (figure.amount, figure.envelope) for group, figure in answer.items()}


def days_of_series(first: date, last: date, every: str) -> Iterator[date]:
    """Give the days of a series that has steps of one length; raises `BadInput` for a step that has none.

    >>> [str(one) for one in days_of_series(date(2024, 1, 31), date(2024, 3, 31), "month")]
    ['2024-01-31', '2024-02-29', '2024-03-31']
    """
    if not isinstance(every, str) or every not in STEPS:
        raise BadInput(f"{shown(every)} is no step of a series: give one of {', '.join([*STEPS, CHANGE])}")
    months, days = STEPS[every]
    if not months:
        yield from map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1, days))
        return
    day_of_month = first.day
    for step in range(12 * first.year + first.month - 1, 12 * last.year + last.month, months):
        year, month = divmod(step, 12)
        found = date(
            year, month + 1, day_of_month if day_of_month <= 28 else min(day_of_month, _days_in(year, month + 1))
        )
        if found <= last:
            yield found


@lru_cache(maxsize=2_400)  # two centuries of months
def _days_in(year: int, month: int) -> int:
    return monthrange(year, month)[1]

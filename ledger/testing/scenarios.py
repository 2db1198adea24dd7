"""Example-based tests, as event sourcing people write them: given what was recorded, when more is, then what is so.

    from ledger.testing.scenarios import given

    club = given(
        [MetricDefined("dues", "EUR/year"), MemberJoined("ada", "2020-09-01")],
        MemberJoined("ben", "2021/2022-06"),
    )

    def test_nobody_joins_twice():
        club.when(MemberJoined("ada", "2023-01-01")).then_refused("already-a-member")

    def test_the_day_on_which_ben_joined_is_rough():
        (
            club.at("2021-12-31").expect(members=["ada"], possible_members=["ben"], count="1..2")
                .at("2022-06-30").expect(members=["ada", "ben"], count=2)
        )

A scenario never changes: each step gives a new one, so that tests can share where they begin. It is recorded in a
ledger in memory, by a clock that stands still, under ids that are the same each time; nothing is left open. What is
so is read by `replay`, the definition of every answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeAlias

from attrs import frozen

from ledger.book import Ledger
from ledger.model.errors import BadInput, Refused, shown
from ledger.model.events import EVENTS, Event
from ledger.model.measures import Measure, Members, Total, Value
from ledger.model.records import KnownAt, Record, known, known_at_of
from ledger.model.state import InitiativeState, replay
from ledger.queries.history import HistoryEntry
from ledger.testing.evidence import Evidence, set_in
from ledger.testing.expectations import (
    Amount,
    Difference,
    of_attributes,
    of_measure,
    of_members,
    of_missing,
    of_reports,
)
from ledger.testing.steps import INITIATIVE, Step, events_of, opened, recording

RecordLike: TypeAlias = int | Record | Event
"""Which record is meant: by its position, counted from 1 over all events, by itself, or by its event."""


def given(*batches: Event | Iterable[Event]) -> Scenario:
    """Begin a scenario with what is recorded already: each event by itself, or a list of events as one batch.

    The first batch is recorded at the beginning of 2024, each other one a day later. Raises `Refused` where the rules
    refuse one of them, and says which, and `BadInput` for what is no event.

    >>> from ledger import MemberJoined, MemberLeft
    >>> club = given(MemberJoined("ada", "2020"), MemberLeft("ada", "2022-01-01"))
    >>> club.at("2021-12-31").expect(members=["ada"]).at("2022-01-01").expect(members=[], former=["ada"])
    Scenario(2 records)
    """
    return _recorded(tuple(recording(events_of(batch)) for batch in batches))


@frozen(repr=False)
class Scenario:
    """What was recorded, step by step, and what became of the last step. Made by `given`."""

    records: tuple[Record, ...] = ()
    """Every record, in order."""
    _steps: tuple[Step, ...] = ()
    _tried: int | None = None  # how many records came of the last `when`
    _refused: Refused | None = None  # or why none did

    # what happens

    def when(self, *events: Event | Iterable[Event]) -> Scenario:
        """Try to record these events as one batch, a day after the last one.

        Whether they are refused is told by `then_refused` or `then_recorded`, or by `at`, which takes it that they
        were recorded.
        """
        return self._try(recording(tuple(event for one in events or [()] for event in events_of(one))))

    def retracting(self, wrong: RecordLike, *, reason: str = "") -> Scenario:
        """Try to take a record back, named by its position from 1, by itself, or by its event.

        >>> from ledger import MemberJoined
        >>> namesake = MemberJoined("ada", "2020")
        >>> given(namesake).retracting(namesake).at("2024-01-01").expect(count=0).at("2024-01-01", 1).expect(count=1)
        Scenario(2 records)
        """
        return self._try(Step("retract", (self._record(wrong).id,), {"reason": reason}, 1))

    def correcting(
        self, wrong: RecordLike, right: Event | None = None, *, reason: str = "", **changes: Any
    ) -> Scenario:
        """Try to put right a record, named as for `retracting`: the fields that were wrong, or the whole event.

        Raises `BadInput` for changes that cannot be made or that change nothing.

        >>> from ledger import MemberJoined
        >>> given(MemberJoined("ada", "2020")).correcting(1, effective="2021").at("2020-12-31").expect(count=0)
        Scenario(3 records)
        """
        return self._try(Step("correct", (self._record(wrong).id, right), {**changes, "reason": reason}, 2))

    # what became of it

    def then_recorded(self) -> Scenario:
        """Assert that what was tried last was recorded."""
        __tracebackhide__ = True
        self._require_tried()
        if self._refused is not None:
            raise AssertionError(f"expected to be recorded, and refused:\n{_reasons(self._refused)}")
        return self._without_outcome()

    def then_refused(self, *codes: str) -> Scenario:
        """Assert that what was tried last was refused, for these reasons and no others; without codes, for any.

        A code is that of a violation, such as `already-a-member`. Their order does not matter; a code that occurs
        twice is named twice. The scenario goes on as if nothing had been tried.
        """
        __tracebackhide__ = True
        new = self.records[-self._require_tried() :]
        if self._refused is None:
            lines = "\n".join(set_in(f"#{record.position} {HistoryEntry(record)}" for record in new))
            raise AssertionError(f"expected to be refused{_for(codes)}, and recorded:\n{lines}")
        found = [violation.code for violation in self._refused.violations]
        if codes and Counter(codes) != Counter(found):
            raise AssertionError(
                f"refused for other reasons than expected:\n  expected  {', '.join(sorted(codes))}\n"
                f"  found     {', '.join(sorted(found))}\n{_reasons(self._refused)}"
            )
        return self._without_outcome()

    # what is so

    def at(self, at: date | str, known_at: KnownAt = None, *, after_batch: int | None = None) -> Moment:
        """Look at the end of a day, as known at a moment, or after so many batches, or by all that was recorded.

        `known_at` is an aware instant, its text, or a position. Batches are counted from 1, each `when` is one.
        Raises `BadInput` for a batch that there is not, and `BadWhen` as `replay` does.
        """
        __tracebackhide__ = True
        self._require_recorded()
        if after_batch is not None:
            if known_at is not None:
                raise BadInput("known_at and after_batch are two ways to say one thing: give one of them")
            known_at = self._position_after(after_batch)
        return Moment(self, replay(self.records, at=at, known_at=known_at), known_at, after_batch)

    def open(self) -> Ledger:
        """Open a new ledger in memory with all of it, as initiative `scenario`, to hold your own code against.

        Its clock stands still, a day after the last batch. Close it, or use it in a `with` statement.

        >>> from ledger import MemberJoined
        >>> with given(MemberJoined("ada", "2020")).open() as book:
        ...     len(book.initiative("scenario").today())
        1
        """
        self._require_recorded()
        return opened(self._steps)

    def __repr__(self) -> str:
        return f"Scenario({len(self.records)} records)"

    def _try(self, step: Step) -> Scenario:
        __tracebackhide__ = True
        self._require_recorded()
        with opened(self._steps) as book:
            try:
                step.take(book.initiative(INITIATIVE), len(self.records) + 1)
            except Refused as refused:
                return Scenario(self.records, self._steps, 0, refused)
            return Scenario(tuple(book.records()), (*self._steps, step), step.size)

    def _require_tried(self) -> int:
        if self._tried is None:
            raise BadInput("nothing was tried: say when(...), retracting(...) or correcting(...) first")
        return self._tried

    def _require_recorded(self) -> None:
        __tracebackhide__ = True
        if self._refused is not None:
            raise AssertionError(
                f"what was tried was refused, and no then_refused(...) expects it:\n{_reasons(self._refused)}"
            )

    def _without_outcome(self) -> Scenario:
        return Scenario(self.records, self._steps)

    def _record(self, wrong: RecordLike) -> Record:
        if isinstance(wrong, EVENTS):
            found = [record for record in self.records if record.event == wrong]
        else:
            found = [record for record in self.records if wrong in (record, record.position)]
        if len(found) != 1:
            raise BadInput(
                f"{shown(wrong)} names {len(found) or 'no'} records of the {len(self.records)} there are: "
                "name one by its position, from 1"
            )
        return found[0]

    def _position_after(self, batch: int) -> int:
        if isinstance(batch, bool) or not isinstance(batch, int) or not 0 <= batch <= len(self._steps):
            raise BadInput(f"after_batch={shown(batch)} is no batch: {len(self._steps)} were recorded, counted from 1")
        return sum(step.size for step in self._steps[:batch])


@frozen(repr=False)
class Moment:
    """A scenario at the end of one day, as known at one moment. Made by `Scenario.at`."""

    scenario: Scenario
    state: InitiativeState
    """All else that can be asked of it."""
    known_at: KnownAt
    after_batch: int | None

    def expect(
        self,
        *,
        members: Iterable[str] | None = None,
        possible_members: Iterable[str] | None = None,
        suspended: Iterable[str] | None = None,
        former: Iterable[str] | None = None,
        count: Amount | None = None,
        totals: Mapping[str, Amount] | None = None,
        missing: Mapping[str, Iterable[str]] | None = None,
        values: Mapping[str, Amount | None] | None = None,
        measures: Mapping[Measure | str, Amount | None] | None = None,
        attributes: Mapping[str, Mapping[str, str | None]] | None = None,
        reports: Iterable[str] | None = None,
        possible_reports: Iterable[str] | None = None,
    ) -> Scenario:
        """Assert what is named, and give the scenario, to look at another moment of it.

        `members`, `possible_members`, `suspended`, `former`, `reports` and `possible_reports` name all ids that the
        state has under these names, in any order. `count` is that of the members, and `totals` those of metrics, over
        the values there are; `missing` names of each metric the members who certainly have no value, and `values` are
        those of the initiative as a whole. `measures` are any others, also in words: `{"joined since 2023-01-20": 9}`,
        `{Value("dues", "ada"): None}`. `attributes` are of members, `{"ada": {"city": "Bilbao"}}`, those named only.

        An amount is a `Quantity`, its text (`451 Mt/year`, `8..17`, `>= 5 t`) or a whole number, and must be the same
        at both ends, in any unit; None is no value, or no attribute. Where something differs, the `AssertionError`
        says every difference, and which records are behind what was found.

        Raises `BadInput` where nothing is named, and for what can be no expectation; `UnknownMetric` and others as
        `InitiativeState.measure` does.
        """
        __tracebackhide__ = True
        views = {"members": members, "possible_members": possible_members, "suspended": suspended, "former": former}
        published = {"reports": reports, "possible_reports": possible_reports}
        named: list[tuple[Any, Any, Any]] = [
            *((of_members, view, ids) for view, ids in views.items() if ids is not None),
            *((of_measure, Members(), count) for _ in [count] if count is not None),
            *((of_measure, Total(metric), amount) for metric, amount in (totals or {}).items()),
            *((of_missing, metric, ids) for metric, ids in (missing or {}).items()),
            *((of_measure, Value(metric), amount) for metric, amount in (values or {}).items()),
            *((of_measure, measure, amount) for measure, amount in (measures or {}).items()),
            *((of_attributes, member, texts) for member, texts in (attributes or {}).items()),
            *((of_reports, view, ids) for view, ids in published.items() if ids is not None),
        ]
        if not named:
            raise BadInput("nothing is expected: name something, as in expect(members=['ada'], count=1)")
        evidence = Evidence(self.state, self._known())
        differences = [one for compare, what, expected in named for one in compare(evidence, what, expected)]
        if differences:
            raise AssertionError(self._not_as_expected(differences))
        return self.scenario

    def __repr__(self) -> str:
        return f"Moment({self.state.at}{self._knowledge()})"

    def _known(self) -> list[Record]:
        refs = known((record.ref for record in self.scenario.records), known_at_of(self.known_at))
        return [self.scenario.records[position - 1] for position, *_ in refs]

    def _not_as_expected(self, differences: list[Difference]) -> str:
        return "\n".join([f"{self.state.at}{self._knowledge(',')} is not as expected:", *set_in(map(str, differences))])

    def _knowledge(self, end: str = "") -> str:
        if self.after_batch is not None:
            return f", as known after batch {self.after_batch}{end}"
        return "" if self.known_at is None else f", as known at {self.known_at}{end}"


def _recorded(steps: tuple[Step, ...]) -> Scenario:
    with opened(steps) as book:
        return Scenario(tuple(book.records()), steps)


def _reasons(refused: Refused) -> str:
    return "\n".join(set_in(map(str, refused.violations)))


def _for(codes: Iterable[str]) -> str:
    return f" for {', '.join(codes)}" if codes else ""

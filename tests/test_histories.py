"""The drawn histories: valid ones are such as the rules let in, hostile ones hold what the rules would not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import groupby, pairwise

import pytest
from attrs import evolve
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from ledger.model.events import (
    EVENTS,
    InitiativeClosed,
    MemberChanged,
    MemberJoined,
    MemberReinstated,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
)
from ledger.model.facts import Fact, Register, facts_of, window_of
from ledger.model.measures import Total, Value
from ledger.model.records import Record, RecordRef
from ledger.model.state import replay
from ledger.recording.proposal import Entry
from ledger.recording.rules import violations
from ledger.testing.histories import _is_valid, breakpoints, histories, hostile_histories, questions, totals
from ledger.testing.scripts import history_of

EXAMPLES = settings.default.max_examples  # of the profile


class Past:
    """What the rules ask of a history, answered from a list."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        self.gone = {one.event.record for one in records if isinstance(one.event, RecordRetracted)}

    def written(self) -> list[tuple[Register, Fact]]:
        return [
            (said.register, Fact(rank_in(self.records, record), record.position, *window_of(record.event), *said[1:]))
            for record in self.records
            if record.id not in self.gone
            for said in facts_of(record.event)
        ]

    def facts(self, register: Register) -> list[Fact]:
        return [fact for written, fact in self.written() if written == register]

    def expect(self, registers: Iterable[Register]) -> None: ...

    def registers(self, *, subject: str = "", id: str = "", aspect: str = "", name: str = "") -> set[Register]:
        wanted = (subject, id, aspect, name)
        every = {said.register for record in self.records for said in facts_of(record.event)}
        return {one for one in every if all(want in ("", have) for want, have in zip(wanted, one, strict=True))}

    def record(self, id: str) -> Record | None:
        return next((record for record in self.records if record.id == id), None)

    def is_retracted(self, position: int) -> bool:
        return any(record.position == position and record.id in self.gone for record in self.records)

    def ref(self, position: int) -> RecordRef:
        return next(record.ref for record in self.records if record.position == position)


def rank_in(records: list[Record], record: Record) -> int:
    replaced = next((one for one in records if one.id == record.replaces), None)
    return record.version if replaced is None else rank_in(records, replaced)


def batches_of(records: list[Record]) -> list[list[Record]]:
    return [list(batch) for _, batch in groupby(records, key=lambda record: record.recorded_at)]


@given(histories(parts=True))
@settings(max_examples=2 * EXAMPLES)
def test_the_rules_let_every_batch_in(records):
    past: list[Record] = []
    for batch in batches_of(records):
        entries = [Entry(one.event, one.position, rank_in([*past, *batch], one), facts_of(one.event)) for one in batch]
        assert violations(entries, Past(past)) == []
        past += batch


@given(histories(parts=True) | hostile_histories(parts=True))
def test_records_are_numbered_and_timed_as_a_ledger_does(records):
    assert [record.version for record in records] == list(range(1, len(records) + 1))
    assert len({record.id for record in records}) == len(records)
    for one, other in pairwise(records):
        assert one.position < other.position
        assert one.recorded_at <= other.recorded_at
        if one.recorded_at == other.recorded_at:
            assert other.position == one.position + 1


@given(histories(parts=True))
def test_a_correction_is_a_retraction_and_its_replacement_in_one_batch_of_their_own(records):
    for batch in batches_of(records):
        if any(record.replaces for record in batch):
            retraction, replacement = batch
            assert isinstance(retraction.event, RecordRetracted)
            assert replacement.replaces == retraction.event.record
            (replaced,) = [record for record in records if record.id == replacement.replaces]
            assert type(replaced.event) is type(replacement.event)


def test_there_is_some_of_everything():
    seen: Counter[object] = Counter()

    @given(histories(parts=True))
    @settings(max_examples=100, database=None, derandomize=True)
    def look(records: list[Record]) -> None:
        seen.update({type(record.event) for record in records})
        seen["corrected"] += any(record.replaces for record in records)
        seen["batch"] += any(len(batch) > 1 for batch in batches_of(records))
        seen["gap"] += any(record.position > record.version for record in records)
        joinings = Counter(record.event.member for record in records if isinstance(record.event, MemberJoined))
        seen["rejoined"] += any(number > 1 for number in joinings.values())
        days = [window_of(record.event)[0] for record in records]
        seen["backdated"] += days != sorted(days)
        seen["rough"] += any(window_of(record.event)[0] < window_of(record.event)[1] for record in records)

    look()
    assert set(seen) >= set(EVENTS)
    assert min(seen.values()) >= 2
    for common in ("corrected", "batch", "gap", "rejoined", "backdated", "rough", MetricUpdated, RecordRetracted):
        assert seen[common] >= 10


@given(histories(members=0, metrics=1, rough=False, bounds=False, retractions=False, closing=False))
def test_options_narrow_what_is_drawn(records):
    for record in records:
        assert getattr(record.event, "member", None) is None
        assert not isinstance(record.event, RecordRetracted | InitiativeClosed)
        assert record.replaces is None
        first, last = window_of(record.event)
        assert first == last
        if isinstance(record.event, MetricUpdated):
            assert record.event.metric == "co2"
            assert record.event.amount is None or record.event.amount.exact


@given(histories(members=1, days=["1999"], max_size=4))
def test_members_days_and_size_can_be_chosen(records):
    assert {getattr(record.event, "member", None) or "basque" for record in records} <= {"basque"}
    whens = [record.event.effective.text for record in records if hasattr(record.event, "effective")]
    assert set(whens) <= {"1999"}
    assert len(records) <= 12  # each wish is granted by at most three records
    assert breakpoints(records)[0].year >= 1998


@given(hostile_histories(days=["1999"], max_size=4))
def test_days_of_hostile_histories_can_be_chosen(records):
    assert {record.event.effective.text for record in records if hasattr(record.event, "effective")} <= {"1999"}


@pytest.mark.parametrize(
    "options", [{"members": 4}, {"members": -1}, {"metrics": 0}, {"metrics": 4}, {"max_size": -1}, {"days": []}]
)
def test_options_are_checked_at_once(options):
    with pytest.raises(InvalidArgument):
        histories(**options)


def test_days_of_hostile_histories_are_checked_at_once():
    with pytest.raises(InvalidArgument, match="days is empty"):
        hostile_histories(days=[])


@given(questions(metrics=1), questions(metrics=3))
def test_questions_are_about_the_metrics_asked_for(few, many):
    assert getattr(few, "metric", "co2") == "co2"
    assert getattr(many, "metric", "co2") in ("co2", "net", "rank")
    assert not isinstance(few, Value) or few.member in (None, "basque", "humber", "ohio")


def test_questions_are_plain_unless_other_bases_are_asked_for():
    def is_plain(measure):
        return measure == evolve(measure, members_at=None, overlap="refuse", within=None)

    seen: Counter[object] = Counter()

    @given(questions(), questions(bases=True), totals(metrics=1, filtered=False))
    @settings(max_examples=100, database=None, derandomize=True)
    def look(plain, any_basis, total):
        assert not isinstance(plain, Total) or is_plain(plain)
        seen["plain"] += isinstance(any_basis, Total) and is_plain(any_basis)
        seen["other"] += isinstance(any_basis, Total) and not is_plain(any_basis)
        seen.update({total.overlap, total.members_at is None, total.within is None and "of any age"})
        assert (total.metric, total.where) == ("co2", ())

    look()
    assert min(seen[kind] for kind in ("plain", "other", "parts", "whole", "refuse", True, False, "of any age")) >= 8


def naming_a_whole(records):
    return {type(record.event) for record in records if getattr(record.event, "part_of", None)}


def test_members_are_parts_of_others_only_where_asked_for():
    @given(histories(max_size=4) | hostile_histories(max_size=4))
    @settings(database=None, derandomize=True)
    def look(plain):
        assert not naming_a_whole(plain)

    look()


@pytest.mark.unmeasured
@pytest.mark.parametrize("kind", [MemberJoined, MemberChanged])
@pytest.mark.parametrize("drawn", [histories, hostile_histories])
def test_members_join_as_parts_of_others_and_become_such(drawn, kind):
    searching = settings(max_examples=1_000, database=None, derandomize=True, phases=[Phase.generate])
    assert find(drawn(parts=True, max_size=16), lambda records: kind in naming_a_whole(records), settings=searching)


def test_nobody_is_drawn_who_may_be_a_part_of_its_own_part():
    whole, part = MemberJoined("basque", "2020"), MemberJoined("humber", "2021", part_of="basque")
    assert _is_valid(history_of([whole, part]))
    assert not _is_valid(history_of([whole, part], [MemberChanged("basque", "2022", part_of="humber")]))


# what a search finds needs no explanation, which takes ten times as long as to find it
FINDING = [Phase.generate, Phase.shrink]
QUICK = settings(max_examples=1_000, database=None, derandomize=True, phases=FINDING)
SHORT, HOSTILE = histories(parts=True, max_size=7), hostile_histories(parts=True, max_size=7)


@pytest.mark.unmeasured
def test_they_shrink_to_a_few_plain_records():
    value = find(SHORT, lambda records: any(isinstance(one.event, MetricUpdated) for one in records), settings=QUICK)
    assert [type(record.event) for record in value] == [MetricDefined, MemberJoined, MetricUpdated]
    correction = find(SHORT, lambda records: any(one.replaces for one in records), settings=QUICK)
    assert [str(type(record.event).__name__) for record in correction] == [
        "MemberJoined", "RecordRetracted", "MemberJoined",
    ]  # fmt: skip
    again = find(SHORT, lambda records: any(isinstance(one.event, MemberReinstated) for one in records), settings=QUICK)
    assert len(again) == 3
    assert {record.event.effective.text for record in again} == {"2021-01-01"}
    hostile = find(HOSTILE, lambda records: any(one.replaces for one in records), settings=QUICK)
    assert len(hostile) == 1


@given(st.data())
def test_breakpoints_hold_every_day_on_which_something_may_begin(data):
    records = data.draw(histories(parts=True))
    days = breakpoints(records)
    assert days == sorted(set(days))
    for record in records:
        assert set(window_of(record.event)) <= {*days, window_of(MetricDefined("x"))[0]}


DUES = MetricDefined("dues", "EUR/year", nonnegative=True)
CREW = MetricDefined("crew")


@given(histories(members=["ada", "ben"], metrics=[DUES, CREW]))
def test_members_and_metrics_may_be_ones_own(records):
    state = replay(records, at="2022-12-31")
    assert {*state.question.members} <= {"ada", "ben"}
    for definition in state.metrics.values():
        own = DUES if definition.metric == "dues" else CREW
        assert (definition.unit, definition.nonnegative) == (own.unit, own.nonnegative)
    for record in records:
        if isinstance(record.event, MetricUpdated) and record.event.amount is not None:
            assert record.event.amount.unit == ("EUR/year" if record.event.metric == "dues" else "")


def test_values_of_ones_own_metrics_are_corrected():
    def corrected(records):
        return any(
            one.replaces and isinstance(one.event, MetricUpdated) and one.event.metric == "crew" for one in records
        )

    searching = settings(max_examples=1_000, database=None, derandomize=True, phases=[Phase.generate])
    assert find(histories(members=1, metrics=[DUES, CREW]), corrected, settings=searching)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metrics": ["dues"]}, r"metrics=\['dues'\] must be a number, or several such as MetricDefined\("),
        ({"metrics": []}, r"metrics=\[\] must be a number"),
        ({"members": [1]}, r"members=\[1\] must be a number, or several such as 'basque'"),
        ({"members": 4}, "members=4 must be a number from 0 to 3, or a list of your own"),
        ({"members": "ada"}, "members='ada' must be a number, or several such as 'basque', in a list"),
        ({"members": True}, "members=True must be a number, or several"),
        ({"metrics": 1.5}, "metrics=1.5 must be a number, or several"),
        ({"days": ["2021-13-01"]}, r"days=\['2021-13-01'\]: "),
        ({"days": "2021-02-30"}, "days='2021-02-30': "),
        ({"days": []}, "days is empty"),
        ({"max_size": -1}, "max_size=-1 must be a number from 0 to 1000"),
    ],
)
def test_what_is_neither_a_number_nor_a_list_of_such_is_refused(options, said):
    with pytest.raises(InvalidArgument, match=said):
        histories(**options)

"""Nobody is a part of its own part: by example, and against every day of drawn histories."""

from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import MemberChanged, MemberJoined, RecordRetracted, Refused, replay
from ledger.model.facts import Register
from ledger.testing.histories import MEMBERS as DRAWN
from ledger.testing.histories import _granted, _Wish


@pytest.fixture
def clusters():
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        clusters.record(*(MemberJoined(member, "2020-01-01") for member in "abcdefghijkl"))
        yield clusters


def part(member, whole, effective="2021-01-01"):
    return MemberChanged(member, effective, part_of=whole)


def refused(initiative, *events):
    """The violations for which a batch is refused."""
    with pytest.raises(Refused) as refusal:
        initiative.record(*events)
    return refusal.value.violations


def refused_once(initiative, *events):
    (violation,) = refused(initiative, *events)
    assert violation.code == "part-of-cycle"
    return violation


def test_a_whole_cannot_become_a_part_of_its_part(clusters):
    (first,) = clusters.record(part("a", "b"))
    violation = refused_once(clusters, MemberChanged("c", "2022-01-01", name="C"), part("b", "a", "2022-01-01"))
    assert (violation.index, violation.clash) == (1, first.ref)
    assert violation.reason == (
        f"with this, on 2022-01-01 'b' is part of 'a', which is part of 'b' (by record {first.id}), and nobody is a "
        "part of its own part: correct or retract what is wrong, or record first when it ended, "
        "by a change to a part_of that is empty"
    )
    clusters.record(part("a", "", "2021-06-01"))
    clusters.record(part("b", "a", "2022-01-01"))


def test_nor_in_several_steps(clusters):
    *_, last = clusters.record(part("a", "b"), part("b", "c"), part("c", "d"))
    violation = refused_once(clusters, part("d", "a"))
    assert "'d' is part of 'a', which is part of 'b', which is part of 'c', which is part of 'd' (by" in (
        violation.reason
    )
    assert violation.clash == last.ref
    clusters.record(*(part(one, other) for one, other in pairwise("defghijkl")))
    violation = refused_once(clusters, part("l", "a"))
    assert "'l' is part of 'a', which is part of 'b', which is part of 'c', which is part of 'd'" in violation.reason
    assert "which is part of 'e', and so on, up to 'l' (by record" in violation.reason


def test_in_a_batch_the_event_that_closes_the_cycle_is_to_blame(clusters):
    violation = refused_once(clusters, part("b", "c"), part("a", "b"), part("c", "a"))
    assert (violation.index, violation.clash) == (2, None)
    assert "'c' is part of 'a', which is part of 'b', which is part of 'c' (by event 0 of this batch)" in (
        violation.reason
    )
    two = refused(clusters, part("a", "b"), part("b", "a"), part("c", "d"), part("d", "c"))
    assert [(one.index, one.code) for one in two] == [(1, "part-of-cycle"), (3, "part-of-cycle")]


def test_what_is_part_of_a_cycle_of_others_is_not_in_it_itself(clusters):
    violation = refused_once(clusters, part("a", "b"), part("b", "c"), part("c", "b"))
    assert violation.index == 2


def test_a_joining_that_names_a_whole_is_held_against_it_too(clusters):
    clusters.record(part("a", "b"))
    joined = [ledger.MemberLeft("b", "2022-01-01"), MemberJoined("b", "2023-01-01", part_of="a")]
    assert refused_once(clusters, *joined).index == 1


def test_a_part_that_is_backdated_is_held_against_what_comes_after(clusters):
    (later,) = clusters.record(part("a", "b", "2023-01-01"))
    violation = refused_once(clusters, part("b", "a"))
    assert "on 2023-01-01 'b' is part of 'a'" in violation.reason
    assert violation.clash == later.ref
    clusters.record(part("b", "a"), part("b", "", "2022-12-31"))
    assert clusters.at("2022-12-30")["b"].part_of == "a"


def test_days_that_do_not_meet_make_no_cycle(clusters):
    clusters.record(part("a", "b"), part("a", "", "2021-12-31"), part("b", "a", "2021-12-31"))
    assert refused_once(clusters, part("a", "b", "2022-01-01")).index == 0


def test_one_day_is_enough_for_a_cycle(clusters):
    clusters.record(part("a", "b"), part("a", "", "2021-12-31"))
    assert refused_once(clusters, part("b", "a", "2021-12-30")).reason.startswith("with this, on 2021-12-30 'b' is")


@pytest.mark.parametrize("whole", "cdefghijkl")
def test_what_may_be_part_of_another_one_closes_no_cycle(clusters, whole):
    clusters.record(part("a", whole, "2020-06-01"), part("a", "b", "2021"))
    clusters.record(part("b", "a", "2021-03-01"), part("b", "", "2021-04-01"))
    refused_once(clusters, part("a", "b", "2021-03-15"))


def test_on_one_day_the_last_by_rank_holds(clusters):
    clusters.record(part("a", "b"), part("a", "c"))
    clusters.record(part("b", "a"))
    refused_once(clusters, part("c", "a"))


def test_what_is_open_is_accepted_and_what_is_certain_is_not(clusters):
    clusters.record(part("a", "b", "2021"), part("b", "a", "2021-12-30"), part("b", "", "2021-12-31"))
    clusters.record(part("b", "a", "2021-03"), part("b", "", "2021-06-01"))
    clusters.record(part("c", "a", "2022"))
    assert refused_once(clusters, part("a", "c", "2021/2022-06-01")).reason.startswith("with this, on 2022-12-31 ")


def test_two_records_that_say_the_same_leave_nothing_open(clusters):
    clusters.record(part("a", "b", "2021-01-01"), part("a", "b", "2021/2022"))
    assert "on 2021-06-01 'b' is" in refused_once(clusters, part("b", "a", "2021-06-01")).reason


def test_one_cycle_is_told_once_however_often_it_would_be_closed(clusters):
    clusters.record(part("a", "b", "2021-01-01"), part("a", "", "2022-01-01"), part("a", "b", "2023-01-01"))
    assert "on 2021-01-01 'b' is" in refused_once(clusters, part("b", "a", "2020-06-01")).reason


def test_of_several_days_the_first_is_named(clusters):
    clusters.record(part("a", "b", "2021-01-01"), part("a", "", "2022-01-01"), part("a", "b", "2023-01-01"))
    violation = refused_once(clusters, part("a", "c", "2019-01-01"), part("b", "a", "2020-06-01"))
    assert violation.reason.startswith("with this, on 2021-01-01 'b' is part of 'a'")


def test_retracting_what_ended_it_is_refused(clusters):
    first, ended, second = clusters.record(part("a", "b"), part("a", "", "2022-01-01"), part("b", "a", "2023-01-01"))
    with pytest.raises(Refused) as refusal:
        clusters.retract(ended)
    (violation,) = refusal.value.violations
    assert (violation.code, violation.index, violation.clash) == ("part-of-cycle", 0, second.ref)
    assert "on 2023-01-01 'a' is part of 'b', which is part of 'a'" in violation.reason
    clusters.record(RecordRetracted(ended.id), RecordRetracted(first.id))


def test_correcting_is_judged_by_what_it_leaves(clusters):
    _, ended, _ = clusters.record(part("a", "b"), part("a", "", "2022-01-01"), part("b", "a", "2023-01-01"))
    with pytest.raises(Refused) as refusal:
        clusters.correct(ended, effective="2023-06-01")
    assert [(one.code, one.index) for one in refusal.value.violations] == [("part-of-cycle", 0)]
    with pytest.raises(Refused) as refusal:
        clusters.correct(ended, part_of="b")
    assert [(one.code, one.index) for one in refusal.value.violations] == [("part-of-cycle", 1)]
    clusters.correct(ended, effective="2023-01-01")


def recorded_without_rules(initiative, monkeypatch, *events):
    with monkeypatch.context() as patched:
        patched.setattr("ledger.recording.rules.violations", lambda *_: [])
        return initiative.record(*events)


def test_a_cycle_that_was_there_before_is_not_held_against_a_batch(clusters, monkeypatch):
    recorded_without_rules(clusters, monkeypatch, part("a", "b"), part("b", "a"))
    clusters.record(part("c", "a"), part("a", "", "2024-01-01"))
    refused_once(clusters, part("a", "b", "2025-01-01"))


def test_a_correction_elsewhere_in_the_register_can_make_it_certain(clusters):
    # whether it had ended already was open; the correction puts another record before that end
    clusters.record(part("a", "b", "2021-01-01"))
    (other,) = clusters.record(part("a", "c", "2020-06-01"))
    clusters.record(part("a", "", "2021-06-01/2022"), part("b", "a", "2022-06-01"), part("b", "", "2022-07-01"))
    with pytest.raises(Refused) as refusal:
        clusters.correct(other, effective="2022-12-01", part_of="b")
    assert [one.code for one in refusal.value.violations] == ["part-of-cycle"]


# --- on histories

MEMBERS = "abcd"
DAYS = ["2021-01-01", "2021-02-01", "2021-03-01", "2021-01", "2021", "2021-02/2021-03"]


@st.composite
def batches(draw, days):
    """Batches of changes, and numbers of records to be retracted."""
    members = st.sampled_from(MEMBERS)
    wholes = st.sampled_from(["", *MEMBERS])
    pairs = st.tuples(members, wholes, st.sampled_from(days)).filter(lambda one: one[0] != one[1])
    changes = pairs.map(lambda one: part(*one))
    return draw(st.lists(st.lists(changes | changes | st.integers(0, 9), min_size=1, max_size=3), max_size=8))


def days_of(records):
    """The days on which something can change."""
    whens = [one.event.effective for one in records if hasattr(one.event, "effective")]
    return sorted({day for when in whens for day in (when.earliest, when.latest)})


def goes_in_a_cycle(records, members=MEMBERS):
    """Is somebody certainly a part of itself, on some day? By replay, day by day."""
    for day in days_of(records):
        state = replay(records, at=day)
        wholes = {}
        for member in members:
            options = state.registers.of(Register("member", member, "part_of")).options
            values = {None if option is None else option.fact.value for option in options}
            wholes[member] = values.pop() if len(values) == 1 else None
        for member, whole in wholes.items():
            reached = whole
            for _ in wholes:
                if reached == member:
                    return True
                reached = wholes.get(reached)
    return False


def played(drawn):
    """Record batch by batch; what is refused would go in a cycle, and what is not does not."""
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        clusters.record(*(MemberJoined(member, "2020-01-01") for member in MEMBERS))
        standing = []
        for steps in drawn:
            undone = {standing[step % len(standing)] for step in steps if isinstance(step, int) and standing}
            batch = [step for step in steps if not isinstance(step, int)]
            batch += [RecordRetracted(one.id) for one in undone]
            if goes_in_a_cycle(attempted(list(clusters.records()), batch)):
                assert {one.code for one in refused(clusters, *batch)} == {"part-of-cycle"}
            else:
                written = clusters.record(*batch)
                standing = [one for one in standing if one not in undone]
                standing += [one for one in written if isinstance(one.event, MemberChanged)]


def attempted(records, batch):
    """The history as it would be with a batch in it."""
    last = records[-1]
    places = range(1, len(batch) + 1)
    return records + [
        evolve(last, position=last.position + place, version=last.version + place, id=f"r{place}", event=event)
        for place, event in zip(places, batch, strict=True)
    ]


@given(batches(DAYS[:3]))
def test_on_exact_days_a_cycle_is_refused_and_nothing_else_is(drawn):
    played(drawn)


@given(batches(DAYS))
def test_on_rough_days_a_cycle_that_is_certain_is_refused_and_nothing_else_is(drawn):
    played(drawn)


def wished(*parts):
    """The history that is drawn for wishes: everybody joins, and becomes a part of others as far as that can be."""
    joinings = [_Wish("joined", member=member, when="2020-12-31") for member in DRAWN]
    changes = [_Wish("changed", member=member, whole=whole, when=when) for member, whole, when in parts]
    return _granted([*joinings, *changes])


BASQUE, HUMBER, OHIO = DRAWN


@pytest.mark.parametrize(("parts", "granted"), [
    ([(BASQUE, HUMBER, "2021-01-01"), (HUMBER, BASQUE, "2021-02-01")], 1),
    ([(BASQUE, HUMBER, "2021-01-01"), (HUMBER, OHIO, "2021-02-01"), (OHIO, BASQUE, "2020-12-31")], 2),
    ([(BASQUE, HUMBER, "2021"), (HUMBER, BASQUE, "2021-02-01")], 1),  # which is not certain, but possible
    ([(BASQUE, HUMBER, "2021-01-01"), (BASQUE, "", "2021-02-01"), (HUMBER, BASQUE, "2021-02-01")], 3),
    ([(BASQUE, HUMBER, "2021-01-01"), (OHIO, HUMBER, "2021-01-01")], 2),
])  # fmt: skip
def test_drawn_histories_go_in_no_cycles(parts, granted):
    assert len([one for one in wished(*parts) if isinstance(one.event, MemberChanged)]) == granted


@given(
    st.lists(st.tuples(st.sampled_from(DRAWN), st.sampled_from(["", *DRAWN]), st.sampled_from(DAYS[:3])), max_size=9)
)
def test_nor_do_those_of_many_parts(drawn):
    assert not goes_in_a_cycle(wished(*drawn), DRAWN)

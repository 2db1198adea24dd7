"""Compare: what differs between two states, in the world or in what is known."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger.model.errors import BadInput, BadWhen
from ledger.model.events import (
    InitiativeChanged,
    InitiativeClosed,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.facts import Register
from ledger.model.members import contents
from ledger.model.quantity import Quantity
from ledger.model.records import Record
from ledger.model.state import replay
from ledger.queries.changes import KINDS, compare
from ledger.queries.points import Point, point_of
from ledger.queries.standing import standing_of
from ledger.testing.clock import FIRST_INSTANT
from ledger.testing.scripts import history_of
from ledger.testing.strategies import histories, hostile_histories, points

EXAMPLES = settings.default.max_examples  # of the profile
ANY = histories(parts=True) | hostile_histories(parts=True)


def recorded(*events):
    """Write each event a day after the one before; a position is thus a moment of knowledge."""
    return history_of(*([event] for event in events))


def compared(records, a, b):
    (day, known_at), (other, then) = a, b
    return compare(replay(records, at=day, known_at=known_at), replay(records, at=other, known_at=then))


def told(changes):
    return [(change.kind, change.register.id, change.before, change.after) for change in changes if not change.implied]


def states_of(records, *asked):
    return [replay(records, at=point.day, known_at=point.known_at) for point in asked]


@st.composite
def two_states(draw, drawn=ANY):
    """Two `points` of a history, replayed."""
    records = draw(drawn)
    return states_of(records, *(draw(points(records)) for _ in range(2)))


@st.composite
def apart_in_one(draw, drawn=ANY, *, in_day=None):
    """Two `points` that differ in the day or in what is known, not in both: then either is all that changed."""
    records = draw(drawn)
    one, other = draw(points(records)), draw(points(records))
    in_day = draw(st.booleans()) if in_day is None else in_day
    near = Point(other.day, one.known_at) if in_day else Point(one.day, other.known_at)
    return states_of(records, *draw(st.permutations([one, near])))


def content(state):
    """What each register can hold, read off the state in the plainest way."""
    held = {}
    for register in state.registers.cells:
        found = state.registers.of(register)
        if register.subject == "member" and register.aspect == "status":
            continue
        if register.aspect == "joined":
            days = [(o.fact.earliest, o.fact.latest) for o in found.candidates]
            windows = [f"[..{b}]" if a == date.min < b else "/".join(sorted({str(a), str(b)})) for a, b in days]
            held[register] = (*([None] if found.nothing_yet else []), *dict.fromkeys(windows))
        elif register.aspect == "metric":
            amounts = [text and Quantity.parse(text) for text in contents(found)]
            held[register] = tuple(dict.fromkeys(amounts))
        elif register.aspect in ("definition", "published"):
            held[register] = tuple(dict.fromkeys(o and o.fact.value for o in found.options))
        else:
            held[register] = contents(found)
    return held


def options(held):
    return held if isinstance(held, tuple) else (held,)


# --- laws


@given(two_states())
@settings(max_examples=3 * EXAMPLES)
def test_every_difference_of_the_registers_is_a_change_and_nothing_else_is(states):
    before, after = states
    old, new = map(content, states)
    changes = {change.register: change for change in compare(before, after)}
    assert len(changes) == len(compare(before, after))
    for register in {*old, *new}:
        one, other = old.get(register, (None,)), new.get(register, (None,))
        if register.aspect == "joined":
            if register in changes:
                assert (options(changes[register].before), options(changes[register].after)) == (one, other)
            elif one != other and None not in (*one, *other):
                assert changes[Register("member", register.id, "status")].kind in ("joined", "rejoined")
            continue
        found = changes.get(register)
        assert (found is None) is (one == other)
        if found is not None:
            assert (options(found.before), options(found.after)) == (one, other)
    everyone = {key.id for state in states for key in state.registers.cells if key[::2] == ("member", "status")}
    for member in everyone:
        one, other = (standing_of(state, member) for state in states)
        found = changes.get(Register("member", member, "status"))
        assert (found is None) is (one == other)
        if found is not None:
            assert (options(found.before), options(found.after)) == (one, other)
    assert {register for register in changes if register[::2] != ("member", "status")} <= {*old, *new}


@given(two_states())
def test_a_state_does_not_differ_from_itself(states):
    for state in states:
        changes = compare(state, state)
        assert not changes
        assert str(changes) == f"{state.at} -> {state.at}\nnothing changed"


@given(apart_in_one())
@settings(max_examples=2 * EXAMPLES)
def test_the_other_way_round_it_is_the_mirror_image(states):
    forth, back = compare(*states), compare(*reversed(states))
    assert {(one.register, one.before, one.after, one.records_before, one.records_after) for one in forth} == {
        (one.register, one.after, one.before, one.records_after, one.records_before) for one in back
    }


@given(apart_in_one(histories(parts=True), in_day=True))
@settings(max_examples=2 * EXAMPLES)
def test_as_time_goes_by_nothing_vanishes_and_going_back_nothing_is_new(states):
    first, last = sorted(states, key=lambda state: state.at)
    forth, back = compare(first, last), compare(last, first)
    assert not any(change.vanished for change in forth)
    assert all(change.vanished for change in back)
    assert [(one.register, one.kind) for one in forth] == [(one.register, one.kind) for one in back]


@pytest.mark.parametrize(("closing", "day"), [("2021-01", "2021-01-01"), ("2021-02-01", "2021-06-01")])
def test_a_joining_that_was_retracted_has_vanished_though_the_initiative_closed_meanwhile(closing, day):
    with ledger.open(":memory:") as book:
        club = book.initiative("clusters")
        (joining,) = club.record(MemberJoined("basque", "2021-01-01"))
        club.record(InitiativeClosed(closing))
        club.retract(joining, reason="of another one")
        then, now = (day, 1), (day, 3)
        (forth,) = [change for change in club.compare(then, now) if change.member == "basque"]
        (back,) = [change for change in club.compare(now, then) if change.member == "basque"]
    assert (forth.kind, forth.vanished) == ("joined", True)  # it was told by the joining, which is gone
    assert (back.kind, back.vanished) == ("joined", False)


@given(apart_in_one(histories(parts=True)))
@settings(max_examples=2 * EXAMPLES)
def test_what_changes_is_what_the_views_of_the_states_say(states):
    before, after = states
    changes = compare(before, after)
    for change in changes.joined:
        assert change.member in after
    for change in changes.left:
        assert change.member in after.former
    for change in changes.suspended:
        assert change.member in after.suspended
    for change in changes.reinstated:
        assert change.member in after
    arrived = set(after.members) - {*before.members, *before.possible_members, *before.suspended}
    assert arrived <= {change.member for change in changes if change.kind in ("joined", "rejoined", "left")}
    assert {one.register.id for one in changes.reports} <= set(after.reports)
    assert {one.register.id for one in changes.vanished if one.kind == "report"} <= set(before.reports) | set(
        before.possible_reports
    )
    for change in changes:
        assert change.kind in KINDS
        assert set(change.records_before) <= set(before.registers.refs.values())
        assert set(change.records_after) <= set(after.registers.refs.values())
    assert json.loads(json.dumps(changes.to_dict()))["changes"] == [change.to_dict() for change in changes]
    assert str(changes)


# --- what they are called

STORY = recorded(
    InitiativeLaunched("2020-01-01", name="Clusters", supporters=["EPRI"], attributes={"seat": "Geneva"}),
    MetricDefined("co2", "t"),
    MemberJoined("basque", "2021-01-01", name="Basque", attributes={"country": "Spain"}),
    MemberSuspended("basque", "2021-02-01"),
    MemberReinstated("basque", "2021-03-01"),
    MemberLeft("basque", "2021-04-01"),
    MemberJoined("basque", "2021-05-01"),
    MemberChanged("basque", "2021-06-01", name="Euskadi", attributes={"country": None}, part_of="spain"),
    MetricUpdated("co2", "2021-07-01", "1000 kg", member="basque"),
    MetricUpdated("co2", "2021-08-01", "1 t", member="basque"),
    MetricUpdated("co2", "2021-08-01", "5 t"),
    ReportPublished("annual", "2021-09-01"),
    InitiativeChanged("2021-10-01", name="Hubs", supporters=["EPRI", "Accenture"], attributes={"seat": "Bern"}),
    MemberJoined("ohio", "2021-11"),
    InitiativeClosed("2021-12-31"),
)


@pytest.mark.parametrize(
    ("a", "b", "view", "expected"),
    [
        ("2020-12-31", "2021-01-01", "joined", [("joined", "basque", "none yet", "active")]),
        ("2021-01-31", "2021-02-01", "suspended", [("suspended", "basque", "active", "suspended")]),
        ("2020-12-31", "2021-02-01", "suspended", [("suspended", "basque", "none yet", "suspended")]),
        ("2021-02-28", "2021-03-01", "reinstated", [("reinstated", "basque", "suspended", "active")]),
        ("2021-03-31", "2021-04-01", "left", [("left", "basque", "active", "gone")]),
        ("2020-12-31", "2021-04-01", "left", [("left", "basque", "none yet", "gone")]),
        ("2021-04-30", "2021-05-01", "joined", [("rejoined", "basque", "gone", "active")]),
        ("2021-01-01", "2021-05-01", "joined", [("rejoined", "basque", "2021-01-01", "2021-05-01")]),
        ("2021-02-01", "2021-05-01", "joined", [("rejoined", "basque", "suspended", "active")]),
        ("2021-05-31", "2021-06-01", "renamed", [("renamed", "basque", "Basque", "Euskadi")]),
        ("2021-05-31", "2021-06-01", "attributes", [("attribute", "basque", "Spain", None)]),
        ("2021-05-31", "2021-06-01", "part_of", [("part_of", "basque", None, "spain")]),
        ("2021-06-30", "2021-07-01", "values", [("value", "basque", None, Quantity.parse("1 t"))]),
        ("2021-07-31", "2021-08-01", "values", [("value", "", None, Quantity.parse("5 t"))]),
        ("2021-08-31", "2021-09-01", "reports", [("report", "annual", None, STORY[11].event)]),
        ("2021-10-31", "2021-11-01", "possible", [("joined", "ohio", "none yet", ("none yet", "active"))]),
        ("2021-11-01", "2021-11-30", "settled", [("joined", "ohio", ("none yet", "active"), "active")]),
        ("2021-11-01", "2021-10-31", "vanished", [("joined", "ohio", ("none yet", "active"), "none yet")]),
        ("2021-11-30", "2021-11-01", "possible", [("joined", "ohio", "active", ("none yet", "active"))]),
        (
            "2021-09-30",
            "2021-10-01",
            "own",
            [
                ("renamed", "", "Clusters", "Hubs"),
                ("supporters", "", "EPRI", "EPRI\nAccenture"),
                ("attribute", "", "Geneva", "Bern"),
            ],
        ),
        ("2021-12-30", "2021-12-31", "own", [("closed", "", "launched", "closed")]),
        (
            "2021-12-30",
            "2021-12-31",
            "left",
            [("left", "basque", "active", "gone"), ("left", "ohio", "active", "gone")],
        ),
    ],
)
def test_changes_are_called_by_what_happened(a, b, view, expected):
    changes = compared(STORY, (a, None), (b, None))
    assert told(getattr(changes, view)) == expected
    assert [change.again for change in changes.joined] == [change.kind == "rejoined" for change in changes.joined]


def test_what_a_joining_says_besides_is_kept_but_not_told_twice():
    changes = compared(STORY, ("2020-12-31", None), ("2021-01-01", None))
    assert [(one.kind, one.implied) for one in changes] == [("joined", False), ("renamed", True), ("attribute", True)]
    assert (changes.renamed, changes.attributes) == ((), ())
    assert str(changes) == "2020-12-31 -> 2021-01-01\njoined: basque"
    again = recorded(
        MemberJoined("basque", "2021-01-01", attributes={"country": "Spain"}),
        MemberLeft("basque", "2021-02-01"),
        MemberJoined("basque", "2021-03-01", attributes={"country": "France"}),
    )
    changes = compared(again, ("2021-02-01", None), ("2021-03-01", None))
    assert told(changes.attributes) == [("attribute", "basque", "Spain", "France")]


@pytest.mark.parametrize(
    ("retracted", "expected"),
    [
        ("r1", ("joined", "basque", "active", "none yet")),
        ("r2", ("suspended", "basque", "suspended", "active")),
        ("r3", ("reinstated", "basque", "active", "suspended")),
        ("r4", ("left", "basque", "gone", "active")),
    ],
)
def test_what_was_retracted_has_vanished_and_is_called_by_its_name(retracted, expected):
    place = int(retracted[1])
    events = [
        MemberJoined("basque", "2021-01-01"),
        MemberSuspended("basque", "2021-02-01"),
        MemberReinstated("basque", "2021-03-01"),
        MemberLeft("basque", "2021-04-01"),
    ][:place]
    records = recorded(*events, RecordRetracted(retracted))
    changes = compared(records, ("2021-05-01", place), ("2021-05-01", None))
    assert told(changes) == told(changes.vanished) == [expected]
    assert (changes.joined, changes.left, changes.reinstated) == ((), (), ())
    assert str(changes) == (
        f"2021-05-01 (version {place}) -> 2021-05-01 (version {place + 1})\n{expected[0]} (no longer): basque"
    )


def test_what_was_said_before_on_the_day_itself_is_nothing_new_once_the_rest_is_retracted():
    records = recorded(
        MemberJoined("ada", "2020-01-01", attributes={"country": "Spain"}),
        MemberChanged("ada", "2021-06-01", attributes={"country": "France"}),
        MemberChanged("ada", "2021-06-01", attributes={"country": "UK"}),
        RecordRetracted("r3"),
    )
    changes = compared(records, ("2021-06-01", 3), ("2021-06-01", None))
    assert told(changes) == told(changes.vanished) == [("attribute", "ada", "UK", "France")]


def test_a_joining_that_is_dated_anew_is_no_joining():
    records = recorded(MemberJoined("basque", "2021"), RecordRetracted("r1"), MemberJoined("basque", "2021-03-01"))
    changes = compared(records, ("2022-01-01", 1), ("2022-01-01", None))
    assert told(changes) == [("joining", "basque", "2021-01-01/2021-12-31", "2021-03-01")]
    assert not changes.vanished
    assert not changes.joined
    assert str(changes.all[0]) == "joining: basque: 2021-01-01/2021-12-31 -> 2021-03-01"


def test_a_definition_a_value_and_a_report_can_be_learned_and_can_vanish():
    records = recorded(
        MetricDefined("co2", "t"),
        MetricUpdated("co2", "2021-01-01", "5 t"),
        ReportPublished("annual", "2021-01-01"),
        RecordRetracted("r3"),
        RecordRetracted("r2"),
        RecordRetracted("r1"),
    )
    learned = compared(records, ("2021-06-01", 0), ("2021-06-01", 3))
    assert [len(view) for view in (learned.definitions, learned.values, learned.reports)] == [1, 1, 1]
    vanished = compared(records, ("2021-06-01", 3), ("2021-06-01", None))
    assert [change.kind for change in vanished.vanished] == ["value", "definition", "report"]
    assert not any((vanished.definitions, vanished.values, vanished.reports))
    assert str(vanished).splitlines()[1:] == [
        "value co2 (no longer): 5 t -> nothing",
        "definition (no longer): co2",
        "report (no longer): annual",
    ]
    assert vanished.to_dict()["changes"][1]["before"]["unit"] == "t"


def test_a_launch_and_a_closing_may_be_only_possible():
    records = recorded(InitiativeLaunched("2021", name="Clusters"), InitiativeClosed("2022"))
    launched = compared(records, ("2020-12-31", None), ("2021-01-01", None))
    assert "launched (possible): the initiative" in str(launched)
    assert launched.own == ()
    closed = compared(records, ("2022-01-01", None), ("2022-12-31", None))
    assert str(closed) == "2022-01-01 -> 2022-12-31\nclosed: the initiative (was possible)"


def test_states_of_several_initiatives_do_not_compare():
    other = Record(1, "others", 1, "x", FIRST_INSTANT, MemberJoined("basque", "2021-01-01"))
    with pytest.raises(BadInput, match="several initiatives"):
        compare(replay(STORY, at="2021-01-01"), replay([other], at="2021-01-01"))
    assert compare(replay([], at="2021-01-01"), replay([other], at="2021-01-01")).to_dict()["initiative"] == "others"


# --- points


def test_an_initiative_is_asked_by_two_points():
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        clusters.record(MemberJoined("basque", "2021-01-01"))
        clusters.record(MemberJoined("humber", "2021-01-01"))
        assert told(clusters.compare(("2021-01-01", 1), "2021-01-01")) == [("joined", "humber", "none yet", "active")]


def test_a_point_is_read_from_a_day_or_a_pair():
    moment = datetime(2023, 6, 1, tzinfo=UTC)
    assert point_of("2022-12-31") == point_of(date(2022, 12, 31)) == Point("2022-12-31")
    assert point_of(("2022-12-31", "2023-06-01T00:00:00Z")) == Point("2022-12-31", moment)
    assert point_of(Point("2022-12-31", 7)) == Point("2022-12-31", 7)
    assert str(Point("2022-12-31", 7)) == "2022-12-31 known at position 7"
    assert str(Point("2022-12-31")) == "2022-12-31"


@pytest.mark.parametrize(
    "value", [None, 5, ("2022-12-31",), ("2022-12-31", 1, 2), ["2022-12-31", 1], ("2022-12-31", -1)]
)
def test_what_is_no_point_is_refused(value):
    with pytest.raises(BadInput):
        point_of(value)


@pytest.mark.parametrize("value", ["2022", ("2022-12", None), datetime(2022, 1, 1, tzinfo=UTC), ("2022-12-31", "2023")])
def test_a_point_needs_an_exact_day_and_a_whole_instant(value):
    with pytest.raises(BadWhen):
        point_of(value)


def test_one_of_whom_it_is_learned_after_a_closing_is_told():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MemberJoined("a", "2020-01-01"), InitiativeClosed("2023-01-01"))
        club.record(MemberJoined("zed", "2020-06-01", name="Zed Ltd"))
        changes = club.compare(("2023-06-01", 2), "2023-06-01")
        assert [
            (change.kind, change.member, change.before, change.after) for change in changes if not change.implied
        ] == [("left", "zed", "none yet", "gone")]
        assert set(changes.after.former) - set(changes.before.former) == {"zed"}


def test_a_joining_that_is_dated_otherwise_is_told_beside_a_suspension():
    records = recorded(
        MemberJoined("basque", "2021-01-01"),
        MemberLeft("basque", "2021-02-01"),
        MemberJoined("basque", "2021-06-30"),
        MemberSuspended("basque", "2021-01"),
    )
    changes = compared(records, ("2021-06-30", 3), ("2021-01-01", 4))
    assert [(change.register.aspect, change.kind, change.vanished) for change in changes] == [
        ("joined", "rejoined", True),
        ("status", "suspended", False),
    ]

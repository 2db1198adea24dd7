"""Replay: what is known, in which order, and how a state reads."""

from __future__ import annotations

import json
import pickle
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.model.errors import BadInput, BadWhen, LedgerError, UnknownMember
from ledger.model.events import (
    Event,
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
from ledger.model.measures import Distinct, Joined, Members, Share, Total
from ledger.model.quantity import between, exactly
from ledger.model.records import Record, known_at_of
from ledger.model.state import InitiativeState, replay
from ledger.testing.histories import FIRST_INSTANT, MEMBERS, breakpoints, histories, hostile_histories, questions
from ledger.testing.worlds import Worlds

EXAMPLES = settings.default.max_examples  # of the profile


def recorded(*events: Event, replaces: dict[int, str] | None = None) -> list[Record]:
    """Write each event a day after the one before; `replaces` gives the record that an event corrects, by version."""
    return [
        Record(
            position,
            "clusters",
            position,
            f"r{position}",
            FIRST_INSTANT + timedelta(days=position),
            event,
            source=f"page {position}",
            replaces=(replaces or {}).get(position),
        )
        for position, event in enumerate(events, 1)
    ]


def state_of(*events: Event, at: str = "2021-06-15") -> InitiativeState:
    return replay(recorded(*events), at=at)


@st.composite
def dated(draw: st.DrawFn, drawn: st.SearchStrategy[list[Record]]) -> tuple[list[Record], date]:
    """Draw a history of `ledger.testing`, and one of its `breakpoints` to ask it about."""
    records = draw(drawn)
    return records, draw(st.sampled_from(breakpoints(records)))


# --- what is known, and in which order


@given(dated(hostile_histories(parts=True)), st.randoms(use_true_random=False))
def test_the_order_in_which_records_arrive_does_not_matter(case, random):
    """As `laws.the_order_of_arrival_does_not_matter`, of histories that no rule would let in."""
    records, day = case
    arrived = random.sample(records, len(records))
    assert replay(iter(arrived), at=day) == replay(records, at=day)


@given(hostile_histories(parts=True), st.data())
def test_what_was_known_at_a_moment_is_what_had_been_recorded_by_then(records, data):
    """As `laws.what_was_known_is_what_the_log_said_so_far`, of histories that no rule would let in."""
    assume(records)
    day = data.draw(st.sampled_from(breakpoints(records)))
    moment = data.draw(st.sampled_from([record.recorded_at for record in records]))
    by_then = [record for record in records if record.recorded_at <= moment]
    then = replay(by_then, at=day)
    assert replay(records, at=day, known_at=moment) == then
    assert replay(records, at=day, known_at=moment.isoformat()) == then
    assert replay(records, at=day, known_at=moment + timedelta(hours=1)) == then
    assert replay(records, at=day, known_at=by_then[-1].position) == then
    assert then.version == by_then[-1].version


@given(dated(hostile_histories(parts=True)))
@settings(max_examples=EXAMPLES // 2)
def test_known_at_the_newest_record_is_known_now(case):
    """As `laws.knowing_all_is_knowing_the_newest`, of histories that no rule would let in."""
    records, day = case
    newest = records[-1] if records else None
    now = replay(records, at=day)
    assert replay(records, at=day, known_at=10**9) == now
    if newest:
        assert replay(records, at=day, known_at=newest.position) == now
        assert replay(records, at=day, known_at=newest.recorded_at) == now
    nothing = replay(records, at=day, known_at=0)
    assert (nothing.registers, nothing.version) == (replay([], at=day).registers, 0)


@given(hostile_histories(parts=True), st.data())
def test_a_position_is_rounded_down_to_a_whole_batch(records, data):
    """As `laws.what_was_known_is_what_the_log_said_so_far`, in the middle of a batch that no rule would let in."""
    assume(records)
    day = data.draw(st.sampled_from(breakpoints(records)))
    position = data.draw(st.integers(0, records[-1].position))
    unfinished = {record.recorded_at for record in records if record.position > position}
    whole = [record for record in records if record.recorded_at not in unfinished]
    known, expected = replay(records, at=day, known_at=position), replay(whole, at=day)
    assert (known.registers, known.version) == (expected.registers, expected.version)
    assert known.initiative == records[0].initiative


def test_a_record_is_known_until_the_record_that_retracts_it():
    records = recorded(
        MemberJoined("basque", "2021-01-01"),
        MemberJoined("humber", "2021-01-01"),
        RecordRetracted("r1", reason="wrong"),
    )
    assert list(replay(records, at="2021-06-15", known_at=2)) == ["basque", "humber"]
    assert list(replay(records, at="2021-06-15", known_at=3)) == ["humber"]
    assert list(replay(records, at="2021-06-15", known_at=records[1].recorded_at)) == ["basque", "humber"]
    assert list(replay(records, at="2021-06-15", known_at=records[2].recorded_at)) == ["humber"]


def test_a_retraction_is_final():
    joining = MemberJoined("basque", "2021-01-01")
    assert list(state_of(joining, RecordRetracted("r1"), RecordRetracted("r2"))) == []
    assert list(state_of(joining, RecordRetracted("r1"), RecordRetracted("r1"), joining)) == ["basque"]
    assert list(state_of(joining, RecordRetracted("r9"))) == ["basque"]


def test_a_replacement_keeps_the_rank_of_what_it_replaces():
    def country(*events: Event, replaces: dict[int, str]) -> str | None:
        state = replay(recorded(*events, replaces=replaces), at="2021-12-31")
        return state["basque"].attributes.get("country")

    joined = MemberJoined("basque", "2021-03", attributes={"country": "Spain"})
    moved = MemberChanged("basque", "2021-03", attributes={"country": "UK"})
    again = evolve(joined, effective="2021-03-15")
    # the change was recorded after the joining, and still comes after it when the joining is corrected
    assert country(joined, moved, RecordRetracted("r1"), again, replaces={4: "r1"}) == "UK"
    assert country(joined, moved, RecordRetracted("r1"), again, replaces={}) == "Spain"
    # a correction of the correction keeps that rank too
    twice = [joined, moved, RecordRetracted("r1"), again, RecordRetracted("r4"), joined]
    assert country(*twice, replaces={4: "r1", 6: "r4"}) == "UK"
    # where the days decide, they do
    late = evolve(joined, effective="2021-04-01")
    assert country(joined, moved, RecordRetracted("r1"), late, replaces={4: "r1"}) == "Spain"
    # what replaces nothing that is known has a rank of its own
    assert country(joined, moved, RecordRetracted("r1"), again, replaces={4: "r9"}) == "Spain"
    assert country(joined, moved, RecordRetracted("r1"), again, replaces={1: "r9", 4: "r1"}) == "UK"


def test_equal_ranks_go_by_version():
    records = recorded(
        MemberJoined("basque", "2021-01-01"),
        MemberChanged("basque", "2021-03-01", attributes={"country": "UK"}),
        MemberChanged("basque", "2021-03-01", attributes={"country": "Spain"}),
        MemberChanged("basque", "2021-03-01", attributes={"country": "France"}),
        replaces={3: "r2", 4: "r2"},
    )
    assert replay(records, at="2021-06-15")["basque"].attributes["country"] == "France"


@pytest.mark.parametrize("known_at", [-1, True, "2023-06-01", "yesterday", datetime(2023, 6, 1), 1.5])  # noqa: DTZ001
def test_what_is_no_moment_of_knowledge_is_refused(known_at):
    with pytest.raises(BadInput):
        replay([], at="2021-01-01", known_at=known_at)


def test_moments_of_knowledge_are_read():
    assert known_at_of(None) is None
    assert known_at_of(0) == 0
    assert known_at_of("2023-06-01T02:00:00+02:00") == datetime(2023, 6, 1, tzinfo=UTC)


def test_a_rough_day_cannot_be_asked():
    for rough in ("2021", "2021-01", "2021-01-01/2021-01-02", datetime(2021, 1, 1, tzinfo=UTC)):
        with pytest.raises(BadWhen):
            replay([], at=rough)


def test_records_of_several_initiatives_have_no_state():
    first, second = recorded(MemberJoined("basque", "2021-01-01"), MemberJoined("humber", "2021-01-01"))
    with pytest.raises(BadInput, match="several initiatives"):
        replay([first, evolve(second, initiative="another")], at="2021-06-15")


# --- who stands where


VIEWS = ("members", "possible_members", "suspended", "former")


@given(dated(histories(parts=True)))
@settings(max_examples=3 * EXAMPLES // 2)
def test_everyone_with_a_status_stands_in_one_place_and_in_the_right_one(case):
    records, day = case
    state = replay(records, at=day)
    worlds = Worlds.of(records, day).all(look=lambda key: key[0] in ("closed", "status"))
    everyone = {key[1] for world in worlds for key in world.state if key[0] == "status"}

    def in_each_world(member: str) -> set[str]:
        return {
            "gone" if world.state.get(("closed",)) else str(world.state.get(("status", member), "none yet"))
            for world in worlds
        }

    where = {member: [view for view in VIEWS if member in getattr(state, view)] for member in everyone}
    for member in everyone:
        can_be = in_each_world(member)
        if can_be == {"active"}:
            assert where[member] == ["members"]
        elif "active" in can_be:
            assert where[member] == ["possible_members"]
        else:
            assert where[member] == ["suspended" if "suspended" in can_be else "former"]
        assert set(getattr(state, where[member][0])[member].statuses) == can_be
    assert {member for view in VIEWS for member in getattr(state, view)} == everyone
    assert [list(getattr(state, view)) for view in VIEWS] == [sorted(getattr(state, view)) for view in VIEWS]


@given(dated(histories(parts=True)))
@settings(max_examples=3 * EXAMPLES // 2)
def test_a_member_is_what_its_registers_can_hold(case):
    records, day = case
    state = replay(records, at=day)
    worlds = Worlds.of(records, day)
    for member in (one for view in VIEWS for one in getattr(state, view).values()):
        own = ("name", "part_of", "attribute", "metric")
        keys = [key for key in worlds.chains if key[0] in own and key[1] == member.id]
        seen = set()
        for key in keys:
            each = {world.state.get(key) or None for world in worlds.all(look=lambda other, key=key: other == key)}
            texts = {value if value is None else str(value) for value in each}
            if len(texts) > 1:
                name = f"{key[0]} {key[-1]}" if key[0] in ("attribute", "metric") else key[0]
                seen.add(name)
                assert set(dict(member.uncertain)[name]) == texts
                if key[0] == "name":
                    assert member.name == (min(texts - {None}) if len(texts - {None}) == 1 else member.id)
                continue
            (text,) = texts
            if key[0] == "attribute":
                assert member.attributes.get(key[-1]) == text
            elif key[0] == "metric":
                assert member.value(key[-1]) == each.pop()
            elif key[0] == "name":
                assert member.name == (text or member.id)
            else:
                assert member.part_of == text
        assert {name for name, _ in member.uncertain} == seen
        joined = [
            world.since["joined", member.id]
            for world in worlds.all(look=lambda key: key[0] == "status")
            if ("joined", member.id) in world.since
        ]
        assert member.joined_from == min(joined)


def test_len_in_iter_and_brackets_are_about_the_certain_active_members():
    state = state_of(
        MemberJoined("active", "2021-01-01", name="The Active One"),
        MemberJoined("perhaps", "2021"),
        MemberJoined("gone", "2021-01-01"),
        MemberLeft("gone", "2021-02-01"),
        MemberJoined("paused", "2021-01-01"),
        MemberSuspended("paused", "2021-02-01"),
        MemberJoined("future", "2022-01-01"),
    )
    assert len(state) == 1
    assert list(state) == list(state.members) == ["active"]
    assert "active" in state
    assert "perhaps" not in state
    assert 5 not in state
    assert state["active"] == state.members["active"]
    assert state["active"].name == "The Active One"
    assert [*state.possible_members, *state.suspended, *state.former] == ["perhaps", "paused", "gone"]
    for member, view in (("perhaps", "possible_members"), ("paused", "suspended"), ("gone", "former")):
        with pytest.raises(UnknownMember, match=f"it is among `{view}`"):
            state[member]
    with pytest.raises(KeyError, match="did you mean 'active'"):
        state["activ"]
    with pytest.raises(TypeError):
        state.members["new"] = state["active"]


def test_a_member_tells_what_is_certain_from_what_is_not():
    state = state_of(
        MetricDefined("co2", unit="t"),
        MetricDefined("heat", unit="t"),
        MemberJoined("whole", "2021-01-01"),
        MemberJoined(
            "basque", "2021-01-01", name="Basque", part_of="whole", attributes={"country": "Spain", "sector": "steel"}
        ),
        MemberChanged("basque", "2021", name="Euskadi", part_of="", attributes={"sector": None}),
        MetricUpdated("co2", "2021-02-01", "> 3 t", member="basque"),
        MetricUpdated("heat", "2021-02-01", "1 t", member="basque"),
        MetricUpdated("heat", "2021-06", "2000 kg", member="basque"),
    )
    member = state["basque"]
    assert member.name == "basque"  # it is one of two
    assert member.part_of is None
    assert dict(member.attributes) == {"country": "Spain"}
    assert str(member.value("co2")) == "> 3 t"
    assert member.value("heat") is member.value("jobs") is None
    assert dict(member.uncertain) == {
        "name": ("Basque", "Euskadi"),
        "part_of": ("whole", None),
        "attribute sector": ("steel", None),
        "metric heat": ("1 t", "2000 kg"),
    }
    assert (member.joined_from, member.joined_by) == (date(2021, 1, 1), date(2021, 1, 1))
    assert state["whole"].name == "whole"
    after = state_of(
        MemberJoined("basque", "2021-01-01", name="Basque", part_of="whole"),
        MemberChanged("basque", "2021-02-01", name="Euskadi"),
    )["basque"]
    assert (after.name, after.part_of, after.uncertain) == ("Euskadi", "whole", ())


def test_a_joining_that_is_only_roughly_known_took_place_by_the_day_asked():
    records = recorded(MemberJoined("basque", "2021"))
    perhaps = replay(records, at="2021-06-15").possible_members["basque"]
    assert (perhaps.joined_from, perhaps.joined_by) == (date(2021, 1, 1), date(2021, 6, 15))
    assert perhaps.statuses == ("none yet", "active")
    sure = replay(records, at="2022-06-15")["basque"]
    assert (sure.joined_from, sure.joined_by, sure.statuses) == (date(2021, 1, 1), date(2021, 12, 31), ("active",))


def test_one_who_never_joined_but_left_is_nobody_but_former():
    member = state_of(MemberLeft("stranger", "2021-01-01")).former["stranger"]
    assert (member.joined_from, member.joined_by) == (None, None)


def test_members_may_gather_any_number_of_attributes():
    many = [{f"a{batch}-{n}": "x" for n in range(60)} for batch in range(3)]
    changes = [MemberChanged("basque", "2021-02-01", attributes=attributes) for attributes in many]
    assert len(state_of(MemberJoined("basque", "2021-01-01"), *changes)["basque"].attributes) == 180


# --- the initiative


def test_when_an_initiative_is_closed_everyone_is_gone():
    records = recorded(
        InitiativeLaunched("2021-01-01", name="Clusters"),
        MemberJoined("active", "2021-01-01"),
        MemberJoined("paused", "2021-01-01"),
        MemberSuspended("paused", "2021-02-01"),
        InitiativeClosed("2021-06-01/2021-06-30"),
    )
    before, during, after = (replay(records, at=day) for day in ("2021-05-31", "2021-06-15", "2021-06-30"))
    assert (before.closed, during.closed, after.closed) == (False, None, True)
    assert list(before) == ["active"]
    assert list(during.possible_members) == ["active"]
    assert during.possible_members["active"].statuses == ("active", "gone")
    assert list(during.suspended) == ["paused"]
    assert during.suspended["paused"].statuses == ("suspended", "gone")
    assert list(after.former) == ["active", "paused"]
    assert after.former["active"].statuses == ("gone",)
    assert after.count().amount == after.count(suspended=True).amount == exactly(0)
    assert during.count(suspended=True).amount == between(0, 2)
    undone = replay(
        [*records, evolve(records[-1], position=6, version=6, id="r6", event=RecordRetracted("r5"))], at="2022-01-01"
    )
    assert undone.closed is False
    assert list(undone) == ["active"]
    assert state_of().closed is False


def test_what_an_initiative_is_called_and_who_supports_it():
    records = recorded(
        InitiativeLaunched("2021", name="Clusters", supporters=["EPRI", "Accenture"], attributes={"seat": "Geneva"}),
        InitiativeChanged("2022-03", name="New Clusters", attributes={"seat": None, "web": "x.org"}),
        InitiativeChanged("2023-01-01", supporters=[]),
    )
    unknown, first, between_, second, last = (
        replay(records, at=day) for day in ("2021-06-01", "2021-12-31", "2022-03-15", "2022-03-31", "2023-01-01")
    )
    assert (unknown.name, unknown.supporters, dict(unknown.attributes)) == ("clusters", (), {})
    assert (first.name, first.supporters) == ("Clusters", ("EPRI", "Accenture"))
    assert dict(first.attributes) == {"seat": "Geneva"}
    assert (between_.name, dict(between_.attributes)) == ("clusters", {})
    assert (second.name, second.supporters) == ("New Clusters", ("EPRI", "Accenture"))
    assert dict(second.attributes) == {"web": "x.org"}
    assert last.supporters == ()


def test_metrics_hold_for_all_days_and_values_from_theirs():
    records = recorded(
        MetricDefined("co2", unit="Mt/year", title="old"),
        MetricUpdated("co2", "2022-01-01", "451 Mt/year"),
        MetricUpdated("jobs", "2022-01-01", "5 people"),
        MetricDefined("co2", unit="Mt/year", title="new"),
        MetricUpdated("co2", "2023", "400 Mt/year"),
    )
    assert replay(records, at="0001-01-01").metrics["co2"].title == "new"
    assert replay(records, at="0001-01-01", known_at=3).metrics["co2"].title == "old"
    assert dict(replay(records, at="2021-12-31").values) == {}
    assert replay(records, at="2022-01-01").values == {"co2": exactly(451, "Mt/year")}  # jobs have no definition
    assert dict(replay(records, at="2023-06-01").values) == {}
    assert replay(records, at="2023-12-31").values == {"co2": exactly(400, "Mt/year")}


def test_reports_are_published_or_perhaps_or_not_yet():
    records = recorded(
        ReportPublished("first", "2021-01-01", title="One", url="https://x.org"),
        ReportPublished("second", "2021", title="Two"),
        ReportPublished("third", "2022-01-01", title="Three"),
    )
    state = replay(records, at="2021-06-15")
    assert list(state.reports) == ["first"]
    assert state.reports["first"].title == "One"
    assert list(state.possible_reports) == ["second"]
    assert list(replay(records, at="2022-01-01").reports) == ["first", "second", "third"]


# --- a state is a value


def everything_of(state: InitiativeState) -> dict[str, Any]:
    names = (*VIEWS, "name", "supporters", "attributes", "closed", "metrics", "values", "reports", "possible_reports")
    return {name: getattr(state, name) for name in names}


@given(dated(histories(parts=True)))
def test_a_state_is_an_equal_hashable_picklable_value_fit_for_json(case):
    records, day = case
    state, same = replay(records, at=day), replay(records, at=day.isoformat())
    everything = everything_of(state)  # what has been read is kept, and changes nothing
    assert state == same
    assert hash(state) == hash(same)
    for copy in (pickle.loads(pickle.dumps(state)), deepcopy(state)):
        assert copy == state
        assert hash(copy) == hash(state)
        assert everything_of(copy) == everything
    plain = json.loads(json.dumps(state.to_dict()))
    assert plain == state.to_dict()
    assert plain["at"] == day.isoformat()
    assert list(plain["members"]) == list(state)
    if records:
        another = replay(records, at=day, known_at=0)
        assert another != state
        assert replay(records, at=day + timedelta(days=1)) != state


def test_a_state_as_plain_values():
    state = state_of(
        InitiativeLaunched("2021-01-01", name="Clusters", supporters=["EPRI"], attributes={"seat": "Geneva"}),
        MetricDefined("co2", unit="t", title="CO2"),
        MemberJoined("basque", "2021-01-01", attributes={"country": "Spain"}),
        MetricUpdated("co2", "2021-02-01", "1..2 t", member="basque"),
        MetricUpdated("co2", "2021-02-01", "> 5 t"),
        MemberChanged("basque", "2021-06", attributes={"sector": "steel"}),
        MemberJoined("humber", "2021"),
        ReportPublished("first", "2021-03-01", title="One", url="https://x.org"),
    )
    basque = {
        "id": "basque",
        "name": "basque",
        "statuses": ["active"],
        "attributes": {"country": "Spain"},
        "values": {"co2": "1..2 t"},
        "uncertain": {"attribute sector": [None, "steel"]},
        "part_of": None,
        "joined_from": "2021-01-01",
        "joined_by": "2021-01-01",
    }
    humber = {
        **basque,
        "id": "humber",
        "name": "humber",
        "statuses": ["none yet", "active"],
        "attributes": {},
        "values": {},
        "uncertain": {},
        "joined_by": "2021-06-15",
    }
    assert state.to_dict() == {
        "initiative": "clusters",
        "name": "Clusters",
        "at": "2021-06-15",
        "version": 8,
        "closed": False,
        "supporters": ["EPRI"],
        "attributes": {"seat": "Geneva"},
        "members": {"basque": basque},
        "possible_members": {"humber": humber},
        "suspended": {},
        "former": {},
        "metrics": {"co2": {"unit": "t", "title": "CO2"}},
        "values": {"co2": "> 5 t"},
        "reports": {"first": {"title": "One", "url": "https://x.org"}},
    }
    gone = state_of(MemberLeft("stranger", "2021-01-01")).to_dict()["former"]["stranger"]
    assert (gone["joined_from"], gone["joined_by"]) == (None, None)


def test_a_state_carries_the_records_it_rests_on_and_no_others():
    state = state_of(
        MemberJoined("basque", "2021-01-01"),
        MemberLeft("basque", "2021-02-01"),
        MemberJoined("basque", "2022-01-01"),
        MemberJoined("humber", "2021-01-01"),
        RecordRetracted("r4"),
    )
    assert sorted(state.registers.refs) == [1, 2]  # the joining itself is still the latest one
    assert state.registers.refs[2] == (2, 2, "r2", FIRST_INSTANT + timedelta(days=2), "page 2")
    assert state.version == 5


def test_nothing_was_recorded():
    state = replay([], at="2021-01-01")
    assert (state.initiative, state.version, state.name, len(state)) == ("", 0, "", 0)
    assert json.loads(json.dumps(state.to_dict()))["members"] == {}


# --- whatever the history


@given(dated(hostile_histories(parts=True)), questions(metrics=3), questions(metrics=3))
@settings(max_examples=2 * EXAMPLES)
def test_replay_survives_any_history(case, measure, other):
    records, day = case
    state = replay(records, at=day)
    everything_of(state)
    json.dumps(state.to_dict())
    asked = [measure, other, Share(measure, other), Members(suspended=True), Distinct("country"), Total("co2")]
    for question in asked:
        for ask in (state.measure, state.explain, lambda one: state.measure(one, by="country")):
            try:
                answer = ask(question)
            except LedgerError:
                continue
            assert answer is not None
    for member in MEMBERS:
        assert (member in state) is (member in state.members)
    everyone = [member for view in VIEWS for member in getattr(state, view)]
    assert len(everyone) == len(set(everyone))
    assert {member for member, contribution in zip(state, state.explain(Members()), strict=False)} <= set(everyone)


def test_a_reinstated_member_that_never_joined_counts_and_its_joining_is_unknown():
    state = state_of(MemberReinstated("stranger", "2021-01-01"))
    assert list(state) == ["stranger"]
    assert state["stranger"].joined_from is None


def test_the_latest_joining_is_ordered_among_the_leavings():
    state = state_of(
        MemberJoined("a", "2020-01-01"),
        MemberLeft("a", "2021-06-30"),
        MemberJoined("a", "2021"),  # recorded after the leaving, so it came after it
        at="2021-12-31",
    )
    assert state["a"].joined_from == date(2021, 6, 30)
    assert state.measure(Joined("2021-05-01")).amount == exactly(1)


def test_a_retraction_does_not_put_a_joining_before_the_leaving_that_it_followed():
    state = replay(
        recorded(
            MemberJoined("a", "2021-01-02"),
            MemberLeft("a", "2021-02-01"),
            MemberJoined("a", "2021"),
            RecordRetracted("r1"),
            MemberJoined("a", "2021-01"),
        ),
        at="2021-12-31",
    )
    assert state["a"].joined_from == date(2021, 2, 1)
    assert state.measure(Joined("2021-02-01")).amount == exactly(1)


def test_a_state_without_members_is_a_state_all_the_same():
    state = state_of(MemberJoined("a", "2021-01-01"), at="2020-12-31")
    assert len(state) == 0
    assert state


def test_before_anything_was_known_of_it_an_initiative_has_its_id():
    state = replay(recorded(MemberJoined("a", "2021-01-01")), at="2021-01-01", known_at=0)
    assert (state.initiative, state.name, state.version) == ("clusters", "clusters", 0)


@pytest.mark.parametrize("strange", [[1], [None], ["record"]])
def test_only_records_are_replayed(strange):
    with pytest.raises(BadInput, match="is no Record: replay what records"):
        replay(strange, at="2021-01-01")


@pytest.mark.parametrize("strange", ["count", None, Members, 3])
def test_only_measures_are_answered(strange):
    state = state_of(MemberJoined("a", "2021-01-01"))
    for ask in (state.measure, state.explain, lambda measure: state.measure(measure, by="town")):
        with pytest.raises(BadInput, match="is no measure: ask for one such as Members"):
            ask(strange)


@pytest.mark.parametrize("by", [5, "", ["town"], " town"])
def test_groups_are_by_the_name_of_an_attribute(by):
    with pytest.raises(BadInput, match=r"^by "):
        state_of(MemberJoined("a", "2021-01-01")).count(by=by)


def test_a_member_is_looked_up_by_its_id_and_by_nothing_else():
    with pytest.raises(UnknownMember, match="no member 5 is known"):
        state_of(MemberJoined("a", "2021-01-01"))[5]

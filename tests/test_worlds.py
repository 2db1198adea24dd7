"""The oracle itself: its few worlds are all that going through every single day would find."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise, product

from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.model.events import (
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
)
from ledger.model.measures import OVERLAPS, Distinct, Joined, Members, Total, Value
from ledger.model.quantity import Quantity, at_least, between, exactly
from ledger.model.records import Record
from ledger.testing.histories import FIRST_INSTANT, histories
from ledger.testing.worlds import Worlds

EXAMPLES = settings.default.max_examples  # of the profile

DAYS = ["2021-01-02", "2021-01-04", "2021-01-01/2021-01-03", "2021-01-03/2021-01-05", "2021-01-02/2021-01-04"]


def january(number: int) -> date:
    return date(2021, 1, number)


def recorded(*events) -> list[Record]:
    return [
        Record(position, "clusters", position, f"r{position}", FIRST_INSTANT + timedelta(days=position), event)
        for position, event in enumerate(events, 1)
    ]


def every_choice_of_days(worlds: Worlds):
    windows = []
    for record in worlds.records:
        when = getattr(record.event, "effective", None)
        first, last = (when.earliest, when.latest) if when else (date.min, date.min)
        windows.append([first + timedelta(days=number) for number in range((last - first).days + 1)])
    for choice in product(*windows):
        days = {record.position: day for record, day in zip(worlds.records, choice, strict=True)}
        orders = (pairwise(chain) for chain in worlds.chains.values())
        if all(days[one.position] <= days[other.position] for order in orders for one, other in order):
            yield days


@given(histories(members=2, days=DAYS, max_size=6), st.sampled_from(range(1, 6)), st.sampled_from(range(1, 6)))
@settings(max_examples=3 * EXAMPLES // 2)
def test_no_world_is_left_out_and_none_is_made_up(records, asked, cut):
    worlds = Worlds.of(records, january(asked))

    def told_apart(days):
        return tuple((position, day <= january(asked), day < january(cut)) for position, day in sorted(days.items()))

    found = [told_apart(world.days) for world in worlds.all(january(cut))]
    assert len(found) == len(set(found))
    assert set(found) == {told_apart(days) for days in every_choice_of_days(worlds)}


@given(histories(members=2, days=DAYS, max_size=5), st.sampled_from(range(1, 6)), st.sampled_from(range(1, 6)))
@settings(max_examples=EXAMPLES)
def test_no_world_is_left_out_that_a_total_on_another_basis_can_tell_apart(records, asked, basis):
    worlds = Worlds.of(records, january(asked))
    measure = Total("co2", members_at=january(basis), within="2 days")
    cutoff = january(asked) - timedelta(days=2)

    def told_apart(days):
        return tuple(
            (position, day <= january(asked), day <= january(basis), day < cutoff)
            for position, day in sorted(days.items())
        )

    found = [told_apart(world.days) for world in worlds.worlds(measure)]
    assert len(found) == len(set(found))
    assert set(found) == {told_apart(days) for days in every_choice_of_days(worlds)}


def test_one_world_for_each_way_that_things_can_have_been():
    records = recorded(
        MemberJoined("basque", "2021", attributes={"country": "Spain"}),
        MetricDefined("co2", unit="t", nonnegative=True),
        MetricUpdated("co2", "2021-01-01", "1..3 t", member="basque"),
    )
    worlds = Worlds.of(records, january(15))
    before, after = sorted(worlds.all(), key=lambda world: world.days[1], reverse=True)
    assert worlds.everyone(before) == []
    assert worlds.everyone(after) == ["basque"]
    assert worlds.answer(before, Members()).members == ()
    assert worlds.answer(after, Members()).amount == exactly(1)
    assert worlds.answer(after, Total("co2")).amount == between(1, 3, "t")
    assert worlds.answer(before, Total("co2")).amount == exactly(0, "t")
    assert worlds.answer(after, Distinct("country")).amount == exactly(1)
    assert worlds.groups(after, Members(), "country") == {"Spain": worlds.answer(after, Members())}
    assert worlds.groups(before, Members(), "country") == {}
    joined = {worlds.answer(world, Joined("2021-01-02")).members for world in worlds.worlds(Joined("2021-01-02"))}
    assert joined == {(), ("basque",)}


def test_what_is_missing_can_be_anything_that_the_metric_allows():
    records = recorded(
        MetricDefined("co2", unit="t", nonnegative=True),
        MetricDefined("net", unit="t"),
        MemberJoined("basque", "2021-01-01", attributes={"country": "Spain"}),
        MemberJoined("humber", "2021-01-01"),
        MetricUpdated("co2", "2021-01-01", "<= 5 t", member="basque"),
    )
    worlds = Worlds.of(records, january(15))
    (world,) = worlds.all()
    assert worlds.answer(world, Total("co2")) == (
        ("basque", "humber"),
        ("humber",),
        between(0, 5, "t"),
        at_least(0, "t"),
    )
    assert worlds.answer(world, Total("net")).envelope == Quantity(None, None, "t")
    assert worlds.answer(world, Value("net")).missing == ("",)
    assert worlds.answer(world, Distinct("country")).envelope == between(1, 2)
    assert worlds.answer(world, Distinct("sector")).envelope == between(1, 2)


def test_one_world_has_members_of_one_day_and_values_of_another():
    records = recorded(
        MetricDefined("co2", unit="t"),
        MemberJoined("basque", "2021", attributes={"country": "Spain"}),
        MetricUpdated("co2", "2021-01-01", "1 t", member="basque"),
        MetricUpdated("co2", "2021-03-01", "2 t", member="basque"),
        MemberLeft("basque", "2022-01-01"),
    )
    worlds = Worlds.of(records, date(2022, 6, 1))
    measure = Total("co2", members_at=january(15))
    before, after = sorted(worlds.worlds(measure), key=lambda world: world.days[2], reverse=True)
    assert worlds.answer(before, measure).members == ()
    assert worlds.answer(after, measure)[:3] == (("basque",), (), exactly(2, "t"))
    assert set(worlds.groups(after, measure, "country")) == {"Spain"}
    assert worlds.answer(after, Total("co2")).members == ()
    assert after.on(january(15)).state["metric", "basque", "co2"] == exactly(1, "t")
    assert after.on(date(2022, 6, 1)) == after
    assert Worlds.of(records, january(15)).worlds(Total("co2", members_at=date.max))


def test_parts_and_wholes_in_one_world():
    records = recorded(
        MetricDefined("co2", unit="t"),
        MemberJoined("union", "2021-01-01"),
        MemberJoined("state", "2021-01-01", part_of="union"),
        MemberJoined("town", "2021-01-01", part_of="state"),
        MemberSuspended("state", "2021-01-05"),
        MemberChanged("union", "2021-01-10", part_of="town"),
    )
    worlds = Worlds.of(records, january(15))
    (world,) = worlds.all()
    assert world.wholes("town") == {"state", "union"}  # in a circle, and never itself
    assert world.on(january(1)).wholes("union") == set()
    early = Total("co2", members_at=january(4))
    assert worlds.overlapping(world, early) == [("state", "union"), ("town", "state"), ("town", "union")]
    assert worlds.answer(world, early).members == ("state", "town", "union")
    later = {one: Total("co2", overlap=one, members_at=january(9)) for one in OVERLAPS}
    assert worlds.overlapping(world, later["parts"]) == [("town", "union")]
    assert {one: worlds.answer(world, measure).members for one, measure in later.items()} == {
        "refuse": ("town", "union"),
        "parts": ("town",),
        "whole": ("union",),
    }
    assert worlds.answer(world, Total("co2", overlap="parts")).members == ()
    assert worlds.overlapping(world, Members(suspended=True))[0] == ("state", "town")


def test_a_value_is_missing_in_the_worlds_in_which_it_is_too_old():
    records = recorded(
        MetricDefined("co2", unit="t"),
        MemberJoined("basque", "2021-01-01"),
        MetricUpdated("co2", "2021-01-10/2021-01-12", "1 t", member="basque"),
    )
    worlds = Worlds.of(records, january(15))

    def missing(within):
        measure = Total("co2", within=within)
        return [worlds.answer(world, measure).missing for world in worlds.worlds(measure)]

    assert missing("2 days") == [("basque",)]
    assert missing("3 days") == [("basque",), ()]
    assert missing("4 days") == [("basque",), ()]
    assert missing("5 days") == [()]


def test_chains_may_contradict_one_another_and_then_there_is_no_world():
    # by its name the rough change comes after the joining, by its country before the last change
    records = recorded(
        MemberJoined("basque", "2021-01-15", name="A"),
        MemberChanged("basque", "2021-01", name="B", attributes={"country": "Spain"}),
        MemberChanged("basque", "2021-01-01", attributes={"country": "France"}),
    )
    assert Worlds.of(records, january(20)).all() == []
    assert Worlds.of(records, january(20)).all(look=lambda key: key[0] == "name") != []


@given(histories(members=2, max_size=6))
@example([])
def test_the_last_day_of_the_calendar_can_be_asked(records):
    assert len(Worlds.of(records, date.max).all()) <= 1


def test_what_was_not_yet_known_is_in_no_world():
    records = recorded(MemberJoined("basque", "2021-01-01"), MemberJoined("humber", "2021-01-01"))
    together = [evolve(record, recorded_at=FIRST_INSTANT) for record in records]

    def everyone(written, known_at):
        worlds = Worlds.of(written, january(15), known_at)
        return [worlds.everyone(world) for world in worlds.all()]

    assert everyone(records, None) == everyone(records, 2) == [["basque", "humber"]]
    assert everyone(records, 1) == everyone(records, records[0].recorded_at) == [["basque"]]
    assert everyone(together, 1) == [[]]  # a batch is known whole, or not yet
    assert everyone(together, FIRST_INSTANT) == [["basque", "humber"]]


def test_days_decide_the_order_in_a_world_where_they_can():
    records = recorded(
        MemberReinstated("basque", "2021-01-10"),
        MemberSuspended("basque", "2021-01-05"),  # recorded later, and earlier in the world
        ReportPublished("annual", "2021-01-04"),
    )
    worlds = Worlds.of(records, january(15))
    (world,) = worlds.all()
    assert world.state["status", "basque"] == "active"
    assert world.on(january(7)).state["status", "basque"] == "suspended"
    assert world.state["report", "annual"] == records[2].event

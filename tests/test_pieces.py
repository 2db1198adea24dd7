"""Pieces of what counts: at every day and every moment of knowledge they say what a replay says."""

from collections import defaultdict
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger import (
    InitiativeClosed,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    Total,
    Value,
    replay,
)
from ledger.model.errors import NotAdditive, Overlapping, UnknownMetric
from ledger.model.facts import status_of, window_of
from ledger.model.registers import EMPTY, chained
from ledger.model.state import heard
from ledger.queries.pieces import Overlap, definitions, overlaps, standings, values
from ledger.queries.planes import FIRST_DAY, STILL, Plane
from ledger.queries.tracks import NEVER
from ledger.queries.unfolding import Unfolding
from ledger.testing.histories import METRICS, VALUES, breakpoints, histories, hostile_histories
from ledger.testing.scripts import history_of

COUNTED = Total(METRICS[0].metric)


def held(pieces, unfolding, at, position):
    """What of some pieces holds on a day, as known at a position."""
    moments = unfolding.moments
    return [
        piece.answer
        for piece in pieces
        if piece.first <= at.toordinal() < piece.end
        and moments[piece.since - 1].position <= position
        and (piece.until == STILL or moments[piece.until - 1].position > position)
    ]


def standing_of(state):
    """What `standings` should hold of a state, but for groups of those who never had the attribute."""
    whole = [(id, one.name, None, None, True) for id, one in state.members.items()]
    whole += [(id, one.name, None, None, False) for id, one in state.possible_members.items()]
    groups = [
        (id, "", attribute, group, id in figure.members)
        for attribute in VALUES
        for group, figure in state.count(by=attribute).items()
        for id in (*figure.members, *figure.possible_members)
    ]
    return {*whole, *groups}


def values_of(state):
    """What `values` should hold of a state: of each value its amount in base units, and whether it may be missing."""
    found = {}
    for register in state.registers.cells:
        if register.aspect == "metric":
            member = register.id or None
            try:
                figure = state.measure(Value(register.name, member=member))
            except UnknownMetric:
                continue
            if figure.has_value:
                found[member, register.name] = *figure.amount.base, not figure.complete, figure.oldest
    return found


def refused_of(state):
    try:
        state.measure(COUNTED)
    except Overlapping as error:
        return set(error.pairs)
    except (NotAdditive, UnknownMetric):
        return None
    return set()


def require_same(records, at, position):
    unfolding = Unfolding(records, len(records))
    state = replay(records, at=at, known_at=position)
    told = {tuple(one) for one in held(standings(unfolding), unfolding, at, position)}
    ever = {(key.id, key.name) for key in unfolding.facts if key.aspect == "attribute"}
    assert told == {one for one in standing_of(state) if one[2] is None or (one[0], one[2]) in ever}
    every = held(values(unfolding), unfolding, at, position)
    assert {(one.member, one.metric): tuple(one[2:]) for one in every} == values_of(state)
    assert len(every) == len(values_of(state))
    defined = held(definitions(unfolding), unfolding, at, position)
    assert {one.metric: one for one in defined} == dict(state.metrics)
    if (pairs := refused_of(state)) is not None:
        assert {tuple(one) for one in held(overlaps(unfolding), unfolding, at, position)} == pairs


@given(st.data())
def test_on_every_day_and_at_every_moment_they_say_what_a_replay_says(data):
    records = data.draw(histories(parts=True) | hostile_histories(parts=True), label="records")
    if records:
        position = data.draw(st.sampled_from([record.position for record in records]), label="known_at")
        for at in breakpoints(records):
            require_same(records, at, position)


FULL = history_of(
    [MetricDefined("dues", "kEUR", nonnegative=True), MetricDefined("rank", additive=False)],
    [MemberJoined("union", "2019", name="The Union"), MemberJoined("state", "2020-03", part_of="union")],
    [MemberJoined("town", "2021-01-01", part_of="state", attributes={"country": "Spain"})],
    [MemberChanged("town", "2022-01-01", attributes={"country": None}), MemberLeft("union", "2023/2024")],
    [MetricUpdated("dues", "2020-06", "<= 5 kEUR", member="state"), MetricUpdated("dues", "2021-01-01", "7 kEUR")],
    [RecordRetracted("r4"), MetricUpdated("dues", "2022-01-01", None, member="state")],
    [InitiativeClosed("2025-01-01")],
)


@pytest.mark.parametrize("position", range(1, len(FULL) + 1))
def test_one_history_of_everything(position):
    for year in range(2018, 2027):
        require_same(FULL, date(year, 1, 1), position)
        require_same(FULL, date(year, 3, 15), position)
        require_same(FULL, date(year, 6, 15), position)


@given(histories() | hostile_histories())
def test_a_register_that_is_known_bit_by_bit_holds_what_it_does_when_chained_at_once(records):
    assume(records)
    unfolding = Unfolding(records, len(records))
    for register in unfolding.facts:
        course = unfolding.course(register)
        for position in [moment.position for moment in unfolding.moments]:
            first = course.known_at(position)
            chain = chain_at(records, register, position)
            days = {date.min, *(day for record in records for day in window_of(record.event))}
            assert [course.at(day) for day in days] == [chain.at(day) for day in days]
            assert first == FIRST_DAY or first in {day.toordinal() for day in days} | {NEVER}


def chain_at(records, register, position):
    return chained(register, defaultdict(list, heard(records, position).facts))


def test_what_is_recorded_and_retracted_in_one_batch_was_never_known():
    history = history_of([MemberJoined("ada", "2020-01-01"), RecordRetracted("r1")])
    unfolding = Unfolding(history, len(history))
    assert list(standings(unfolding)) == []
    course = unfolding.course(status_of("ada"))
    assert (course.known_at(1), course.known_at(2), course.known_at(3)) == (date(2020, 1, 1).toordinal(), 1, NEVER)
    assert course.at(date(2020, 1, 1)) == EMPTY


def test_of_a_plane_nothing_is_new_where_nothing_is_put_in():
    assert Plane("nothing").put(1, []) == []


def test_where_an_initiative_is_closed_nothing_overlaps():
    joined = [MemberJoined("union", "2019-01-01"), MemberJoined("state", "2020-01-01", part_of="union")]
    history = history_of([*joined, InitiativeClosed("2025-01-01")])
    (piece,) = overlaps(Unfolding(history, len(history)))
    assert (date.fromordinal(piece.first), date.fromordinal(piece.end)) == (date(2020, 1, 1), date(2025, 1, 1))


def test_what_is_part_of_something_by_way_of_another_overlaps_with_it_too():
    found = {piece.answer for piece in overlaps(Unfolding(FULL, len(FULL)))}
    assert found == {Overlap("state", "union"), Overlap("town", "state"), Overlap("town", "union")}

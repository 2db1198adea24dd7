"""The history of the time travel benchmark: the library takes it in, and it is what the benchmark says it is."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

import ledger

pytestmark = pytest.mark.unmeasured

BENCHMARKS = Path(__file__).parent / "benchmarks"


@pytest.fixture
def travel(monkeypatch):
    """The benchmark's modules, which are found from where its command is."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from travel import history, questions, recorded
    from watch import Watch

    return SimpleNamespace(history=history, questions=questions, recorded=recorded, Watch=Watch)


@cache
def long_history(history):
    return history.happenings(100_000)


def days_late(history, many, count):
    """How long after its day each event was recorded."""
    return [(position - 1) * history.DAYS // count - one.day for position, one in enumerate(many, history.HEADING + 1)]


@pytest.mark.parametrize("count", [2_000, 10_000, 100_000])
def test_a_history_is_always_the_same_and_as_long_as_asked(travel, count):
    many = long_history(travel.history) if count == 100_000 else travel.history.happenings(count)
    assert len(many) == count - travel.history.HEADING
    assert many == travel.history.happenings(count)
    assert {one.member for one in many} == set(range(travel.history.MEMBERS))


def test_fewer_events_than_the_members_need_are_refused(travel):
    with pytest.raises(ValueError, match="too few"):
        travel.history.happenings(1_999)


def test_a_tenth_is_recorded_late_and_nothing_early(travel):
    many = long_history(travel.history)
    late = days_late(travel.history, many, 100_000)
    assert min(late) == 0
    assert max(late) <= 5 * 365 + 1 + 50  # a correction of a late value comes a little later still
    assert 0.09 < sum(days > 30 for days in late) / len(many) < 0.11


def test_one_of_fifty_corrects_a_value_of_the_same_day(travel):
    history = travel.history
    values = [one for one in long_history(history) if isinstance(one, history.Stated)]
    cells = {(one.member, one.metric, one.day) for one in values}
    assert 0.018 < (len(values) - len(cells)) / len(values) < 0.026  # some meet by chance


def test_one_of_a_hundred_is_a_joining_or_a_leaving(travel):
    history = travel.history
    many = long_history(history)
    joined = [one for one in many if isinstance(one, history.Joined)]
    left = [one for one in many if isinstance(one, history.Left)]
    assert 0.009 < (len(joined) + len(left)) / len(many) < 0.015
    assert len(joined) > history.MEMBERS + 50  # some return
    assert len(left) > 50
    assert {one.country for one in joined} == set(range(len(history.COUNTRIES)))
    assert {one.sector for one in joined} == set(range(len(history.SECTORS)))


def test_joinings_and_leavings_alternate_by_day_though_some_are_recorded_late(travel):
    history = travel.history
    moves = defaultdict(list)
    in_order = True
    for one in long_history(history):
        if not isinstance(one, history.Stated):
            known = moves[one.member]
            in_order = in_order and (not known or known[-1][0] <= one.day)
            known.append((one.day, isinstance(one, history.Joined)))
    assert not in_order
    for known in moves.values():
        chain = [joined for _, joined in sorted(known, key=lambda move: move[0])]
        assert chain[0]
        assert all(before != after for before, after in pairwise(chain))


def test_the_library_records_it_in_batches_that_follow_the_days(travel, tmp_path):
    count = 2_000
    path = tmp_path / travel.recorded.FILE
    travel.recorded.write(path, count, travel.Watch())
    with ledger.open(path) as book:
        initiative = book.initiative(travel.recorded.INITIATIVE)
        records = list(initiative.records())
        ends = [one.position for one, after in pairwise(records) if one.recorded_at != after.recorded_at]
        assert ends == list(range(20, count, 20))
        for record in records:
            effective = getattr(record.event, "effective", None)
            assert effective is None or effective.latest <= record.recorded_at.date()
        assert [travel.history.whole_batches(position, count) for position in (19, 20, 21, 39, 40, count)] == [
            0, 20, 20, 20, 40, count
        ]  # fmt: skip
        facts = list(travel.history.facts(travel.history.happenings(count)))
        for day in (date(2004, 1, 1), date(2013, 7, 31), date(2023, 12, 31)):
            for known in (20, 1_010, count):
                state = initiative.at(day, known)
                number = (day - travel.history.FIRST_DAY).days
                latest = latest_by_hand(facts, number, travel.history.whole_batches(known, count))
                active = {member for member, one in latest[travel.history.Aspect.STATUS].items() if one.value}
                assert set(state.members) == {f"member-{member:04}" for member in active}
                values = latest[travel.history.Aspect.CO2]
                assert state.total("co2").amount == ledger.exactly(
                    f"{sum(values[member].value for member in active if member in values)}e-2", "t"
                )


def latest_by_hand(facts, day, known):
    """The latest fact of each member and aspect."""
    latest = defaultdict(dict)
    for fact in facts:
        held = latest[fact.aspect].get(fact.member)
        if fact.seq <= known and fact.day <= day and (held is None or (held.day, held.seq) < (fact.day, fact.seq)):
            latest[fact.aspect][fact.member] = fact
    return latest


def test_facts_are_the_same_when_they_were_written_and_read_again(travel, tmp_path):
    history = travel.history
    history.write(tmp_path / history.FACTS, 2_000, None)
    assert list(history.read_facts(tmp_path / history.FACTS)) == list(history.facts(history.happenings(2_000)))


def test_questions_are_always_the_same_and_ask_for_what_was_known_once_a_batch_was_there(travel):
    questions = travel.questions
    many = questions.points("total", 10_000, 100, seed=1)
    assert many == questions.points("total", 10_000, 100, seed=1) != questions.points("total", 10_000, 100, seed=2)
    assert all(100 <= one.known <= 10_000 and 0 <= one.day < travel.history.DAYS for one in many)
    assert len(questions.MONTHS) == 240

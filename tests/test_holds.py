"""Where a claim would hold: the pure search, against every day there is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.model.errors import LedgerError, Overlapping
from ledger.model.events import Claim, MemberJoined, MemberLeft
from ledger.model.facts import window_of
from ledger.model.measures import Distinct, Joined, Members, Share, Total, Value
from ledger.model.periods import back
from ledger.model.quantity import exactly
from ledger.model.records import Record
from ledger.model.state import replay
from ledger.queries.holds import (
    BASES_MAX,
    REACH,
    days_of_change,
    first_to_hold,
    nearest_day,
    other_bases,
    other_days,
    stretches,
    too_old_from,
)
from ledger.testing.histories import EXACT_DAYS, FIRST_INSTANT, histories, questions

EXAMPLES = settings.default.max_examples  # of the profile

THE_DAY = date(2023, 1, 20)
ONE_DAY = timedelta(days=1)
DAYS = st.dates(date(2020, 11, 1), date(2023, 3, 1))
PERIODS = st.sampled_from(["1 day", "3 weeks", "1 month", "13 months", "1 year", "4 years"])


def counts(changes):
    """Answer how many there are on a day, where on some days their number grows or shrinks."""
    history = []
    for place, (day, joins) in enumerate(changes, 1):
        event = (MemberJoined if joins else MemberLeft)(f"m{place if joins else place - 1}", day)
        history.append(Record(place, "clusters", place, f"r{place}", FIRST_INSTANT + place * ONE_DAY, event))
    states = {}

    def answer(day):
        if day not in states:
            states[day] = replay(history, at=day).count()
        return states[day]

    return answer


@given(st.lists(st.tuples(st.dates(date(2023, 1, 10), date(2023, 2, 1)), st.booleans()), max_size=6), st.integers(0, 4))
def test_it_is_the_nearest_day_of_all_on_which_the_claim_holds(changes, number):
    answer, claim = counts(changes), Claim(Members(), exactly(number))
    assume(not claim.amount.contains(answer(THE_DAY).envelope))
    found = nearest_day(claim, THE_DAY, [day for day, _ in changes], answer)
    days = sorted((THE_DAY + by * ONE_DAY for by in range(-30, 31)), key=lambda day: (abs(day - THE_DAY), day))
    assert found == next((day for day in days if claim.amount.contains(answer(day).envelope)), None)


def test_of_two_days_as_near_it_is_the_earlier_one():
    changes = [(THE_DAY, True), (THE_DAY + ONE_DAY, False)]
    answer = counts(changes)
    assert [answer(THE_DAY + by * ONE_DAY).amount for by in (-1, 0, 1)] == [exactly(0), exactly(1), exactly(0)]
    assert nearest_day(Claim(Members(), "0"), THE_DAY, [day for day, _ in changes], answer) == THE_DAY - ONE_DAY


def test_it_looks_five_years_far_and_no_farther():
    first = THE_DAY - REACH
    assert first == date(2018, 1, 20)
    for day, found in ((first + ONE_DAY, first), (first, None)):
        answer = counts([(day, True)])
        assert nearest_day(Claim(Members(), "0"), THE_DAY, [day], answer) == found
    last = THE_DAY + REACH
    for day, found in ((last, last), (last + ONE_DAY, None)):
        assert nearest_day(Claim(Members(), "1"), THE_DAY, [day], counts([(day, True)])) == found


def test_a_day_without_an_answer_holds_nothing():
    def refusing(asked):
        raise Overlapping("co2", [("spain", "union")])

    claim = Claim(Total("co2"), "1 t")
    assert nearest_day(claim, THE_DAY, [THE_DAY], refusing) is None
    assert first_to_hold(claim, [Total("co2", suspended=True)], refusing) is None


def test_the_ends_of_time_are_days_too():
    assert stretches(THE_DAY, [date.min, date.max]) == [date.max]
    assert stretches(date.max, [date.max]) == [date.max - ONE_DAY]


@given(DAYS, PERIODS)
def test_a_value_becomes_too_old_on_the_first_day_from_which_it_lies_further_back(since, period):
    found = too_old_from(since, period)
    assert back(found, period) > since >= back(found - ONE_DAY, period)


def test_no_value_becomes_too_old_after_the_last_day_there_is():
    assert too_old_from(date.max - 2 * ONE_DAY, "1 day") == date.max
    assert too_old_from(date.max - ONE_DAY, "1 day") is None


def test_the_days_of_change_are_those_of_facts_of_joinings_that_count_and_of_values_too_old():
    begins, ends = date(2021, 3, 1), date(2021, 9, 30)
    since, old = date(2021, 6, 1), {date(2021, 4, 2), date(2021, 11, 1)}
    joined, total = Joined(since), Total("co2", within="1 month")
    for measure, more in (
        (Members(), set()), (joined, {since}), (total, old), (Total("co2"), set()), (Value("co2"), set()),
        (Share(joined, Members()), {since}), (Share(Members(), joined), {since}),
        (Share(total, joined), {since, *old}),
    ):  # fmt: skip
        assert days_of_change(measure, [(begins, ends)]) == {begins, ends, *more}


@st.composite
def asked(draw):
    measure = draw(questions(metrics=2))
    if isinstance(measure, Total):
        within = draw(st.none() | PERIODS)
        members_at = draw(st.none() | st.sampled_from(EXACT_DAYS))
        measure = Total(measure.metric, measure.where, within=within, members_at=members_at)
    if draw(st.booleans()):
        whole = {Total: Value("co2"), Value: Total("co2", within="1 month")}.get(type(measure), Joined("2021-02-01"))
        measure = Share(measure, whole)
    return measure


@given(histories(), asked(), st.lists(DAYS, min_size=1, max_size=8))
@settings(max_examples=2 * EXAMPLES)
def test_between_two_days_of_change_nothing_changes(records, measure, days):
    changes = days_of_change(measure, {window_of(record.event) for record in records})
    for day in days:
        since = max((change for change in changes if change <= day), default=date.min)
        figures = []
        for one in (since, day):
            try:
                figure = replay(records, at=one).measure(measure)
            except LedgerError:
                assume(False)
            figures.append((figure.amount, figure.envelope, figure.complete))
        assert figures[0] == figures[1]


def test_a_measure_is_tried_on_other_bases():
    assert list(other_bases(Distinct("country", suspended=True))) == [Distinct("country")]
    assert list(other_bases(Total("co2"))) == [
        Total("co2", suspended=True), Total("co2", overlap="parts"), Total("co2", overlap="whole"),
    ]  # fmt: skip
    assert list(other_bases(Total("co2", overlap="parts")))[1:] == [Total("co2", overlap="whole")]
    for measure in (Joined("2021-01-01"), Value("co2"), Share(Members(), Members())):
        assert not list(other_bases(measure))


@pytest.mark.parametrize(
    "measure", [Members(), Share(Total("co2"), Total("co2")), Total("co2", members_at="2020-01-01")]
)
def test_the_members_of_another_day_are_tried_of_totals_that_name_no_day(measure):
    assert not list(other_days(measure, THE_DAY, [THE_DAY]))


def test_the_members_of_the_nearest_days_and_of_the_last_one_are_tried():
    changes = [THE_DAY + place * ONE_DAY for place in range(-200, 200)]
    tried = [measure.members_at for measure in other_days(Total("co2", {"country": "Spain"}), THE_DAY, changes)]
    assert tried == [*stretches(THE_DAY, changes)[:BASES_MAX], changes[-1]]
    few = [measure.members_at for measure in other_days(Total("co2"), THE_DAY, changes[198:203])]
    assert few == stretches(THE_DAY, changes[198:203])

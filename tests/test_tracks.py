"""Tracks: one register through all of time, held against the chain that the model makes of its facts."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.model.facts import Fact
from ledger.model.registers import EMPTY, chain
from ledger.queries.tracks import NEVER, NO_DAYS, ExactTrack, RoughTrack, is_exact, track_of

EXAMPLES = settings.default.max_examples
SCALE = 1_000
DAYS = st.dates(date(2021, 1, 1), date(2021, 1, 9)) | st.sampled_from([date.min, date.max])
TEXTS = st.sampled_from(["joined", "left", None]).map(lambda text: (text, None, None))
AMOUNTS = st.sampled_from([None, "0", "1", "-2.5", "0.001", "9223372036854775", "9223372036854776", "1e30", "-1e30"])


@st.composite
def windows(draw):
    return tuple(sorted([draw(DAYS), draw(DAYS)]))


EXACT = DAYS.map(lambda day: (day, day))
ANY = EXACT | windows()
AN_AMOUNT = AMOUNTS.map(lambda text: (None, None, None) if text is None else ("", Decimal(text), Decimal(text)))
A_BOUND = st.sampled_from([("..", None, None), (">= 2", Decimal(2), None), ("1..3", Decimal(1), Decimal(3))])


@st.composite
def steps(draw, when, what):
    """Facts in the order of recording, some of which take the rank of another, and the positions that go again."""
    facts, ranks = [], []
    for position, ((earliest, latest), (value, low, high)) in enumerate(
        draw(st.lists(st.tuples(when, what), max_size=8)), start=1
    ):
        rank = draw(st.sampled_from([position, position, *ranks]))
        ranks.append(position)
        facts.append(Fact(rank, position, earliest, latest, value, low, high))
    gone = draw(st.lists(st.sampled_from([fact.position for fact in facts]), unique=True)) if facts else []
    return facts, gone


def days_of(facts):
    ends = {end.toordinal() for fact in facts for end in (fact.earliest, fact.latest)}
    return sorted({day + by for day in ends for by in (-1, 0, 1) if 1 <= day + by < NEVER} | {1, NEVER - 1})


def seen(candidates, day):
    """What the candidates on a day say of it: how far past the day a window runs on makes no difference."""
    at = date.fromordinal(day)
    found = [(tuple(one.fact), one.since, one.until if one.until <= at else None) for one in candidates.candidates]
    return found, candidates.nothing_yet


def plainly(track, day):
    return seen(track.at(day), day)


def is_right(track, facts, *, amounts=False):
    """A track holds what the chain of its facts holds, on every day."""
    expected = chain(facts)
    assert sorted(track.facts()) == sorted(kept(facts, amounts=amounts and isinstance(track, ExactTrack)))
    turns = track.turns((1, NEVER))
    before = None
    for day in days_of(facts):
        wanted = expected.at(date.fromordinal(day))
        assert values(track.at(day)) == values(wanted)
        for value in ("joined", "left", None):
            of_value = expected.only(value).at(date.fromordinal(day))
            assert amounts or values(track.last(value, day)) == values(of_value)
        now = plainly(track, day)
        assert now == before or day in turns or day == 1, "it turned on a day that turns() does not give"
        before = now
        for end in (day + 1, day + 3, NEVER):
            if day < end <= NEVER:
                assert set(track.turns((day, end))) == {one for one in turns if day < one < end}


def kept(facts, *, amounts):
    """An exact track of amounts does not keep their texts."""
    return [fact._replace(value=None if fact.low is None else "") if amounts else fact for fact in facts]


def values(candidates):
    return [(one.fact[:4], one.fact.low, one.fact.high, one.since, one.until) for one in candidates.candidates], (
        candidates.nothing_yet
    )


def changes_only_in(span, track, days, act):
    """What a track holds is changed by an act on no day outside the span. Give how it was before."""
    before = {day: plainly(track, day) for day in days}
    act()
    after = {day: plainly(track, day) for day in days}
    first, end = span
    outside = [day for day in days if not first <= day < end]
    assert {day: before[day] for day in outside} == {day: after[day] for day in outside}


def grows_and_shrinks(track, given_steps, *, amounts=False):
    facts, gone = given_steps
    days = days_of(facts)
    for place, fact in enumerate(facts, start=1):
        assert not track.has(fact.position)
        changes_only_in(track.reach(fact), track, days, lambda fact=fact: track.insert(tuple(fact)))
        assert track.has(fact.position)
        is_right(track, facts[:place], amounts=amounts)
    for place, position in enumerate(gone, start=1):
        changes_only_in(track.reach_of(position), track, days, lambda position=position: track.remove(position))
        is_right(track, [fact for fact in facts if fact.position not in gone[:place]], amounts=amounts)


@settings(max_examples=EXAMPLES)
@given(steps(EXACT, TEXTS))
def test_an_exact_track_of_texts_is_the_chain_of_its_facts(some):
    grows_and_shrinks(ExactTrack(), some)


@settings(max_examples=EXAMPLES)
@given(steps(EXACT, AN_AMOUNT), st.integers(1, 7))
def test_an_exact_track_of_amounts_is_the_chain_of_its_facts(some, factor):
    track = ExactTrack(SCALE)
    grows_and_shrinks(track, some, amounts=True)
    facts = [fact for fact in some[0] if fact.position not in some[1]]
    track.refine(factor)
    is_right(track, facts, amounts=True)
    for day in days_of(facts):
        held = chain(facts).at(date.fromordinal(day)).candidates
        amount = held[0].fact.low if held else None
        assert track.value_at(day) == (None if amount is None else amount * SCALE * factor)


@settings(max_examples=EXAMPLES)
@given(steps(ANY, TEXTS | A_BOUND))
def test_a_rough_track_is_the_chain_of_its_facts(some):
    grows_and_shrinks(RoughTrack([]), some)


@settings(max_examples=EXAMPLES)
@given(steps(EXACT, TEXTS))
def test_what_an_exact_track_holds_can_be_read_off_day_by_day(some):
    facts, _ = some
    track = track_of(map(tuple, facts), None)
    assert isinstance(track, ExactTrack)
    for day in days_of(facts):
        held = chain(facts).at(date.fromordinal(day)).candidates
        assert track.value_at(day) == (held[0].fact.value if held else None)


@given(steps(ANY, AN_AMOUNT | A_BOUND), st.sampled_from([None, SCALE]))
def test_a_track_is_exact_where_all_its_facts_are(some, scale):
    facts, _ = some
    assume(scale is not None or all(fact.low is None for fact in facts))
    track = track_of(map(tuple, facts), scale)
    exact = all(
        fact.earliest == fact.latest
        and (fact.low == fact.high if scale is None else fact.value is None or (fact.low == fact.high != None))  # noqa: E711
        for fact in facts
    )
    assert isinstance(track, ExactTrack) is exact
    is_right(track, facts, amounts=scale is not None)


def fact(position, day, value="joined", *, rank=None, latest=None, amount=None):
    first = date.fromisoformat(day)
    last = first if latest is None else date.fromisoformat(latest)
    return (rank or position, position, first, last, value, amount, amount)


def day(text):
    return date.fromisoformat(text).toordinal()


def test_a_fact_reaches_up_to_the_one_that_follows_and_no_further():
    track = ExactTrack()
    track.insert(fact(1, "2021-01-05"))
    assert track.reach(fact(2, "2021-01-01")) == (day("2021-01-01"), day("2021-01-05"))
    assert track.reach(fact(2, "2021-01-05")) == (day("2021-01-05"), NEVER)
    track.insert(fact(2, "2021-01-05"))
    assert track.reach_of(1) == NO_DAYS  # another one holds on that day
    assert track.reach(fact(3, "2021-01-05", rank=1)) == NO_DAYS
    assert track.reach_of(2) == (day("2021-01-05"), NEVER)
    track.remove(1)
    assert not track.has(1)
    assert track.has(2)


def test_a_rough_fact_reaches_from_its_first_day_to_where_the_next_has_certainly_begun():
    track = RoughTrack([fact(1, "2021-01-05"), fact(2, "2021-03-01", latest="2021-03-09")])
    assert track.reach(fact(3, "2021-01-01", latest="2021-02-01")) == (day("2021-01-05"), day("2021-03-09"))
    assert track.reach(fact(3, "2021-01-01")) == (day("2021-01-01"), day("2021-01-05"))
    assert track.reach(fact(3, "2021-04-01")) == (day("2021-04-01"), NEVER)
    assert track.reach(fact(3, "2020-12-01", rank=1)) == (day("2020-12-01"), NEVER)  # every place may change
    assert track.reach_of(2) == (day("2021-01-05"), NEVER)
    assert RoughTrack([]).reach(fact(1, "2021-01-01", latest="2021-02-01")) == (day("2021-01-01"), NEVER)
    assert RoughTrack([]).at(5) == ExactTrack().at(5) == EMPTY


def test_one_that_takes_the_rank_of_another_is_put_where_that_one_stood():
    rough = fact(1, "2021-01-01", latest="2021-12-31")
    for track in (RoughTrack([rough, fact(2, "2021-06-01", latest="2021-07-01")]), RoughTrack([rough])):
        track.insert(fact(3, "2021-01-01", "left", rank=1, latest="2021-12-31"))
        track.remove(1)
        assert [one[1] for one in track.facts()] == ([3, 2] if track.has(2) else [3])
        track.insert(fact(4, "2021-02-01", "left", latest="2021-11-30"))
        assert track.facts()[-1][1] == 4


def test_a_value_withdrawn_is_none_until_its_record_goes():
    track = ExactTrack(10)
    track.insert(fact(1, "2021-01-01", "1.5", amount=Decimal("1.5")))
    track.insert(fact(2, "2021-01-01", None))
    track.insert(fact(3, "2021-01-03", "2.5", amount=Decimal("2.5")))
    assert [track.value_at(day(f"2021-01-0{one}")) for one in (1, 2, 3)] == [None, None, 25]
    assert track.value_at(day("2020-12-31")) is None
    assert [one[4:] for one in track.facts()] == [
        ("", Decimal("1.5"), Decimal("1.5")),
        (None, None, None),
        ("", Decimal("2.5"), Decimal("2.5")),
    ]
    track.remove(2)
    assert track.value_at(day("2021-01-01")) == 15
    track.insert(fact(2, "2021-01-01", "1", amount=Decimal(1)))  # nothing is left behind of what was withdrawn
    assert track.value_at(day("2021-01-01")) == 10


def test_amounts_are_whole_and_past_64_bits_they_stay_exact():
    track = ExactTrack(3)
    track.insert(fact(1, "2021-01-01", "1/3", amount=Fraction(1, 3)))
    assert track._values.itemsize == 8
    track.insert(fact(2, "2021-01-02", "1e30", amount=Decimal("1e30")))
    assert list(track._values) == [1, 3 * 10**30]
    track.refine(2)
    assert [track.value_at(day("2021-01-01")), track.value_at(day("2021-01-02"))] == [2, 6 * 10**30]
    track.remove(2)
    track.refine(1)
    assert track._values.itemsize == 8
    texts = ExactTrack()
    texts.insert(fact(1, "2021-01-01", "Spain"))
    texts.refine(7)
    assert texts.value_at(day("2021-01-01")) == "Spain"


@pytest.mark.parametrize(
    ("one", "of_text", "of_amount"),
    [
        (fact(1, "2021-01-01", "Spain"), True, False),
        (fact(1, "2021-01-01", None), True, True),
        (fact(1, "2021-01-01", "1", amount=Decimal(1)), True, True),
        (fact(1, "2021-01-01", "1", latest="2021-01-02", amount=Decimal(1)), False, False),
        ((1, 1, date.min, date.min, "1..2", Decimal(1), Decimal(2)), False, False),
        ((1, 1, date.min, date.min, ">= 1", Decimal(1), None), False, False),
        ((1, 1, date.min, date.min, "<= 1", None, Decimal(1)), False, False),
    ],
)
def test_what_is_exact_has_a_known_day_and_a_known_amount(one, of_text, of_amount):
    assert is_exact(one) is of_text
    assert is_exact(one, amount=True) is of_amount


def test_there_is_a_day_after_the_last_one():
    assert date.fromordinal(NEVER - 1) == date.max
    assert timedelta(days=1) + date.fromordinal(NEVER - 2) == date.max


def test_facts_of_exact_days_make_an_exact_track_and_others_a_rough_one():
    first, last = date(2021, 1, 1), date(2021, 12, 31)
    assert isinstance(track_of([Fact(1, 1, first, first, "joined"), Fact(2, 2, last, last, "left")], None), ExactTrack)
    assert isinstance(track_of([Fact(1, 1, first, last, "joined")], None), RoughTrack)

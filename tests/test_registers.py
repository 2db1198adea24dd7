"""The chain of a register, against every way to choose an actual day for each of its facts."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise, product

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.model.facts import Fact, Register
from ledger.model.registers import EMPTY, Candidate, Candidates, Registers, chain

EXAMPLES = settings.default.max_examples  # of the profile

FIRST = date(2021, 1, 1)
LAST = 12


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


DAYS = [day(number) for number in range(-1, LAST + 2)]


@st.composite
def register_facts(draw: st.DrawFn, *, most: int = 4, longest: int = 4) -> list[Fact]:
    """Draw the facts of one register, in any order, with ties of rank."""
    drawn = draw(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 8), st.integers(0, longest)), max_size=most))
    facts = [
        Fact(rank, position, day(first), day(first + length), f"v{position}")
        for position, (rank, first, length) in enumerate(drawn, 1)
    ]
    return draw(st.permutations(facts))


def naive_chain(facts: list[Fact]) -> list[Fact]:
    """Follow the words of the design: by rank, each just before the first one that is strictly later."""
    ordered: list[Fact] = []
    for fact in sorted(facts, key=lambda fact: (fact.rank, fact.position)):
        later = [place for place, other in enumerate(ordered) if other.earliest > fact.latest]
        ordered.insert(later[0] if later else len(ordered), fact)
    return ordered


def worlds(ordered: list[Fact]) -> list[tuple[date, ...]]:
    """Choose a day for each fact in every way that keeps their order."""
    windows = [[d for d in DAYS if fact.earliest <= d <= fact.latest] for fact in ordered]
    return [days for days in product(*windows) if all(one <= other for one, other in pairwise(days))]


@given(register_facts())
@settings(max_examples=10 * EXAMPLES)
def test_the_candidates_are_the_outcomes_over_all_choices_of_days(facts):
    ordered = naive_chain(facts)
    every = worlds(ordered)
    assert every, "a chain always has a possible choice of days"
    found = chain(facts)
    assert list(found.facts) == ordered
    for asked in DAYS:
        latest: dict[Fact | None, set[date]] = {}
        for days in every:
            begun = [(fact, began) for fact, began in zip(ordered, days, strict=True) if began <= asked]
            fact, began = begun[-1] if begun else (None, FIRST)
            latest.setdefault(fact, set()).add(began)
        candidates, nothing_yet = found.at(asked)
        assert nothing_yet is (None in latest)
        assert [candidate.fact for candidate in candidates] == [fact for fact in ordered if fact in latest]
        for fact, since, until in candidates:
            assert since == min(latest[fact])
            assert min(until, asked) == max(latest[fact])


@given(register_facts(most=8, longest=6))
def test_windows_are_tightened_along_the_chain(facts):
    found = chain(facts)
    assert list(found.facts) == naive_chain(facts)
    assert list(found.since) == sorted(found.since)
    assert list(found.until) == sorted(found.until)
    for fact, since, until in zip(*found, strict=True):
        assert fact.earliest <= since <= until <= fact.latest


@given(register_facts(most=8, longest=0))
def test_exact_days_are_last_writer_wins_by_day_then_rank(facts):
    for asked in DAYS:
        begun = sorted((fact.earliest, fact.rank, fact.position, fact) for fact in facts if fact.earliest <= asked)
        expected = Candidates((Candidate(begun[-1][-1], *begun[-1][-1][2:4]),), nothing_yet=False) if begun else EMPTY
        assert chain(facts).at(asked) == expected


@given(register_facts())
def test_what_has_begun_stays_begun_and_options_tell_of_nothing_yet(facts):
    found = chain(facts)
    for asked, next_day in pairwise(DAYS):
        assert found.at(next_day).nothing_yet <= found.at(asked).nothing_yet
    for asked in DAYS:
        candidates, nothing_yet = found.at(asked)
        assert found.at(asked).options == ((None, *candidates) if nothing_yet else candidates)


def fact(rank: int, earliest: str, latest: str, value: str) -> Fact:
    return Fact(rank, rank, date.fromisoformat(earliest), date.fromisoformat(latest), value)


def held(facts: list[Fact], asked: str) -> list[str | None]:
    return [option and option.fact.value for option in chain(facts).at(date.fromisoformat(asked)).options]


def test_a_fact_recorded_later_comes_later_where_windows_overlap():
    spain = fact(1, "2021-01-01", "2021-12-31", "Spain")
    france = fact(2, "2021-06-01", "2021-06-30", "France")
    assert held([spain, france], "2021-05-31") == [None, "Spain"]
    assert held([spain, france], "2021-06-01") == [None, "Spain", "France"]
    assert held([spain, france], "2021-06-30") == ["France"]  # so Spain began by the end of June
    assert held([spain, france], "2022-01-01") == ["France"]


def test_a_fact_recorded_later_comes_earlier_where_the_days_say_so():
    france = fact(1, "2021-06-30", "2021-06-30", "France")
    spain = fact(2, "2021-01-01", "2021-06-29", "Spain")
    assert held([france, spain], "2021-06-29") == ["Spain"]
    assert held([france, spain], "2021-06-30") == ["France"]


def test_of_a_register_that_nobody_wrote_to_nothing_is_known():
    assert chain([]).at(FIRST) == EMPTY
    nothing = Registers({}, {})
    assert nothing.of(Register("member", "basque", "status")) is EMPTY
    assert EMPTY.options == (None,)
    assert hash(nothing) == hash(Registers({}, {}))

"""The largest matching, against trying every way to give each one a value of its own, or none."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from ledger.model.matching import largest_matching


def by_trying(choices: list[frozenset[int]]) -> int:
    if not choices:
        return 0
    few, *others = choices
    without = by_trying(others)
    return max([without, *(1 + by_trying([other - {value} for other in others]) for value in few)])


@given(st.lists(st.frozensets(st.integers(1, 5), max_size=4), max_size=6))
@example([frozenset({1, 2}), frozenset({1, 3}), frozenset({1, 2}), frozenset({2, 3}), frozenset({3, 4})])
def test_it_is_the_largest(choices):
    assert largest_matching(dict(enumerate(choices))) == by_trying(choices)


@given(st.lists(st.frozensets(st.integers(1, 5), max_size=4), max_size=6), st.randoms(use_true_random=False))
def test_it_does_not_depend_on_who_comes_first(choices, random):
    shuffled = random.sample(choices, len(choices))
    assert largest_matching(dict(enumerate(shuffled))) == largest_matching(dict(enumerate(choices)))


def test_those_who_were_served_first_move_over():
    choices = {"a": frozenset("xy"), "b": frozenset("xz"), "c": frozenset("xy"), "d": frozenset("zw")}
    assert largest_matching(choices) == 4


def test_nobody_and_nothing():
    assert largest_matching({}) == 0
    assert largest_matching({"a": frozenset(), "b": frozenset()}) == 0


def test_a_long_chain_of_moves_ends():
    chain = {number: frozenset({number, number + 1}) for number in range(300)}
    assert largest_matching({**chain, "last": frozenset({0, 1})}) == 301

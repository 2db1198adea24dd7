"""Sums by day and by batch, held against a list of all that was ever added."""

from datetime import date
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.queries.dominance import FEWEST_DAYS, Dominance, whole_numbers

EXAMPLES = settings.default.max_examples
LAST = date.max.toordinal()
NEAR = 738_000
DAYS = st.one_of(
    st.integers(1, LAST),
    st.integers(NEAR - 2, NEAR + 2),
    # where the span of days doubles, on either side of the first day that is drawn
    st.builds(
        lambda power, by, sign: min(max(NEAR + sign * 2**power + by, 1), LAST),
        st.integers(0, 21), st.integers(-1, 1), st.sampled_from([-1, 1]),
    ),
)  # fmt: skip
AMOUNTS = st.one_of(st.integers(-3, 3), st.integers(-(2**70), 2**70), st.sampled_from([2**63 - 1, -(2**63), 1, -1]))


@st.composite
def additions(draw):
    """Batches, days and amounts; several to a batch, and some batches without any."""
    some = draw(st.lists(st.tuples(st.integers(0, 2), DAYS, AMOUNTS), max_size=12))
    batches = accumulate((step for step, _, _ in some), initial=1)
    return [(batch, day, amount) for batch, (_, day, amount) in zip(batches, some, strict=False)]


def at(added, day, batch):
    return sum(amount for one, since, amount in added if since <= day and one <= batch)


def days_around(added):
    near = {day + by for _, day, _ in added for by in (-1, 0, 1)}
    return sorted({1, LAST, NEAR, *(day for day in near if 1 <= day <= LAST)})


def is_right(sums, added, factor=1):
    last = max((batch for batch, _, _ in added), default=0)
    for day in days_around(added):
        for batch in range(last + 2):
            assert sums.at(day, batch) == factor * at(added, day, batch)
        changes = sums.changes(day)
        for batch in range(1, last + 1):
            assert changes.get(batch, 0) == factor * (at(added, day, batch) - at(added, day, batch - 1))
        assert set(changes) <= {batch for batch, _, _ in added}
    for batches, running in sums._nodes.values():
        assert list(batches) == sorted(set(batches))  # one sum a batch: what it takes back takes no room
        assert len(batches) == len(running)


@settings(max_examples=2 * EXAMPLES)
@given(additions())
def test_a_sum_is_of_all_that_was_added_up_to_a_day_by_the_batches_up_to_one(added):
    sums = Dominance()
    is_right(sums, [])
    for place, one in enumerate(added, start=1):
        sums.add(*one)
        assert sums.at(one[1], one[0]) == at(added[:place], one[1], one[0])
    is_right(sums, added)


@given(additions(), additions(), st.integers(1, 10**12))
def test_everything_can_be_made_so_many_times_as_large_and_goes_on_from_there(before, after, factor):
    sums = Dominance()
    for one in before:
        sums.add(*one)
    sums.multiply(factor)
    is_right(sums, before, factor)
    last = max((batch for batch, _, _ in before), default=0)
    both = [(batch, day, amount * factor) for batch, day, amount in before]
    for batch, day, amount in after:
        sums.add(batch + last, day, amount)
        both.append((batch + last, day, amount))
    is_right(sums, both)


@pytest.mark.parametrize("first", [1, NEAR, LAST])
@pytest.mark.parametrize("second", [1, 2, NEAR - FEWEST_DAYS, NEAR - 1, NEAR + FEWEST_DAYS - 1, NEAR + 10_000, LAST])
def test_the_days_may_lie_as_far_apart_as_there_are_days(first, second):
    sums = Dominance()
    added = [(1, first, 5), (2, second, 7), (3, first, -5), (3, LAST, 1), (4, 1, 2)]
    for one in added:
        sums.add(*one)
    is_right(sums, added)


def test_every_single_day_of_a_span_has_its_own_sum():
    sums = Dominance()
    added = [(1 + step, 1_000 + (step * 37) % 300 - 150, step) for step in range(300)]
    for one in added:
        sums.add(*one)
    for day in range(840, 1_160):
        assert sums.at(day, 300) == at(added, day, 300)
        assert sums.at(day, 150) == at(added, day, 150)


def test_nothing_was_added_before_the_first_day_or_the_first_batch():
    sums = Dominance()
    assert sums.at(LAST, 1) == sums.at(1, 0) == 0
    assert sums.changes(LAST) == {}
    sums.add(3, NEAR, 4)
    assert (sums.at(NEAR, 2), sums.at(NEAR - 1, 3), sums.at(NEAR, 3), sums.at(1, 9), sums.at(LAST, 9)) == (
        0,
        0,
        4,
        0,
        4,
    )


def test_a_batch_may_take_back_what_it_added():
    sums = Dominance()
    sums.add(1, NEAR, 4)
    sums.add(1, NEAR, -4)
    assert sums.at(NEAR, 1) == 0
    assert sums.changes(NEAR) == {1: 0}


@pytest.mark.parametrize("edge", [2**63 - 1, -(2**63)])
def test_sums_are_exact_on_either_side_of_64_bits(edge):
    sums = Dominance()
    step = 1 if edge > 0 else -1
    added = [(1, NEAR, edge), (1, NEAR, step), (2, NEAR, -step), (2, NEAR + 1, edge), (3, NEAR, step), (4, NEAR, -edge)]
    for one in added:
        sums.add(*one)
    is_right(sums, added)
    sums.multiply(2)
    is_right(sums, added, 2)


def test_numbers_take_eight_bytes_each_until_one_does_not_fit():
    assert whole_numbers([1, -(2**63), 2**63 - 1]).itemsize == 8
    assert whole_numbers([1, 2**63]) == [1, 2**63]
    assert whole_numbers([]).itemsize == 8


def test_a_sum_over_many_days_keeps_to_few_nodes():
    """What makes it fast: a day belongs to no more nodes than its number has bits."""
    sums = Dominance()
    sums.add(1, 1, 1)
    sums.add(1, LAST, 1)
    before = len(sums._nodes)
    sums.add(2, NEAR, 1)
    assert len(sums._nodes) - before <= 22
    assert sum(1 for _ in sums._nodes_to(NEAR)) <= 22
    assert sums._span == 2**22

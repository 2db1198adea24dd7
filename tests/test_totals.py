"""Who holds a value from each day on: counted by brute force."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.queries.holders import Holders

EXAMPLES = settings.default.max_examples
DAYS = st.integers(1, 12)
SPELLS = st.lists(st.tuples(DAYS, st.none() | DAYS, st.integers(1, 2)), min_size=1, max_size=4)


def as_changes(spells):
    """From which days on how many more hold a value, where some hold it for a while, or for good."""
    changes = Counter()
    for first, length, number in spells:
        changes[first] += number
        if length is not None:
            changes[first + length] -= number
    return dict(changes)


def held(changes, day):
    return sum(by for since, by in changes.items() if since <= day)


@settings(max_examples=3 * EXAMPLES)
@given(st.lists(st.tuples(SPELLS, st.integers(0, 9), st.booleans()), max_size=6))
def test_a_value_is_counted_from_its_first_holder_to_its_last_one(steps):
    """Spells come, and are given up again, in any order."""
    holders, present, turned = Holders(), [], Counter()
    for spells, nth, gives_up in steps:
        changes = Counter(as_changes(spells))
        if present and gives_up:
            given_up = present.pop(nth % len(present))
            changes.subtract(as_changes(given_up))
        present.append(spells)
        for day, by in holders.change(dict(changes)).items():
            assert by
            turned[day] += by
        assert holders._days == sorted(set(holders._days))  # a day takes room once
        now = Counter()
        for some in present:
            now.update(as_changes(some))
        for day in range(30):
            assert sum(by for since, by in turned.items() if since <= day) == (held(now, day) > 0)


def test_what_changes_nothing_turns_nothing():
    holders = Holders()
    assert holders.change({5: 0}) == {}
    assert holders.change({5: 1, 9: -1}) == {5: 1, 9: -1}
    assert holders.change({5: 1, 9: -1}) == {}
    assert holders.change({5: -1, 9: 1}) == {}
    assert holders.change({9: 1}) == {9: 1}
    assert holders.change({1: 1, 2: -1}) == {1: 1, 2: -1}
    assert holders.change({5: -1, 9: 1}) == {5: -1, 9: 1}


def test_days_past_a_spell_stay_as_they_were():
    holders = Holders()
    holders.change({10: 1})
    holders.change({20: 1, 30: -1})
    assert holders.change({12: 1, 15: -1}) == {}
    assert holders.change({1: 1, 10: -1}) == {1: 1, 10: -1}
    assert holders.change({10: -1, 40: 1}) == {10: -1, 12: 1, 15: -1, 20: 1, 30: -1, 40: 1}

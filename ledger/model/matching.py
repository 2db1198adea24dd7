"""The largest matching: how many different values a set of members can hold, one each at the most."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping


def largest_matching(choices: Mapping[Hashable, frozenset[Hashable]]) -> int:
    """Count the pairs in a largest matching of those who choose to what they can choose.

    By augmenting paths (Berge 1957), after those with a single choice have been given it.

    >>> largest_matching({"a": frozenset("xy"), "b": frozenset("x"), "c": frozenset("y")})
    2
    """
    # one with a single choice loses nothing by taking it, so only the undecided need a search
    taken = {value for few in choices.values() if len(few) == 1 for value in few}
    undecided = {one: few - taken for one, few in choices.items() if len(few) > 1}
    holder: dict[Hashable, Hashable] = {}
    return len(taken) + sum(_augment(one, undecided, holder) for one in undecided)


def _augment(
    start: Hashable, choices: Mapping[Hashable, frozenset[Hashable]], holder: dict[Hashable, Hashable]
) -> bool:
    reached_by: dict[Hashable, Hashable] = {}
    gives_up: dict[Hashable, Hashable] = {}  # the value that one would hand on, were it asked to move
    waiting = deque([start])
    while waiting:
        one = waiting.popleft()
        for value in sorted(choices[one] - reached_by.keys(), key=repr):
            reached_by[value] = one
            if value in holder:
                gives_up[holder[value]] = value
                waiting.append(holder[value])
                continue
            free = value
            while True:
                taker = reached_by[free]
                holder[free] = taker
                if taker == start:
                    return True
                free = gives_up[taker]
    return False

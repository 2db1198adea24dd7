"""Holders: on which days a value has any, so that different values can be counted as a sum."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping


class Holders:
    """How many members hold one value, from each day on, as known now."""

    __slots__ = ("_counts", "_days")

    def __init__(self) -> None:
        self._days: list[int] = []
        self._counts: list[int] = []

    def change(self, changes: Mapping[int, int]) -> dict[int, int]:
        """Take changes in; say from which days on the value comes to be held, or to be held no more.

        >>> holders = Holders()
        >>> holders.change({100: 1, 200: -1}), holders.change({150: 1, 300: -1})
        ({100: 1, 200: -1}, {200: 1, 300: -1})
        """
        days, counts = self._days, self._counts
        first = bisect_left(days, min(changes))
        # where all that is added is taken away again, the days after the last change stay as they are
        end = len(days) if sum(changes.values()) else bisect_right(days, max(changes))
        held = dict(zip(days[first:end], counts[first:end], strict=True))
        before = counts[first - 1] if first else 0
        added = 0
        turned = 0  # by how much the number of values that are held differs from what it was
        turns: dict[int, int] = {}
        for day in sorted(held.keys() | changes.keys()):
            before = held.get(day, before)
            added += changes.get(day, 0)
            held[day] = before + added
            now = (before + added > 0) - (before > 0)
            if now != turned:
                turns[day] = now - turned
                turned = now
        days[first:end] = sorted(held)
        counts[first:end] = [held[day] for day in days[first : first + len(held)]]
        return turns

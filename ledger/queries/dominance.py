"""Sums over two orders at once: what was added by a day, as far as a batch.

A total on the day D as known at K is a step function of both. Every batch changes it by some amounts, each
from some day on, so it is the sum of all changes that belong to a day up to D and to a batch up to K: a
dominance sum. A Fenwick tree over the days (Fenwick 1994, "A new data structure for cumulative frequency
tables"), each node of which is a list of batches and running sums that only ever grows, takes changes to
any day in the order of the batches, and answers in the logarithm of days times that of batches.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, MutableSequence, Sequence
from typing import Final, NamedTuple

FEWEST_DAYS: Final = 64


class Node(NamedTuple):
    """The running sum over some days: after each batch that changed it. Batches rise strictly.

    The numbers of batches are kept in a list, since those of one batch are one object, and are found faster there.
    """

    batches: list[int]
    sums: MutableSequence[int]


class Dominance:
    """Whole numbers added from a day on, batch by batch, and their sums up to any day and batch.

    Days are ordinals, batches count from 1. The days span a power of two, and the span doubles when a day
    lies outside it: to the right one node more stands for all there was, to the left all of them move.

    >>> sums = Dominance()
    >>> sums.add(1, 738000, 5)
    >>> sums.add(2, 737000, 3)
    >>> sums.at(738000, 1), sums.at(738000, 2), sums.at(737999, 2)
    (5, 8, 3)
    """

    __slots__ = ("_before", "_newest", "_nodes", "_span", "_steps")

    def __init__(self) -> None:
        self._newest = 0  # the last batch that added anything
        self._steps: tuple[list[int], list[int]] | None = None  # the days on which the newest sums change, and the sums
        self._nodes: dict[int, Node] = {}
        self._before = 0  # the day before the first of the span
        self._span = 0

    def add(self, batch: int, day: int, amount: int) -> None:
        """Add an amount from a day on. No batch may come before one that was there already."""
        place = self._place(day)
        self._newest, self._steps = batch, None
        nodes, span = self._nodes, self._span
        while place <= span:
            node = nodes.get(place)
            if node is None:
                nodes[place] = Node([batch], whole_numbers([amount]))
            else:
                _grow(nodes, place, node, batch, amount)
            place += place & -place

    def at(self, day: int, batch: int) -> int:
        """Sum what was added up to a day, by the batches up to one; both inclusive."""
        place = min(day - self._before, self._span)
        nodes = self._nodes
        total = 0
        while place > 0:
            node = nodes.get(place)
            if node is not None:
                batches, sums = node
                if batches[-1] <= batch:
                    total += sums[-1]
                elif found := bisect_right(batches, batch):
                    total += sums[found - 1]
            place &= place - 1
        return total

    def along(self, days: Sequence[int], batch: int) -> list[int]:
        """Sum as `at` does for each of many days."""
        if batch < self._newest:
            return [self.at(day, batch) for day in days]
        if self._steps is None:
            self._steps = self._newest_steps()
        turns, sums = self._steps
        return [sums[bisect_right(turns, day)] for day in days]

    def changes(self, day: int) -> dict[int, int]:
        """Give, by batch, how much it changed the sum up to a day."""
        found: dict[int, int] = {}
        for batches, sums in self._nodes_to(day):
            before = 0
            for batch, after in zip(batches, sums, strict=True):
                found[batch] = found.get(batch, 0) + after - before
                before = after
        return found

    def multiply(self, factor: int) -> None:
        """Make everything so many times as large."""
        for place, (batches, sums) in self._nodes.items():
            self._nodes[place] = Node(batches, whole_numbers([factor * one for one in sums]))
        self._steps = None

    def _newest_steps(self) -> tuple[list[int], list[int]]:
        # wherever a day changes the sum, its own place has a node
        days = [self._before + place for place in sorted(self._nodes)]
        return days, [0, *(self.at(day, self._newest) for day in days)]

    def _nodes_to(self, day: int) -> Iterator[Node]:
        place = min(day - self._before, self._span)
        while place > 0:
            if place in self._nodes:
                yield self._nodes[place]
            place &= place - 1

    def _place(self, day: int) -> int:
        if not self._span:
            self._before, self._span = day - 1, FEWEST_DAYS
        while day > self._before + self._span:
            everything = self._nodes[self._span]  # the first thing added was added here too
            self._nodes[2 * self._span] = Node(everything.batches[:], everything.sums[:])
            self._span *= 2
        while day <= self._before:
            self._move_right()
        return day - self._before

    def _move_right(self) -> None:
        span = self._span
        self._nodes = {place + span: node for place, node in self._nodes.items()}
        self._before, self._span = self._before - span, 2 * span


def _grow(nodes: dict[int, Node], place: int, node: Node, batch: int, amount: int) -> None:
    batches, sums = node
    total = sums[-1] + amount
    try:
        if batches[-1] == batch:
            sums[-1] = total
        else:
            sums.append(total)
            batches.append(batch)
    except OverflowError:
        nodes[place] = Node(batches, list(sums))
        _grow(nodes, place, nodes[place], batch, amount)


def whole_numbers(numbers: list[int]) -> MutableSequence[int]:
    """Keep whole numbers in as little room as they need."""
    try:
        return array("q", numbers)
    except OverflowError:  # past 64 bits
        return numbers

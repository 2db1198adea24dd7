"""Planes: an answer for every day and every moment of knowledge, as rectangles in which it stays the same.

The days lie along one side, the moments at which something was recorded along the other. Whoever has the rectangles
can answer for any day as known at any moment, and needs no more than to find the one that holds both.

Days are ordinals, and moments are counted from 1. A rectangle ends before its second day and its second moment.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from ledger.queries.tracks import NEVER, Span

A = TypeVar("A")

FIRST_DAY: Final = 1
STILL: Final = 0
"""The second moment of a rectangle that holds still."""

Piece: TypeAlias = tuple[int, int, A]
"""Days from the first, inclusive, to the second, exclusive, and what holds on them."""


class Rectangle(NamedTuple, Generic[A]):
    """One answer: for the days from `first` to `end`, as known at the moments from `since` to `until`."""

    first: int
    end: int
    since: int
    until: int
    answer: A


class Plane(Generic[A]):
    """One question's answers. They are put in moment by moment, each time for the days on which they may be others.

    >>> plane = Plane("nothing")
    >>> plane.put(1, [(10, 20, "a"), (20, NEVER, "b")])
    [(10, 20), (20, 3652060)]
    >>> plane.put(2, [(15, 25, "b")])
    [(15, 20)]
    >>> for rectangle in plane.rectangles():
    ...     print(*rectangle)
    15 20 1 2 a
    10 15 1 0 a
    15 20 2 0 b
    20 3652060 1 0 b
    """

    def __init__(self, nothing: A) -> None:
        self._nothing = nothing
        self._pieces: list[tuple[int, int, int, A]] = [(FIRST_DAY, NEVER, 1, nothing)]  # first, end, since, answer
        self._past: list[Rectangle[A]] = []

    def put(self, moment: int, pieces: Iterable[Piece[A]]) -> list[Span]:
        """Say what holds from a moment on, piece by piece in order, and give the spans of days on which that is new.

        Days that no piece speaks of stay as they are. No moment may come before one that was put in already.
        """
        new: list[Span] = []
        left = iter(pieces)
        piece = next(left, None)
        if piece is None:
            return new
        # those that end before the first day that is spoken of stay as they are
        place = bisect_right(self._pieces, piece[0], key=_first) - 1
        kept = self._pieces[:place]
        for first, end, since, held in self._pieces[place:]:
            at = first
            while piece is not None and piece[0] < end and at < end:
                start, stop = max(at, piece[0]), min(end, piece[1])
                if at < start:
                    _join(kept, at, start, since, held)
                if piece[2] == held:
                    _join(kept, start, stop, since, held)
                else:
                    self._past_is(start, stop, since, moment, held)
                    _join(kept, start, stop, moment, piece[2])
                    new.append((start, stop))
                at = stop
                if piece[1] <= end:
                    piece = next(left, None)
            if at < end:
                _join(kept, at, end, since, held)
        self._pieces = kept
        return new

    def rectangles(self) -> Iterator[Rectangle[A]]:
        """Give every rectangle in which there is anything: those of the past, then those that hold still."""
        yield from self._past
        for first, end, since, held in self._pieces:
            if held != self._nothing:
                yield Rectangle(first, end, since, STILL, held)

    def _past_is(self, first: int, end: int, since: int, until: int, held: A) -> None:
        if held == self._nothing:
            return
        last = self._past[-1] if self._past else None
        if last is not None and last[1:] == (first, since, until, held):
            self._past[-1] = last._replace(end=end)
        else:
            self._past.append(Rectangle(first, end, since, until, held))


def _first(piece: tuple[int, int, int, A]) -> int:
    return piece[0]


def _join(kept: list[tuple[int, int, int, A]], first: int, end: int, since: int, held: A) -> None:
    """Add a piece to those before it, or to the last of them where that says the same."""
    if kept and kept[-1][2] == since and kept[-1][3] == held:
        kept[-1] = (kept[-1][0], end, since, held)
    else:
        kept.append((first, end, since, held))


def united(spans: Iterable[Span]) -> list[Span]:
    """Give the same days in spans that neither overlap nor touch.

    >>> united([(15, 30), (10, 20), (30, 31), (40, 50)])
    [(10, 31), (40, 50)]
    """
    found: list[Span] = []
    for first, end in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((first, end))
    return found


def parts(changes: Mapping[int, Iterable[Span]]) -> Iterator[tuple[int, list[Span]]]:
    """Give, moment by moment, the spans of days in each of which an answer is one.

    `changes` names the days on which something that it rests on has come to be another at a moment. It can be another
    answer on each side of every day on which any of them ever began or ended.

    >>> for moment, spans in parts({1: [(10, 20), (15, 30)], 2: [(12, 40)]}):
    ...     print(moment, spans)
    1 [(10, 15), (15, 20), (20, 30)]
    2 [(12, 15), (15, 20), (20, 30), (30, 40)]
    """
    for moment, ends, spans in _cut(changes):
        cut = (ends[bisect_left(ends, first) : bisect_right(ends, end)] for first, end in spans)
        yield moment, [part for days in cut for part in pairwise(days)]


def count_parts(changes: Mapping[int, Iterable[Span]]) -> int:
    """Say how many spans of days `parts` gives in all.

    >>> count_parts({1: [(10, 20), (15, 30)], 2: [(12, 40)]})
    7
    """
    return sum(
        bisect_left(ends, end) - bisect_left(ends, first) for _, ends, spans in _cut(changes) for first, end in spans
    )


def _cut(changes: Mapping[int, Iterable[Span]]) -> Iterator[tuple[int, list[int], list[Span]]]:
    """Give, moment by moment, all days on which any span began or ended up to then, and its own spans, united."""
    ends: list[int] = []
    for moment in sorted(changes):
        spans = list(changes[moment])
        for day in {day for span in spans for day in span}:
            place = bisect_left(ends, day)
            if place == len(ends) or ends[place] != day:
                insort(ends, day)
        yield moment, ends, united(spans)

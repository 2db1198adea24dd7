"""Pairs: members that are part of one another, and on which days a total would count both.

Who is left out beside whom is decided by `model.overlaps`, as in every answer. It is asked here of two members at a
time, since a third one has no say in what becomes of them, and again only where one of them or their tie has changed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Final, NamedTuple

from ledger.model.errors import Overlapping
from ledger.model.facts import PlainFact, part_of
from ledger.model.measures import Total
from ledger.model.overlaps import LEFT_OUT, possible_wholes, reached, sure_wholes, without_overlap
from ledger.model.parts import Ways
from ledger.model.registers import Registers
from ledger.queries.courses import COUNTS, LEFT, MAY_BE_LEFT, Change, Course, Leaving, differing
from ledger.queries.dominance import Dominance
from ledger.queries.tracks import ExactTrack, RoughTrack, is_exact, track_of
from ledger.queries.views import EVERY_DAY, View

KEPT_MAX: Final = 1_000  # answers to who would both count

APART: Final[Leaving] = ([EVERY_DAY[0]], [COUNTS])


class Pair(NamedTuple):
    """A member that was ever said to be part of another one, in one step or in several."""

    part: str
    whole: str


class Pairs:
    """All pairs of one initiative, as a total looks at them, by day and by batch."""

    def __init__(self, measure: Total) -> None:
        self._measure = measure
        self._refuses = measure.overlap == "refuse"
        self._tracks: dict[str, ExactTrack | RoughTrack] = {}  # of what each member is part of, in one step
        self._parts: dict[str, set[str]] = defaultdict(set)  # those who were ever said to be part of a member so
        self._of: dict[str, set[Pair]] = defaultdict(set)  # the pairs that a member is in
        self._leavings: dict[Pair, Leaving] = {}
        self._touched: set[Pair] = set()
        self._many = Dominance()  # how many pairs would both count, where the measure refuses to choose
        self._both: dict[Pair, Dominance] = defaultdict(Dominance)  # and which
        self._turns: list[int] = []  # the days on which that can be others
        self._batches: list[int] = []  # and the batches that have changed it
        self._kept: dict[tuple[int, int], list[Pair]] = {}  # by how many of either there were

    def insert(self, member: str, fact: PlainFact) -> None:
        """Take in what a member is part of."""
        track = self._tracks.get(member) or ExactTrack()
        if isinstance(track, ExactTrack) and not is_exact(fact):
            track = RoughTrack(track.facts())
        track.insert(fact)
        self._tracks[member] = track
        if isinstance(fact[4], str):
            self._parts[fact[4]].add(member)
        self._relate(member)

    def remove(self, position: int, member: str) -> None:
        """Let go what a record said that a member is part of, if it said so."""
        track = self._tracks.get(member)
        if track is not None and track.has(position):
            track.remove(position)
            self._tracks[member] = track_of(track.facts(), None)  # what was rough may have been corrected
            self._relate(member)

    def touch(self, member: str | None = None) -> None:
        """Note that it may be on other days that a member counts or, for None, everybody."""
        self._touched.update(*self._of.values()) if member is None else self._touched.update(self._of.get(member, ()))

    def settle(self, batch: int, view: View, courses: Mapping[str, Course]) -> Iterator[Change]:
        """See what a batch has changed in the pairs that it touched, and say what that changes in their sums."""
        left_out = set()
        for pair in self._touched:
            before, now = self._leavings.get(pair, APART), self._leaving(pair, view, courses)
            if now == before:
                continue
            self._leavings[pair] = now
            if self._refuses:
                self._note(batch, pair, before, now)
            else:
                left_out.add(self._out_of(pair))
        self._touched.clear()
        for member in left_out:
            yield from courses[member].leave_out(view, self._leaving_of(member))

    def are_both(self, day: int, batch: int) -> bool:
        """Would both of any pair count on a day, as known after a batch, where the measure refuses to choose?"""
        return self._many.at(day, batch) > 0

    def both(self, day: int, batch: int) -> list[Pair]:
        """Give these pairs, in order."""
        place = bisect_right(self._turns, day), bisect_right(self._batches, batch)
        if place not in self._kept:
            if len(self._kept) == KEPT_MAX:
                self._kept.clear()
            self._kept[place] = sorted(pair for pair, sums in self._both.items() if sums.at(day, batch))
        return self._kept[place]

    def are_both_along(self, days: Sequence[int], batch: int) -> bool:
        """Say whether there are any on one of many days."""
        return any(self._many.along(days, batch))

    def changed(self, day: int) -> set[int]:
        """Give the batches that change which pairs these are on a day."""
        return {batch for sums in self._both.values() for batch, by in sums.changes(day).items() if by}

    def _note(self, batch: int, pair: Pair, before: Leaving, now: Leaving) -> None:
        self._kept.clear()
        if self._batches[-1:] != [batch]:
            self._batches.append(batch)
        for day, by in differing(before, now):
            self._many.add(batch, day, by)
            self._both[pair].add(batch, day, by)
            if (place := bisect_right(self._turns, day)) == 0 or self._turns[place - 1] != day:
                self._turns.insert(place, day)

    def _relate(self, member: str) -> None:
        """Find the pairs of a member, and of all its parts, in what is said now: some of them may be new."""
        for part in (member, *reached(member, self._parts_of)):
            for whole in reached(part, self._ever):
                for one in (part, whole):
                    self._of[one].add(Pair(part, whole))
            self.touch(part)

    def _parts_of(self, member: str) -> Set[str]:
        return self._parts.get(member, frozenset())

    def _ever(self, member: str) -> Set[str]:
        track = self._tracks.get(member)
        return set() if track is None else {fact[4] for fact in track.facts() if isinstance(fact[4], str)}

    def _out_of(self, pair: Pair) -> str:
        return pair.whole if self._measure.overlap == "parts" else pair.part

    def _leaving(self, pair: Pair, view: View, courses: Mapping[str, Course]) -> Leaving:
        """Say from which days on one of a pair is left out for the other; where both would count, that is so too."""
        if not all(member in courses for member in pair):
            return APART
        tied = [member for member in (pair.part, *reached(pair.part, self._ever)) if member in self._tracks]
        turns = {EVERY_DAY[0]}.union(*(courses[member].turns(view) for member in pair))
        if view.basis is None:
            turns.update(*(self._tracks[member].turns(EVERY_DAY) for member in tied))
        days: list[int] = []
        found: list[int] = []
        for day in sorted(turns):
            leaves = COUNTS
            ways = {member: courses[member].ways(view, day) for member in pair}
            if all(any(way.counted for way in some) for some in ways.values()):
                tie = {part_of(member): self._tracks[member].at(view.gate_day(day)) for member in tied}
                leaves = self._leaves(pair, ways, Registers(tie, {}))
            if not found or leaves != found[-1]:
                days.append(day)
                found.append(leaves)
        return days, found

    def _leaves(self, pair: Pair, ways: Mapping[str, Ways], tie: Registers) -> int:
        out = self._out_of(pair)
        try:
            left = without_overlap(self._measure, ways, possible_wholes(tie), sure_wholes(tie))[out]
        except Overlapping as error:
            return LEFT if pair in error.pairs else COUNTS
        return COUNTS if left == ways[out] else LEFT if left == (LEFT_OUT,) else MAY_BE_LEFT

    def _leaving_of(self, member: str) -> Leaving:
        """Say from which days on a member is left out for anybody; surely, where it surely is for one of them."""
        several = [self._leavings[pair] for pair in self._of[member] & self._leavings.keys()
                   if self._out_of(pair) == member]  # fmt: skip
        days = sorted({day for ends, _ in several for day in ends})
        return days, [max(found[bisect_right(ends, day) - 1] for ends, found in several) for day in days]

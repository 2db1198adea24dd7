"""Unrolled: what one register can hold on any day, as it comes to be known, fact by fact.

Where nothing but later facts was recorded, the chain goes on from the one before, and only the days on which they make
a difference are looked at again: a register that was written to a thousand times is not chained anew a thousand times.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from ledger.model.facts import PlainFact, Register, status_of
from ledger.model.registers import EMPTY, Candidates, Chain, chained
from ledger.queries.planes import FIRST_DAY, Piece
from ledger.queries.tracks import NEVER

NEVER_GONE: Final = 2**63


class Course:
    """A register's `days`, from each of which on it can hold what stands at the same place of `held`.

    It begins with what was known before anything was. `facts` are all that were ever written to the register (for the
    latest joining, to that of the status), and `gone` holds the positions from which on some of them are retracted.
    """

    def __init__(self, register: Register, facts: Sequence[PlainFact], gone: Mapping[int, int]) -> None:
        self.days: list[int] = [FIRST_DAY]
        self.held: list[Candidates] = [EMPTY]
        self._register = register
        self._gone = gone
        self._facts = sorted(facts, key=_position)
        self._positions = [_position(fact) for fact in self._facts]
        self._retracted = sorted(gone[position] for position in self._positions if position in gone)
        self._chain: Chain[PlainFact] = Chain([], [], [])
        self._known = 0
        self._newest = (0, 0)  # rank and position of the last fact of the chain, by these

    def known_at(self, position: int) -> int:
        """Take in what was recorded up to a position, and give the first day on which anything is new, or `NEVER`."""
        before, self._known = self._known, position
        new = self._standing(bisect_right(self._positions, before), position)
        is_undone = bisect_right(self._retracted, before) < bisect_right(self._retracted, position)
        if is_undone or self._register.aspect == "joined" or any(fact[:2] < self._newest for fact in new):
            return self._anew(position)
        if not new:
            return NEVER
        first = min([self._first_changed_by(fact) for fact in sorted(new)])
        self._go_on_from(first)
        return first.toordinal()

    def at(self, day: date) -> Candidates:
        """Give what the register can hold on a day, by what was taken in."""
        return self.held[bisect_right(self.days, day.toordinal()) - 1]

    def _standing(self, start: int, position: int) -> list[PlainFact]:
        """Give the facts, from the one at a place on, that are known at a position, and not retracted by then."""
        some = self._facts[start : bisect_right(self._positions, position)]
        return [fact for fact in some if self._gone.get(_position(fact), NEVER_GONE) > position]

    def _anew(self, position: int) -> int:
        standing = self._standing(0, position)
        source = status_of(self._register.id) if self._register.aspect == "joined" else self._register
        self._chain = chained(self._register, {source: standing})
        self._newest = max((fact[:2] for fact in standing), default=(0, 0))
        self._go_on_from(date.min)
        return FIRST_DAY

    def _first_changed_by(self, fact: PlainFact) -> date:
        """Chain a fact that comes after all others by rank, and give the first day on which that changes anything.

        No fact begins to hold before another has to; those before it that could have begun later now cannot.
        """
        chain, place = self._chain, self._chain.place_of(fact)
        until = min([fact[3], *chain.until[place : place + 1]])
        chain.insert(fact)
        self._newest = fact[:2]
        # what was lowered to it stands before it; of what was that already the days hold still
        while place and chain.until[place - 1] == until:
            place -= 1
        return chain.since[place]

    def _go_on_from(self, first: date) -> None:
        """Look again at the days from one on."""
        place = bisect_left(self.days, first.toordinal())
        del self.days[place:], self.held[place:]
        since, until = self._chain.since, self._chain.until
        days = {first, *since[bisect_left(since, first) :], *until[bisect_left(until, first) :]}
        for day in sorted(days):
            self.days.append(day.toordinal())
            self.held.append(self._chain.at(day))


def together(courses: Sequence[Course], first: int) -> Iterator[Piece[tuple[Candidates, ...]]]:
    """Give what all of some registers hold, from a day on, and from each later one on which any can hold another."""
    days = {day for course in courses for day in course.days[bisect_right(course.days, first) :]}
    places = [bisect_right(course.days, first) - 1 for course in courses]
    for start, end in pairwise([first, *sorted(days), NEVER]):
        for number, course in enumerate(courses):
            place = places[number] + 1
            if place < len(course.days) and course.days[place] == start:
                places[number] = place
        yield start, end, tuple(course.held[place] for course, place in zip(courses, places, strict=True))


def _position(fact: PlainFact) -> int:
    return fact[1]

"""Tracks: one register through all of time, kept so that one more fact costs little.

A track is what is known of a register now. Where all its facts are exact, a track is a few sorted arrays;
where any is rough, it is the chain of `model.registers` itself. Both say in which span of days a fact can
change what the register holds: nothing outside it needs to be looked at again.

Days are ordinals here, and a span ends before its second day, which is `NEVER` where nothing follows.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, MutableSequence
from datetime import date
from sys import intern
from typing import Any, Final, TypeAlias

from ledger.model.exact import ratio
from ledger.model.facts import Fact, FactValue, PlainFact
from ledger.model.registers import EMPTY, Candidate, Candidates, Chain, chain
from ledger.queries.dominance import whole_numbers

NEVER: Final = date.max.toordinal() + 1

Span: TypeAlias = tuple[int, int]
"""Days from the first, inclusive, to the second, exclusive."""

NO_DAYS: Final = (NEVER, NEVER)
NONE: Final[frozenset[int]] = frozenset()  # one for all: Python makes a new one each time


class ExactTrack:
    """A register all of whose facts are exact: the day of each is known, and so is its amount, if it has one.

    With a `scale` its values are amounts, in whole `scale`-ths of the base unit; else texts.
    """

    __slots__ = ("_days", "_positions", "_ranks", "_scale", "_values", "_withdrawn")

    def __init__(self, scale: int | None = None) -> None:
        self._scale = scale
        self._days = array("i")
        self._ranks = array("q")
        self._positions = array("q")
        self._withdrawn = NONE  # the positions of the values that were withdrawn
        self._values: MutableSequence[Any] = [] if scale is None else array("q")

    def value_at(self, day: int) -> Any:
        """Give what the register holds at the end of a day; None for nothing, or nothing any more."""
        return self._value(bisect_right(self._days, day) - 1)

    def reach(self, fact: PlainFact) -> Span:
        """Give the days in which a fact can change what the register holds."""
        return self._span_from(*self._place(fact))

    def insert(self, fact: PlainFact) -> None:
        """Take a fact in."""
        self.put(fact)

    def put(self, fact: PlainFact) -> tuple[Span, Any, Any]:
        """Take a fact in; give the days in which it holds, and what the register held in them before, and holds now."""
        rank, position, _, _, value, low, _ = fact
        day, place = self._place(fact)
        before = self._value(place - 1)
        if self._scale is None:
            self._insert(place, intern(value) if isinstance(value, str) else value)
        elif low is None:
            self._withdrawn |= {position}
            self._insert(place, 0)
        else:
            numerator, denominator = low.as_integer_ratio()
            self._insert(place, numerator * (self._scale // denominator))
        self._days.insert(place, day)
        self._ranks.insert(place, rank)
        self._positions.insert(place, position)
        return self._span_from(day, place + 1), before, self._value(place)

    def reach_of(self, position: int) -> Span:
        """Give the days in which what the register holds can change, if the fact of a record goes."""
        place = self._positions.index(position)
        return self._span_from(self._days[place], place + 1)

    def has(self, position: int) -> bool:
        """Tell whether a record has said something of this register."""
        return position in self._positions

    def remove(self, position: int) -> None:
        """Let the fact of a record go."""
        place = self._positions.index(position)
        for column in (self._days, self._ranks, self._positions, self._values):
            del column[place]
        self._withdrawn -= {position}

    def turns(self, span: Span) -> list[int]:
        """Give the days within a span, past its first, on which the register can come to hold something else."""
        first, end = span
        days = self._days
        return list(days[bisect_right(days, first) : bisect_left(days, end)])

    def at(self, day: int) -> Candidates:
        """Give the candidates at the end of a day."""
        return self._holding(bisect_right(self._days, day) - 1)

    def last(self, value: FactValue, day: int) -> Candidates:
        """Give the candidates among the facts of one value at the end of a day."""
        place = bisect_right(self._days, day) - 1
        while place >= 0 and self._values[place] != value:
            place -= 1
        return self._holding(place)

    def facts(self) -> list[PlainFact]:
        """Give all facts."""
        return [self._fact(place) for place in range(len(self._days))]

    def refine(self, factor: int) -> None:
        """Keep amounts in so many times smaller units."""
        if self._scale is not None:
            self._scale *= factor
            self._values = whole_numbers([factor * one for one in self._values])

    def _value(self, place: int) -> Any:
        if place < 0 or (self._withdrawn and self._positions[place] in self._withdrawn):
            return None
        return self._values[place]

    def _insert(self, place: int, value: Any) -> None:
        try:
            self._values.insert(place, value)
        except OverflowError:  # past 64 bits
            self._values = [*self._values]
            self._values.insert(place, value)

    def _holding(self, place: int) -> Candidates:
        if place < 0:
            return EMPTY
        fact = Fact._make(self._fact(place))
        return Candidates((Candidate(fact, fact.earliest, fact.latest),), nothing_yet=False)

    def _place(self, fact: PlainFact) -> tuple[int, int]:
        rank, _, earliest, _, _, _, _ = fact
        day = earliest.toordinal()
        days = self._days
        first = end = bisect_right(days, day)
        while first and days[first - 1] == day:
            first -= 1
        return day, bisect_right(self._ranks, rank, first, end)

    def _span_from(self, day: int, place: int) -> Span:
        """Give the days from one on to that of the fact at a place: none, where it is on the same day."""
        end = self._days[place] if place < len(self._days) else NEVER
        return (day, end) if day < end else NO_DAYS

    def _fact(self, place: int) -> PlainFact:
        day = date.fromordinal(self._days[place])
        rank, position, value = self._ranks[place], self._positions[place], self._values[place]
        if self._scale is None:
            return rank, position, day, day, value, None, None
        if position in self._withdrawn:
            return rank, position, day, day, None, None, None
        amount = ratio(value, self._scale)
        return rank, position, day, day, "", amount, amount


class RoughTrack:
    """A register with rough dates, or with amounts that are bounds: its chain."""

    __slots__ = ("_chain", "_newest")

    def __init__(self, facts: Iterable[PlainFact]) -> None:
        self._chain: Chain[PlainFact] = chain(facts)
        self._newest = self._last_recorded()

    def reach(self, fact: PlainFact) -> Span:
        """Give the days in which a fact can change what the register holds."""
        if fact[:2] < self._newest:
            return self._from_the_first(fact[2])
        _, since, until = self._chain
        place = self._chain.place_of(fact)
        first = max(fact[2], since[place - 1]) if place else fact[2]
        # once what follows has certainly begun, neither this fact nor any before it can hold
        return first.toordinal(), until[place].toordinal() if place < len(until) else NEVER

    def insert(self, fact: PlainFact) -> None:
        """Take a fact in."""
        if fact[:2] < self._newest:  # one that replaces another comes at that one's place in the order of recording
            self._chain = chain([*self._chain.facts, fact])
        else:
            self._chain.insert(fact)
            self._newest = fact[:2]

    def reach_of(self, position: int) -> Span:  # noqa: ARG002 - the places of all others may change
        """Give the days in which what the register holds can change, if the fact of a record goes."""
        return self._from_the_first(date.max)

    def has(self, position: int) -> bool:
        """Tell whether a record has said something of this register."""
        return any(fact[1] == position for fact in self._chain.facts)

    def remove(self, position: int) -> None:
        """Let the fact of a record go."""
        self._chain = chain(fact for fact in self._chain.facts if fact[1] != position)
        self._newest = self._last_recorded()

    def turns(self, span: Span) -> list[int]:
        """Give the days within a span, past its first, on which the register can come to hold something else."""
        first, last = date.fromordinal(span[0]), date.fromordinal(span[1] - 1)
        return [
            day.toordinal()
            for days in self._chain[1:]
            for day in days[bisect_right(days, first) : bisect_right(days, last)]
        ]

    def at(self, day: int) -> Candidates:
        """Give the candidates at the end of a day."""
        return self._chain.at(date.fromordinal(day))

    def last(self, value: FactValue, day: int) -> Candidates:
        """Give the candidates among the facts of one value at the end of a day."""
        return self._chain.only(value).at(date.fromordinal(day))

    def facts(self) -> list[PlainFact]:
        """Give all facts."""
        return list(self._chain.facts)

    def refine(self, factor: int) -> None:
        """Keep amounts in so many times smaller parts: they are exact numbers here, and stay as they are."""

    def _last_recorded(self) -> tuple[int, int]:
        return max((fact[:2] for fact in self._chain.facts), default=(0, 0))  # by rank and position

    def _from_the_first(self, earliest: date) -> Span:
        # not from the first `since`: a fact that another holds back may begin earlier without it
        return min((earliest, *(fact[2] for fact in self._chain.facts))).toordinal(), NEVER


def track_of(facts: Iterable[PlainFact], scale: int | None) -> ExactTrack | RoughTrack:
    """Make the track of a register; with a `scale` its facts are amounts."""
    every = sorted(facts)
    if not all(is_exact(fact, amount=scale is not None) for fact in every):
        return RoughTrack(every)
    track = ExactTrack(scale)
    for fact in every:
        track.insert(fact)
    return track


def is_exact(fact: PlainFact, *, amount: bool = False) -> bool:
    """Is its day known and, if its value is an amount, that too? One that may be any number is not."""
    _, _, earliest, latest, value, low, high = fact
    return earliest == latest and low == high and (not amount or low is not None or value is None)

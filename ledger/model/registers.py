"""Registers: which of their facts can hold on a day, when the days are only roughly known.

The facts of a register are put in a chain. Days decide the order where they can; where windows
overlap, the order of recording does. Along the chain the windows are tightened, since no fact can
begin before one that precedes it. The candidates on a day are then the outcomes over all ways to pick
an actual day for every rough date, in chain order. With exact days this is plain last-writer-wins.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, MutableSequence
from datetime import date
from typing import Generic, NamedTuple, TypeVar

from attrs import frozen

from ledger.model.facts import JOINED, Fact, FactValue, PlainFact, Register, status_of
from ledger.model.records import RecordRef

F = TypeVar("F", bound=PlainFact)


class Candidate(NamedTuple):
    """A fact that can be the latest one on the day asked: it began between `since` and `until`, inclusive."""

    fact: Fact
    since: date
    until: date


def text_of(option: Candidate | None) -> str | None:
    """Give the text of what a register can hold; None for nothing, and for a value that is an event."""
    value = None if option is None else option.fact.value
    return value if isinstance(value, str) else None


class Candidates(NamedTuple):
    """What a register can hold on a day: its candidates in chain order, and whether it can be empty yet."""

    candidates: tuple[Candidate, ...]
    nothing_yet: bool

    @property
    def options(self) -> tuple[Candidate | None, ...]:
        """Every possible content, None standing for nothing yet."""
        return (None, *self.candidates) if self.nothing_yet else self.candidates


EMPTY = Candidates((), nothing_yet=True)


class Chain(NamedTuple, Generic[F]):
    """The facts of one register in the order in which they took effect, with their tightened windows."""

    facts: MutableSequence[F]
    since: MutableSequence[date]  # running maximum of `earliest`: never falls
    until: MutableSequence[date]  # running minimum of `latest` from the end: never falls either

    def place_of(self, fact: PlainFact) -> int:
        """Give the place of a fact that comes after all others by rank and position.

        It is just before the first one that is strictly later, else at the end.
        """
        # the first fact whose running maximum lies past this one is the first that is strictly later
        return bisect_right(self.since, fact[3])

    def insert(self, fact: F) -> None:
        """Put a fact in its place that comes after all others by rank and position."""
        _, _, earliest, latest, _, _, _ = fact
        place = self.place_of(fact)
        since, until = self.since, self.until
        # those behind begin past `latest` already, so that only those before can get other windows
        since.insert(place, max(earliest, since[place - 1]) if place else earliest)
        until.insert(place, min(latest, until[place]) if place < len(until) else latest)
        self.facts.insert(place, fact)
        while place and until[place - 1] > until[place]:
            until[place - 1] = until[place]
            place -= 1

    def at(self, day: date) -> Candidates:
        """Give the candidates at the end of a day."""
        first = bisect_right(self.until, day) - 1  # the last fact that has certainly begun
        after = bisect_right(self.since, day)  # the first fact that certainly has not
        held = slice(max(first, 0), after)
        found = map(Candidate, map(Fact._make, self.facts[held]), self.since[held], self.until[held])
        return Candidates(tuple(found), nothing_yet=first < 0)

    def only(self, value: FactValue) -> Chain[F]:
        """Leave out the facts of another value; the windows stay as tight as the whole chain makes them."""
        kept = [place for place, (_, _, _, _, held, _, _) in enumerate(self.facts) if held == value]
        return Chain(
            [self.facts[place] for place in kept],
            [self.since[place] for place in kept],
            [self.until[place] for place in kept],
        )


def chained(register: Register, facts: Mapping[Register, Iterable[F]]) -> Chain[F]:
    """Chain one register of many.

    The latest joining is read off the chain of the status, where joinings and leavings are in one order: a
    chain of its own could place a joining before the leaving that it followed.
    """
    if register.aspect == "joined":
        return chain(facts[status_of(register.id)]).only(JOINED)
    return chain(facts[register])


def chain(facts: Iterable[F]) -> Chain[F]:
    """Put the facts of one register in the order in which they took effect, beginning with the first by rank."""
    ordered: Chain[F] = Chain([], [], [])
    for fact in sorted(facts):  # by rank and position, which no two facts of a register share
        ordered.insert(fact)
    return ordered


@frozen
class Registers:
    """What every register of an initiative can hold on one day, and the records that say so.

    Registers that certainly hold nothing yet are left out. Both mappings are never changed.
    """

    cells: Mapping[Register, Candidates]
    refs: Mapping[int, RecordRef]

    def __hash__(self) -> int:
        return hash(frozenset(self.refs))

    def of(self, register: Register) -> Candidates:
        """Give what a register can hold; for one nobody wrote to that is nothing yet."""
        return self.cells.get(register, EMPTY)

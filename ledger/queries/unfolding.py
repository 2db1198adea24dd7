"""Unfolding: what the registers of an initiative can hold on any day, as known at each moment, all moments in a row.

Each register is chained as in every answer (`model.registers`), once for each moment at which it has come to say
something else. Whatever is answered from some registers stays the same where their candidates do.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple, TypeAlias, TypeVar

from ledger.model.events import RecordRetracted
from ledger.model.facts import PlainFact, Register, status_of
from ledger.model.records import Record
from ledger.model.registers import Candidates
from ledger.model.state import heard
from ledger.queries.planes import STILL, Piece, Plane
from ledger.queries.tracks import Span
from ledger.queries.unrolled import Course, together

Held: TypeAlias = tuple[Candidates, ...]
"""What some registers can hold, each by its place."""

A = TypeVar("A")

Read: TypeAlias = Callable[[Mapping[Register, Candidates]], A]
"""Reads something from what some registers can hold."""

Changes: TypeAlias = dict[int, list[Span]]
"""For each moment, the days on which an answer may become another one."""


class Moment(NamedTuple):
    """A moment at which something was recorded: the last position of that batch, and its instant."""

    position: int
    recorded_at: datetime


class Unfolding:
    """All that was ever recorded of one initiative, ready to be unfolded register by register.

    `moments` are those that are told apart: of more than `most` such as lie evenly among them, and always the last
    one. What was recorded between two of them counts as recorded at the later one. `batches` says how many there are in
    all, and `began` is the first of these.
    """

    def __init__(self, records: Sequence[Record], most: int) -> None:
        batches = [
            Moment(record.position, record.recorded_at)
            for record, following in pairwise([*records, None])
            if record is not None and (following is None or following.recorded_at != record.recorded_at)
        ]
        self.batches = len(batches)
        self.began = batches[0]
        self._batches = batches
        self._known = [moment.position for moment in batches]
        self._tell_apart(most)
        self._gone = _gone(records)
        self._positions = {record.version: record.position for record in records}
        self.facts: Mapping[Register, list[PlainFact]] = heard(records, None, retracted=True).facts

    def fewer(self, most: int) -> Unfolding:
        """Give the same of which fewer moments are told apart."""
        told = copy(self)
        told._tell_apart(most)  # noqa: SLF001 - of the same class
        return told

    def _tell_apart(self, most: int) -> None:
        every, count = self._batches, min(self.batches, most)
        self.moments = tuple(every[(number + 1) * len(every) // count - 1] for number in range(count))
        self._ends = [moment.position for moment in self.moments]
        self._spans: dict[Register, list[tuple[int, int, int]]] = {}

    def moment_of(self, position: int) -> int:
        """Give the number, from 1, of the moment at which a record is first known."""
        return bisect_left(self._ends, position) + 1

    def position_of(self, rank: int) -> int:
        """Give the last position of the batch that began a line of corrections, all of which have the same rank."""
        return self._known[bisect_left(self._known, self._positions[rank])]

    def moments_of(self, register: Register) -> set[int]:
        """Give the moments at which a register may come to say something else."""
        source = status_of(register.id) if register.aspect == "joined" else register
        positions = {position for _, position, *_ in self.facts.get(source, ())}
        positions |= {self._gone[position] for position in positions if position in self._gone}
        return {self.moment_of(position) for position in positions}

    def moments_on(self, day: date, registers: Iterable[Register]) -> set[int]:
        """Give the moments at which any of some registers comes to hold something else on a day."""
        at = day.toordinal()
        return {moment for register in registers for moment, first, end in self.changed(register) if first <= at < end}

    def gone_at(self, position: int) -> int | None:
        """Give the position from which on a record is gone; None for one that was never retracted."""
        return self._gone.get(position)

    def standing(self, register: Register) -> Iterator[tuple[PlainFact, int, int]]:
        """Give each fact that was ever said of a register, and from which moment up to which it is known (0: still)."""
        for fact in self.facts.get(register, ()):
            gone = self.gone_at(fact[1])
            since, until = self.moment_of(fact[1]), STILL if gone is None else self.moment_of(gone)
            if since != until:
                yield fact, since, until

    def last(self, register: Register, moment: int) -> PlainFact | None:
        """Give the fact that a register comes to hold in the end, as known at a moment."""
        course = self._course(register)
        course.known_at(self._ends[moment - 1])
        candidates = course.held[-1].candidates
        return candidates[-1].fact if candidates else None

    def changes(self, *registers: Register) -> Iterator[tuple[int, list[Piece[Held]]]]:
        """Give each moment at which registers come to hold something else, and on which days they hold what then."""
        touched = [self.moments_of(register) for register in registers]
        courses = [self._course(register) for register in registers]
        held: Plane[Held] = Plane(tuple(course.held[0] for course in courses))
        for moment in sorted(set().union(*touched)):
            end = self._ends[moment - 1]
            first = min(course.known_at(end) for course, own in zip(courses, touched, strict=True) if moment in own)
            pieces = list(together(courses, first))
            if new := held.put(moment, pieces):
                yield moment, _within(pieces, new)

    def plane(
        self, registers: Sequence[Register], read: Read[A | None], changed: Changes | None = None
    ) -> Plane[A | None]:
        """Read something, or nothing, wherever registers hold something else; `changed` takes in where that is."""
        plane: Plane[A | None] = Plane(None)
        for moment, pieces in self.changes(*registers):
            found = [(first, end, read(dict(zip(registers, held, strict=True)))) for first, end, held in pieces]
            plane.put(moment, found)
            if changed is not None:
                changed[moment] += [(first, end) for first, end, _ in pieces]
        return plane

    def changed(self, register: Register) -> list[tuple[int, int, int]]:
        """Give each moment and span of days on which a register comes to hold something else, each read once."""
        if register not in self._spans:
            self._spans[register] = [
                (moment, first, end) for moment, pieces in self.changes(register) for first, end, _ in pieces
            ]
        return self._spans[register]

    def _course(self, register: Register) -> Course:
        source = status_of(register.id) if register.aspect == "joined" else register
        return Course(register, self.facts.get(source, ()), self._gone)


def _gone(records: Iterable[Record]) -> dict[int, int]:
    """Give, by the position of each record that was retracted, the position from which on it is gone."""
    every = list(records)
    positions = {record.id: record.position for record in every}
    gone: dict[int, int] = {}
    for record in every:
        if isinstance(record.event, RecordRetracted) and record.event.record in positions:
            gone.setdefault(positions[record.event.record], record.position)
    return gone


def _within(pieces: Sequence[Piece[Held]], spans: Iterable[tuple[int, int]]) -> list[Piece[Held]]:
    """Give what holds on the days of spans, none of which reaches past the end of a piece."""
    firsts = [first for first, _, _ in pieces]
    found = []
    for first, end in spans:
        place = bisect_left(firsts, first + 1) - 1
        found.append((first, end, pieces[place][2]))
    return found

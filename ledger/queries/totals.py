"""Totals: one measure as sums over all members, by day and by batch, kept up to date fact by fact.

Every batch changes what some members add, on some days (`courses`). Those changes are added up where a day
and a batch can be asked for at once (`dominance`). The number of different values is summed in the same
way, once it is known on which days a value comes to have a first holder, or loses its last one.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import chain
from math import lcm
from typing import NamedTuple

from ledger.model.events import MetricDefined
from ledger.model.exact import ONE, ZERO, Exact, ratio
from ledger.model.facts import INITIATIVE_STATUS, PlainFact, Register
from ledger.model.measures import Distinct, Total, Value
from ledger.model.parts import scale_of
from ledger.model.quantity import Quantity
from ledger.model.units import unit
from ledger.queries.courses import (
    AMOUNTS,
    EVERY_DAY,
    HOLDS,
    LACKING,
    LOW,
    OPEN_HIGH,
    OPEN_LOW,
    PRESENT,
    RISE,
    UNSETTLED,
    Change,
    Course,
    Key,
    Single,
    View,
    differences,
)
from ledger.queries.dominance import Dominance
from ledger.queries.log import Retraction
from ledger.queries.tracks import NEVER, RoughTrack, Span, is_exact


class Sums(NamedTuple):
    """A figure as the sums give it, and whether no value is missing."""

    amount: Quantity
    envelope: Quantity
    complete: bool


class Totals:
    """One measure over one initiative, by day and by batch."""

    def __init__(self, measure: Single, by: str | None = None) -> None:
        self._view = View(measure, by)
        # of a share, what the other measure looks at comes here too
        self._metric = measure.metric if isinstance(measure, Total | Value) else None
        self._whose = (measure.member or "") if isinstance(measure, Value) else None  # None for everybody's
        self._courses: dict[str, Course] = {}
        self._sums: dict[tuple[str | None, int], Dominance] = {}
        self._holders: dict[Key, Holders] = {}
        self._definition = RoughTrack([])
        self._definitions: list[tuple[int, MetricDefined | None]] = [(0, None)]  # each from a batch on
        self._pending: dict[Key, dict[int, int]] = defaultdict(dict)
        self._taken = array("I")  # the batches that said or retracted anything
        if not isinstance(measure, Total | Value):
            self._view.scale = scale_of(None)

    def take(self, batch: int, facts: Iterable[tuple[Register, PlainFact]], retractions: Iterable[Retraction]) -> None:
        """Take in what one batch says and retracts. Batches are numbered from 1, and come in order."""
        self._taken.append(batch)
        for register, fact in facts:
            self._note(self._insert(register, fact))
        for _, position, member in retractions:
            self._note(self._remove(position, member))
        self._note(self._define(batch))
        for key, changes in self._pending.items():
            self._add(batch, key, changes)
        self._pending.clear()

    def can_answer(self, batch: int) -> bool:
        """Is the metric known after a batch and, for a total, additive? What is counted needs no metric."""
        measure = self._view.measure
        if not isinstance(measure, Total | Value):
            return True
        defined = self._definition_at(batch)
        return defined is not None and (defined.additive or isinstance(measure, Value))

    def groups(self, day: int, batch: int) -> list[str | None]:
        """Give the groups in which anybody can count, None at the end."""
        found = [group for (group, what), sums in self._sums.items() if what == PRESENT and sums.at(day, batch)]
        return sorted(found, key=lambda group: (group is None, group or ""))

    def at(self, day: int, batch: int, group: str | None = None) -> Sums | None:
        """Give the figure of a group on a day, as known after a batch; None where it takes more than sums."""

        def number(what: int) -> int:
            sums = self._sums.get((group, what))
            return 0 if sums is None else sums.at(day, batch)

        low, lacking = number(LOW), number(LACKING)
        if isinstance(self._view.measure, Distinct):
            return None if number(UNSETTLED) else _different(low, lacking)
        scale = scale_of(self._definition_at(batch))
        factor, parts = unit(scale.unit).factor.as_integer_ratio()
        whole = factor * self._view.parts
        single = isinstance(self._view.measure, Value)
        if single and not number(PRESENT):  # a value that exists nowhere can be anything
            nowhere = Quantity(*scale.unknown, scale.unit)
            return Sums(nowhere, nowhere, complete=False)
        rise = number(RISE)
        lows = ratio(low * parts, whole)
        highs = ratio((low + rise) * parts, whole) if rise else lows
        least, most = None if number(OPEN_LOW) else lows, None if number(OPEN_HIGH) else highs
        amount = Quantity(least, most, scale.unit)
        if not lacking:
            return Sums(amount, amount, complete=True)
        lowest, highest = scale.unknown
        if lowest is not None:  # what is missing adds nothing at the least; a single value that is can be as low
            lowest = least if not single or least is None else min(least, ZERO)
        return Sums(amount, Quantity(lowest, highest, scale.unit), complete=False)

    def changed(self, day: int) -> set[int]:
        """Give the batches that change the figure of a day, or may: where it takes more than sums, each one."""
        every = chain.from_iterable(sums.changes(day).items() for sums in self._sums.values())
        found = {batch for batch, by in every if by} | {batch for batch, _ in self._definitions[1:]}
        unsettled = [sums for (_, what), sums in self._sums.items() if what == UNSETTLED]
        if unsettled:
            found |= {batch for batch in self._taken if any(sums.at(day, batch) for sums in unsettled)}
        return found

    def _definition_at(self, batch: int) -> MetricDefined | None:
        return self._definitions[bisect_right(self._definitions, batch, key=_batch) - 1][1]

    def _insert(self, register: Register, fact: PlainFact) -> Iterable[Change]:
        view = self._view
        if register == INITIATIVE_STATUS:
            return self._close(fact)
        if register.aspect == "definition":
            if register.id == self._metric:
                self._definition.insert(fact)
            return ()
        aspect = register.aspect, register.name
        if aspect not in view.slots or (self._whose is not None and register.id != self._whose):
            return ()
        if fact[5] is not None or fact[6] is not None:
            self._refine(fact[5], fact[6])
        course = self._courses.get(register.id)
        if course is None:
            course = self._courses[register.id] = Course(register.id, view)
        return course.insert(view, aspect, fact)

    def _remove(self, position: int, member: str | None) -> Iterable[Change]:
        view = self._view
        if member is None and view.closing.has(position):
            span = view.closing.reach_of(position)
            return self._everywhere(span, lambda: view.closing.remove(position))
        if member is None and self._definition.has(position):
            self._definition.remove(position)
        course = self._courses.get(member or "")
        return () if course is None else course.remove(view, position)

    def _close(self, fact: PlainFact) -> Iterable[Change]:
        view = self._view
        if not is_exact(fact):
            view.closing = RoughTrack(view.closing.facts())
        return self._everywhere(view.closing.reach(fact), lambda: view.closing.insert(fact))

    def _define(self, batch: int) -> Iterable[Change]:
        """See whether the metric is defined in another way now."""
        found = self._definition.at(NEVER - 1).candidates
        defined = found[0].fact.value if found else None
        before = self._definitions[-1][1]
        if defined == before or not isinstance(defined, MetricDefined | None):
            return ()
        self._definitions.append((batch, defined))
        scale = None if defined is None else scale_of(defined)
        if before is not None and defined is not None and before.nonnegative == defined.nonnegative:
            self._view.scale = scale
            return ()

        def act() -> None:
            self._view.scale = scale

        return self._everywhere(EVERY_DAY, act)

    def _everywhere(self, span: Span, act: Callable[[], None]) -> Iterable[Change]:
        """Do what changes something for all members, and say what it changes."""
        courses = list(self._courses.values()) if span[0] < NEVER else []
        before = [course.steps(self._view, span) for course in courses]
        act()
        for course in self._courses.values():
            course.reconsider()
        return chain.from_iterable(
            differences(old, course.steps(self._view, span), span[1])
            for course, old in zip(courses, before, strict=True)
        )

    def _note(self, changes: Iterable[Change]) -> None:
        for key, day, by in changes:
            pending = self._pending[key]
            pending[day] = pending.get(day, 0) + by

    def _add(self, batch: int, key: Key, changes: Mapping[int, int]) -> None:
        group, what, _ = key
        if what == HOLDS:
            what = LOW
            changes = self._holders.setdefault(key, Holders()).change(changes)
        sums = self._sums.get((group, what))
        if sums is None:
            sums = self._sums[group, what] = Dominance()
        for day, by in changes.items():
            if by:
                sums.add(batch, day, by)

    def _refine(self, *amounts: Exact | None) -> None:
        """Count amounts in smaller parts, where one does not come to whole ones."""
        parts = self._view.parts
        needed = parts
        for amount in amounts:
            if amount is not None and needed % (denominator := amount.as_integer_ratio()[1]):
                needed = lcm(needed, denominator)
        if needed == parts:
            return
        factor = needed // parts
        self._view.parts = needed
        for course in self._courses.values():
            course.refine(factor)
        for (_, what), sums in self._sums.items():
            if what in AMOUNTS:
                sums.multiply(factor)
        for key, pending in self._pending.items():
            if key.what in AMOUNTS:
                pending.update({day: by * factor for day, by in pending.items()})


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


def _different(held: int, lacking: int) -> Sums:
    """Count different values, each held for certain; a value that is missing can be one that nobody else has."""
    count = Decimal(held)
    amount = Quantity(count, count)
    if not lacking:
        return Sums(amount, amount, complete=True)
    return Sums(amount, Quantity(max(count, ONE), Decimal(held + lacking)), complete=False)


def _batch(one: tuple[int, MetricDefined | None]) -> int:
    return one[0]

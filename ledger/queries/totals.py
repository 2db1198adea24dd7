"""Totals: one measure as sums over all members, by day and by batch, kept up to date fact by fact.

Every batch changes what some members add, on some days (`courses`). Those changes are added up where a day
and a batch can be asked for at once (`dominance`). The number of different values is summed in the same
way, once it is known on which days a value comes to have a first holder, or loses its last one.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from math import lcm
from typing import Final, NamedTuple, TypeAlias

from ledger.model.events import MetricDefined
from ledger.model.exact import ONE, ZERO, Exact, ratio
from ledger.model.facts import INITIATIVE_STATUS, PlainFact, Register
from ledger.model.measures import UNMAPPED, By, Total, Value
from ledger.model.parts import Ends, scale_of
from ledger.model.quantity import Quantity
from ledger.model.shares import in_order
from ledger.model.units import unit
from ledger.queries.courses import Change, Course, differences
from ledger.queries.dominance import Dominance
from ledger.queries.holders import Holders
from ledger.queries.log import Retraction
from ledger.queries.pairs import Pair, Pairs
from ledger.queries.tracks import NEVER, RoughTrack, Span, is_exact
from ledger.queries.views import AMOUNTS, EVERY_DAY, HOLDS, LOW, PRESENT, UNSETTLED, Key, Single, View

NO_SUMS: Final[tuple[Dominance | None, ...]] = (None,) * 8  # one for each of what is summed; the holders are not


Sums: TypeAlias = tuple[Quantity, Quantity, bool, bool]
"""A figure as the sums give it: its amount, its envelope, whether no value is missing, and whether any exists."""


class Columns(NamedTuple):
    """The amounts of many days: their ends, in one unit, those of their envelopes, and whether no value is missing.

    Where no value exists, the amount has no ends.
    """

    low: list[Exact | None]
    high: list[Exact | None]
    envelope_low: list[Exact | None]
    envelope_high: list[Exact | None]
    complete: list[bool]
    unit: str


class Definition(NamedTuple):
    """How a metric is defined: the event, its unit, what a missing value can be, and its unit in base units."""

    event: MetricDefined
    unit: str
    unknown: Ends
    numerator: int
    denominator: int

    @classmethod
    def by(cls, event: MetricDefined) -> Definition:
        """Read the event."""
        return cls(event, event.unit, scale_of(event).unknown, *unit(event.unit).factor.as_integer_ratio())


class Totals:
    """One measure over one initiative, by day and by batch."""

    def __init__(self, measure: Single, by: By | None = None) -> None:
        self._view = View(measure, by)
        self._has_sums = not (isinstance(measure, Total) and measure.within is not None)  # else values grow old
        self._pairs = Pairs(measure) if isinstance(measure, Total) and self._has_sums else None
        # of a share, what the other measure looks at comes here too
        self.metric = measure.metric if isinstance(measure, Total | Value) else ""
        self._whose = (measure.member or "") if isinstance(measure, Value) else None  # None for everybody's
        self._courses: dict[str, Course] = {}
        self._sums: dict[str | None, list[Dominance | None]] = {}  # by group, then by what is summed
        self._holders: dict[Key, Holders] = {}
        self._definition = RoughTrack([])
        self._is_redefined = False
        self._defined_from = [0]  # the batches from which on a definition was known
        self._definitions: list[Definition | None] = [None]
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
        if self._is_redefined:
            self._note(self._define(batch))
            self._is_redefined = False
        if self._pairs is not None:
            self._note(self._pairs.settle(batch, self._view, self._courses))
        for key, changes in self._pending.items():
            self._add(batch, key, changes)
        self._pending.clear()

    def can_answer(self, batch: int) -> bool:
        """Is the metric known after a batch and, for a total, additive? What is counted needs no metric."""
        return not self.metric or self._defined(batch) is not None

    def has_sums(self, batch: int) -> bool:
        """Can sums answer after a batch? Else it takes the whole state."""
        return self._has_sums and self.can_answer(batch)

    def both(self, day: int, batch: int) -> Sequence[Pair]:
        """Give the pairs, each a part and its whole, both of which a total would count on a day and refuses to."""
        return () if self._pairs is None else self._pairs.both(day, batch)

    def is_nonnegative(self, batch: int) -> bool:
        """Does nobody add less than nothing, by what is known after a batch? Only where it can be answered."""
        defined = self._defined(batch)
        return defined is None or defined.event.nonnegative

    def groups(self, day: int, batch: int) -> list[str | None]:
        """Give the groups in which anybody can count, None at the end."""
        found = [
            group for group, sums in self._sums.items() if (who := sums[PRESENT]) is not None and who.at(day, batch)
        ]
        return sorted(found, key=in_order)

    def at(self, day: int, batch: int, group: str | None = None) -> Sums | None:
        """Give the figure of a group on a day, as known after a batch; None where it takes more than sums."""
        if not self._has_sums or (group is not None and group.startswith(UNMAPPED)):
            return None
        if self._pairs is not None and self._pairs.are_both(day, batch):
            return None
        every = self._sums.get(group, NO_SUMS)
        lows, rises, _, _, _, lacking, unsettled, _ = every
        low = 0 if lows is None else lows.at(day, batch)
        high = low if rises is None else low + rises.at(day, batch)
        is_lacking = lacking is not None and lacking.at(day, batch)
        if self.metric:
            return self._amounts(every, day, batch, low, high, is_lacking=bool(is_lacking))
        if unsettled is not None and unsettled.at(day, batch):
            return None
        least = Decimal(low)
        amount = Quantity.computed(least, least if low == high else Decimal(high), "")
        if not is_lacking:
            return amount, amount, True, True
        # of the different values, one that is missing can be one that nobody else has
        return amount, Quantity.computed(max(least, ONE), Decimal(high + is_lacking), ""), False, True

    def along(self, days: Sequence[int], batch: int) -> Columns | None:
        """Give the amounts of many days, as `at` does; None for a single value, and where any takes more than sums."""
        if isinstance(self._view.measure, Value) or not self._has_sums:
            return None
        if self._pairs is not None and self._pairs.are_both_along(days, batch):
            return None
        every = self._sums.get(None, NO_SUMS)
        nothing = [0] * len(days)
        lows, rises, open_lows, open_highs, _, lacking, unsettled, valued = (
            nothing if sums is None else sums.along(days, batch) for sums in every
        )
        if any(unsettled):
            return None
        defined = self._defined(batch)
        name, numerator, denominator = ("", 1, 1) if defined is None else (defined.unit, *defined[3:])
        whole = numerator * self._view.parts
        low: list[Exact | None] = [ratio(one * denominator, whole) for one in lows]
        high = low
        if any(rises):
            high = [ratio((one + rise) * denominator, whole) for one, rise in zip(lows, rises, strict=True)]
        if any(open_lows):
            low = [None if is_open else one for one, is_open in zip(low, open_lows, strict=True)]
        if any(open_highs):
            high = [None if is_open else one for one, is_open in zip(high, open_highs, strict=True)]
        envelope_low, envelope_high = low, high
        if any(lacking):
            missing = self._missing(defined)
            ends = [missing(*all_of) for all_of in zip(low, high, lacking, strict=True)]
            envelope_low, envelope_high = [least for least, _ in ends], [most for _, most in ends]
        if self.metric and any(lacking):
            exists = [bool(some) or not lacks for some, lacks in zip(valued, lacking, strict=True)]
            low = [one if there else None for one, there in zip(low, exists, strict=True)]
            high = [one if there else None for one, there in zip(high, exists, strict=True)]
        return Columns(low, high, envelope_low, envelope_high, [not one for one in lacking], name)

    def _missing(self, defined: Definition | None) -> Callable[[Exact | None, Exact | None, int], Ends]:
        """Say what missing values make of the ends of an amount, by how many there are."""
        if defined is None:  # of the different values, one that is missing can be one that nobody else has
            return lambda low, high, many: (max(low or ZERO, ONE), (high or ZERO) + many) if many else (low, high)
        lowest, highest = defined.unknown
        return lambda low, high, many: (None if lowest is None else low, highest) if many else (low, high)

    def _amounts(
        self, every: Sequence[Dominance | None], day: int, batch: int, low: int, high: int, *, is_lacking: bool
    ) -> Sums | None:
        defined = self._defined(batch)
        if defined is None:
            return None  # the replay says why
        _, _, open_lows, open_highs, _, _, _, valued = every
        _, name, unknown, numerator, denominator = defined
        if self._whose is not None and not _is_any(valued, day, batch):
            nowhere = Quantity.computed(*unknown, name)  # a value that exists nowhere can be anything
            return nowhere, nowhere, False, False
        whole = numerator * self._view.parts
        least = ratio(low * denominator, whole)
        most = least if low == high else ratio(high * denominator, whole)
        amount = Quantity.computed(
            None if open_lows is not None and open_lows.at(day, batch) else least,
            None if open_highs is not None and open_highs.at(day, batch) else most,
            name,
        )
        if not is_lacking:
            return amount, amount, True, True
        lowest, highest = unknown
        if lowest is not None:  # what is missing adds nothing at the least; a single value that is can be as low
            lowest = amount.low if self._whose is None or amount.low is None else min(amount.low, ZERO)
        has_value = low != 0 or high != 0 or _is_any(valued, day, batch)
        return amount, Quantity.computed(lowest, highest, name), False, has_value

    def changed(self, day: int) -> set[int]:
        """Give the batches that change the figure of a day, or may: where it takes more than sums, each one."""
        found = {*self._defined_from[1:], *(() if self._has_sums else self._taken)}
        if self._pairs is not None:
            found |= self._pairs.changed(day)
        for sums in chain.from_iterable(self._sums.values()):
            if sums is not None:
                found.update(batch for batch, by in sums.changes(day).items() if by)
        unsettled = [sums for every in self._sums.values() if (sums := every[UNSETTLED]) is not None]
        if unsettled:
            found |= {batch for batch in self._taken if any(sums.at(day, batch) for sums in unsettled)}
        return found

    def _defined(self, batch: int) -> Definition | None:
        """Give how the metric is defined, as known after a batch, if that lets the measure be answered."""
        defined = self._definitions[bisect_right(self._defined_from, batch) - 1]
        return defined if defined is None or defined.event.additive or self._whose is not None else None

    def _insert(self, register: Register, fact: PlainFact) -> Iterable[Change]:
        view = self._view
        if register.aspect == "part_of" and self._pairs is not None:
            self._pairs.insert(register.id, fact)
        if register == INITIATIVE_STATUS:
            return self._close(fact)
        if register.aspect == "definition":
            if register.id == self.metric:
                self._definition.insert(fact)
                self._is_redefined = True
            return ()
        aspect = register.aspect, register.name
        if not self._has_sums or aspect not in view.slots or (self._whose is not None and register.id != self._whose):
            return ()
        if fact[5] is not None or fact[6] is not None:
            self._refine(fact[5], fact[6])
        course = self._courses.get(register.id)
        if course is None:
            course = self._courses[register.id] = Course(register.id, view)
        if self._pairs is not None and (view.slots[aspect] in view.gate or course.is_rough(view)):
            self._pairs.touch(register.id)
        return course.insert(view, aspect, fact)

    def _remove(self, position: int, member: str | None) -> Iterable[Change]:
        view = self._view
        if self._pairs is not None:
            self._pairs.remove(position, member or "")
            self._pairs.touch(member)
        if member is None and view.closing.has(position):
            span = view.closing.reach_of(position) if view.basis is None else EVERY_DAY
            return self._everywhere(span, lambda: view.closing.remove(position))
        if member is None and self._definition.has(position):
            self._definition.remove(position)
            self._is_redefined = True
        course = self._courses.get(member or "")
        return () if course is None else course.remove(view, position)

    def _close(self, fact: PlainFact) -> Iterable[Change]:
        view = self._view
        if self._pairs is not None:
            self._pairs.touch()
        if not is_exact(fact):
            view.closing = RoughTrack(view.closing.facts())
        span = view.closing.reach(fact) if view.basis is None else EVERY_DAY
        return self._everywhere(span, lambda: view.closing.insert(fact))

    def _define(self, batch: int) -> Iterable[Change]:
        """See whether the metric is defined in another way now."""
        found = self._definition.at(NEVER - 1).candidates
        event = found[0].fact.value if found else None
        before = self._definitions[-1]
        now = Definition.by(event) if isinstance(event, MetricDefined) else None
        if now == before:
            return ()
        self._defined_from.append(batch)
        self._definitions.append(now)
        scale = None if now is None else scale_of(now.event)
        if before is not None and now is not None and before.event.nonnegative == now.event.nonnegative:
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
        if any(changes.values()):
            every = self._sums.setdefault(group, [*NO_SUMS])
            sums = every[what] = every[what] or Dominance()
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
        for every in self._sums.values():
            for what in AMOUNTS:
                if (sums := every[what]) is not None:
                    sums.multiply(factor)
        for key, pending in self._pending.items():
            if key.what in AMOUNTS:
                pending.update({day: by * factor for day, by in pending.items()})


def _is_any(sums: Dominance | None, day: int, batch: int) -> bool:
    return sums is not None and sums.at(day, batch) > 0

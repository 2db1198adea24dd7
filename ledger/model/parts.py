"""Parts: what one member, or one register, adds to a figure.

A part runs from the least to the most that any outcome gives; one who may not count, or whose value may
be missing, adds from min(0, least) to max(0, most). Sums of these bounds contain every possible world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from attrs import frozen

from ledger.model.events import MetricDefined
from ledger.model.exact import ONE, ZERO, Exact, add, divide
from ledger.model.outcomes import Outcome
from ledger.model.quantity import Quantity
from ledger.model.units import unit

Ends: TypeAlias = tuple[Exact | None, Exact | None]
"""The least and the most, in the base unit; None is open."""

Ways: TypeAlias = tuple[Outcome, ...]

NOTHING: Ends = (ZERO, ZERO)


class Part(NamedTuple):
    """One member's part in a figure."""

    ends: Ends  # over the values that exist
    envelope: Ends  # with a missing value taken as anything it can be
    certain: bool  # it counts in every outcome
    possible: bool  # it counts in some
    present: bool  # in some outcome it counts with a value
    lacking: bool  # in some outcome it counts without one


@frozen(eq=False, repr=False)
class Scale:
    """How much an outcome is worth, in base units; what a missing value can be; the unit to answer in."""

    unit: str
    worth: Callable[[Outcome], Ends]
    unknown: Ends

    def part(self, ways: Ways) -> Part:
        """Give what a member adds that has these outcomes."""
        if len(ways) == 1 and ways[0].counted and not ways[0].missing:  # nothing is uncertain: the usual case
            ends = self.worth(ways[0])
            return Part(ends, ends, certain=True, possible=True, present=True, lacking=False)
        counted = [way for way in ways if way.counted]
        existing = [self.worth(way) for way in counted if not way.missing]
        lacking = len(existing) < len(counted)
        absent = [NOTHING] if len(counted) < len(ways) else []
        return Part(
            ends=hull([*existing, *absent, *([NOTHING] if lacking else [])]),
            envelope=hull([*existing, *absent, *([self.unknown] if lacking else [])]),
            certain=not absent,
            possible=bool(counted),
            present=bool(existing),
            lacking=lacking,
        )

    def value(self, ways: Ways) -> Part:
        """Give what a single value can be that has these outcomes: one that exists nowhere can be anything."""
        part = self.part(ways)
        existing = self.part(tuple(way for way in ways if not way.missing) or ways)
        return part._replace(ends=existing.ends if part.present else part.envelope)

    def quantity(self, ends: Ends) -> Quantity:
        """Express an amount in the unit to answer in."""
        factor = unit(self.unit).factor
        low, high = (None if end is None else divide(end, factor) for end in ends)
        return Quantity(low, high, self.unit)


def scale_of(definition: MetricDefined | None) -> Scale:
    """Give the scale of a metric or, for None, that of a count."""
    if definition is None:
        return _COUNT
    if definition.nonnegative:
        return Scale(definition.unit, _never_negative, (ZERO, None))
    return Scale(definition.unit, _as_stated, (None, None))


def total_of(many: Iterable[Ends]) -> Ends:
    """Add up the low ends and the high ends; one that is open leaves the sum open."""
    low: Exact | None = ZERO
    high: Exact | None = ZERO
    for least, most in many:
        low = None if low is None or least is None else add(low, least)
        high = None if high is None or most is None else add(high, most)
    return low, high


def groups_of(ways: Ways) -> set[str | None]:
    """Give the groups in which a member can count."""
    return {way.group for way in ways if way.counted}


def in_group(group: str | None, ways: Ways) -> Ways:
    """Keep the outcomes in one group; in the others the member does not count."""
    return tuple(dict.fromkeys(way if way.counted and way.group == group else Outcome(counted=False) for way in ways))


def values_of(ways: Ways) -> set[str]:
    """Give the texts that a member's value can be."""
    return {str(way.value.fact.value) for way in ways if way.value is not None}


def _one(_: Outcome) -> Ends:
    return ONE, ONE


def _as_stated(way: Outcome) -> Ends:
    return (None, None) if way.value is None else (way.value.fact.low, way.value.fact.high)


def _never_negative(way: Outcome) -> Ends:
    # what is stated as "at most 5" and is never negative lies from 0 to 5
    low, high = _as_stated(way)
    return (ZERO if low is None and (high is None or high >= 0) else low), high


def hull(many: Iterable[Ends]) -> Ends:
    """Give the least and the most of many; one that is open leaves it open."""
    lows, highs = zip(*many, strict=True)
    return (
        None if None in lows else min(lows),
        None if None in highs else max(highs),
    )


_COUNT = Scale("", _one, NOTHING)

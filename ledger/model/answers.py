"""Answers: measures evaluated over the registers of one day.

Each member contributes from the least to the most that any of its outcomes gives; one who may not
count, or whose value may be missing, from min(0, least) to max(0, most). Sums of these bounds contain
every possible world.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import NamedTuple, TypeAlias

from attrs import frozen

from ledger.model.errors import BadInput, NotAdditive, UnknownMetric, shown
from ledger.model.events import MetricDefined
from ledger.model.exact import ONE, ZERO, Exact, add, divide
from ledger.model.facts import Register, definition_of, metric_of
from ledger.model.fields import require_id
from ledger.model.figures import Contribution, Figure
from ledger.model.matching import largest_matching
from ledger.model.measures import MEASURES, Distinct, Joined, Measure, Share, Total, Value
from ledger.model.outcomes import Asked, Counting, Outcome, outcomes, with_value
from ledger.model.quantity import Quantity
from ledger.model.registers import Registers
from ledger.model.units import unit

Ends: TypeAlias = tuple[Exact | None, Exact | None]
"""The least and the most, in the base unit; None is open."""

Ways: TypeAlias = tuple[Outcome, ...]

NOTHING: Ends = (ZERO, ZERO)


@frozen(eq=False, repr=False)
class Question:
    """The registers of an initiative on one day, ready to be asked for figures."""

    initiative: str
    at: date
    registers: Registers
    members: tuple[str, ...]  # everyone who can have a status by then, in order

    def figure(self, measure: Measure) -> Figure:
        """Answer a measure. Raises `UnknownMetric`, and `NotAdditive` for a total of what has none."""
        _require_measure(measure)
        if isinstance(measure, Share):
            return self._share(measure)
        if isinstance(measure, Value):
            return self._value(measure)
        return self._summed(measure, self._scale(measure), self._ways(measure))

    def groups(self, measure: Measure, by: str) -> dict[str | None, Figure]:
        """Answer a measure for each value of an attribute; None is the group of those without one."""
        require_id(by, "by")
        _require_measure(measure)
        if isinstance(measure, Share | Value):
            raise BadInput(f"by={by!r}: a {type(measure).__name__} has no groups; ask a count or a total")
        scale = self._scale(measure)
        everyone: dict[str | None, dict[str, Ways]] = defaultdict(dict)
        for member, ways in self._ways(measure, by).items():
            for group in {way.group for way in ways if way.counted}:
                everyone[group][member] = _only(group, ways)
        ordered = sorted(everyone, key=lambda group: (group is None, group or ""))
        return {group: self._summed(measure, scale, everyone[group]) for group in ordered}

    def explain(self, measure: Measure) -> tuple[Contribution, ...]:
        """Say what each member that counts, or may count, contributes, and by which records."""
        _require_measure(measure)
        if isinstance(measure, Share | Value):
            raise BadInput(f"a {type(measure).__name__} is not made of members; explain a count or a total")
        scale, asked = self._scale(measure), Asked.by(measure, self.at)
        return tuple(
            Contribution(
                member=member,
                amount=scale.quantity(part.ends),
                certain=part.certain,
                missing=part.lacking,
                values=tuple(sorted(_values(ways))) if isinstance(measure, Distinct) else (),
                records=tuple(self.registers.refs[position] for position in self._positions(asked, member)),
            )
            for member, ways in self._ways(measure).items()
            if (part := scale.part(ways)).possible
        )

    def _positions(self, asked: Asked, member: str) -> list[int]:
        every = (self.registers.of(register).candidates for register in asked.registers(member))
        return sorted({option.fact.position for candidates in every for option in candidates})

    def metric(self, metric: str) -> MetricDefined:
        """Give the definition of a metric; raises `UnknownMetric`, with near names."""
        values = [option.fact.value for option in self.registers.of(definition_of(metric)).candidates]
        definitions = [value for value in values if isinstance(value, MetricDefined)]
        if not definitions:
            raise UnknownMetric(metric, [key.id for key in self.registers.cells if key.aspect == "definition"])
        return definitions[0]

    def _ways(self, measure: Counting, by: str | None = None) -> dict[str, Ways]:
        asked = Asked.by(measure, self.at, by)
        return {member: outcomes(self.registers, asked, member) for member in self.members}

    def _scale(self, measure: Measure) -> _Scale:
        if not isinstance(measure, Total | Value):
            return _Scale("", _one, NOTHING)
        definition = self.metric(measure.metric)
        if isinstance(measure, Total) and not definition.additive:
            raise NotAdditive(
                f"metric {measure.metric!r} is not additive, so it has no total: "
                f"ask Value({measure.metric!r}, member=...) of one member"
            )
        if definition.nonnegative:
            return _Scale(definition.unit, _never_negative, (ZERO, None))
        return _Scale(definition.unit, _as_stated, (None, None))

    def _summed(self, measure: Counting, scale: _Scale, everyone: Mapping[str, Ways]) -> Figure:
        parts = {member: part for member, ways in everyone.items() if (part := scale.part(ways)).possible}
        if isinstance(measure, Distinct):
            amount, envelope = _distinct(everyone)
        else:
            amount = scale.quantity(_sum(part.ends for part in parts.values()))
            envelope = scale.quantity(_sum(part.envelope for part in parts.values()))
        return Figure(
            measure=measure,
            at=self.at,
            amount=amount,
            envelope=envelope,
            members=_who(parts, lambda part: part.certain),
            reporting=_who(parts, lambda part: part.certain and not part.lacking),
            missing=_who(parts, lambda part: part.certain and not part.present),
            possible_members=_who(parts, lambda part: not part.certain),
            possibly_missing=_who(parts, lambda part: part.lacking and (part.present or not part.certain)),
            oldest=min(
                (day for member in parts for day in self._rests_on(measure, member, everyone[member])),
                default=None,
            ),
            basis=self.at,
        )

    def _rests_on(self, measure: Counting, member: str, ways: Ways) -> list[date]:
        if isinstance(measure, Total | Distinct):
            return [way.value.since for way in ways if way.value is not None]
        aspect = "joined" if isinstance(measure, Joined) else "status"
        return [option.since for option in self.registers.of(Register("member", member, aspect)).candidates]

    def _value(self, measure: Value) -> Figure:
        scale = self._scale(measure)
        whose = (self.initiative if measure.member is None else measure.member,)
        ways = tuple(map(with_value, self.registers.of(metric_of(measure.metric, measure.member)).options))
        part = scale.part(ways)
        existing = scale.part(tuple(way for way in ways if not way.missing) or ways)
        return Figure(
            measure=measure,
            at=self.at,
            # a value that exists nowhere is not zero: it can be anything
            amount=scale.quantity(existing.ends if part.present else part.envelope),
            envelope=scale.quantity(part.envelope),
            members=whose,
            reporting=() if part.lacking else whose,
            missing=() if part.present else whose,
            possibly_missing=whose if part.lacking and part.present else (),
            oldest=min((way.value.since for way in ways if way.value is not None), default=None),
            basis=self.at,
        )

    def _share(self, measure: Share) -> Figure:
        part, whole = self.figure(measure.part), self.figure(measure.whole)
        missing = {*part.missing, *whole.missing}
        possibly = {*part.possibly_missing, *whole.possibly_missing} - missing
        return Figure(
            measure=measure,
            at=self.at,
            amount=_ratio(part.amount, whole.amount),
            envelope=_ratio(part.envelope, whole.envelope),
            members=whole.members,
            reporting=tuple(member for member in whole.reporting if member not in missing | possibly),
            missing=tuple(sorted(missing)),
            possible_members=whole.possible_members,
            possibly_missing=tuple(sorted(possibly)),
            oldest=min((day for day in (part.oldest, whole.oldest) if day is not None), default=None),
            basis=self.at,
        )


class _Part(NamedTuple):
    """One member's part in a figure."""

    ends: Ends  # over the values that exist
    envelope: Ends  # with a missing value taken as anything it can be
    certain: bool  # it counts in every outcome
    possible: bool  # it counts in some
    present: bool  # in some outcome it counts with a value
    lacking: bool  # in some outcome it counts without one


@frozen(eq=False, repr=False)
class _Scale:
    """How much an outcome is worth, in base units; what a missing value can be; the unit to answer in."""

    unit: str
    worth: Callable[[Outcome], Ends]
    unknown: Ends

    def part(self, ways: Ways) -> _Part:
        if len(ways) == 1 and ways[0].counted and not ways[0].missing:  # nothing is uncertain: the usual case
            ends = self.worth(ways[0])
            return _Part(ends, ends, certain=True, possible=True, present=True, lacking=False)
        counted = [way for way in ways if way.counted]
        existing = [self.worth(way) for way in counted if not way.missing]
        lacking = len(existing) < len(counted)
        absent = [NOTHING] if len(counted) < len(ways) else []
        return _Part(
            ends=_hull([*existing, *absent, *([NOTHING] if lacking else [])]),
            envelope=_hull([*existing, *absent, *([self.unknown] if lacking else [])]),
            certain=not absent,
            possible=bool(counted),
            present=bool(existing),
            lacking=lacking,
        )

    def quantity(self, ends: Ends) -> Quantity:
        factor = unit(self.unit).factor
        low, high = ends if factor == ONE else (None if end is None else divide(end, factor) for end in ends)
        return Quantity(low, high, self.unit)


def _require_measure(measure: object) -> None:
    if not isinstance(measure, MEASURES):
        raise BadInput(f"{shown(measure)} is no measure: ask for one such as Members() or Total('co2')")


def _one(_: Outcome) -> Ends:
    return ONE, ONE


def _as_stated(way: Outcome) -> Ends:
    return (None, None) if way.value is None else (way.value.fact.low, way.value.fact.high)


def _never_negative(way: Outcome) -> Ends:
    # what is stated as "at most 5" and is never negative lies from 0 to 5
    low, high = _as_stated(way)
    return (ZERO if low is None and (high is None or high >= 0) else low), high


def _hull(many: Iterable[Ends]) -> Ends:
    lows, highs = zip(*many, strict=True)
    return (
        None if None in lows else min(lows),
        None if None in highs else max(highs),
    )


def _sum(many: Iterable[Ends]) -> Ends:
    low: Exact | None = ZERO
    high: Exact | None = ZERO
    for least, most in many:
        low = None if low is None or least is None else add(low, least)
        high = None if high is None or most is None else add(high, most)
    return low, high


def _distinct(everyone: Mapping[str, Ways]) -> tuple[Quantity, Quantity]:
    """Count the different values, at least and at most, without and with the missing ones."""
    held: set[str] = set()
    choices: dict[object, frozenset[object]] = {}
    with_missing: dict[object, frozenset[object]] = {}
    one_at_least = one_with_missing = 0
    for member, ways in everyone.items():
        values = _values(ways)
        certain = all(way.counted for way in ways)
        lacking = any(way.missing for way in ways)
        if certain and not lacking:
            one_at_least = 1
            held |= values if len(values) == 1 else set()
        one_with_missing = max(one_with_missing, int(certain and bool(ways)))
        choices[member] = frozenset(values)
        # a value that is missing can be one that nobody else has
        with_missing[member] = frozenset({*values, (member,)}) if lacking else frozenset(values)
    low = len(held)
    return (
        Quantity(max(low, one_at_least), largest_matching(choices)),
        Quantity(max(low, one_with_missing), largest_matching(with_missing)),
    )


def _values(ways: Ways) -> set[str]:
    return {str(way.value.fact.value) for way in ways if way.value is not None}


def _only(group: str | None, ways: Ways) -> Ways:
    """Keep the outcomes in one group; in the others the member does not count."""
    return tuple(dict.fromkeys(way if way.counted and way.group == group else Outcome(counted=False) for way in ways))


def _who(parts: Mapping[str, _Part], test: Callable[[_Part], bool]) -> tuple[str, ...]:
    return tuple(member for member, part in parts.items() if test(part))


def _ratio(part: Quantity, whole: Quantity) -> Quantity:
    """Divide two amounts; where the whole can be zero or of either sign, nothing is known of their ratio."""
    (low, high), (least, most) = part.base, whole.base
    part.meets(whole)  # raises WrongDimension
    if least is None or least <= 0 or low is None:
        return Quantity(None, None)
    lowest = divide(low, least) if low < 0 else ZERO if most is None else divide(low, most)
    if high is None:
        return Quantity(lowest, None)
    return Quantity(lowest, divide(high, least) if high >= 0 else ZERO if most is None else divide(high, most))

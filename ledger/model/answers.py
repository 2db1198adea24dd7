"""Answers: measures evaluated over the registers of one day, member by member."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import cast

from attrs import frozen

from ledger.model.errors import BadInput, NotAdditive, UnknownMetric, shown
from ledger.model.events import MetricDefined
from ledger.model.exact import ZERO, divide
from ledger.model.facts import CLOSED, INITIATIVE_STATUS, Register, definition_of, metric_of
from ledger.model.fields import require_id
from ledger.model.figures import Contribution, Figure, Support
from ledger.model.matching import largest_matching
from ledger.model.measures import MEASURES, Distinct, Joined, Measure, Share, Total, Value
from ledger.model.outcomes import Asked, Counting, outcomes, with_value
from ledger.model.parts import Part, Scale, Ways, groups_of, in_group, scale_of, total_of, values_of
from ledger.model.quantity import Quantity
from ledger.model.registers import Registers


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
        require_groups(measure, by)
        counting = cast("Counting", measure)
        scale = self._scale(counting)
        everyone: dict[str | None, dict[str, Ways]] = defaultdict(dict)
        for member, ways in self._ways(counting, by).items():
            for group in groups_of(ways):
                everyone[group][member] = in_group(group, ways)
        ordered = sorted(everyone, key=lambda group: (group is None, group or ""))
        return {group: self._summed(counting, scale, everyone[group]) for group in ordered}

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
                values=tuple(sorted(values_of(ways))) if isinstance(measure, Distinct) else (),
                records=tuple(self.registers.refs[position] for position in self._positions(asked, member)),
            )
            for member, ways in self._ways(measure).items()
            if (part := scale.part(ways)).possible
        )

    def _positions(self, asked: Asked, member: str) -> list[int]:
        every = ((register, self.registers.of(register).candidates) for register in asked.registers(member))
        return sorted(
            {
                option.fact.position
                for register, candidates in every
                for option in candidates
                # that the initiative was launched says nothing of a member; that it was closed does
                if register != INITIATIVE_STATUS or option.fact.value == CLOSED
            }
        )

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

    def _scale(self, measure: Measure) -> Scale:
        return scale_of(self._defined(measure.metric, measure) if isinstance(measure, Total | Value) else None)

    def _defined(self, metric: str, measure: Measure) -> MetricDefined:
        definition = self.metric(metric)
        if isinstance(measure, Total) and not definition.additive:
            raise NotAdditive(
                f"metric {metric!r} is not additive, so it has no total: "
                f"ask Value({metric!r}, member=...) of one member"
            )
        return definition

    def _summed(self, measure: Counting, scale: Scale, everyone: Mapping[str, Ways]) -> Figure:
        parts = {member: part for member, ways in everyone.items() if (part := scale.part(ways)).possible}
        if isinstance(measure, Distinct):
            amount, envelope = _distinct(everyone)
        else:
            amount = scale.quantity(total_of(part.ends for part in parts.values()))
            envelope = scale.quantity(total_of(part.envelope for part in parts.values()))
        return self._figure(
            measure,
            amount,
            envelope,
            Support(
                members=_who(parts, lambda part: part.certain),
                reporting=_who(parts, lambda part: part.certain and not part.lacking),
                missing=_who(parts, lambda part: part.certain and not part.present),
                possible_members=_who(parts, lambda part: not part.certain),
                possibly_missing=_who(parts, lambda part: part.lacking and (part.present or not part.certain)),
                oldest=min(
                    (day for member in parts for day in self._rests_on(measure, member, everyone[member])),
                    default=None,
                ),
            ),
        )

    def _figure(self, measure: Measure, amount: Quantity, envelope: Quantity, support: Support) -> Figure:
        complete = not support.missing and not support.possibly_missing
        return Figure(measure, self.at, amount, envelope, self.at, complete, support)

    def _rests_on(self, measure: Counting, member: str, ways: Ways) -> list[date]:
        if isinstance(measure, Total | Distinct):
            return [way.value.since for way in ways if way.value is not None]
        aspect = "joined" if isinstance(measure, Joined) else "status"
        return [option.since for option in self.registers.of(Register("member", member, aspect)).candidates]

    def _value(self, measure: Value) -> Figure:
        scale = self._scale(measure)
        whose = (self.initiative if measure.member is None else measure.member,)
        ways = tuple(map(with_value, self.registers.of(metric_of(measure.metric, measure.member)).options))
        part = scale.value(ways)
        return self._figure(
            measure,
            scale.quantity(part.ends),
            scale.quantity(part.envelope),
            Support(
                members=whose,
                reporting=() if part.lacking else whose,
                missing=() if part.present else whose,
                possibly_missing=whose if part.lacking and part.present else (),
                oldest=min((way.value.since for way in ways if way.value is not None), default=None),
            ),
        )

    def _share(self, measure: Share) -> Figure:
        return share_of(measure, self.figure(measure.part), self.figure(measure.whole))


def share_of(measure: Share, part: Figure, whole: Figure) -> Figure:
    """Give the share that one figure is of another, of the same day; raises `WrongDimension`."""
    return Figure(
        measure=measure,
        at=whole.at,
        amount=_ratio(part.amount, whole.amount),
        envelope=_ratio(part.envelope, whole.envelope),
        basis=whole.basis,
        complete=part.complete and whole.complete,
        support=partial(_support_of_share, part, whole),
    )


def _support_of_share(part: Figure, whole: Figure) -> Support:
    missing = {*part.missing, *whole.missing}
    possibly = {*part.possibly_missing, *whole.possibly_missing} - missing
    return Support(
        members=whole.members,
        reporting=tuple(member for member in whole.reporting if member not in missing | possibly),
        missing=tuple(sorted(missing)),
        possible_members=whole.possible_members,
        possibly_missing=tuple(sorted(possibly)),
        oldest=min((day for day in (part.oldest, whole.oldest) if day is not None), default=None),
    )


def require_groups(measure: object, by: str | None) -> None:
    """Raise `BadInput` for what is no measure, and for one that has no groups where `by` asks for them."""
    _require_measure(measure)
    if by is not None:
        require_id(by, "by")
        if isinstance(measure, Share | Value):
            raise BadInput(f"by={by!r}: a {type(measure).__name__} has no groups; ask a count or a total")


def _require_measure(measure: object) -> None:
    if not isinstance(measure, MEASURES):
        raise BadInput(f"{shown(measure)} is no measure: ask for one such as Members() or Total('co2')")


def _distinct(everyone: Mapping[str, Ways]) -> tuple[Quantity, Quantity]:
    """Count the different values, at least and at most, without and with the missing ones."""
    held: set[str] = set()
    choices: dict[object, frozenset[object]] = {}
    with_missing: dict[object, frozenset[object]] = {}
    one_at_least = one_with_missing = 0
    for member, ways in everyone.items():
        values = values_of(ways)
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


def _who(parts: Mapping[str, Part], test: Callable[[Part], bool]) -> tuple[str, ...]:
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

"""Answers: measures evaluated over the registers of one day, member by member."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final, cast

from attrs import evolve, field, frozen

from ledger.model.errors import BadInput, NotAdditive, UnknownMetric, shown
from ledger.model.events import MetricDefined
from ledger.model.facts import CLOSED, INITIATIVE_STATUS, Register, definition_of, metric_of
from ledger.model.figures import Contribution, Figure, Support
from ledger.model.matching import largest_matching
from ledger.model.measures import (
    MEASURES,
    UNMAPPED,
    By,
    ByLike,
    Distinct,
    Grouping,
    Joined,
    Measure,
    Share,
    Total,
    Value,
    by_of,
)
from ledger.model.outcomes import Asked, Counting, outcomes, with_value
from ledger.model.overlaps import without_overlap
from ledger.model.parts import Part, Scale, Ways, groups_of, in_group, scale_of, total_of, values_of
from ledger.model.quantity import Quantity
from ledger.model.registers import Registers
from ledger.model.shares import share_of, within_group

OF_THE_DAY_ASKED: Final = frozenset({"metric", "definition"})
"""The aspects that are of the day asked also where the members of another day count."""

NAMED_MAX: Final = 5  # values, as far as a message names them


@frozen(eq=False, repr=False)
class Question:
    """The registers of an initiative on one day, ready to be asked for figures.

    Of a measure that counts the members of another day, all but the values comes from the registers of that day,
    the basis, which `elsewhere` gives.
    """

    initiative: str
    at: date
    registers: Registers
    elsewhere: Callable[[date], Registers]
    basis: date = field()
    members: tuple[str, ...] = field(init=False)  # everyone who can have a status by then, in order

    @basis.default
    def _day_asked(self) -> date:
        return self.at

    @members.default
    def _with_status(self) -> tuple[str, ...]:
        cells = self.registers.cells
        return tuple(sorted(key.id for key in cells if key.subject == "member" and key.aspect == "status"))

    def figure(self, measure: Measure) -> Figure:
        """Answer a measure. Raises `UnknownMetric`, `NotAdditive` for a total of what has none, `Overlapping`."""
        require_measure(measure)
        if (other := self.on_basis_of(measure)) is not self:
            return other.figure(measure)
        if isinstance(measure, Share):
            return self._share(measure)
        if isinstance(measure, Value):
            return self._value(measure)
        return self._summed(measure, self._scale(measure), self._ways(measure))

    def groups(self, measure: Measure, by: ByLike) -> dict[str | None, Figure]:
        """Answer a measure for each value of an attribute, or group of values; None is the group of those without one.

        A share is asked of each group: what part of the group's whole is the group's part?
        """
        by = require_groups(measure, by)
        if isinstance(measure, Share):
            parts, wholes = self.groups(measure.part, by), self.groups(measure.whole, by)
            return {
                group: share_of(
                    measure,
                    parts.get(group) or self.nobody(measure.part),
                    wholes.get(group) or self.nobody(measure.whole),
                )
                for group in sorted({*parts, *wholes}, key=in_order)
            }
        if (other := self.on_basis_of(measure)) is not self:
            return other.groups(measure, by)
        counting = cast("Counting", measure)
        scale = self._scale(counting)
        everyone: dict[str | None, dict[str, Ways]] = defaultdict(dict)
        for member, ways in self._ways(counting, by).items():
            for group in groups_of(ways):
                everyone[group][member] = in_group(group, ways)
        ordered = sorted(everyone, key=in_order)
        if isinstance(by, Grouping):
            _require_mapped(by, ordered)
        return {group: self._summed(counting, scale, everyone[group]) for group in ordered}

    def shares(self, measure: Measure, by: ByLike) -> dict[str | None, Figure]:
        """Give the share of the whole figure that each group has."""
        by = require_groups(measure, by)
        if isinstance(measure, Share):
            raise BadInput("a Share has no shares of its own: ask shares of a count or a total")
        counting, whole = cast("Counting", measure), self.figure(measure)
        return {
            group: share_of(Share(within_group(counting, by, group), measure), part, whole)
            for group, part in self.groups(measure, by).items()
        }

    def nobody(self, measure: Measure) -> Figure:
        """Answer a count or a total over nobody at all, as of a group in which nobody can count."""
        if (other := self.on_basis_of(measure)) is not self:
            return other.nobody(measure)
        return self._summed(cast("Counting", measure), self._scale(measure), {})

    def explain(self, measure: Measure) -> tuple[Contribution, ...]:
        """Say what each member that counts, or may count, contributes, and by which records."""
        require_measure(measure)
        if isinstance(measure, Share | Value):
            raise BadInput(f"a {type(measure).__name__} is not made of members; explain a count or a total")
        if (other := self.on_basis_of(measure)) is not self:
            return other.explain(measure)
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

    def on_basis_of(self, measure: Measure) -> Question:
        """Give the question over the registers that a measure looks at: of the day asked, or of two days."""
        basis = (measure.members_at if isinstance(measure, Total) else None) or self.at
        if basis == self.basis:
            return self
        perimeter = self.elsewhere(basis)
        values = {key: found for key, found in self.registers.cells.items() if key.aspect in OF_THE_DAY_ASKED}
        who = {key: found for key, found in perimeter.cells.items() if key.aspect not in OF_THE_DAY_ASKED}
        registers = Registers({**who, **values}, {**perimeter.refs, **self.registers.refs})
        return evolve(self, registers=registers, basis=basis)

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

    def _ways(self, measure: Counting, by: By | None = None) -> Mapping[str, Ways]:
        asked = Asked.by(measure, self.at, by)
        everyone = {member: outcomes(self.registers, asked, member) for member in self.members}
        return without_overlap(measure, everyone, self.registers) if isinstance(measure, Total) else everyone

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
        return Figure(measure, self.at, amount, envelope, self.basis, complete, support)

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


def require_groups(measure: object, by: ByLike) -> By:
    """Read what a measure is to be grouped by; raises `BadInput` for what is no measure, or has no groups."""
    require_measure(measure)
    found = by_of(by)
    singles = (measure.part, measure.whole) if isinstance(measure, Share) else (measure,)
    if any(isinstance(single, Value) for single in singles):
        raise BadInput(f"by={shown(by)}: a Value is one figure and has no groups; ask a count or a total")
    return found


def in_order(group: str | None) -> tuple[bool, str]:
    """Give what groups are sorted by: those without one come last."""
    return group is None, group or ""


def _require_mapped(by: Grouping, groups: Iterable[str | None]) -> None:
    unmapped = [group.removeprefix(UNMAPPED) for group in groups if group and group.startswith(UNMAPPED)]
    if unmapped:
        more = f" and {len(unmapped) - NAMED_MAX} more" if len(unmapped) > NAMED_MAX else ""
        raise BadInput(
            f"by: members have, or may have, the {by.attribute} {', '.join(map(shown, unmapped[:NAMED_MAX]))}{more}, "
            "which is in no group: name the group of each"
        )


def require_measure(measure: object) -> None:
    """Raise `BadInput` for what is no measure."""
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

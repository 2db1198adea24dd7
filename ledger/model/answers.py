"""Answers: measures evaluated over the registers of one day, member by member."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, cast

from attrs import evolve, field, frozen

from ledger.model.errors import BadInput, NotAdditive, UnknownMetric, shown
from ledger.model.events import MetricDefined
from ledger.model.facts import CLOSED, INITIATIVE_STATUS, Register, definition_of, metric_of
from ledger.model.figures import Contribution, Contributions, Figure, Figures, Support
from ledger.model.measures import (
    MEASURES,
    By,
    ByLike,
    Distinct,
    Joined,
    Measure,
    Share,
    Total,
    Value,
    by_of,
    singles_of,
)
from ledger.model.outcomes import Asked, Counting, outcomes, with_value
from ledger.model.overlaps import possible_wholes, sure_wholes
from ledger.model.parts import Ends, Scale, scale_of, values_of
from ledger.model.registers import Registers
from ledger.model.shares import share_of, shares_of, within_group
from ledger.model.sums import Summand, grouped, not_twice, summed

OF_THE_DAY_ASKED: Final = frozenset({"metric", "definition"})
"""The aspects that are of the day asked also where the members of another day count."""


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
            self._require_both(measure)
            return self._share(measure, self.figure(measure.part), self.figure(measure.whole))
        if isinstance(measure, Value):
            return self._value(measure)
        return self._summed(measure, self.summands(measure))

    def groups(self, measure: Measure, by: ByLike) -> Figures:
        """Answer a measure for each value of an attribute, or group of values; None is the group of those without one.

        A share is asked of each group: what part of the group's whole is the group's part?
        """
        by = require_groups(measure, by)
        if isinstance(measure, Share):
            self._require_both(measure)
            parts, wholes = self.groups(measure.part, by), self.groups(measure.whole, by)
            nonnegative = self._is_nonnegative(measure)
            return shares_of(measure, parts, wholes, by=by, nobody=self.nobody, nonnegative=nonnegative)
        if (other := self.on_basis_of(measure)) is not self:
            return other.groups(measure, by)
        counting = cast("Counting", measure)
        groups = grouped(self.summands(counting, by), by)
        return Figures(measure, {group: self._summed(counting, everyone) for group, everyone in groups.items()})

    def shares(self, measure: Measure, by: ByLike) -> Figures:
        """Give the share of the whole figure that each group has."""
        by = require_groups(measure, by)
        if isinstance(measure, Share):
            raise BadInput("a Share has no shares of its own: ask shares of a count or a total")
        counting, whole = cast("Counting", measure), self.figure(measure)
        shares = {}
        for group, part in self.groups(measure, by).items():
            alone = within_group(counting, by, group)
            if getattr(measure, "overlap", "refuse") != "refuse" and self.figure(alone).envelope != part.envelope:
                raise BadInput(
                    f"a member of group {shown(group)} is left out for one of another group, so that its share is no "
                    "Share of two measures: ask measure(..., by=...) for the figures themselves"
                )
            shares[group] = self._share(Share(alone, measure), part, whole)
        return Figures(Share(measure, measure), shares)

    def nobody(self, measure: Measure) -> Figure:
        """Answer a count or a total over nobody at all, as of a group in which nobody can count."""
        if (other := self.on_basis_of(measure)) is not self:
            return other.nobody(measure)
        return self._summed(cast("Counting", measure), {})

    def explain(self, measure: Measure) -> Contributions:
        """Say what each member that counts, or may count, contributes, and by which records."""
        require_measure(measure)
        if isinstance(measure, Share | Value):
            raise BadInput(f"a {type(measure).__name__} is not made of members; explain a count or a total")
        if (other := self.on_basis_of(measure)) is not self:
            return other.explain(measure)
        asked = Asked.by(measure, self.at)
        found = (
            Contribution(
                member=member,
                amount=summand.scale.quantity(part.ends),
                certain=part.certain,
                missing=part.lacking,
                values=tuple(sorted(values_of(summand.ways))) if isinstance(measure, Distinct) else (),
                records=tuple(self.registers.refs[position] for position in self._positions(asked, member)),
            )
            for member, summand in self.summands(measure).items()
            if (part := summand.part).possible
        )
        return Contributions(measure, self.at, found)

    def if_counted(self, measure: Total) -> Callable[[str], Ends]:
        """Say of any member what it adds to a total if it counts, a missing value taken as all that it can be."""
        asked, scale = Asked.by(measure, self.at), self.scale(measure)

        def adds(member: str) -> Ends:
            options = self.registers.of(metric_of(measure.metric, member)).options
            return scale.part(tuple(with_value(one) for option in options for one in asked.fresh(option))).envelope

        return adds

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

    def summands(self, measure: Counting, by: By | None = None) -> dict[str, Summand]:
        """Say in which ways each member can count, for a measure that looks at these registers."""
        everyone = self.with_overlaps(measure, by)
        if not isinstance(measure, Total) or all(key.aspect != "part_of" for key in self.registers.cells):
            return everyone  # the usual case
        return not_twice(measure, everyone, possible_wholes(self.registers), sure_wholes(self.registers))

    def with_overlaps(self, measure: Counting, by: By | None = None) -> dict[str, Summand]:
        """Say the same before anybody is left out who is part of somebody else."""
        scale, asked = self.scale(measure), Asked.by(measure, self.at, by)
        aspect = "joined" if isinstance(measure, Joined) else "status"
        return {
            member: Summand(
                scale,
                outcomes(self.registers, asked, member),
                self.registers.of(Register("member", member, aspect)).candidates,
            )
            for member in self.members
        }

    def scale(self, measure: Measure) -> Scale:
        """Say how much an outcome is worth. Raises `UnknownMetric`, and `NotAdditive` for a total of what has none."""
        return scale_of(self._defined(measure.metric, measure) if isinstance(measure, Total | Value) else None)

    def _defined(self, metric: str, measure: Measure) -> MetricDefined:
        definition = self.metric(metric)
        if isinstance(measure, Total) and not definition.additive:
            raise NotAdditive(f"metric {metric!r} is not additive, so it has no total: ask for the value of one member")
        return definition

    def _summed(self, measure: Counting, everyone: Mapping[str, Summand]) -> Figure:
        return summed(measure, self.scale(measure), everyone, at=self.at, basis=self.basis)

    def _value(self, measure: Value) -> Figure:
        scale = self.scale(measure)
        whose = (self.initiative if measure.member is None else measure.member,)
        ways = tuple(map(with_value, self.registers.of(metric_of(measure.metric, measure.member)).options))
        part = scale.value(ways)
        support = Support(
            members=whose,
            reporting=() if part.lacking else whose,
            missing=() if part.present else whose,
            possibly_missing=whose if part.lacking and part.present else (),
            oldest=min((way.value.since for way in ways if way.value is not None), default=None),
        )
        amount, envelope = scale.quantity(part.ends), scale.quantity(part.envelope)
        return Figure(measure, self.at, amount, envelope, self.basis, not part.lacking, part.present, support)

    def _require_both(self, measure: Share) -> None:
        # that one of them can never be asked is said before anything that is wrong on this day
        for single in singles_of(measure):
            self.scale(single)

    def _share(self, measure: Share, part: Figure, whole: Figure) -> Figure:
        return share_of(measure, part, whole, nonnegative=self._is_nonnegative(measure))

    def _is_nonnegative(self, measure: Share) -> bool:
        metrics = [one.metric for one in singles_of(measure) if isinstance(one, Total | Value)]
        return all(self.metric(metric).nonnegative for metric in metrics)


def require_groups(measure: Measure, by: ByLike) -> By:
    """Read what a measure is to be grouped by; raises `BadInput` for what is no measure, or has no groups."""
    require_measure(measure)
    found = by_of(by)
    if any(isinstance(single, Value) for single in singles_of(measure)):
        raise BadInput(f"a value is one figure and has no groups, so none by {shown(by)}: ask a count or a total")
    return found


def require_measure(measure: object) -> None:
    """Raise `BadInput` for what is no measure."""
    if not isinstance(measure, MEASURES):
        raise BadInput(f"{shown(measure)} is no measure: ask for one such as Members() or Total('co2')")

"""Checks: a claimed amount, held against the figure of one state.

The figure's envelope is what it can be in any possible world, with any values in place of the missing ones. So a
claim that holds the whole envelope is right in each of them, and one that does not even meet it in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from attrs import evolve, frozen

from ledger.model.errors import NotAdditive, Overlapping, UnknownMetric, WrongDimension
from ledger.model.events import Claim, MetricDefined
from ledger.model.facts import CLOSED, INITIATIVE_STATUS, Register, definition_of, metric_of, part_of
from ledger.model.figures import Figure
from ledger.model.measures import Joined, Measure, Members, Share, Simple, Total, Value, singles_of
from ledger.model.outcomes import Asked, Counting
from ledger.model.overlaps import possible_wholes, reached
from ledger.model.quantity import Quantity
from ledger.model.records import RecordRef
from ledger.model.registers import Registers
from ledger.model.state import InitiativeState
from ledger.model.units import unit as unit_of
from ledger.queries import reasons
from ledger.queries.reasons import Made

CONFIRMED: Final = "confirmed"
CONTRADICTED: Final = "contradicted"
UNVERIFIABLE: Final = "unverifiable"
NOT_COMPARABLE: Final = "not comparable"

VERDICTS: Final = (CONFIRMED, CONTRADICTED, UNVERIFIABLE, NOT_COMPARABLE)
"""What a check can find: right in every possible world; in none; in some; or no comparison makes sense."""


@frozen
class Check:
    """What was found of a claim: one of `VERDICTS`, and what it rests on.

    `figure` is None where it cannot be asked: of a metric that is not defined, of a total that the metric does not
    have, or in which a member and a part of it would both count. `gap` is the claimed amount less the figure's
    amount, which is over the values that exist, in the figure's unit; None where the two cannot be compared.
    `reason` is one sentence. `records` are those that the figure rests on, by position, and those that define its
    metrics where the claim names a definition. Where nothing is compared they are the defining ones alone and, of a
    total in which a member and a part of it would both count, those that say who is part of whom.
    """

    verdict: str
    figure: Figure | None
    gap: Quantity | None
    reason: str
    records: tuple[RecordRef, ...]

    def agrees(self, other: Check) -> bool:
        """Is the other check's verdict the same and, where a comparison makes sense, its figure?"""
        return self._found() == other._found()

    def _found(self) -> object:
        if self.verdict == NOT_COMPARABLE:
            return self.verdict
        return self.verdict, None if self.figure is None else (self.figure.amount, self.figure.envelope)


def check(claim: Claim, state: InitiativeState, measure: Measure | None = None) -> Check:
    """Hold a claim against the state of its day; with `measure`, against another measure than its own.

    It raises nothing on account of what was recorded.

    >>> from ledger.model.measures import Members
    >>> from ledger.model.state import replay
    >>> found = check(Claim(Members(), "17"), replay([], at="2023-01-20"))
    >>> found.verdict, str(found.gap), found.reason
    ('contradicted', '17', 'Members: 17 claimed for 2023-01-20, and there were 0.')
    """
    asked = claim.measure if measure is None else measure
    try:
        figure = state.measure(asked)
    except UnknownMetric as error:
        return _not_comparable(reasons.why_unknown(asked, claim, state, error), asked, state)
    except NotAdditive:
        return _not_comparable(reasons.why_not_additive(asked, claim, state), asked, state)
    except WrongDimension:
        return _not_comparable(reasons.why_no_share(asked, claim, state), asked, state)
    except Overlapping as error:
        if (other := _other_meaning(claim, asked, state)) is not None:
            return other
        reason = reasons.why_overlapping(asked, claim, state, error, _with_either(asked, state))
        decide = {*_of_parts(asked, state), *(_defining(asked, state) if claim.definition else ())}
        return Check(UNVERIFIABLE, None, None, reason, _in_order(decide))
    return _other_meaning(claim, asked, state, figure) or _compared(claim, figure, state)


def changed_by(measure: Measure, before: InitiativeState, after: InitiativeState) -> tuple[RecordRef, ...]:
    """Give the records by which a measure rests on something else in one state than in another, by position.

    These are the records of the registers that it looks at, of everybody who may count in either state, as far as
    they do not say the same in both: of the standing, the attributes, the values, the metric's definition, of who is
    part of whom, and of the closing of the initiative.

    >>> from ledger.model.measures import Members
    >>> from ledger.model.state import replay
    >>> changed_by(Members(), replay([], at="2022-12-31"), replay([], at="2023-01-20"))
    ()
    """
    found: set[RecordRef] = set()
    for single in singles_of(measure):
        then, now = (state.question.on_basis_of(single).registers for state in (before, after))
        looked_at = {*_looked_at(single, before, then), *_looked_at(single, after, now)}
        for register in looked_at:
            said, says = (_options(register, registers) for registers in (then, now))
            differ = {position for position, *_ in said ^ says}
            found |= {(now.refs.get(position) or then.refs[position]) for position in differ}
    return _in_order(found)


def _looked_at(measure: Simple, state: InitiativeState, registers: Registers) -> Iterator[Register]:
    if isinstance(measure, Total | Value):
        yield definition_of(measure.metric)
    if isinstance(measure, Value):
        yield metric_of(measure.metric, measure.member)
        return
    asked = Asked.by(measure, state.at)
    counting = _counting(measure, state, registers)
    for member in counting:
        yield from asked.registers(member)
    if isinstance(measure, Total):
        yield from _parts_among(counting, registers)


def _counting(measure: Counting, state: InitiativeState, registers: Registers) -> set[str]:
    """Give all who may count, parts and wholes alike."""
    who = measure if isinstance(measure, Joined) else Members(measure.where, suspended=measure.suspended)
    return {one.member for one in InitiativeState(state.initiative, state.at, state.version, registers).explain(who)}


def _parts_among(counting: set[str], registers: Registers) -> Iterator[Register]:
    """Give the registers that make one who may count a part of another one who may."""
    for member in counting:
        wholes = reached(member, possible_wholes(registers))
        if wholes & counting:
            yield from map(part_of, {member, *wholes})


def _options(register: Register, registers: Registers) -> set[tuple[int, date, date]]:
    """Give what says the content of a register; that the initiative was launched says nothing of a figure."""
    return {
        (fact.position, since, until)
        for fact, since, until in registers.of(register).candidates
        if register != INITIATIVE_STATUS or fact.value == CLOSED
    }


def _compared(claim: Claim, figure: Figure, state: InitiativeState) -> Check:
    made = _made(figure, state)
    if claim.amount.contains(figure.envelope):
        verdict, reason = CONFIRMED, reasons.why_confirmed(claim, figure)
    elif claim.amount.meets(figure.envelope):
        verdict, reason = UNVERIFIABLE, reasons.why_unverifiable(claim, figure, made, state)
    else:
        verdict, reason = CONTRADICTED, reasons.why_contradicted(claim, figure, made, state)
    gap = claim.amount.to(figure.amount.unit) - figure.amount
    records = {*_records(made, state), *(_defining(figure.measure, state) if claim.definition else ())}
    return Check(verdict, figure, gap, reason, _in_order(records))


def _made(figure: Figure, state: InitiativeState) -> list[Made]:
    """Evaluate each single measure once for all that is said of it."""
    made = []
    for single in singles_of(figure.measure):
        own = figure if single == figure.measure else state.measure(single)
        made.append(Made(single, own, () if isinstance(single, Value) else tuple(state.explain(single))))
    return made


def _with_either(asked: Measure, state: InitiativeState) -> list[Figure]:
    """Give the figures by the parts and by the wholes; none where they cannot be asked."""
    try:
        return [state.measure(_choosing(asked, overlap)) for overlap in ("parts", "whole")]
    except WrongDimension:  # of a share
        return []


def _choosing(asked: Measure, overlap: str) -> Measure:
    if isinstance(asked, Share):
        return Share(_choosing_one(asked.part, overlap), _choosing_one(asked.whole, overlap))
    return _choosing_one(asked, overlap)


def _choosing_one(asked: Simple, overlap: str) -> Simple:
    return evolve(asked, overlap=overlap) if isinstance(asked, Total) and asked.overlap == "refuse" else asked


def _other_meaning(claim: Claim, asked: Measure, state: InitiativeState, figure: Figure | None = None) -> Check | None:
    """Find that the claim measures or means something else; None where it does not."""
    defined = _defined(asked, state)
    unit = defined[0].unit if isinstance(asked, Total | Value) else ""
    if claim.amount.dimension != unit_of(unit).dimension:
        return _not_comparable(reasons.why_other_dimension(asked, claim, state, unit), asked, state, figure)
    if claim.definition and claim.definition not in [one.definition for one in defined]:
        return _not_comparable(reasons.why_other_definition(asked, claim, state, defined), asked, state, figure)
    return None


def _not_comparable(reason: str, asked: Measure, state: InitiativeState, figure: Figure | None = None) -> Check:
    return Check(NOT_COMPARABLE, figure, None, reason, _in_order(_defining(asked, state)))


def _metrics(measure: Measure) -> list[str]:
    return list(dict.fromkeys(one.metric for one in singles_of(measure) if isinstance(one, Total | Value)))


def _defined(measure: Measure, state: InitiativeState) -> list[MetricDefined]:
    return [state.metrics[metric] for metric in _metrics(measure) if metric in state.metrics]


def _defining(measure: Measure, state: InitiativeState) -> Iterator[RecordRef]:
    for metric in _metrics(measure):
        yield from _said(definition_of(metric), state.registers)


def _records(made: Iterable[Made], state: InitiativeState) -> Iterator[RecordRef]:
    for measure, _, parts in made:
        if isinstance(measure, Value):
            yield from _said(metric_of(measure.metric, measure.member), state.registers)
        else:
            yield from (ref for one in parts for ref in one.records)


def _of_parts(measure: Measure, state: InitiativeState) -> Iterator[RecordRef]:
    """Give the records that make members parts of one another, in totals that do not choose between them."""
    for single in singles_of(measure):
        if isinstance(single, Total) and single.overlap == "refuse":
            registers = state.question.on_basis_of(single).registers
            for register in _parts_among(_counting(single, state, registers), registers):
                yield from _said(register, registers)


def _said(register: Register, registers: Registers) -> Iterator[RecordRef]:
    return (registers.refs[option.fact.position] for option in registers.of(register).candidates)


def _in_order(refs: Iterable[RecordRef]) -> tuple[RecordRef, ...]:
    return tuple(sorted(set(refs)))

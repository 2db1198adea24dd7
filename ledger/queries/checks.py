"""Checks: a claimed amount, held against the figure of one state.

The figure's envelope is what it can be in any possible world, with any values in place of the missing ones. So a
claim that holds the whole envelope is right in each of them, and one that does not even meet it in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from ledger.model.errors import NotAdditive, Overlapping, UnknownMetric, WrongDimension
from ledger.model.events import Claim, MetricDefined
from ledger.model.facts import Register, definition_of, metric_of, part_of
from ledger.model.figures import Figure
from ledger.model.measures import Measure, Total, Value, singles_of
from ledger.model.quantity import Quantity
from ledger.model.records import RecordRef
from ledger.model.state import InitiativeState
from ledger.model.units import unit as unit_of
from ledger.queries import reasons

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
    `reason` is one sentence, and `records` are those that the figure rests on, by position.
    """

    verdict: str
    figure: Figure | None
    gap: Quantity | None
    reason: str
    records: tuple[RecordRef, ...]

    def agrees(self, other: Check) -> bool:
        """Is the other check's verdict the same, and its figure?"""
        return self._found() == other._found()

    def _found(self) -> object:
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
        reason = reasons.why_overlapping(asked, claim, state, error)
        open_still = Check(UNVERIFIABLE, None, None, reason, _records_of_parts(error, state))
        return _other_meaning(claim, asked, state) or open_still
    return _other_meaning(claim, asked, state, figure) or _compared(claim, figure, state)


def _compared(claim: Claim, figure: Figure, state: InitiativeState) -> Check:
    if claim.amount.contains(figure.envelope):
        verdict, reason = CONFIRMED, reasons.why_confirmed(claim, figure)
    elif claim.amount.meets(figure.envelope):
        verdict, reason = UNVERIFIABLE, reasons.why_unverifiable(claim, figure, state)
    else:
        verdict, reason = CONTRADICTED, reasons.why_contradicted(claim, figure, state)
    gap = claim.amount.to(figure.amount.unit) - figure.amount
    return Check(verdict, figure, gap, reason, _in_order(_records(figure.measure, state)))


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
        yield from _said(definition_of(metric), state)


def _records(measure: Measure, state: InitiativeState) -> Iterator[RecordRef]:
    for single in singles_of(measure):
        if isinstance(single, Value):
            yield from _said(metric_of(single.metric, single.member), state)
        else:
            yield from (ref for one in state.explain(single) for ref in one.records)


def _records_of_parts(error: Overlapping, state: InitiativeState) -> tuple[RecordRef, ...]:
    return _in_order(ref for part, _ in error.pairs for ref in _said(part_of(part), state))


def _said(register: Register, state: InitiativeState) -> Iterator[RecordRef]:
    return (state.registers.refs[option.fact.position] for option in state.registers.of(register).candidates)


def _in_order(refs: Iterable[RecordRef]) -> tuple[RecordRef, ...]:
    return tuple(sorted(set(refs)))

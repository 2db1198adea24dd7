"""Portfolios: one measure over several initiatives, as if they were one.

Each initiative says in which ways its members count, by its own records; what they add is then summed as
within one initiative.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, product
from typing import TypeAlias

from attrs import frozen

from ledger.model.answers import Question, require_groups, require_measure
from ledger.model.errors import BadInput, UnknownMetric, WrongDimension
from ledger.model.events import MetricDefined
from ledger.model.figures import Figure, Figures
from ledger.model.measures import By, ByLike, Measure, Share, Total, Value, singles_of
from ledger.model.outcomes import Counting, Outcome
from ledger.model.overlaps import Wholes, possible_wholes, reached, sure_wholes
from ledger.model.parts import Scale, Ways, scale_of
from ledger.model.shares import share_of, shares_of
from ledger.model.state import InitiativeState
from ledger.model.sums import Summand, grouped, not_twice, summed
from ledger.model.units import unit

Everyone: TypeAlias = dict[str, Summand]


@frozen
class Portfolio:
    """The states of several initiatives on one day, ready to be asked for figures.

    A member is named by its initiative and its id, as in `clusters/basque`. With `once` an id stands for the same
    member everywhere, and one who counts in several initiatives counts once: with either value, where they differ.
    """

    states: Sequence[InitiativeState]
    once: bool = False

    def figure(self, measure: Measure) -> Figure:
        """Answer a measure over all of them.

        Raises what `InitiativeState.measure` does; `BadInput` for a `Value`, and for a metric that they define in
        different ways.
        """
        if isinstance(measure, Share):
            part, whole = self.figure(measure.part), self.figure(measure.whole)
            return share_of(measure, part, whole, nonnegative=self._is_nonnegative(measure))
        counting = _counting(measure)
        questions = self._questions(counting)
        return _summed(questions, counting, self._summands(questions, counting))

    def groups(self, measure: Measure, by: ByLike) -> Figures:
        """Answer a measure over all of them, for each value of an attribute or each group of its values."""
        by = require_groups(measure, by)
        if isinstance(measure, Share):
            parts, wholes = self.groups(measure.part, by), self.groups(measure.whole, by)
            return shares_of(
                measure,
                parts,
                wholes,
                by=by,
                nobody=lambda single: _summed(self._questions(_counting(single)), _counting(single), {}),
                nonnegative=self._is_nonnegative(measure),
            )
        counting = _counting(measure)
        questions = self._questions(counting)
        groups = grouped(self._summands(questions, counting, by), by)
        return Figures(measure, {group: _summed(questions, counting, one) for group, one in groups.items()})

    def _is_nonnegative(self, measure: Share) -> bool:
        metrics = {one.metric for one in singles_of(measure) if isinstance(one, Total)}
        return all(state.question.metric(metric).nonnegative for metric in metrics for state in self.states)

    def _questions(self, measure: Counting) -> list[Question]:
        return [state.question.on_basis_of(measure) for state in self.states]

    def _summands(self, questions: Sequence[Question], measure: Counting, by: By | None = None) -> Everyone:
        alike = _defined_alike(measure.metric, self.states) if isinstance(measure, Total) else None
        if not self.once:
            return {
                _within(question.initiative, member): summand
                for question in questions
                for member, summand in question.summands(measure, by).items()
            }
        each = [question.with_overlaps(measure, by) for question in questions]
        ids = sorted({member for some in each for member in some})
        merged = {member: _merged([some[member] for some in each if member in some], alike) for member in ids}
        if not isinstance(measure, Total):
            return merged
        # a member that is part of another one anywhere is so everywhere
        possibly = _anywhere([possible_wholes(question.registers) for question in questions])
        surely = _anywhere([sure_wholes(question.registers) for question in questions])
        _require_no_circle(merged, surely)
        return not_twice(measure, merged, possibly, surely)


def _summed(questions: Sequence[Question], measure: Counting, everyone: Everyone) -> Figure:
    first = questions[0]
    return summed(measure, first.scale(measure), everyone, at=first.at, basis=first.basis)


def _require_no_circle(members: Iterable[str], surely: Wholes) -> None:
    # no initiative by itself lets one in, but several together may come to one
    for part in members:
        for whole in sorted(reached(part, surely)):
            if part in reached(whole, surely):
                raise BadInput(
                    f"{part!r} is part of {whole!r} by one initiative, and {whole!r} of {part!r} by another: they have "
                    "no total in which each member counts once; correct one of them"
                )


def _anywhere(several: Sequence[Wholes]) -> Wholes:
    return lambda member: {whole for wholes in several for whole in wholes(member)}


def _within(initiative: str, member: str) -> str:
    # the first slash ends the initiative, whatever the ids hold: no two members may come to share a name
    return f"{initiative.replace('%', '%25').replace('/', '%2F')}/{member}"


def _counting(measure: Measure) -> Counting:
    require_measure(measure)
    if isinstance(measure, Share | Value):
        raise BadInput(f"a {type(measure).__name__} is of one initiative: ask a count or a total of several")
    return measure


def _defined_alike(metric: str, states: Iterable[InitiativeState]) -> Scale:
    """Give the scale on which all initiatives can be measured: nothing is negative only where all say so."""
    definitions: dict[str, MetricDefined] = {}
    for state in states:
        try:
            definitions[state.initiative] = state.question.metric(metric)
        except UnknownMetric as error:
            hint = f"in initiative {state.initiative!r}; name those to ask, as in of=[...]"
            raise UnknownMetric(metric, state.metrics, hint) from error
    (first, one), *others = definitions.items()
    for other, two in others:
        if unit(one.unit).dimension != unit(two.unit).dimension:
            raise WrongDimension(
                f"metric {metric!r} is measured in {one.unit or 'plain numbers'} by {first!r}, and in "
                f"{two.unit or 'plain numbers'} by {other!r}: they have no total"
            )
    said_by: dict[str, str] = {}  # by meaning; one that is not stated may be any of them
    for initiative, definition in definitions.items():
        if definition.definition:
            said_by.setdefault(definition.definition, initiative)
    if len(said_by) > 1:
        (meaning, first), (another, other), *_ = said_by.items()
        raise BadInput(
            f"metric {metric!r} means one thing to {first!r} ({meaning}) and another to {other!r} ({another}): "
            "they have no total"
        )
    return scale_of(min(definitions.values(), key=lambda definition: definition.nonnegative))


def _merged(several: Sequence[Summand], scale: Scale | None) -> Summand:
    if len(several) == 1:
        return several[0]
    ways: Ways = several[0].ways
    for summand in several[1:]:
        together = (_either(one, other) for one, other in product(ways, summand.ways))
        ways = tuple(dict.fromkeys(chain.from_iterable(together)))
    standing = tuple(option for summand in several for option in summand.standing)
    return Summand(several[0].scale if scale is None else scale, ways, standing)


def _either(one: Outcome, other: Outcome) -> Iterable[Outcome]:
    """Give the outcomes of one who is a member twice, and counts once: with a value, if there is any."""
    counted = [outcome for outcome in (one, other) if outcome.counted]
    return [outcome for outcome in counted if not outcome.missing] or counted or [Outcome(counted=False)]

"""Reasons: what a check of a claim found, as one sentence for people who publish figures.

A sentence names whoever makes the figure or keeps it open, by id, so that somebody can be asked. Amounts are in
the unit of the claim wherever it fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from ledger.model.errors import BadQuantity, Overlapping, UnknownMetric
from ledger.model.events import Claim, MetricDefined
from ledger.model.figures import Contribution, Figure
from ledger.model.measures import Distinct, Joined, Measure, Members, Simple, Value
from ledger.model.quantity import Quantity, exactly, rounded
from ledger.model.state import InitiativeState
from ledger.model.wording import headed, worded

NAMED_MAX: Final = 20  # ids or values, as far as a sentence names them
QUOTED_MAX: Final = 80  # characters of a definition


class Made(NamedTuple):
    """A count, a total or a value, and what makes it: its figure, and what each member adds (of a value nothing)."""

    measure: Simple
    figure: Figure
    parts: tuple[Contribution, ...] = ()


def named(names: Iterable[str]) -> str:
    """Write names in a row, at most 20 of them.

    >>> named("abc"), named("abcdefghijklmnopqrstuvwxyz")[-15:]
    ('a, b, c', 's, t and 6 more')
    """
    every = list(names)
    more = f" and {len(every) - NAMED_MAX} more" if len(every) > NAMED_MAX else ""
    return ", ".join(every[:NAMED_MAX]) + more


def why_confirmed(claim: Claim, figure: Figure) -> str:
    """Say that the claim is right."""
    found = in_unit_of(claim, figure.envelope)
    said = "claimed" if figure.measure == claim.measure else "stated for the initiative"
    agrees = f"as {said}" if found == claim.amount else f"within the {claim.amount} {said}"
    return f"{headed(figure.measure)}: {found} on {figure.at}, {agrees}."


def why_contradicted(claim: Claim, figure: Figure, made: Sequence[Made], state: InitiativeState) -> str:
    """Say what the figure is instead, and who makes it. `made` holds the measure itself or, of a share, both."""
    found, measure = in_unit_of(claim, figure.envelope), figure.measure
    was = f"there {'was' if found == exactly(1) else 'were'}" if _counts(measure) else "it was"
    made_by = f": {who}" if (who := _made_by(made)) else ""
    kept_open = "".join(f"; {one}" for one in _kept_open(made))
    return f"{_claimed(measure, claim, state)}, and {was} {found}{made_by}{kept_open}{_rounded_to_it(claim, figure)}."


def why_unverifiable(claim: Claim, figure: Figure, made: Sequence[Made], state: InitiativeState) -> str:
    """Say what is known, and what keeps it open: values that are missing, and whatever is uncertain."""
    known = f"what is known, {in_unit_of(claim, figure.envelope)}, leaves it open"
    if _is_unknown(figure):
        known = "nothing can be said against it or for it"
    kept_open = "; ".join(_kept_open(made))
    return f"{_claimed(figure.measure, claim, state)}, and {known}{': ' if kept_open else ''}{kept_open}."


def why_overlapping(
    measure: Measure, claim: Claim, state: InitiativeState, error: Overlapping, either: Sequence[Figure]
) -> str:
    """Say which members and parts of them would both count, and what the figure is by the parts and by the wholes.

    `either` holds these two figures; it is empty where they cannot be asked.
    """
    pairs = named(f"{part} of {whole}" for part, whole in error.pairs)
    return (
        f"{_claimed(measure, claim, state)}, and it is open what it counts, since members would count beside parts of "
        f"them ({pairs}): the claim must say whether the parts or the wholes are added up (overlap)"
        f"{_with_either(claim, either)}."
    )


def _with_either(claim: Claim, either: Sequence[Figure]) -> str:
    if not either or any(is_open(figure) for figure in either):
        return ""
    parts, wholes = (in_unit_of(claim, figure.envelope) for figure in either)
    return f"; it would be {parts} with the parts, {wholes} with the wholes"


def why_unknown(measure: Measure, claim: Claim, state: InitiativeState, error: UnknownMetric) -> str:
    """Say that the metric was not defined."""
    near = f"; did the claim mean {' or '.join(error.near)}?" if error.near else "."
    return f"{_claimed(measure, claim, state)}, and no metric {error.name} is defined{near}"


def why_not_additive(measure: Measure, claim: Claim, state: InitiativeState) -> str:
    """Say that there is no total to compare with."""
    return f"{_claimed(measure, claim, state)}, and that metric is not additive, so it has no total."


def why_no_share(measure: Measure, claim: Claim, state: InitiativeState) -> str:
    """Say that the part is no part of such a whole."""
    return f"{_claimed(measure, claim, state)}, and its part is measured in another dimension than its whole."


def why_other_dimension(measure: Measure, claim: Claim, state: InitiativeState, unit: str) -> str:
    """Say that the claim measures something else than this unit does."""
    return f"{_claimed(measure, claim, state)}, and it is measured in {unit or 'plain numbers'}, another dimension."


def why_other_definition(
    measure: Measure, claim: Claim, state: InitiativeState, defined: Iterable[MetricDefined]
) -> str:
    """Say that the claim means something else by the figure than is recorded here."""
    metrics = list(defined)
    stated = [f"{one.metric} as {_quoted(one.definition)}" for one in metrics if one.definition]
    unstated = [one.metric for one in metrics if not one.definition]
    recorded = [f"this ledger defines {' and '.join(stated)}"] if stated else []
    recorded += [f"this ledger states no definition of {' or '.join(unstated)}"] if unstated else []
    recorded = recorded or ["a count of members has no definition of its own"]
    meaning = _quoted(claim.definition or "")
    return f"{_claimed(measure, claim, state)}, defined as {meaning}, and {', and '.join(recorded)}."


def _claimed(measure: Measure, claim: Claim, state: InitiativeState) -> str:
    said = "claimed for" if measure == claim.measure else "stated for the initiative on"
    return f"{headed(measure)}: {claim.amount} {said} {state.at}"


def in_unit_of(claim: Claim, amount: Quantity) -> Quantity:
    """Give an amount in the unit of a claim, if it is of the same dimension; else as it is."""
    return amount.to(claim.amount.unit) if amount.dimension == claim.amount.dimension else amount


def is_open(figure: Figure) -> bool:
    """Can the figure be anything, by what is known?"""
    return figure.envelope.low is None and figure.envelope.high is None


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= QUOTED_MAX else f'"{line[:QUOTED_MAX]}..."'


def _is_unknown(figure: Figure) -> bool:
    nobody_reports = not figure.possible_members and set(figure.members) == set(figure.missing)
    return nobody_reports or is_open(figure)


def _counts(measure: Measure) -> bool:
    return isinstance(measure, Members | Joined | Distinct)


def _made_by(made: Sequence[Made]) -> str:
    if len(made) > 1:
        return " of ".join(str(one.figure) for one in made)
    (measure, figure, parts), *_ = made
    if isinstance(measure, Value):
        return ""
    if isinstance(measure, Distinct):
        held = [one for one in parts if one.certain and not one.missing and len(one.values) == 1]
        return named(sorted({one.values[0] for one in held}))
    return named(figure.reporting)


def _kept_open(made: Sequence[Made]) -> Iterator[str]:
    if len(made) == 1:
        yield from _kept_open_of_one(made[0])
        return
    of_part, of_whole = ("; ".join(_kept_open_of_one(one)) for one in made)
    if of_part and of_part == of_whole:
        yield f"of the part and of the whole: {of_part}"
    else:
        yield from (f"of the {name}: {said}" for name, said in (("part", of_part), ("whole", of_whole)) if said)
    whole = made[1]
    least = whole.figure.envelope.low
    if least is None or least <= 0:
        yield f"the whole, {worded(whole.measure)}, is not sure to be more than 0"


def _kept_open_of_one(made: Made) -> Iterator[str]:
    measure, figure, parts = made
    value = f"no {measure.attribute}" if isinstance(measure, Distinct) else "no value"
    if isinstance(measure, Value):
        if figure.missing:
            yield f"{value} is known"
        elif figure.possibly_missing:
            yield f"there may be {value} by then"
        return
    if figure.missing:
        yield f"{value} is known of {len(figure.missing)} of {len(figure.members)} members ({named(figure.missing)})"
    if possible := figure.possible_members:
        yield f"may or may not count: {named(possible)}"
    if possibly := figure.possibly_missing:
        yield f"may have {value}: {named(possibly)}"
    roughly = [
        one.member for one in parts if one.certain and not one.missing and (not one.amount.exact or len(one.values) > 1)
    ]
    if roughly:
        yield f"known only roughly: {named(roughly)}"


def _rounded_to_it(claim: Claim, figure: Figure) -> str:
    """Say that the figure agrees when it is rounded as the claim is printed, where it does."""
    if _counts(figure.measure):
        return ""
    try:
        printed = rounded(claim.amount.text.partition(" ")[0].removesuffix("%"), claim.amount.unit)
    except BadQuantity:  # no single number: a range or a bound
        return ""
    return f"; the claim would hold if it was rounded, as {printed}" if printed.contains(figure.envelope) else ""

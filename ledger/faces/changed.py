"""Changed: what became otherwise from one point to another, in words and as bridges.

First what is known otherwise of the first day, then what happened up to the second: the two steps of `why`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from attrs import frozen

from ledger.faces.phrases import NO_FIGURE, NO_VALUE, Names, change_of, reason_of
from ledger.model.errors import UnknownMetric, WrongDimension
from ledger.model.exact import number_text
from ledger.model.measures import Distinct, Measure, Share, Value
from ledger.model.state import InitiativeState
from ledger.queries.bridge import CLOSING, OPENING, Line, signed
from ledger.queries.changes import compare
from ledger.queries.why import RESTATED, Why, why

_NO_COMPARISON: Final = (*NO_FIGURE, UnknownMetric, WrongDimension)
_STEPS: Final = {RESTATED: "restated (learned since)"}


@frozen
class Step:
    """A line of a bridge: what, by how much at the least and at the most, and who."""

    what: str
    low: str
    high: str
    note: str


@frozen
class Way:
    """How a figure came from one amount to another; `reason` says why that cannot be told, where it cannot."""

    what: str
    unit: str
    steps: tuple[Step, ...] = ()
    reason: str = ""


Told: TypeAlias = tuple[tuple[str, str], ...]
"""Changes in words: a heading, and to whom or what it applies."""


@frozen
class Changed:
    """What changed between two points: what is known otherwise of the first one's day, what then happened, figures."""

    first: str
    last: str
    otherwise: str
    learned: Told
    happened: Told
    ways: tuple[Way, ...]


def changed(
    before: InitiativeState, between: InitiativeState, after: InitiativeState, known: str, measures: Iterable[Measure]
) -> Changed:
    """Say what changed between two states, by way of a third: that of the first day, as known by the second state.

    `known` is the instant of the newest record that the first one knows, empty where it knows none.
    """
    names = Names.of(after, between, before)
    known_otherwise = before.version != after.version
    otherwise = "Learned of {} since" if before.version < after.version else "Not known yet of {}"
    first = before.at.isoformat()
    if known_otherwise:
        first += f", as known at {known}," if known else ", of which nothing was known,"
    return Changed(
        first=first,
        last=after.at.isoformat(),
        otherwise=otherwise.format(before.at),
        learned=_told(before, between, names) if known_otherwise else (),
        happened=_told(between, after, names),
        ways=tuple(_ways(before, between, after, names, measures)),
    )


def _told(before: InitiativeState, after: InitiativeState, names: Names) -> Told:
    lines: dict[str, list[str]] = {}
    back = after.at < before.at
    for change in compare(before, after):
        if not change.implied:
            heading, rest = change_of(change, names, back=back)
            lines.setdefault(heading, []).append(rest)
    return tuple((heading, "; ".join(rest)) for heading, rest in lines.items())


def _ways(
    before: InitiativeState,
    between: InitiativeState,
    after: InitiativeState,
    names: Names,
    measures: Iterable[Measure],
) -> Iterator[Way]:
    for measure in measures:
        if isinstance(measure, Share | Value):
            continue  # the one has two figures with ways of their own, of the other all was told in a line
        what = names.measure(measure)
        try:
            found = why(measure, before, between, after)
        except _NO_COMPARISON as error:
            yield Way(what, "", reason=reason_of(error, names))
            continue
        nowhere = not (found.opening.has_value or found.closing.has_value)
        if found.effects and not nowhere:
            subjects = Names({}, {}) if isinstance(measure, Distinct) else names  # those are values, and no members
            yield Way(what, found.closing.amount.unit, tuple(_steps(found, subjects)))


def _steps(found: Why, subjects: Names) -> Iterator[Step]:
    figures = {OPENING: found.opening, CLOSING: found.closing}
    for line in found.bridge():
        figure = figures.get(line.kind)
        if figure is None:
            yield _step(line, subjects)
        elif not figure.has_value:
            yield Step(line.kind, NO_VALUE, NO_VALUE, line.note)
        else:
            low, high = ("open" if end is None else number_text(end) for end in (line.low, line.high))
            yield Step(line.kind, low, high, line.note)


def _step(line: Line, subjects: Names) -> Step:
    low, high = signed(line.low), signed(line.high)
    return Step(_STEPS.get(line.kind, line.kind), low, high, subjects.some(line.subjects))

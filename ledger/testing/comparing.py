"""What a ledger gives held against a ledger on paper: its records, its answers, and what came of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from ledger.book import Ledger
from ledger.model.errors import UnknownMetric
from ledger.model.measures import Measure
from ledger.model.records import Record
from ledger.model.state import InitiativeState
from ledger.queries.timeline import Timeline
from ledger.testing.batches import Outcome
from ledger.testing.paper import Ends, Line, Paper, figure
from ledger.testing.scripts import code_of

Told = list[Line] | set[str]
"""What comes of a batch on paper: its lines, or the codes of what is wrong with it."""


def holds(book: Ledger, paper: Paper) -> None:
    """Require that a ledger gives the records that are on paper, in order."""
    _require_lines("of the ledger", book.records(), paper.lines)
    _require("the initiatives", book.initiatives(), paper.initiatives())
    for name in paper.initiatives():
        _require_lines(f"of {name}", book.initiative(name).records(), paper.of(name))


def answers(book: Ledger, paper: Paper, days: Iterable[date], known_at: datetime | int | None = None) -> None:
    """Require that a ledger says of each day what the paper says, as known at a moment."""
    for name in paper.initiatives():
        for day in days:
            seen, told = _seen(book.initiative(name).at(day, known_at)), paper.on(name, day, known_at)
            for part, said in told.items():
                _require(f"{part} of {name} at {day}, known_at={known_at}", seen[part], said)


def keeps_up(
    line: Timeline[Any],
    paper: Paper,
    name: str,
    measure: Measure,
    days: Iterable[date],
    known_at: datetime | int | None,
) -> None:
    """Require that a timeline, kept open, answers as the paper does."""
    for day in days:
        told = figure(paper.on(name, day, known_at), measure)
        _require(f"{measure} of {name} at {day}, known_at={known_at}", _ends(line, day, known_at), told)


def is_as_told(outcome: Outcome, told: Told) -> bool:
    """Is what came of a batch what the paper says? A refusal may name further reasons."""
    if isinstance(outcome, set) or isinstance(told, set):
        return isinstance(outcome, set) and isinstance(told, set) and told <= outcome
    return in_short(outcome) == in_short(told)


def in_short(come: Outcome | Told) -> list[Any]:
    """Give what came of a batch as it is compared, and printed: each record or line, or the codes in order."""
    if isinstance(come, set):
        return sorted(come)
    return [_of_line(one) if isinstance(one, Line) else _of_record(one) for one in come]


def _require_lines(whose: str, records: Iterable[Record], lines: Sequence[Line]) -> None:
    # one by one, so that the first one that is wrong is told, and not all of them
    for place, (record, line) in enumerate(zip_longest(records, lines), 1):
        _require(f"record {place} {whose}", record and _of_record(record), line and _of_line(line))


def _require(what: str, found: object, told: object) -> None:
    assert found == told, f"{what}: {found}\nand on paper: {told}"


def _of_record(one: Record) -> tuple[object, ...]:
    numbers = (one.position, one.initiative, one.version, one.id, one.recorded_at.isoformat())
    return (*numbers, code_of(one.event), one.source, one.replaces)


def _of_line(line: Line) -> tuple[object, ...]:
    return (*line[:4], line.recorded_at.isoformat(), code_of(line.event), line.source, line.replaces)


def _seen(state: InitiativeState) -> dict[str, Any]:
    """Give what a state says, as the paper says it."""
    _require("possible members, on exact days", list(state.possible_members), [])
    views = {"active": state.members, "suspended": state.suspended, "gone": state.former}
    return {
        "version": state.version,
        "members": {
            id: {
                "status": status,
                "name": member.name,
                "attributes": dict(member.attributes),
                "values": {metric: amount.text for metric, amount in member.values},
            }
            for status, view in views.items()
            for id, member in view.items()
        },
        "metrics": dict(state.metrics),
        "values": {metric: amount.text for metric, amount in state.values.items()},
        "reports": dict(state.reports),
    }


def _ends(line: Timeline[Any], day: date, known_at: datetime | int | None) -> Ends | None:
    try:
        amount = line.at(day, known_at).amount
    except UnknownMetric:
        return None
    return (_exact(amount.low), _exact(amount.high))


def _exact(end: Any) -> Fraction | None:
    return None if end is None else Fraction(end)

"""What a ledger gives held against a ledger on paper: its records, its answers, and what came of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from ledger.book import Ledger
from ledger.model.errors import UnknownMetric
from ledger.model.measures import Measure
from ledger.model.records import Record
from ledger.model.state import InitiativeState
from ledger.queries.timeline import Timeline
from ledger.testing.batches import Batch, Outcome
from ledger.testing.paper import Line, Paper, figure
from ledger.testing.scripts import code_of

Told = list[Line] | set[str]
"""What comes of a batch on paper: its lines, or the codes of what is wrong with it."""


def holds(book: Ledger, paper: Paper) -> None:
    """Require that a ledger gives the records that are on paper, in order."""
    assert _of_records(book.records()) == _of_lines(paper.lines), "the records are not those that were written"
    assert book.initiatives() == paper.initiatives()
    for name in paper.initiatives():
        assert _of_records(book.initiative(name).records()) == _of_lines(paper.of(name)), f"the records of {name}"


def answers(book: Ledger, paper: Paper, days: Iterable[date], known_at: datetime | int | None = None) -> None:
    """Require that a ledger says of each day what the paper says, as known at a moment."""
    for name in paper.initiatives():
        for day in days:
            state, told = book.initiative(name).at(day, known_at), paper.on(name, day, known_at)
            assert _seen(state) == told, f"{name} at {day}, known_at={known_at}"


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
        found, told = _figure(line, day, known_at), figure(paper.on(name, day, known_at), measure)
        assert found == told, f"{measure} of {name} at {day}, known_at={known_at}"


def on_paper(paper: Paper, batch: Batch, now: datetime) -> Told:
    """Write a batch down on paper, if nothing is wrong with it."""
    wrong = paper.wrong(batch.initiative, batch.events, batch.source, batch.replaces)
    if wrong:
        return wrong
    return paper.write(batch.initiative, batch.events, batch.ids, now, batch.source, batch.replaces)


def is_as_told(outcome: Outcome, told: Told) -> bool:
    """Is what came of a batch what the paper says? A refusal may name further reasons."""
    if isinstance(outcome, set) or isinstance(told, set):
        return isinstance(outcome, set) and isinstance(told, set) and told <= outcome
    return _of_records(outcome) == _of_lines(told)


def _of_records(records: Iterable[Record]) -> list[tuple[object, ...]]:
    return [
        (
            one.position,
            one.initiative,
            one.version,
            one.id,
            one.recorded_at,
            code_of(one.event),
            one.source,
            one.replaces,
        )
        for one in records
    ]


def _of_lines(lines: Sequence[Line]) -> list[tuple[object, ...]]:
    return [(*line[:5], code_of(line.event), line.source, line.replaces) for line in lines]


def _seen(state: InitiativeState) -> dict[str, Any]:
    """Give what a state says, as the paper says it."""
    assert not state.possible_members, "on exact days nobody is only possibly a member"
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


def _figure(line: Timeline[Any], day: date, known_at: datetime | int | None) -> Fraction | None:
    try:
        low = line.at(day, known_at).amount.low
    except UnknownMetric:
        return None
    return None if low is None else Fraction(low)

"""Traced: all that a page can tell of an initiative, for every day and every moment of knowledge, as planes.

Every answer is the library's own. It is asked for wherever something was recorded that it may rest on, and nowhere
else: in between it cannot have changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from attrs import evolve, frozen

from ledger.faces.cards import Card, Given, card_of, registers_of_card, value_of
from ledger.faces.phrases import NO_FIGURE, Names, coverage_of, reason_of
from ledger.faces.published import Published, Reports
from ledger.faces.weighed import Weighed
from ledger.model.errors import Overlapping, UnknownMetric
from ledger.model.facts import INITIATIVE_STATUS, Register, definition_of, metric_of, status_of
from ledger.model.figures import Figure
from ledger.model.measures import Measure, Members, Total, Value
from ledger.model.registers import Candidates
from ledger.queries.planes import FIRST_DAY, Plane, Rectangle, parts
from ledger.queries.timeline import Timeline
from ledger.queries.tracks import NEVER, Span
from ledger.queries.unfolding import Changes, Unfolding

if TYPE_CHECKING:
    from ledger.initiative import Initiative
    from ledger.model.records import Record

A = TypeVar("A")

EVERY_DAY: Final[Span] = (FIRST_DAY, NEVER)


class Told(NamedTuple):
    """A figure, as a page tells it: its amount, empty where no value exists, and its envelope where values are missing.

    `note` says whether a value that is stated for all is missing; or, alone, why there is no figure. `overlaps`: there
    is none since members and parts of them would both count.
    """

    amount: str
    envelope: str = ""
    note: str = ""
    overlaps: bool = False


@frozen
class Traced:
    """Everything that a page selects from: rectangles of each member, of its value of each metric, of each figure."""

    unfolding: Unfolding
    cards: Mapping[str, Sequence[Rectangle[Card | None]]]
    values: Mapping[str, Mapping[str, Sequence[Rectangle[Given | None]]]]
    figures: Mapping[Measure, Sequence[Rectangle[Told | None]]]
    reports: Sequence[Published]


def traced(
    initiative: Initiative, records: Sequence[Record], metrics: Sequence[str], attributes: Sequence[str], names: Names
) -> Traced:
    """Trace what all its records say, of these metrics and attributes.

    Where a page would become too large to be borne, the fewer moments of knowledge are told apart.
    """
    reports = Reports(initiative, names, {record.position: record.ref for record in records})
    every = Unfolding(records, len(records))
    unfolding = every.fewer(Weighed(every, metrics, reports.claims(every)).most())
    tracing = _Tracing(unfolding, metrics, attributes)
    figures: dict[Measure, Sequence[Rectangle[Told | None]]] = {}
    for measure, changes in tracing.changes.items():
        figures[measure] = tracing.figure(initiative.timeline(measure), changes, names)
        if isinstance(measure, Total) and any(told.overlaps for *_, told in figures[measure] if told is not None):
            for chosen in (evolve(measure, overlap=overlap) for overlap in ("parts", "whole")):
                figures[chosen] = tracing.figure(initiative.timeline(chosen), changes, names)
    return Traced(
        unfolding,
        _rectangles(tracing.cards),
        {metric: _rectangles(planes) for metric, planes in tracing.values.items()},
        figures,
        reports.published(unfolding),
    )


def _rectangles(planes: Mapping[Any, Plane[A]]) -> dict[Any, list[Rectangle[A]]]:
    return {key: list(plane.rectangles()) for key, plane in planes.items()}


class _Tracing:
    """What members are and have through both times, and where that may change each figure."""

    def __init__(self, unfolding: Unfolding, metrics: Sequence[str], attributes: Sequence[str]) -> None:
        self._unfolding = unfolding
        self._members = sorted({key.id for key in unfolding.facts if key[::2] == ("member", "status")})
        self._parts = [key for key in unfolding.facts if key.aspect == "part_of"]
        self.changes: dict[Measure, Changes] = {}
        self.values: dict[str, dict[str, Plane[Given | None]]] = {}
        standing: Changes = defaultdict(list, {1: [EVERY_DAY]})  # that there is nobody is known at once
        for register in (INITIATIVE_STATUS, *map(status_of, self._members)):
            for moment, first, end in unfolding.changed(register):
                standing[moment].append((first, end))
        self.cards = {
            member: unfolding.plane(registers_of_card(member, attributes), partial(card_of, member, attributes))
            for member in self._members
        }
        self.changes[Members()] = standing
        for metric in metrics:
            self._trace(metric)

    def figure(self, line: Timeline[Figure], changes: Changes, names: Names) -> list[Rectangle[Told | None]]:
        """Ask for a figure, moment by moment, on the days on which it may have become another one."""
        plane: Plane[Told | None] = Plane(None)
        for moment, spans in parts(changes):
            position = self._unfolding.moments[moment - 1].position
            plane.put(
                moment, [(first, end, told(line, date.fromordinal(first), position, names)) for first, end in spans]
            )
        return list(plane.rectangles())

    def _trace(self, metric: str) -> None:
        facts, defined = self._unfolding.facts, definition_of(metric)
        is_stated = metric_of(metric, None) in facts
        if not is_stated or any(metric_of(metric, member) in facts for member in self._members):
            given = _copied(self.changes[Members()])
            self.values[metric] = {
                member: self._unfolding.plane([metric_of(metric, member)], _value, given) for member in self._members
            }
            self._change_all(given, [defined, *self._parts])
            self.changes[Total(metric)] = given
        if is_stated:
            stated: Changes = defaultdict(list)
            self._unfolding.plane([metric_of(metric, None)], _value, stated)
            self._change_all(stated, [defined])
            self.changes[Value(metric)] = stated

    def _change_all(self, changes: Changes, registers: Iterable[Register]) -> None:
        for register in registers:
            for moment in self._unfolding.moments_of(register):
                changes[moment].append(EVERY_DAY)


def _copied(changes: Changes) -> Changes:
    return defaultdict(list, {moment: list(spans) for moment, spans in changes.items()})


def _value(held: Mapping[Register, Candidates]) -> Given | None:
    (found,) = held.values()
    return value_of(found)


def told(line: Timeline[Figure], at: date, known_at: int, names: Names) -> Told | None:
    """Ask for a figure, and tell it; None while its metric is not known."""
    try:
        figure = line.at(at, known_at)
    except UnknownMetric:
        return None
    except NO_FIGURE as error:
        return Told("", note=reason_of(error, names), overlaps=isinstance(error, Overlapping))
    amount = str(figure.amount) if figure.has_value else ""
    if figure.complete:
        return Told(amount)
    return Told(amount, str(figure.envelope), coverage_of(figure, names) if isinstance(line.measure, Value) else "")

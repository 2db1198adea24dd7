"""What stands behind an answer: the records that a failed expectation is explained by, in lines to print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from attrs import frozen

from ledger.model.errors import near_names
from ledger.model.events import MemberJoined, MemberLeft, MemberReinstated, MemberSuspended
from ledger.model.facts import CLOSED, INITIATIVE_STATUS, Register, metric_of
from ledger.model.figures import Contribution, Figure
from ledger.model.measures import Distinct, Measure, Share, Total, Value, singles_of
from ledger.model.records import Record
from ledger.model.state import InitiativeState
from ledger.model.wording import worded
from ledger.queries.history import HistoryEntry, history

MEMBER_VIEWS: Final = ("members", "possible_members", "suspended", "former")
REPORT_VIEWS: Final = ("reports", "possible_reports")

_MOST: Final = 12
"""Behind one figure, as many members are told of."""

_STANDING: Final = (MemberJoined, MemberLeft, MemberSuspended, MemberReinstated)


def set_in(lines: Iterable[str]) -> list[str]:
    """Set lines in by two blanks, also those within a line.

    >>> set_in(["a:", "b"])
    ['  a:', '  b']
    """
    return [f"  {line}" for text in lines for line in text.splitlines()]


@frozen(slots=False)  # its cached property lives beside its fields
class Evidence:
    """A state, and the records that it was replayed from: those known at its moment, in order."""

    state: InitiativeState
    records: Sequence[Record]

    def on_member(self, member: str) -> list[str]:
        """Say among whom a member is, and by which records on its status."""
        of_it = history(self.records, member=member)
        told = [_line(entry) for entry in of_it if isinstance(entry.record.event, _STANDING)]
        closings = self.on(INITIATIVE_STATUS, CLOSED) if told else []
        return self._found("member", member, MEMBER_VIEWS, told + closings)

    def on_report(self, report: str) -> list[str]:
        """Say whether a report is, or may be, published, and by which records."""
        told = [_line(entry) for entry in history(self.records, report=report)]
        return self._found("report", report, REPORT_VIEWS, told)

    def on_values(self, metric: str, member: str) -> list[str]:
        """Give every record of a member's values of a metric."""
        told = [_line(entry) for entry in history(self.records, metric=metric, member=member)]
        return [f"{member}:", *set_in(told)] if told else [f"no {metric} of {member} is recorded"]

    def on(self, register: Register, value: str | None = None) -> list[str]:
        """Give the records by which a register holds what it holds, or may hold; those of one value, if it is given."""
        facts = [option.fact for option in self.state.registers.of(register).candidates]
        return [self._record(fact.position) for fact in facts if value in (None, fact.value)]

    def behind(self, measure: Measure) -> list[str]:
        """Say what a figure rests on: what each member adds, by which records."""
        if isinstance(measure, Share):
            return [line for single in dict.fromkeys(singles_of(measure)) for line in self._single(single)]
        if isinstance(measure, Value):
            return self.on(metric_of(measure.metric, measure.member)) or ["nothing is recorded of it by then"]
        figure, parts = self.state.measure(measure), self.state.explain(measure)
        told = [line for part in parts[:_MOST] for line in self._part(figure, part)]
        more = [f"and {len(parts) - _MOST} more"] if len(parts) > _MOST else []
        return [*told, *more] or ["nobody counts"]

    def _single(self, measure: Measure) -> list[str]:
        return [f"{worded(measure)}, {self.state.measure(measure)}:", *set_in(self.behind(measure))]

    def _part(self, figure: Figure, part: Contribution) -> list[str]:
        words = [part.member, *_adds(figure, part), *([] if part.certain else ["may count"])]
        return [f"{', '.join(words)}:", *set_in(self._record(ref.position) for ref in part.records)]

    def _found(self, kind: str, id: str, views: Iterable[str], told: list[str]) -> list[str]:
        if not told:
            ids = sorted({getattr(record.event, kind, None) or "" for record in self.records})
            near = near_names(id, ids)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            return [f"nothing is recorded on {id}{hint}"]
        where = next((f"among `{view}`" for view in views if id in getattr(self.state, view)), "nowhere yet")
        return [f"{id} is {where}:", *set_in(told)]

    def _record(self, position: int) -> str:
        return _line(HistoryEntry(self._by_position[position]))

    @cached_property
    def _by_position(self) -> dict[int, Record]:
        return {record.position: record for record in self.records}


def _adds(figure: Figure, part: Contribution) -> list[str]:
    if isinstance(figure.measure, Distinct):
        return [" or ".join(part.values) or "none"]
    if not isinstance(figure.measure, Total):
        return []
    if part.member in figure.missing:
        return ["no value"]
    return [f"{part.amount} or no value" if part.missing else str(part.amount)]


def _line(entry: HistoryEntry) -> str:
    return f"#{entry.record.position} {entry}"

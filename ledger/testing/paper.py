"""The ledger on paper: what a store must hold, and what was the case, in plain lists and dictionaries.

It is for exact days only. There a fact is what was written last, by day and then by rank, and that is all there is to
it: nothing here uses the facts, registers, rules or states of the library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeAlias

from ledger.model.events import (
    Event,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.measures import Measure, Members, Total, Value
from ledger.testing.clock import FIRST_INSTANT
from ledger.testing.scripts import code_of

_STATUSES: Final[Mapping[type, tuple[str, set[str], str]]] = {
    MemberJoined: ("active", {"", "gone"}, "already-a-member"),
    MemberLeft: ("gone", {"active", "suspended"}, "not-a-member"),
    MemberSuspended: ("suspended", {"active"}, "not-active"),
    MemberReinstated: ("active", {"suspended"}, "not-suspended"),
}
"""What each status event makes of a member, what it must have been before, and the code that says it was not."""

_IN_T: Final = {"t": Fraction(1), "kg": Fraction(1, 1000)}
_TICK: Final = timedelta(microseconds=1)

Ends: TypeAlias = tuple[Fraction | None, Fraction | None]
"""The low and the high end of an amount; None where one is open."""


class Line(NamedTuple):
    """A record on paper. `rank` decides between facts of one day: a replacement has that of what it replaces."""

    position: int
    initiative: str
    version: int
    id: str
    recorded_at: datetime
    event: Event
    source: str
    replaces: str | None
    rank: int


class Paper:
    """A whole ledger on paper."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.lines = list(lines)

    def initiatives(self) -> list[str]:
        """Give the initiatives that have lines, in order."""
        return sorted({line.initiative for line in self.lines})

    def of(self, initiative: str) -> list[Line]:
        """Give the lines of one initiative."""
        return [line for line in self.lines if line.initiative == initiative]

    def write(
        self,
        initiative: str,
        events: Sequence[Event],
        ids: Sequence[str],
        now: datetime,
        source: str = "",
        replaces: str | None = None,
    ) -> list[Line]:
        """Write a batch down, wrong or not, and give its lines; what `replaces` a record comes last in it."""
        if self.lines:
            now = max(now, self.lines[-1].recorded_at + _TICK)
        version = len(self.of(initiative))
        old = {line.id: line.rank for line in self.of(initiative)}
        for index, (event, id) in enumerate(zip(events, ids, strict=True)):
            version += 1
            replaced = replaces if replaces and index + 1 == len(events) else None
            rank = version if replaced is None else old.get(replaced, version)
            position = len(self.lines) + 1
            self.lines.append(Line(position, initiative, version, id, now, event, source, replaced, rank))
        return self.lines[len(self.lines) - len(events) :]

    def known(self, initiative: str, known_at: datetime | int | None = None) -> list[Line]:
        """Give what was known of an initiative at an instant or, by a position, up to the last whole batch."""
        if isinstance(known_at, datetime):
            return [line for line in self.of(initiative) if line.recorded_at <= known_at]
        later = {line.recorded_at for line in self.lines if known_at is not None and line.position > known_at}
        return [line for line in self.of(initiative) if line.recorded_at not in later]

    def on(self, initiative: str, day: date, known_at: datetime | int | None = None) -> dict[str, Any]:
        """Say what was the case at the end of a day, as known at a moment."""
        known = self.known(initiative, known_at)
        told: dict[str, Any] = {"version": len(known), "members": {}, "metrics": {}, "values": {}, "reports": {}}
        for line in sorted(_standing(known), key=_in_effect):
            if _day_of(line.event) <= day:
                _tell(told, line.event)
        told["members"] = {member: held for member, held in told["members"].items() if held["status"]}
        return told

    def wrong(
        self, initiative: str, events: Sequence[Event], source: str = "", replaces: str | None = None
    ) -> set[str]:
        """Give the codes of what is wrong with a batch: none, if it must be written."""
        old = {line.id: line for line in self.of(initiative)}
        found = _wrong_retractions(events, old)
        if replaces is not None and (not found or found == {"already-retracted"}):
            was, (_, event) = old[replaces], events
            if code_of(was.event) == code_of(event) and was.source == source:
                return {"changes-nothing"}
        if found:
            return found
        draft = Paper(self.lines)
        new = draft.write(
            initiative, events, [f"new {index}" for index in range(len(events))], FIRST_INSTANT, source, replaces
        )
        for line in new:
            so_far = [older for older in draft.of(initiative) if older.position < line.position]
            found |= _unheard_of(line.event, _standing([*so_far, line]))
        after = _standing(draft.of(initiative))
        return found | _wrong_moves(after) | _wrong_reports(after) | _still_needed(_standing(old.values()), after)


def figure(told: Mapping[str, Any], measure: Measure) -> Ends | None:
    """Answer members, a total or an initiative-wide value by what was the case: both ends, None for an open one.

    Of a metric that is not known there is no answer.
    """
    if isinstance(measure, Members):
        statuses = {"active", "suspended"} if measure.suspended else {"active"}
        counted = [held for held in told["members"].values() if held["status"] in statuses]
        number = Fraction(
            sum(all(held["attributes"].get(name) in values for name, values in measure.where) for held in counted)
        )
        return number, number
    if not isinstance(measure, Total | Value) or measure.metric not in told["metrics"]:
        return None
    if isinstance(measure, Value):
        value = _in_t(told["values"].get(measure.metric))
        return value, value
    stated = [held["values"].get(measure.metric) for held in told["members"].values() if held["status"] == "active"]
    total = sum((amount for text in stated if (amount := _in_t(text)) is not None), Fraction(0))
    return total, total


def _in_t(text: str | None) -> Fraction | None:
    if text is None:
        return None
    number, unit = text.split()
    return Fraction(number) * _IN_T[unit]


def _day_of(event: Event) -> date:
    """Give the day of an event; definitions hold, and retractions count, on all days."""
    return date.min if isinstance(event, MetricDefined | RecordRetracted) else event.effective.earliest


def _in_effect(line: Line) -> tuple[date, int, int]:
    return _day_of(line.event), line.rank, line.position


def _retracted(lines: Iterable[Line]) -> set[str]:
    return {line.event.record for line in lines if isinstance(line.event, RecordRetracted)}


def _standing(lines: Iterable[Line]) -> list[Line]:
    """Leave out what was retracted, and the retractions."""
    written = list(lines)
    retracted = _retracted(written)
    return [line for line in written if line.id not in retracted and not isinstance(line.event, RecordRetracted)]


def _tell(told: dict[str, Any], event: Event) -> None:
    """Let an event overwrite what it says otherwise."""
    match event:
        case MetricDefined(metric=metric):
            told["metrics"][metric] = event
        case ReportPublished(report=report):
            told["reports"][report] = event
        case MetricUpdated(metric=metric, member=None, amount=amount):
            _put(told["values"], metric, None if amount is None else amount.text)
        case MetricUpdated(metric=metric, member=str(member), amount=amount):
            _put(_page(told, member)["values"], metric, None if amount is None else amount.text)
        case MemberLeft(member=member) | MemberSuspended(member=member) | MemberReinstated(member=member):
            _page(told, member)["status"] = _STATUSES[type(event)][0]
        case MemberJoined(member=member) | MemberChanged(member=member):
            page = _page(told, member)
            if isinstance(event, MemberJoined):
                page["status"] = "active"
            if event.name is not None:
                page["name"] = event.name
            for name, text in event.attributes.items():
                _put(page["attributes"], name, text)


def _page(told: dict[str, Any], member: str) -> dict[str, Any]:
    page: dict[str, Any] = told["members"].setdefault(
        member, {"status": "", "name": member, "attributes": {}, "values": {}}
    )
    return page


def _put(held: dict[str, str], name: str, text: str | None) -> None:
    if text is None:
        held.pop(name, None)
    else:
        held[name] = text


def _wrong_retractions(events: Sequence[Event], old: Mapping[str, Line]) -> set[str]:
    found = set()
    retracted = _retracted(old.values())
    for event in events:
        if isinstance(event, RecordRetracted):
            line = old.get(event.record)
            if line is None:
                found.add("unknown-record")
            elif isinstance(line.event, RecordRetracted):
                found.add("retracted-retraction")
            elif event.record in retracted:
                found.add("already-retracted")
            retracted.add(event.record)
    return found


def _unheard_of(event: Event, standing: Sequence[Line]) -> set[str]:
    """Find what an event speaks of that nothing before it was recorded of, and values that cannot be."""
    found = set()
    if isinstance(event, MemberChanged | MetricUpdated) and event.member not in {None, *_members(standing)}:
        found.add("unknown-member")
    if isinstance(event, MetricUpdated):
        defined = [line.event for line in standing if isinstance(line.event, MetricDefined)]
        nonnegative = {one.nonnegative for one in defined if one.metric == event.metric}
        if not nonnegative:
            found.add("unknown-metric")
        elif nonnegative == {True} and event.amount is not None and event.amount.text.startswith("-"):
            found.add("negative")
    return found


def _wrong_moves(standing: Sequence[Line]) -> set[str]:
    found = set()
    statuses: dict[str, str] = {}
    for line in sorted(standing, key=_in_effect):
        event = line.event
        if isinstance(event, MemberJoined | MemberLeft | MemberSuspended | MemberReinstated):
            becomes, allowed, code = _STATUSES[type(event)]
            if statuses.get(event.member, "") in allowed:
                statuses[event.member] = becomes
            else:
                found.add(code)
    return found


def _wrong_reports(standing: Sequence[Line]) -> set[str]:
    reports = [line.event.report for line in standing if isinstance(line.event, ReportPublished)]
    return {"duplicate-report"} if len(set(reports)) < len(reports) else set()


def _still_needed(before: Sequence[Line], after: Sequence[Line]) -> set[str]:
    """Find members and metrics that records speak of, and that no record introduces any more.

    A change that changes nothing says nothing, so it speaks of nobody.
    """
    members, metrics = _members(before) - _members(after), _metrics(before) - _metrics(after)
    speaking = [line.event for line in after if not _is_empty(line.event)]
    of_members = any(getattr(event, "member", None) in members for event in speaking)
    return (
        {"still-needed"}
        if of_members or any(getattr(event, "metric", None) in metrics for event in speaking)
        else set()
    )


def _is_empty(event: Event) -> bool:
    return isinstance(event, MemberChanged) and event.name is event.part_of is None and not event.attributes


def _members(standing: Iterable[Line]) -> set[str]:
    moves = (line.event for line in standing if type(line.event) in _STATUSES)
    return {str(getattr(event, "member", "")) for event in moves}


def _metrics(standing: Iterable[Line]) -> set[str]:
    return {line.event.metric for line in standing if isinstance(line.event, MetricDefined)}

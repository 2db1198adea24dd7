"""History: every record on a member, a metric or a report, in order of effect, the retracted ones too."""

from __future__ import annotations

import json
from collections.abc import Iterable

from attrs import frozen

from ledger.model.errors import BadInput, shown
from ledger.model.events import Event, MetricUpdated, RecordRetracted
from ledger.model.facts import PlainFact, window_of
from ledger.model.fields import require_id
from ledger.model.records import Record
from ledger.model.registers import chain
from ledger.model.tables import Row, Rows
from ledger.model.when import When, instant_text
from ledger.recording.codec import encode


@frozen
class HistoryEntry(Row):
    """A record, and the records that retracted it and took its place, where there are such."""

    record: Record
    retracted_by: Record | None = None
    replaced_by: Record | None = None

    @property
    def effective(self) -> When | None:
        """When it took effect; None for a definition, which holds for all days."""
        return getattr(self.record.event, "effective", None)

    @property
    def source(self) -> str:
        """Where the record is from."""
        return self.record.source

    @property
    def retracted(self) -> bool:
        """Was it taken back?"""
        return self.retracted_by is not None

    @property
    def says(self) -> dict[str, object]:
        """The event, as it is stored in JSON."""
        said: dict[str, object] = json.loads(encode(self.record.event))
        return said

    def to_dict(self) -> dict[str, object]:
        """Give plain values, fit for JSON: the event by its name, and `says` as it is stored."""
        return {
            "position": self.record.position,
            "id": self.record.id,
            "version": self.record.version,
            "event": type(self.record.event).__name__,
            "says": self.says,
            "effective": self.effective and str(self.effective),
            "recorded_at": instant_text(self.record.recorded_at),
            "source": self.source,
            "retracted_by": self.retracted_by and self.retracted_by.id,
            "replaced_by": self.replaced_by and self.replaced_by.id,
        }

    def __str__(self) -> str:
        """Say it in a line."""
        day = str(self.effective or "always")
        if isinstance(self.record.event, RecordRetracted):  # which has no day
            day = ""
        source = f"({self.source})" if self.source else ""
        return " ".join(part for part in (day, _said(self.record.event), source, self._fate()) if part)

    def _fate(self) -> str:
        if self.retracted_by is None:
            return ""
        reason = getattr(self.retracted_by.event, "reason", "")
        fate = "retracted" if self.replaced_by is None else "corrected"
        return f"- {fate} on {self.retracted_by.recorded_at:%Y-%m-%d}{f': {reason}' if reason else ''}"


class HistoryEntries(Rows[HistoryEntry]):
    """Records in order of effect; a table with a row for each."""

    __slots__ = ()


def history(
    records: Iterable[Record], *, member: str | None = None, metric: str | None = None, report: str | None = None
) -> HistoryEntries:
    """Give the records on a member, on a metric, on that member's values of it, or on a report, in order of effect.

    The order is the chain rule of `model.registers`, over these records as if they were of one register: days
    decide where they can, and where windows overlap, the order of recording does. Retracted records are put
    in after all others, so that these stand as if the mistake had never been made. The records may come in
    any order, and the retractions and replacements must be among them.

    >>> from ledger.model.events import MemberJoined, MemberLeft
    >>> from ledger.model.when import instant
    >>> now = instant("2024-01-01T09:00:00Z")
    >>> left = Record(1, "clusters", 1, "r1", now, MemberLeft("ohio", "2023-03-01"), source="a letter")
    >>> joined = Record(2, "clusters", 2, "r2", now, MemberJoined("ohio", "2021"), source="the register")
    >>> for entry in history([left, joined], member="ohio"):
    ...     print(entry)
    2021 MemberJoined ohio (the register)
    2023-03-01 MemberLeft ohio (a letter)
    """
    require_subject(member, metric, report)
    ranks: dict[str, int] = {}
    retractions: dict[str, Record] = {}
    replacements: dict[str, Record] = {}
    on_it: dict[int, Record] = {}
    for record in sorted(records, key=lambda record: record.position):
        ranks[record.id] = ranks.get(record.replaces or "", record.version)
        if isinstance(record.event, RecordRetracted):
            retractions.setdefault(record.event.record, record)
        if record.replaces is not None:
            replacements.setdefault(record.replaces, record)
        if speaks_of(record.event, member, metric, report):
            on_it[record.position] = record
    after_all_others = max(ranks.values(), default=0)
    facts: list[PlainFact] = []
    for position, record in on_it.items():
        rank = ranks[record.id] + (after_all_others if record.id in retractions else 0)
        facts.append((rank, position, *window_of(record.event), None, None, None))
    ordered = (on_it[position] for _, position, *_ in chain(facts).facts)
    return HistoryEntries(HistoryEntry(one, retractions.get(one.id), replacements.get(one.id)) for one in ordered)


def require_subject(member: str | None, metric: str | None, report: str | None = None) -> None:
    """Raise `BadInput` unless a member, a metric or both are named, or a report alone."""
    if member is None and metric is None and report is None:
        raise BadInput(
            "a history is of something: name a member, as in history('basque'), or metric='co2', or both; "
            "or report='pr-2023-01'"
        )
    if report is not None and (member, metric) != (None, None):
        raise BadInput(
            f"report {shown(report)} was named together with a member or a metric, which a report is not of: "
            "ask for the history of each by itself"
        )
    for name, what in ((member, "member"), (metric, "metric"), (report, "report")):
        if name is not None:
            require_id(name, what)


def speaks_of(event: Event, member: str | None, metric: str | None, report: str | None = None) -> bool:
    """Is it an event of this member, of this metric and of this report? None is any.

    >>> speaks_of(MetricUpdated("co2", "2022", "12 t", member="ohio"), "ohio", None)
    True
    """
    subjects = (("member", member), ("metric", metric), ("report", report))
    return all(asked is None or getattr(event, name, None) == asked for name, asked in subjects)


def _said(event: Event) -> str:
    subjects = ("metric", "member", "report", "record")
    words = [type(event).__name__, *(getattr(event, name, None) or "" for name in subjects)]
    if isinstance(event, MetricUpdated):
        words.append("withdrawn" if event.amount is None else str(event.amount))
    if isinstance(event, RecordRetracted) and event.reason:
        words.append(f"- {event.reason}")
    return " ".join(word for word in words if word)

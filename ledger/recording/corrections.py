"""Corrections: a record that was wrong is retracted, and the right one takes its place and its rank.

The rank decides the order of facts where their days do not (`model.registers`). A replacement inherits
it from the first record of its line, so to correct a typo does not reorder the day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, fields

from ledger.model.errors import BadEvent, BadInput, Refused, UnknownRecord, Violation, near_names, shown
from ledger.model.events import Event, RecordRetracted
from ledger.model.records import Record
from ledger.recording.batch import Draft, Terms
from ledger.recording.codec import NAMES, encode
from ledger.recording.proposal import History
from ledger.recording.rules import RETRACTIONS_ARE_FINAL


def id_of(record: Record | str) -> str:
    """Give the id of a record, which may stand for it; raises `BadInput` for what is neither."""
    if isinstance(record, Record):
        return record.id
    if not isinstance(record, str):
        raise BadInput(f"{shown(record)} is no Record and no id of one: give what record() or records() gave")
    return record


def existing(history: History, id: str) -> Record:
    """Find a record of this initiative, retracted or not; raises `UnknownRecord`."""
    record = history.record(id)
    if record is None:
        raise UnknownRecord(id, hint="look its id up in the history of this initiative")
    return record


def require_correction(event: Event | None, changes: Mapping[str, Any], source: str | None) -> None:
    """Check that a correction says what is right, and says it once; raises `BadInput`."""
    if event is None and not changes and source is None:
        raise BadInput(
            "nothing to correct: name the fields that were wrong, as in effective='2021-11', or give a whole event. "
            "`reason` says why the record was wrong; an event's own reason is corrected by a whole event"
        )
    if event is not None and changes:
        names = ", ".join(changes)
        raise BadInput(f"a whole event and changes ({names}) were given: write the changes into the event")
    if isinstance(event, RecordRetracted):
        raise BadInput("a retraction replaces nothing: to put nothing in the place of a record, use retract()")
    if event is not None and type(event) not in NAMES:
        raise BadEvent(
            f"the replacement is a {type(event).__name__}, and no event of the ledger: give one such as "
            "MemberJoined(...), or name the fields that change"
        )


def correction(
    history: History,
    retraction: RecordRetracted,
    event: Event | None,
    changes: Mapping[str, Any],
    *,
    source: str | None,
    by: str,
    note: str,
) -> Draft:
    """Draft the two records of a correction: the retraction, then its replacement.

    Raises `UnknownRecord`, `Refused` for a retraction, which is final, and `BadInput` for changes that
    cannot be made or that change nothing.
    """
    old = existing(history, retraction.record)
    if isinstance(old.event, RecordRetracted):
        reason = RETRACTIONS_ARE_FINAL.format(id=old.id)
        raise Refused([Violation("retracted-retraction", 0, retraction, reason)])
    new = _changed(old.event, changes) if event is None else event
    terms = Terms(old.source if source is None else source, by, note)
    if type(new) is type(old.event) and encode(new) == encode(old.event) and terms.source == old.source:
        raise BadInput(f"this would change nothing: record {old.id} says {shown(old.event, 500)} already")
    return Draft((retraction, new), terms, replaces={1: old.id}, ranks={1: rank_of(old, history.record)})


def rank_of(record: Record, find: Callable[[str], Record | None]) -> int:
    """Give the rank of a record: its version or, for a replacement, that of the first record of its line."""
    while record.replaces is not None:
        before = find(record.replaces)
        if before is None or before.position >= record.position:  # no store writes that, and replay ignores it
            break
        record = before
    return record.version


def _changed(event: Event, changes: Mapping[str, Any]) -> Event:
    known = [field.name for field in fields(type(event))]
    for name in changes:
        if name not in known:
            near = near_names(name, known)
            hint = f"did you mean {' or '.join(near)}? " if near else ""
            raise BadInput(
                f"{type(event).__name__} has no field {shown(name)}: {hint}its fields are {', '.join(known)}; "
                "give a whole event to replace it by one of another kind"
            )
    return evolve(event, **changes)

"""Recording what was read of a CSV file: once only, and all of it, or all but the rows that are set aside.

Each event of a sheet gets an id of its own: a UUID of version 5 (RFC 9562) of what is recorded, which is the
initiative, the source and the event, and of how many like it stand before it in the sheet. So

- a sheet that is read again records nothing again, and one that has grown records what is new in it: where an end has
  been filled in, the leaving;
- what does not change the event, such as the order of columns or of rows, or a column that is not read, changes no id;
- another source, or another amount, is another record.

A spell that is recorded already, by whomever, or by a correction, is not recorded twice: `retold`.

An id of the cells of a row would change with each comment in the file, and hide that an end was filled in.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID, uuid5

from attrs import define, evolve, field, frozen
from msgspec.json import encode as encode_json

from ledger.exchange.retold import New, Told, retold, way_out
from ledger.exchange.sheets import reason_of
from ledger.exchange.tables import Rejected, RejectsFile, Table
from ledger.model.errors import BadInput, RefusedRows, RetryMismatch, Violation, shown
from ledger.model.events import MemberJoined, MemberLeft, MetricUpdated
from ledger.model.records import Record
from ledger.model.tables import Row
from ledger.recording.batch import Draft, Terms, entries_of
from ledger.recording.codec import NAMES, encode
from ledger.recording.rules import violations

if TYPE_CHECKING:
    from ledger.model.events import Event
    from ledger.stores.protocol import Before

Write: TypeAlias = Callable[[Callable[["Before"], Draft], int], tuple[Record, ...]]

OF_SHEETS: Final = (MemberJoined, MemberLeft, MetricUpdated)
"""The events that sheets hold. Whether one of them is refused hangs on those of its own member alone."""

SPACE: Final = UUID("7f0c1f6e-2a5d-5d0e-9b1e-6c1d3f0a8e42")
"""The namespace of the ids of a sheet's records. It never changes."""

ROUNDS_MAX: Final = 50  # of setting aside what is refused


@frozen
class SheetRecorded(Row):
    """What became of a sheet: the records that were written, those that were there, and the rows set aside."""

    records: tuple[Record, ...]
    already: tuple[Record, ...]
    rejected: tuple[Rejected, ...]


def record_sheet(
    initiative: str, sheet: Table[Event], terms: Terms, rejects: str | os.PathLike[str] | None, write: Write
) -> SheetRecorded:
    """Record the events of a sheet in one batch; `Initiative.record_sheet` is the same, and says what is raised.

    `write` writes a batch of at most so many events, which is drafted when nobody else can write any more.
    """
    if not isinstance(sheet, Table) or not all(isinstance(event, OF_SHEETS) for event in sheet):
        raise BadInput(
            f"{shown(sheet)} is no sheet of events: give what spells(...) or values(...) of ledger.exchange reads; "
            "claims are recorded with their report, as in ReportPublished(..., claims=claims(...))"
        )
    with RejectsFile(sheet, rejects) as aside:
        recording = _Recording(initiative, sheet, terms, aside)
        if len(sheet):
            records = write(recording.draft, len(sheet))
        else:
            recording.set_aside({}, [])
            records = ()
    return SheetRecorded(records, recording.already, recording.rejected)


@define
class _Recording:
    """A sheet while it is recorded, and what becomes of its rows."""

    initiative: str
    sheet: Table[Event]
    terms: Terms
    file: RejectsFile
    already: tuple[Record, ...] = ()
    rejected: tuple[Rejected, ...] = field(default=())

    def draft(self, history: Before) -> Draft:
        """Draft the batch of what is new and not refused, when what is refused has been set aside."""
        ids = ids_of(self.initiative, self.terms.source, self.sheet)
        found = history.found(ids)
        new: list[New] = []
        old: list[tuple[int, Record]] = []
        for event, row, id in zip(self.sheet, self.sheet.rows, ids, strict=True):
            if id in found:
                old.append((row, _same(found[id], self.initiative, event)))
            else:
                new.append(New(event, row, id))
        told, otherwise = retold(new, old, history)
        old += [(one.row, told[one.id]) for one in new if one.id in told]
        new = [one for one in new if one.id not in told]
        refused = _refused(new, otherwise, history)
        if self.file.path is None:
            self.set_aside(_reasons(new, refused), refused)
        else:
            self.set_aside(_all_refused(new, refused, otherwise, history), [])
        aside = {rejected.row for rejected in self.rejected}
        self.already = tuple(record for row, record in old if row not in aside)
        kept = [one for one in new if one.row not in aside]
        return Draft([one.event for one in kept], self.terms, ids=[one.id for one in kept])

    def set_aside(self, reasons: Mapping[int, str], refused: Sequence[Violation]) -> None:
        """Write the rows that are refused to the file of rejects; raises `RefusedRows` where there is to be none."""
        rejected = self.sheet.with_aside(reasons)
        if rejected and self.file.path is None:
            raise RefusedRows(self.sheet.label, rejected, refused)
        self.file.write(rejected)
        self.rejected = rejected


def ids_of(initiative: str, source: str, events: Sequence[Event]) -> list[str]:
    """Give each event of a sheet the id of its record: the same for the same content, which may stand there twice.

    >>> from ledger.model.events import MemberLeft
    >>> ids_of("club", "club.csv", [MemberLeft("ada", "2024")])
    ['6a5b00f7-d612-52bd-90d5-043547a3fee2']
    """
    seen: Counter[str] = Counter()
    ids: list[str] = []
    for event in events:
        content = encode_json([initiative, source, NAMES[type(event)], encode(event)]).decode()
        ids.append(str(uuid5(SPACE, f"{seen[content]} {content}")))
        seen[content] += 1
    return ids


def _same(record: Record, initiative: str, event: Event) -> Record:
    if record.initiative != initiative or record.event != event:
        raise RetryMismatch(
            f"id {record.id} is recorded already (position {record.position}), and it is the id of a row of this "
            "sheet, which says something else: whoever recorded it chose an id that is not theirs"
        )
    return record


def _refused(new: Sequence[New], otherwise: Told, history: Before) -> list[Violation]:
    """Give what is refused of a batch, in words that name rows, and for who mends them.

    That is what a record tells `otherwise`, and what the rules refuse of all other rows.
    """
    told = [
        Violation("already-a-member", index, one.event, way_out(one.event, known, history), known.ref)
        for index, one in enumerate(new)
        if (known := otherwise.get(one.id)) is not None
    ]
    aside = {new[violation.index].row for violation in told}
    places = [index for index, one in enumerate(new) if one.row not in aside]
    entries = entries_of([new[index].event for index in places], history.head)
    refused = violations(entries, history, lambda place: f"row {new[places[place]].row}")
    clashes = _clashes(refused, history)
    for one in refused:
        way = one.clash and way_out(one.event, clashes[one.clash.id], history)
        told.append(evolve(one, index=places[one.index], reason=way or one.reason))
    return told


def _clashes(refused: Sequence[Violation], history: Before) -> Mapping[str, Record]:
    """Give the records that events collide with, by their ids."""
    return history.found([*dict.fromkeys(one.clash.id for one in refused if one.clash is not None)])


def _reasons(new: Sequence[New], refused: Sequence[Violation]) -> dict[int, str]:
    """Give each row that is refused the reason in one text."""
    reasons: dict[int, list[str]] = defaultdict(list)
    for violation in refused:
        row = new[violation.index].row
        reasons[row].append(f"row {row}: {violation.reason}")
    return {row: reason_of(of_row) for row, of_row in reasons.items()}


def _all_refused(new: Sequence[New], refused: Sequence[Violation], otherwise: Told, history: Before) -> dict[int, str]:
    """Set rows aside until nothing of the others is refused, and give the reasons; `refused` is so at first.

    What is refused of a member changes nothing for others, so only its own rows are looked at again. Where they are
    refused one after the other without an end in sight, all that are left go aside.
    """
    reasons: dict[int, str] = {}
    left = list(new)
    rounds = 0
    while refused:
        rounds += 1
        reasons |= _reasons(left, refused)
        members = {getattr(violation.event, "member", None) for violation in refused}
        left = [one for one in left if getattr(one.event, "member", None) in members and one.row not in reasons]
        if rounds == ROUNDS_MAX:
            reasons |= {
                one.row: f"row {one.row}: rows of {getattr(one.event, 'member', None)!r} are refused one after the "
                "other, so those that are left were set aside too: mend those before, then try this one again"
                for one in left
            }
            break
        refused = _refused(left, otherwise, history)
    return reasons

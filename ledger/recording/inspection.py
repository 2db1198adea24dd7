"""Inspection: whether rows are as they were written, one after the other, and the tree that they make.

A digest tells that a row is whole. That a whole row is also right, somebody could have computed it anew, is told by
all that must fit together: its columns with its body, its place and instant with those before it, what it retracts or
replaces with what is there, and the head that a report carries with the tree so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from ledger.model.errors import WAY_OUT, BadInput, DamagedRecord, StoreError, shown
from ledger.model.events import RecordRetracted, ReportPublished
from ledger.model.fields import require_count, require_id
from ledger.model.heads import TreeHead
from ledger.model.records import OlderBody, Record
from ledger.recording.batch import COLUMNS, READ, Row, Terms, leaves_of, record_of, require_digest, row_of
from ledger.recording.codec import NAMES, decode, older_body
from ledger.recording.merkle import Tile, Tree

Find: TypeAlias = Callable[[str], Record | None]
"""Gives the record of an id, if there is one."""

_NUMBERS: Final = tuple(map(COLUMNS.index, ("position", "version", "schema")))  # 1.0 would equal 1
_read_columns: Final = itemgetter(*map(COLUMNS.index, READ))


class Inspected(NamedTuple):
    """A record that is sound, and the tree with it; `full` holds the tiles that it filled."""

    record: Record
    row: Row
    tree: Tree
    full: list[Tile]


def inspected(rows: Iterable[Row], find: Find) -> Iterator[Inspected]:
    """Look at all rows of a ledger, in order of position, and give each record that is sound.

    Raises `DamagedRecord` at the first row that is not as it was written, and `NewerFormat` for an event that only
    newer versions of the library know.
    """
    tree = Tree()
    versions: dict[str, int] = {}
    retracted: set[str] = set()
    last: Record | None = None
    for row in rows:
        _require_columns(row, tree.size + 1)
        record = _read(row)
        try:
            require_record(record)
        except BadInput as error:
            raise wrong(record, str(error)) from None
        _require_place(record, versions.get(record.initiative, 0) + 1, last)
        _require_links(record, find, retracted)
        _require_head(record, tree)
        versions[record.initiative] = record.version
        last = record
        yield Inspected(record, row, tree, tree.grow(leaves_of([row])))


def require_record(record: object) -> Record:
    """Give back a record whose fields hold what a stored record can hold; else raise `BadInput`."""
    if not isinstance(record, Record) or type(record.event) not in NAMES:
        raise BadInput(f"{shown(record)} is no Record of an event: give what records() or from_lines() gave")
    for what, number in ("position", record.position), ("version", record.version):
        if require_count(number, what) == 0:
            raise BadInput(f"{what}=0 is before all records: they count from 1")
    require_id(record.initiative, "initiative")
    require_id(record.id, "id")
    if not isinstance(record.recorded_at, datetime) or record.recorded_at.utcoffset() != timedelta(0):
        raise BadInput(f"recorded_at={shown(record.recorded_at)} is no instant in UTC: pass it through astimezone(UTC)")
    Terms(record.source, record.by, record.note)
    if record.replaces is not None:
        require_id(record.replaces, "replaces")
    if record.head is not None and not isinstance(record.head, TreeHead):
        raise BadInput(f"head={shown(record.head)} is no TreeHead: give the records of a ledger as they are")
    if record.older is not None:
        _require_same_event(record, record.older)
    return record


def _require_same_event(record: Record, older: OlderBody) -> None:
    name = NAMES[type(record.event)]
    sound = isinstance(older, OlderBody) and type(older.schema) is int and type(older.body) is str
    if not sound or older_body(name, *older) is None or decode(name, *older) != record.event:
        raise BadInput(
            f"record {shown(record.id)} was written in an older schema, and what was written is another event: "
            "give the records of a ledger as they are"
        )


def _require_columns(row: Row, position: int) -> None:
    if len(row) != len(COLUMNS):
        raise DamagedRecord(f"record {position}: it has {len(row)} columns and not {len(COLUMNS)}: {WAY_OUT}")
    if row[0] != position:
        raise DamagedRecord(f"record {position} is not there, {shown(row[0])} is what follows instead: {WAY_OUT}")


def _read(row: Row) -> Record:
    """Read a record, and see that it gives the same row: a body is written in one way, and its columns repeat it."""
    try:
        record = record_of(_read_columns(row))
    except StoreError:
        require_digest(row)  # which says more of what befell it
        raise
    for place in _NUMBERS:
        if type(row[place]) is not int:
            require_digest(row)
            raise wrong(record, f"{COLUMNS[place]} is {shown(row[place])}, which is no whole number")
    right = row_of(record)
    if row != right:
        require_digest(row)
        cells = zip(COLUMNS, row, right, strict=True)
        name, found, wanted = next(cell for cell in cells if cell[1] != cell[2])
        raise wrong(record, f"{name} is {shown(found)}, and what it says gives {shown(wanted)}")
    return record


def _require_place(record: Record, version: int, last: Record | None) -> None:
    if record.version != version:
        raise wrong(record, f"it has version {record.version}, and {version} is the next of {record.initiative!r}")
    if last is None or record.recorded_at > last.recorded_at:
        return
    if record.recorded_at < last.recorded_at:
        raise wrong(record, f"it was recorded at {record.recorded_at}, before the record before it")
    if record.initiative != last.initiative:
        raise wrong(record, f"it was recorded at the instant of a batch of {last.initiative!r}")


def _require_links(record: Record, find: Find, retracted: set[str]) -> None:
    if isinstance(record.event, RecordRetracted):
        old = _linked(record, record.event.record, find)
        if isinstance(old.event, RecordRetracted) or old.id in retracted:
            raise wrong(record, f"it retracts {old.id}, which is a retraction or retracted already")
        retracted.add(old.id)
    if record.replaces is not None:
        _linked(record, record.replaces, find)


def _linked(record: Record, id: str, find: Find) -> Record:
    old = find(id)
    if old is None or old.initiative != record.initiative or old.position >= record.position:
        raise wrong(record, f"it speaks of the record {shown(id)}, which is none before it in {record.initiative!r}")
    return old


def _require_head(record: Record, tree: Tree) -> None:
    before = tree.head() if isinstance(record.event, ReportPublished) else None
    if record.head != before:
        raise wrong(record, f"its head is {record.head}, and that of the records before it is {before}")


def wrong(record: Record, why: str) -> DamagedRecord:
    """Give the error that names a record, what is wrong with it, and what to do."""
    return DamagedRecord(f"record {record.position} ({record.id}): {why}: {WAY_OUT}")

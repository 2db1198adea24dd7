"""Copies of a ledger in another store, and records from elsewhere: the same history, record by record.

A copied record keeps its position, version, id, instant, source, what it replaces, and with all that its digest. The
rules of recording were asked when it was first written, and are not asked again. What every store relies on is
checked: that nothing is missing, that each batch is later than the one before, that what is retracted or replaced is
there, and that the digest is that of the content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING

from attrs import evolve

from ledger.model.errors import BadInput, Damaged, DamagedRecord, DifferentHistory, LedgerBusy, shown
from ledger.model.events import RecordRetracted, ReportPublished
from ledger.model.limits import BATCH_MAX
from ledger.model.records import Record
from ledger.recording.batch import Row, entries_of, instant_of_batch, leaves_of, row_of
from ledger.recording.codec import NAMES
from ledger.recording.corrections import rank_of
from ledger.recording.inspection import require_record
from ledger.recording.merkle import Tree

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.book import Ledger
    from ledger.recording.proposal import History
    from ledger.stores.protocol import Append, EventStore


def copy(source: Ledger, target: Ledger) -> int:
    """Copy all records of a ledger to another one, and give how many were written.

    The target is empty, or holds the beginning of the same history: then it is completed, so a copy that was
    interrupted goes on where it stopped, and a repeated one brings what is new. Its head tells that, so what is there
    is not read again. Records are streamed, and written batch by batch. The two may be kept by different stores.

    Raises `DifferentHistory` for a target that holds anything else, before anything is written, and what
    `write_records` raises.

    >>> import ledger
    >>> with ledger.open(":memory:") as book, ledger.open(":memory:") as other:
    ...     _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020"), ledger.MemberJoined("bob", "2021"))
    ...     copy(book, other), copy(book, other), list(other.records()) == list(book.records())
    (2, 0, True)
    """
    last = start = _common(source, target)

    def counted() -> Iterator[Record]:
        nonlocal last
        for record in source.records(after=start):
            last = record.position
            yield record

    written = target.import_records(counted(), at_once=False)
    for beyond in target.records(after=last):
        raise DifferentHistory(
            f"the target goes on where the source ends, at position {last}, with {named(beyond)}: a copy that was "
            "recorded in is a ledger of its own; copy to one that is empty"
        )
    return written


def _common(source: Ledger, target: Ledger) -> int:
    """Give how many records need not be looked at: those of the target, where its head is one of the source.

    Where that is not so, or a batch is there in part, all are looked at, and what differs is named.
    """
    size = target.head.size
    try:
        source.prove_growth(target.head)
    except Damaged:
        return 0
    newest, following = next(target.records(after=max(size - 1, 0)), None), next(source.records(after=size), None)
    parted = newest is not None and following is not None and newest.recorded_at == following.recorded_at
    return 0 if parted else size


def write_records(store: EventStore, records: Iterable[Record], clock: Callable[[], datetime]) -> int:
    """Write records of another ledger to a store as they are, and give how many were not there yet.

    They come in order of position and without gaps, and begin no later than just after what the store holds. Those
    that it holds already are compared and passed over. All records of one instant are one batch, and land together
    or not at all; batches before stay written. `Ledger.import_records` is the same for a ledger that is open, and all
    batches.

    Raises `DifferentHistory` where the store holds another record; `DamagedRecord` for a digest that is not that
    of the content, and for the head of a report that is not that of the records before it (a record without a digest
    is given its own, and its head); `BadInput` for a gap, for instants that do not grow or lie
    after the `clock`, for a retraction or replacement of what is not there, and for what no record can hold;
    `LedgerBusy` where somebody else writes the same records meanwhile; `StoreError` where the store fails.
    """
    written = 0
    present: Iterator[Record] | None = None
    for batch in batches_of(records):
        if present is None:
            present = store.records(after=batch[0].position - 1)
        here = list(islice(present, len(batch)))
        for there, record in zip(here, batch, strict=False):
            _require_same(there, record)
        if new := batch[len(here) :]:
            _append(store, new, clock, begun=bool(here))
            written += len(new)
    return written


def batches_of(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Give the records batch by batch, each one looked at by `require_record`."""
    if not isinstance(records, Iterable):
        raise BadInput(f"{shown(records)} are no records: give what records() or from_lines() gave")
    checked = map(require_record, records)
    for _, batch in groupby(checked, key=lambda record: (record.recorded_at, record.initiative)):
        yield list(islice(batch, BATCH_MAX + 1))  # what is one too many is refused


def _require_same(there: Record, record: Record) -> None:
    if there != (record if record.digest else evolve(record, digest=there.digest, head=there.head)):
        raise DifferentHistory(
            f"position {record.position} holds {named(there)} and was to be {named(record)}: nothing is written to a "
            "ledger of another history; copy to one that is empty, or record all anew, by import_records(anew=True)"
        )


def _append(store: EventStore, batch: Sequence[Record], clock: Callable[[], datetime], *, begun: bool) -> None:
    """Write a batch, or the rest of one that was `begun`."""
    first = batch[0]
    with store.writing(first.initiative) as append:
        head = append.head
        if head.position >= first.position:
            there = append.found([first.id]).get(first.id)
            if there is not None and there.position == first.position:
                raise LedgerBusy(
                    f"position {first.position} was written by somebody else meanwhile, who copies the same: copy "
                    "again, which goes on from there"
                )
            raise DifferentHistory(
                f"position {first.position} was written by somebody else meanwhile, and was to be {named(first)}: "
                "copy again, which goes on from there or says what differs"
            )
        for place, record in enumerate(batch, 1):
            if (record.position, record.version) != (head.position + place, head.version + place):
                raise BadInput(
                    f"{named(record)} has position {record.position} and version {record.version}, and after what is "
                    f"there it should be {head.position + place} and {head.version + place}: give all records of a "
                    "ledger, in order"
                )
        if not begun:
            instant_of_batch(clock(), head.recorded_at, first.recorded_at)
        _require_own_ids(batch, append)
        ranks = dict(_ranks(batch, append))
        entries = entries_of([record.event for record in batch], head, ranks)
        append.append(entries, list(rows_of(batch, append.tree.copy())))


def rows_of(batch: Sequence[Record], tree: Tree) -> Iterator[Row]:
    """Write records down as they are; those without a digest get what belongs to their place."""
    for record in batch:
        head = tree.head() if isinstance(record.event, ReportPublished) else None
        row = row_of(record if record.digest else evolve(record, head=head))
        if record.digest not in ("", row[-1]):
            raise DamagedRecord(
                f"{named(record)}, at position {record.position}, is not what its digest says that it was: "
                "copy from a ledger that is sound"
            )
        if record.digest and record.head != head:
            raise DamagedRecord(
                f"{named(record)}, at position {record.position}, was recorded after other records than those before "
                f"it here: it says {record.head}, and they give {head}; copy from a ledger that is sound"
            )
        tree.grow(leaves_of([row]))
        yield row


def _require_own_ids(batch: Sequence[Record], append: Append) -> None:
    ids = [record.id for record in batch]
    known = set(append.found(ids))
    for id in ids:
        if id in known:
            raise BadInput(f"id {shown(id)} is that of another record: each has one of its own")
        known.add(id)


def _ranks(batch: Sequence[Record], append: Append) -> Iterator[tuple[int, int]]:
    """Give the ranks of the replacements, by their places; what is retracted or replaced must be there already."""
    retracted = set()
    for place, record in enumerate(batch):
        if isinstance(record.event, RecordRetracted):
            old = linked(record, record.event.record, append)
            if isinstance(old.event, RecordRetracted) or old.position in retracted or append.is_retracted(old.position):
                raise BadInput(f"{named(record)} retracts {named(old)}, which is a retraction or retracted already")
            retracted.add(old.position)
        if record.replaces is not None:
            linked(record, record.replaces, append)
            yield place, rank_of(record, append.record)


def linked(record: Record, id: str, history: History) -> Record:
    """Find what a record retracts or replaces; raises `BadInput` where nothing has that id."""
    old = history.record(id)
    if old is None:
        raise BadInput(
            f"{named(record)}, at position {record.position}, speaks of the record {shown(id)}, and its initiative has "
            "none of that id in an earlier batch: give all records of a ledger, in order"
        )
    return old


def named(record: Record) -> str:
    """Name a record by its id, and say what it is."""
    return f"record {shown(record.id)} ({NAMES[type(record.event)]} in {shown(record.initiative)})"

"""A store made of any place that keeps rows in order: all else that is asked of one is derived from them, plainly.

This is for stores of other people's making. Every answer is read off the records by its definition, from end to end,
without an index; a store that must be faster overrides what it can answer better.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from itertools import groupby
from operator import itemgetter
from threading import RLock
from typing import Final

from attrs import define, field

from ledger.model.errors import DamagedRecord, LedgerClosed, StoreError, shown
from ledger.model.events import RecordRetracted
from ledger.model.facts import Fact, Register
from ledger.model.heads import TreeHead
from ledger.model.records import KnownAt, Record, RecordRef
from ledger.model.registers import Registers
from ledger.model.state import heard, replay
from ledger.queries.history import speaks_of
from ledger.queries.log import Batch, News, Retraction, Wanted
from ledger.recording.batch import COLUMNS, READ, Head, Row, record_of
from ledger.recording.inspection import inspected
from ledger.recording.merkle import Hashes, Tree, hashes_in
from ledger.recording.proposal import Entry
from ledger.stores.waiting import looked_for

_read_columns: Final = itemgetter(*map(COLUMNS.index, READ))


class PlainStore(ABC):
    """An `EventStore` that lacks two methods: `rows` gives what is kept, and `adding` keeps more.

    Give one to `Ledger`, and test it by `ledger.testing.conformance.StoreConformance`.

    A row is a tuple of the columns `ledger.recording.batch.COLUMNS`, each a text, an int or None; a list will do as
    well. Rows are never changed once they are kept, and so each is read once and remembered.

    A subclass with an `__init__` of its own calls this one's; one that holds a file or a connection lets go of it in
    `close`, and calls this one's too. Errors of what it rests on are raised as `StoreError`.

    >>> from contextlib import contextmanager
    >>> from ledger import Ledger, MemberJoined
    >>> class ListStore(PlainStore):
    ...     kept = []
    ...     def rows(self, after):
    ...         return self.kept[after:]
    ...     @contextmanager
    ...     def adding(self):  # for one thread: a store for several waits here for its turn
    ...         new = []
    ...         yield new
    ...         self.kept.extend(new)
    >>> with Ledger(ListStore()) as book:
    ...     club = book.initiative("club")
    ...     _ = club.record(MemberJoined("ada", "2020"), MemberJoined("ben", "2021-05-01"))
    ...     print(club.at("2020-12-31").count())
    1
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._closed = False
        self._read: list[Record] = []
        self._moment: Sequence[Record] | None = None  # what this thread reads until the end of its block
        self._added: list[Row] | None = None  # what is written within `together`
        self._tree = Tree()
        self._tiles: dict[tuple[int, int], bytes] = {}

    @abstractmethod
    def rows(self, after: int) -> Iterable[Row]:
        """Give the rows kept past a position, by position. Of a batch all rows are given, or none."""

    @abstractmethod
    def adding(self) -> AbstractContextManager[list[Row]]:
        """Let one writer in and give it an empty list: what it holds at the end is kept, all of it or nothing.

        Where the block is left by an exception nothing is kept. Other writers wait, in whatever thread or process
        they are; one that has waited for too long is told so by `LedgerBusy`.
        """

    def initiatives(self) -> list[str]:
        """Give the initiatives that have records, in order."""
        with self._at_one_moment() as records:
            return sorted({record.initiative for record in records})

    def records(self, initiative: str | None = None, *, after: int = 0) -> Iterator[Record]:
        """Stream the records by position: of one initiative, or of all; those past a position only."""
        with self._at_one_moment() as records:
            found = [one for one in records if one.position > after and initiative in (None, one.initiative)]
        yield from found

    def registers(
        self, initiative: str, at: date, known_at: KnownAt = None, wanted: Wanted | None = None
    ) -> tuple[int, Registers]:
        """Give the version known at a moment, and every register on a day, or those wanted, as `replay` does."""
        with self._at_one_moment() as records:
            state = replay(_of(initiative, records), at=at, known_at=known_at)
        if wanted is None:
            return state.version, state.registers
        cells = {register: found for register, found in state.registers.cells.items() if register in wanted}
        used = {option.fact.position for found in cells.values() for option in found.candidates}
        return state.version, Registers(cells, {position: state.registers.refs[position] for position in used})

    def position(self) -> int:
        """Give the position of the newest record of the ledger; 0 where there is none."""
        with self._at_one_moment() as records:
            return records[-1].position if records else 0

    def ref(self, initiative: str, version: int) -> RecordRef:
        """Give the short form of a record of an initiative, by its version; it must exist."""
        with self._at_one_moment() as records:
            return _of(initiative, records)[version - 1].ref

    def refs(self, positions: Iterable[int]) -> Mapping[int, RecordRef]:
        """Give the short forms of records, by position; a position without a record is left out."""
        asked = set(positions)
        with self._at_one_moment() as records:
            return {record.position: record.ref for record in records if record.position in asked}

    def refs_named(self, beginning: str) -> list[RecordRef]:
        """Give the short forms of the records whose ids begin so, of any initiative, by position."""
        with self._at_one_moment() as records:
            return [record.ref for record in records if record.id.startswith(beginning)]

    @contextmanager
    def news(self, initiative: str, after: int, wanted: Wanted) -> Iterator[News]:
        """Read what was written of an initiative past a position, retracted facts too, while the context lasts."""
        with self._at_one_moment() as records:
            own = _of(initiative, records)
            new = [record for record in own if record.position > after]
            facts = [
                (fact[1], register, Fact._make(fact))
                for register, written in heard(own, None, retracted=True).facts.items()
                for fact in written
                if register in wanted and fact[1] > after
            ]
            yield News(
                self.position(),
                [Batch([*batch][-1].position, moment) for moment, batch in groupby(new, lambda one: one.recorded_at)],
                ((register, fact) for _, register, fact in sorted(facts, key=itemgetter(0))),
                list(_retractions(own, after)),
            )

    def records_on(
        self, initiative: str, member: str | None, metric: str | None, report: str | None = None
    ) -> list[Record]:
        """Give all records that `queries.history` needs of a whole initiative."""
        with self._at_one_moment() as records:
            own = _of(initiative, records)
        told = {record.id for record in own if speaks_of(record.event, member, metric, report)}
        linked = set(told)
        for record in reversed(own):  # what is replaced comes before what replaces it
            if record.id in linked and record.replaces is not None:
                linked.add(record.replaces)
        return [one for one in own if one.id in linked or one.replaces in told or _retracted_by(one) in told]

    def names(self, initiative: str, subject: str) -> list[str]:
        """Give the ids of all members, metrics or reports, or the names of all attributes of members, in order."""
        with self._at_one_moment() as records:
            registers = heard(_of(initiative, records), None, retracted=True).facts
        if subject == "attribute":
            return sorted({one.name for one in registers if (one.subject, one.aspect) == ("member", "attribute")})
        return sorted({one.id for one in registers if one.subject == subject})

    def wait(self, after: int, seconds: float) -> bool:
        """Wait until there are records past a position, and tell whether they came before so many seconds were over."""
        return looked_for(self.position, after, seconds)

    def head(self) -> TreeHead:
        """Give how many records there are, and the root of the Merkle tree over them."""
        with self._at_one_moment() as records:
            return self._grown(records).head()

    def tile(self, level: int, number: int) -> Hashes:
        """Give the hashes of a tile of the Merkle tree: all there are by now, of the last one of a level too."""
        with self._at_one_moment() as records:
            edge = self._grown(records).edge(level, number)
            full = self._tiles.get((level, number))
            return edge if full is None else hashes_in(full)

    def verify(self, *, deep: bool = False) -> TreeHead:  # noqa: ARG002 - there is nothing beside the rows
        """Read all rows again, and give the head of the records; raises `Damaged` at the first one that is wrong."""
        with self._at_one_moment() as records:
            read = records[: len(records) - len(self._added or ())]
            by_id: dict[str, Record] = {}
            head = Tree().head()
            for one in inspected(map(tuple, self.rows(0)), by_id.get):
                if one.record.id in by_id:
                    raise DamagedRecord(f"record {one.record.position}: its id {one.record.id} is that of another one")
                if one.record not in read[one.record.position - 1 : one.record.position] and len(by_id) < len(read):
                    raise DamagedRecord(f"record {one.record.position}: it was read before, and was another one then")
                by_id[one.record.id] = one.record
                head = one.tree.head()
            if len(by_id) < len(read):
                raise DamagedRecord(f"record {len(by_id) + 1}: it was read before, and is not there any more")
            return head

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read several times from one moment of the ledger: what others record meanwhile is not seen."""
        with self._at_one_moment():
            yield

    @contextmanager
    def writing(self, initiative: str) -> Iterator[PlainAppend]:
        """Begin to write. Waits for other writers, as long as `adding` does: then `LedgerBusy`."""
        with self._lock:
            if self._added is not None and self._moment is not None:  # within `together`
                new: list[Row] = []
                yield PlainAppend(initiative, self._moment, new, self._grown(self._moment))
                self._moment = (*self._moment, *map(_record, new))
                self._added.extend(new)
                return
            with self._adding() as (rows, records):
                yield PlainAppend(initiative, records, rows, self._grown(records))

    def ahead(self, initiative: str, count: int) -> AbstractContextManager[None]:  # noqa: ARG002 - others look
        """Give None: whoever writes here waits for his turn first."""
        return nullcontext()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write several batches, all of them or none. Waits as `writing` does; nobody else writes until it ends."""
        with self._lock:
            try:
                with self._adding() as (rows, _):
                    self._added = rows
                    try:
                        yield
                    finally:
                        self._added = None
            except BaseException:  # of what is done within, or of keeping it at the end
                self._tree, self._tiles = Tree(), {}  # they have taken in what is not kept
                raise

    @contextmanager
    def _adding(self) -> Iterator[tuple[list[Row], Sequence[Record]]]:
        self._require_open()
        if self._moment is not None:
            raise StoreError("this thread is recording already, or reading: what that calls must not")
        with self.adding() as rows, self._at_one_moment() as records:
            yield rows, records

    def backup(self, path: str) -> TreeHead:
        """Raise `StoreError`: only whoever made this store knows where it keeps its rows."""
        raise StoreError(
            f"{path}: no backup is written, since this store has no file to copy: open a ledger at that path and bring "
            "the records there with ledger.exchange.copy"
        )

    def close(self) -> None:
        """Let the rows go. Closing twice is fine."""
        with self._lock:
            self._closed = True
            self._read.clear()

    @contextmanager
    def _at_one_moment(self) -> Iterator[Sequence[Record]]:
        """Give all records there are; within the block this thread sees no others."""
        with self._lock:
            self._require_open()
            before = self._moment
            if before is None:
                self._read.extend(map(_record, self.rows(self._read[-1].position if self._read else 0)))
            records = tuple(self._read) if before is None else before
            self._moment = records
            try:
                yield records
            finally:
                self._moment = before

    def _grown(self, records: Sequence[Record]) -> Tree:
        new = (bytes.fromhex(record.digest) for record in records[self._tree.size :])
        self._tiles.update(((tile.level, tile.number), tile.hashes) for tile in self._tree.grow(new))
        return self._tree

    def _require_open(self) -> None:
        if self._closed:
            raise LedgerClosed("this ledger was closed: open it again")


@define(eq=False, repr=False)
class PlainAppend:
    """One writing transaction on one initiative: all records there were when it began, and the rows to be added."""

    initiative: str
    records: Sequence[Record]
    rows: list[Row]
    tree: Tree
    head: Head = field(init=False)

    @head.default
    def _where_all_stood(self) -> Head:
        if not self.records:
            return Head(0, 0, None)
        newest = self.records[-1]
        return Head(newest.position, len(_of(self.initiative, self.records)), newest.recorded_at)

    def facts(self, register: Register) -> Sequence[Fact]:
        """Give the facts of a register, less those of retracted records, by rank and position."""
        standing = heard(_of(self.initiative, self.records), None).facts
        return [Fact._make(fact) for fact in sorted(standing.get(register, ()))]

    def expect(self, registers: Iterable[Register]) -> None:
        """Have nothing to do: all records are here."""

    def registers(self, *, subject: str = "", id: str = "", aspect: str = "", name: str = "") -> Collection[Register]:
        """Give the registers ever written to that match; an empty argument matches all."""
        asked = (subject, id, aspect, name)
        registers = heard(_of(self.initiative, self.records), None, retracted=True).facts
        return [one for one in registers if all(want in ("", have) for want, have in zip(asked, one, strict=True))]

    def record(self, id: str) -> Record | None:
        """Find a record of this initiative."""
        return next((record for record in _of(self.initiative, self.records) if record.id == id), None)

    def is_retracted(self, position: int) -> bool:
        """Tell whether a record has been retracted."""
        return any(one.retracts == position for one in _retractions(_of(self.initiative, self.records)))

    def ref(self, position: int) -> RecordRef:
        """Give the short form of a record."""
        return next(record.ref for record in self.records if record.position == position)

    def found(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """Find records by id, of any initiative of the ledger."""
        asked = set(ids)
        return {record.id: record for record in self.records if record.id in asked}

    def append(self, entries: Sequence[Entry], rows: Sequence[Row]) -> None:  # noqa: ARG002 - rows say all of it
        """Write a batch: its rows, from which all else can be derived."""
        self.rows.extend(rows)


def _record(row: Row) -> Record:
    if len(row) != len(COLUMNS):
        raise DamagedRecord(
            f"a row has {len(row)} columns and not {len(COLUMNS)} ({shown(row)}): give it back as it was added"
        )
    return record_of(_read_columns(row))


def _of(initiative: str, records: Iterable[Record]) -> list[Record]:
    return [record for record in records if record.initiative == initiative]


def _retracted_by(record: Record) -> str | None:
    return record.event.record if isinstance(record.event, RecordRetracted) else None


def _retractions(records: Iterable[Record], after: int = 0) -> Iterator[Retraction]:
    """Give the retractions past a position, each with what it retracts of these records."""
    by_id = {record.id: record for record in records}
    for record in by_id.values():
        old = by_id.get(_retracted_by(record) or "")
        if old is not None and record.position > after:
            yield Retraction(record.position, old.position, getattr(old.event, "member", None))

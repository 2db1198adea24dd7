"""Verifying what a database keeps: every row is read, and held against what the records say that it must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Protocol

from ledger.model.errors import WAY_OUT, Damaged
from ledger.model.events import RecordRetracted
from ledger.model.facts import Register
from ledger.model.heads import TreeHead
from ledger.model.records import Record
from ledger.model.state import replay
from ledger.recording.batch import COLUMNS, Head, Row, entries_of, record_of
from ledger.recording.corrections import rank_of
from ledger.recording.inspection import Inspected, inspected, wrong
from ledger.recording.merkle import Tile, Tree
from ledger.stores.protocol import EventStore
from ledger.stores.rows import FACT_COLUMNS, SELECT, fact_rows, quoted


class Reading(Protocol):
    """A database, read at one moment. A query has a `?` for each of its terms."""

    def stream(self, query: str) -> Iterator[Row]:
        """Give the rows of a query one by one; `DamagedRecord` says after which one they cannot be read any more."""

    def one(self, query: str, *terms: object) -> Row | None:
        """Give the first row of a query, if there is any."""


def verify(reading: Reading) -> TreeHead:
    """Read all there is, and give the head of the records; raises `Damaged` at the first thing wrong."""
    return _Verification(reading).head()


def require_answers(store: EventStore) -> None:
    """Hold what a store answers of each initiative at the end of all days against a replay of all its records."""
    for initiative in store.initiatives():
        _, answered = store.registers(initiative, date.max)
        if answered != replay(store.records(initiative), at=date.max).registers:
            raise Damaged(f"what the file answers of {initiative!r} is not what its records say: {WAY_OUT}")


class _Verification:
    """One reading of all there is: the records in order and, beside each, what was written with it."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.numbers = _numbers(reading)
        self.reaches = dict.fromkeys((number for own in self.numbers.values() for number in own.values()), "")
        self.unused = set(self.reaches)
        self.facts = _Beside(
            reading, f"SELECT position, {', '.join(FACT_COLUMNS)} FROM facts ORDER BY position, register"
        )
        self.retractions = _Beside(reading, "SELECT position, retracts FROM retractions ORDER BY position")
        self.heads = _Beside(reading, "SELECT size, root FROM heads ORDER BY size")
        self.tiles = 0

    def head(self) -> TreeHead:
        """Read to the end, and give the head of all records."""
        rows = self.reading.stream(f"SELECT {quoted(COLUMNS)} FROM records ORDER BY position")
        tree = Tree()
        last: Record | None = None
        has_head = False
        for one in inspected(rows, self._find):
            # within a batch there is one too where an import brought its beginning first and the rest later
            if last is not None and one.record.recorded_at > last.recorded_at and not has_head:
                raise wrong(last, "the head after its batch is not there")
            self._require_facts(one)
            self._require_retraction(one.record)
            self._require_tiles(one.full)
            has_head = self._has_head(one)
            tree, last = one.tree, one.record
        if last is not None and not has_head:
            raise wrong(last, "the head after it is not there")
        self._require_nothing_more(tree.size)
        return tree.head()

    def _find(self, id: str) -> Record | None:
        row = self.reading.one(f"{SELECT} WHERE id = ?", id)
        return None if row is None else record_of(row)

    def _require_facts(self, one: Inspected) -> None:
        record, numbers = one.record, self.numbers.get(one.record.initiative, {})
        head = Head(record.position - 1, record.version - 1, None)
        entries = entries_of([record.event], head, {0: rank_of(record, self._find)})
        try:
            expected = sorted(fact_rows(entries, [one.row], numbers, self.reaches))
        except KeyError as error:
            raise wrong(record, f"it is about {error.args[0]}, which is not among the registers") from None
        found = [row[1:] for row in self.facts.at(record.position)]
        if repr(found) != repr(expected):  # 1.0 would equal 1
            raise wrong(record, "its facts, by which questions are answered, are not what it says")
        self.unused.difference_update(row[0] for row in expected)

    def _require_retraction(self, record: Record) -> None:
        found = [self._id_at(retracts) for _, retracts in self.retractions.at(record.position)]
        if found != ([record.event.record] if isinstance(record.event, RecordRetracted) else []):
            raise wrong(record, "what is kept of what it retracts is not what it says")

    def _id_at(self, position: int) -> Any:
        found = self.reading.one("SELECT id FROM records WHERE position = ?", position)
        return found and found[0]

    def _require_tiles(self, full: Iterable[Tile]) -> None:
        for tile in full:
            found = self.reading.one(
                "SELECT level, number, root, hashes FROM tiles WHERE level = ? AND number = ?", *tile[:2]
            )
            if found != tile:
                raise Damaged(f"tile {tile.number} of level {tile.level} is not that of its records: {WAY_OUT}")
            self.tiles += 1

    def _has_head(self, one: Inspected) -> bool:
        found = self.heads.at(one.tree.size)
        if found and found != [(one.tree.size, one.tree.root())]:
            raise wrong(one.record, "the head that was written after it is not that of the records up to it")
        return bool(found)

    def _require_nothing_more(self, size: int) -> None:
        more = {
            "facts": self.facts.more(),
            "retractions": self.retractions.more(),
            "heads": self.heads.more(),
            "tiles": self.reading.one("SELECT count(*) FROM tiles") != (self.tiles,),
            "registers": bool(self.unused),
        }
        if found := [name for name, there in more.items() if there]:
            raise Damaged(f"there are {' and '.join(found)} of no record up to {size}, the last one: {WAY_OUT}")


class _Beside:
    """Rows that stand beside the records, in the order of position, which is their first column."""

    def __init__(self, reading: Reading, query: str) -> None:
        self.rows = reading.stream(query)
        self.next = next(self.rows, None)

    def at(self, position: int) -> list[Row]:
        """Give the rows at a position; what comes before it, and was passed over, belongs to no record."""
        found: list[Row] = []
        while self.next is not None and self.next[0] == position:
            found.append(self.next)
            self.next = next(self.rows, None)
        return found

    def more(self) -> bool:
        """Is there any row left?"""
        return self.next is not None


def _numbers(reading: Reading) -> dict[str, dict[Register, int]]:
    found: dict[str, dict[Register, int]] = {}
    for expected, (number, initiative, *key) in enumerate(
        reading.stream("SELECT register, initiative, subject, id, aspect, name FROM registers ORDER BY register"), 1
    ):
        if number != expected:
            raise Damaged(f"register {expected} is not there: {WAY_OUT}")
        found.setdefault(initiative, {})[Register(*key)] = number
    return found

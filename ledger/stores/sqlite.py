"""The default store: one SQLite file, in write-ahead mode, synchronised at every commit.

Appends speak SQL inside `BEGIN IMMEDIATE`, so the rules are checked and the batch is written while
nobody else writes, in this process or another. What `record` has returned from is on the disk.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from threading import RLock
from typing import Any, Final

from attrs import define
from msgspec.json import encode as encode_json

from ledger.model.errors import LedgerClosed, StoreError
from ledger.model.events import RecordRetracted
from ledger.model.facts import Fact, Register
from ledger.model.records import KnownAt, Record, RecordRef, known_at_of
from ledger.model.registers import Registers
from ledger.model.when import instant_text
from ledger.recording.batch import COLUMNS, READ, Head, Row, record_of
from ledger.recording.proposal import Entry
from ledger.stores import sqlite_facts
from ledger.stores.sqlite_file import connect, damage_of, errors_of, place_of, require_same_file

PAGE: Final = 1_000  # records that are read at once while streaming

_NAMES = ", ".join(f'"{column}"' for column in COLUMNS)
_SELECT = "SELECT " + ", ".join(f'"{column}"' for column in READ) + " FROM records"
_POSITION, _VERSION = READ.index("position"), READ.index("version")
_INSERT = f"INSERT INTO records ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"


class SqliteStore:
    """A ledger in a SQLite file, or in memory for the path `:memory:`.

    `timeout` is how many seconds to wait for other writers before `LedgerBusy` is raised.
    """

    def __init__(self, path: str, timeout: float = 5.0) -> None:
        self.path = path
        self._lock = RLock()
        self._register_ids: dict[str, dict[Register, int]] = {}
        self._connection: sqlite3.Connection | None = connect(path, timeout)
        self._place = place_of(path)

    def initiatives(self) -> list[str]:
        """Give the initiatives that have records, in order."""
        with self._reading() as connection:
            rows = connection.execute(
                "WITH RECURSIVE each (name) AS (SELECT min(initiative) FROM records UNION ALL"
                " SELECT (SELECT min(initiative) FROM records WHERE initiative > name) FROM each"
                " WHERE name IS NOT NULL) SELECT name FROM each WHERE name IS NOT NULL"
            ).fetchall()
        return [name for (name,) in rows]

    def records(self, initiative: str | None = None, *, after: int = 0) -> Iterator[Record]:
        """Stream the records by position: of one initiative, or of all; those past a position only."""
        with self._reading() as connection, damage_of(self.path):
            # an initiative is paged by version: its index is in that order, and skips all the others
            last = after if initiative is None else _version_at(connection, initiative, after)
        while True:
            with self._reading() as connection:
                if initiative is None:
                    rows = connection.execute(f"{_SELECT} WHERE position > ? ORDER BY position LIMIT ?", (last, PAGE))
                else:
                    rows = connection.execute(
                        f"{_SELECT} WHERE initiative = ? AND version > ? ORDER BY version LIMIT ?",
                        (initiative, last, PAGE),
                    )
                page = rows.fetchall()
            yield from map(record_of, page)
            if len(page) < PAGE:
                return
            last = page[-1][_POSITION if initiative is None else _VERSION]

    def registers(self, initiative: str, at: date, known_at: KnownAt = None) -> tuple[int, Registers]:
        """Give the version known at a moment, and every register on a day, as `model.state.replay` does."""
        moment = known_at_of(known_at)
        with self._reading() as connection, damage_of(self.path):
            position = _known_position(connection, moment)
            version = _version_at(connection, initiative, position)
            return version, sqlite_facts.registers_at(connection, initiative, at, position)

    @contextmanager
    def writing(self, initiative: str) -> Iterator[SqliteAppend]:
        """Begin to write. Waits for other writers, up to the timeout: then `LedgerBusy`."""
        with self._lock, errors_of(self.path):
            connection = self._open()
            if connection.in_transaction:
                raise StoreError(f"{self.path}: this thread is recording already; a clock must not record")
            ids = self._register_ids.setdefault(initiative, {})
            try:
                connection.execute("BEGIN IMMEDIATE")  # in here, since a Ctrl-C strikes when it returns
                with damage_of(self.path):
                    head = _head(connection, initiative)
                yield SqliteAppend(self.path, connection, initiative, head, ids)
                connection.execute("COMMIT")
            except BaseException:
                del self._register_ids[initiative]  # it may hold numbers that were never written
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let the file go. Closing twice is fine."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise LedgerClosed(f"{self.path}: this ledger was closed: open it again")
        require_same_file(self._place)
        return self._connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Read several times from one moment of the file."""
        with self._lock, errors_of(self.path):
            connection = self._open()
            if connection.in_transaction:  # asked from within a write of this thread
                yield connection
                return
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:  # after some errors SQLite has ended it itself
                    connection.execute("COMMIT")


@define
class SqliteAppend:
    """One writing transaction on one initiative."""

    path: str
    connection: sqlite3.Connection
    initiative: str
    head: Head
    register_ids: dict[Register, int]

    def facts(self, register: Register) -> Sequence[Fact]:
        """Give the facts of a register, less those of retracted records."""
        with damage_of(self.path):
            return sqlite_facts.facts_in(self.connection, self.initiative, register)

    def registers(self, *, subject: str = "", id: str = "", aspect: str = "", name: str = "") -> Collection[Register]:
        """Give the registers ever written to that match; an empty argument matches all."""
        return sqlite_facts.registers_like(self.connection, self.initiative, subject, id, aspect, name)

    def record(self, id: str) -> Record | None:
        """Find a record of this initiative."""
        found = self.found([id]).get(id)
        return found if found is not None and found.initiative == self.initiative else None

    def is_retracted(self, position: int) -> bool:
        """Tell whether a record has been retracted."""
        return (
            self.connection.execute("SELECT 1 FROM retractions WHERE retracts = ?", (position,)).fetchone() is not None
        )

    def ref(self, position: int) -> RecordRef:
        """Give the short form of a record."""
        with damage_of(self.path):
            return sqlite_facts.refs_of(self.connection, [position])[position]

    def found(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """Find records by id, of any initiative of the ledger."""
        rows = self.connection.execute(
            f"{_SELECT} WHERE id IN (SELECT value FROM json_each(?))",
            (encode_json(list(ids)).decode(),),
        )
        return {record.id: record for record in map(record_of, rows)}

    def append(self, entries: Sequence[Entry], rows: Sequence[Row]) -> None:
        """Write a batch: the rows of its records, their facts, and retractions."""
        self.connection.executemany(_INSERT, rows)
        sqlite_facts.write_facts(self.connection, self.initiative, entries, rows, self.register_ids)
        for entry in entries:
            if isinstance(entry.event, RecordRetracted):
                self.connection.execute(
                    "INSERT INTO retractions (position, retracts) SELECT ?, position FROM records WHERE id = ?",
                    (entry.position, entry.event.record),
                )


def _head(connection: sqlite3.Connection, initiative: str) -> Head:
    newest = connection.execute("SELECT position, recorded_at FROM records ORDER BY position DESC LIMIT 1").fetchone()
    if newest is None:
        return Head(0, 0, None)
    return Head(newest[0], _newest_version(connection, initiative), datetime.fromisoformat(newest[1]))


def _newest_version(connection: sqlite3.Connection, initiative: str) -> int:
    version: int = connection.execute(
        "SELECT coalesce(max(version), 0) FROM records WHERE initiative = ?", (initiative,)
    ).fetchone()[0]
    return version


def _known_position(connection: sqlite3.Connection, moment: datetime | int | None) -> int:
    """Give the position of the newest record known at a moment, rounded down to a whole batch."""
    newest: int = connection.execute("SELECT coalesce(max(position), 0) FROM records").fetchone()[0]
    if moment is None or (isinstance(moment, int) and moment >= newest):
        return newest
    recorded_at = _column(connection, "SELECT recorded_at FROM records WHERE position = ?")
    if isinstance(moment, datetime):
        return bisect_right(range(1, newest + 1), instant_text(moment), key=recorded_at)
    later = recorded_at(moment + 1)
    return bisect_right(range(1, moment + 1), False, key=lambda position: recorded_at(position) >= later)  # noqa: FBT003


def _version_at(connection: sqlite3.Connection, initiative: str, position: int) -> int:
    newest = _newest_version(connection, initiative)
    place = _column(connection, "SELECT position FROM records WHERE initiative = ? AND version = ?", initiative)
    if newest and place(newest) <= position:
        return newest
    return bisect_right(range(1, newest + 1), position, key=place)


def _column(connection: sqlite3.Connection, query: str, *before: str) -> Callable[[int], Any]:
    return lambda number: connection.execute(query, (*before, number)).fetchone()[0]

"""The default store: one SQLite file, in write-ahead mode, synchronised at every commit.

Appends speak SQL inside `BEGIN IMMEDIATE`, so the rules are checked and the batch is written while
nobody else writes, in this process or another. What `record` has returned from is on the disk.

A handle is for the process that opened it. What a fork has inherited of it is refused, and left alone: SQLite's locks
are not inherited with it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from threading import RLock
from typing import TYPE_CHECKING

from ledger.model.errors import LedgerClosed, ReadOnly, StoreError
from ledger.model.records import KnownAt, Record, RecordRef, known_at_of
from ledger.model.registers import Registers
from ledger.stores.questions import initiatives_of, records_in, ref_of, refs_named
from ledger.stores.rows import damage_of
from ledger.stores.sqlite.facts import refs_of
from ledger.stores.sqlite.file import connect, errors_of, require_same_file, require_unwritten
from ledger.stores.sqlite.places import known_position, newest_position, newest_version, version_at
from ledger.stores.sqlite.state import registers_at
from ledger.stores.sqlite.tree import tree_after
from ledger.stores.sqlite.turn import begin_in_turn
from ledger.stores.tree import newest_head, tile_of
from ledger.stores.waiting import looked_for

if TYPE_CHECKING:
    from ledger.model.heads import TreeHead
    from ledger.queries.log import News, Wanted
    from ledger.recording.merkle import Hashes, Tree
    from ledger.stores.remembered import Remembered
    from ledger.stores.sqlite.append import SqliteAppend


class SqliteStore:
    """A ledger in a SQLite file, or in memory for the path `:memory:`.

    `timeout` is how many seconds to wait for other writers before `LedgerBusy` is raised. With `read_only` nothing
    is created, and nothing can be written.
    """

    def __init__(self, path: str, timeout: float = 5.0, *, read_only: bool = False) -> None:
        self.path = path
        self._timeout = timeout
        self._read_only = read_only
        self._process = os.getpid()
        self._lock = RLock()
        self._remembered: dict[str, Remembered] = {}
        self._together = False
        self._tree: Tree | None = None  # as of the last batch of this process, or later
        self._connection: sqlite3.Connection | None
        self._connection, self._place = connect(path, timeout, read_only=read_only)

    def initiatives(self) -> list[str]:
        """Give the initiatives that have records, in order."""
        with self._reading() as connection:
            return initiatives_of(connection)

    def records(self, initiative: str | None = None, *, after: int = 0) -> Iterator[Record]:
        """Stream the records by position: of one initiative, or of all; those past a position only."""
        with self._reading() as connection, damage_of(self.path):
            last = after if initiative is None else version_at(connection, initiative, after)
        yield from records_in(self._reading, initiative, last)

    def registers(
        self, initiative: str, at: date, known_at: KnownAt = None, wanted: Wanted | None = None
    ) -> tuple[int, Registers]:
        """Give the version known at a moment, and every register on a day, or those wanted, as `replay` does."""
        moment = known_at_of(known_at)
        with self._reading() as connection, damage_of(self.path):
            position = known_position(connection, moment)
            version = version_at(connection, initiative, position)
            newest = version == newest_version(connection, initiative)
            return version, registers_at(connection, initiative, at, position, wanted, newest=newest)

    def ref(self, initiative: str, version: int) -> RecordRef:
        """Give the short form of a record of an initiative, by its version; it must exist."""
        with self._reading() as connection, damage_of(self.path):
            return ref_of(connection, initiative, version)

    def position(self) -> int:
        """Give the position of the newest record of the ledger; 0 where there is none."""
        with self._held() as connection:
            return newest_position(connection)

    def refs(self, positions: Iterable[int]) -> Mapping[int, RecordRef]:
        """Give the short forms of records, by position; a position without a record is left out."""
        with self._reading() as connection, damage_of(self.path):
            return refs_of(connection, positions)

    def refs_named(self, beginning: str) -> list[RecordRef]:
        """Give the short forms of the records whose ids begin so, of any initiative, by position."""
        with self._reading() as connection, damage_of(self.path):
            return refs_named(connection, beginning)

    @contextmanager
    def news(self, initiative: str, after: int, wanted: Wanted) -> Iterator[News]:
        """Read what was written of an initiative past a position, retracted facts too, while the context lasts."""
        from ledger.stores.sqlite.news import news_since  # noqa: PLC0415 - only timelines need it

        with self._reading() as connection, damage_of(self.path):
            yield news_since(connection, initiative, after, wanted)

    def records_on(
        self, initiative: str, member: str | None, metric: str | None, report: str | None = None
    ) -> list[Record]:
        """Give all records that `queries.history` needs of a whole initiative, without reading all of them."""
        from ledger.stores.history import records_on  # noqa: PLC0415 - many programs never ask

        with self._reading() as connection, damage_of(self.path):
            return records_on(connection, initiative, member, metric, report)

    def names(self, initiative: str, subject: str) -> list[str]:
        """Give the ids of all members, metrics or reports, or the names of all attributes of members, in order."""
        from ledger.stores.history import names_of  # noqa: PLC0415 - many programs never ask

        with self._reading() as connection:
            return names_of(connection, initiative, subject)

    def wait(self, after: int, seconds: float) -> bool:
        """Wait until there are records past a position, and tell whether they came before so many seconds were over."""
        return looked_for(self.position, after, seconds)

    def head(self) -> TreeHead:
        """Give how many records there are, and the root of the Merkle tree over them."""
        with self._reading() as connection, damage_of(self.path):
            return newest_head(connection)

    def tile(self, level: int, number: int) -> Hashes:
        """Give the hashes of a tile of the Merkle tree: all there are by now, of the last one of a level too."""
        with self._reading() as connection, damage_of(self.path):
            return tile_of(connection, level, number)

    def verify(self, *, deep: bool = False) -> TreeHead:
        """Read all there is, and give the head of the records; raises `Damaged` at the first thing that is wrong.

        `deep` lets SQLite check its pages and indexes, and holds its answers against a replay of each initiative.
        """
        from ledger.stores.sqlite.verify import require_whole, verify  # noqa: PLC0415 - many programs never ask
        from ledger.stores.verification import require_answers  # noqa: PLC0415

        with self._reading() as connection, damage_of(self.path):
            found = verify(connection)
            if deep:
                require_whole(connection)
                require_answers(self)
            return found

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read several times from one moment of the file: what others record meanwhile is not seen."""
        with self._reading():
            yield

    @contextmanager
    def writing(self, initiative: str) -> Iterator[SqliteAppend]:
        """Begin to write. Waits for other writers, up to the timeout: then `LedgerBusy`."""
        from ledger.stores.remembered import Remembered  # noqa: PLC0415 - many programs only read
        from ledger.stores.sqlite.append import SqliteAppend, head_of  # noqa: PLC0415

        self._require_writable()
        with self._held() as connection, self._all_or_nothing(connection):
            remembered = self._remembered.setdefault(initiative, Remembered())
            with damage_of(self.path):
                head = head_of(connection, initiative)
                self._tree = tree_after(connection, self._tree, head.position)
            remembered.still_true_at(head.position)
            yield SqliteAppend(self.path, connection, initiative, head, self._tree, remembered)

    def ahead(self, initiative: str, count: int) -> AbstractContextManager[None]:  # noqa: ARG002 - others look
        """Give None: whoever writes here waits for his turn first."""
        return nullcontext()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write several batches, all of them or none. Waits as `writing` does; nobody else writes until it ends."""
        self._require_writable()
        with self._held() as connection:
            if self._together:
                raise StoreError(f"{self.path}: this thread is writing several batches together already")
            with self._all_or_nothing(connection):
                self._together = True
                try:
                    yield
                finally:
                    self._together = False

    def _require_writable(self) -> None:
        if self._read_only:
            raise ReadOnly(f"{self.path}: it was opened with read_only=True: open it without, to record in it")

    @contextmanager
    def _all_or_nothing(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Begin to write and end it; within `together`, what fails is taken back up to here."""
        if connection.in_transaction and not self._together:
            raise StoreError(f"{self.path}: this thread is recording already: what that calls, as a clock, must not")
        within = self._together
        try:
            if within:  # all this is in here, since a Ctrl-C strikes when it returns
                connection.execute("SAVEPOINT batch")
            else:
                begin_in_turn(connection, self._timeout)
            yield
            connection.execute("RELEASE batch" if within else "COMMIT")
        except BaseException:
            self._remembered.clear()  # they may hold what was never written
            self._tree = None
            if connection.in_transaction:
                connection.execute("ROLLBACK TO batch" if within else "ROLLBACK")
            raise

    def backup(self, path: str) -> TreeHead:
        """Write all records there are to a new file, verified and whole, and give their head."""
        from ledger.stores.sqlite.backup import failure_of, write_backup  # noqa: PLC0415 - few programs make them

        def copy(target: sqlite3.Connection) -> None:
            with self._held() as connection:
                if connection.in_transaction:
                    raise StoreError(
                        f"{self.path}: this thread is recording: what that calls, as a clock, must not make one"
                    )
                with failure_of(path):
                    connection.backup(target)  # all pages at once, of one moment: writers need not wait, nor does it

        return write_backup(path, copy, self._place)

    def close(self) -> None:
        """Let the file go. Closing twice is fine."""
        if self._process != os.getpid():  # a lock may have been inherited that nobody here will ever let go
            return
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _held(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread at a time."""
        if self._process != os.getpid():
            raise StoreError(f"{self.path}: it was opened before this process was forked: open it again in this one")
        with self._lock, errors_of(self.path):
            if self._connection is None:
                raise LedgerClosed(f"{self.path}: this ledger was closed: open it again")
            require_same_file(self._place)
            require_unwritten(self._place)
            yield self._connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Read several times from one moment of the file."""
        with self._held() as connection:
            if connection.in_transaction:  # asked from within a write of this thread
                yield connection
                return
            try:
                connection.execute("BEGIN")
                yield connection
                require_unwritten(self._place)
            finally:
                if connection.in_transaction:  # after some errors SQLite has ended it itself
                    connection.execute("COMMIT")

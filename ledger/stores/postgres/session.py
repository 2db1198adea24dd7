"""A handle's connection to PostgreSQL: whose turn it is, transactions, and what becomes of them where it is lost."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import RLock
from time import monotonic, sleep
from typing import Final

import psycopg
from attrs import define, field
from psycopg import errors
from psycopg.pq import TransactionStatus

from ledger.model.errors import StoreError, Unconfirmed
from ledger.recording.batch import Row
from ledger.stores.postgres.listening import telling
from ledger.stores.postgres.locks import try_turn, wait_for_turn
from ledger.stores.postgres.server import (
    Address,
    Statement,
    closed,
    connect,
    errors_of,
    only,
    preamble,
    preamble_of_writing,
)


@define
class Written:
    """What is to be written at the end of a batch, sent to the server at once, and its last record, by its digest."""

    statements: list[Statement] = field(factory=list)
    last: tuple[int, str] | None = None


NOTHING: Final[Statement] = ("SELECT 1", ())
COMMIT: Final[Statement] = ("COMMIT", ())

_PAUSE: Final = 0.1  # seconds between two attempts to reach a server that is starting again


class Session:
    """One connection, which threads share in turn; one that is lost is made anew when the next of them asks.

    `timeout` is how many seconds to wait for other writers, and for a server that went away while it committed.
    `connections` counts those that were made: with each new one the server may be another, or one that was set back.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self._address = address
        self._timeout = timeout
        self._process = os.getpid()
        self._lock = RLock()
        self._closed = False
        self._busy = False
        self._together = False
        self._written = Written()
        self._read = preamble(address)
        self._begin = preamble_of_writing(address, timeout)
        self._write = [*self._begin, try_turn(address.schema)]
        self._wait = wait_for_turn(address.schema, timeout)
        self._tell = telling(address.schema)
        self._connection = connect(address)
        self.connections = 1

    @contextmanager
    def held(self) -> Iterator[psycopg.Connection]:
        """Give the connection to one thread at a time."""
        if self._process != os.getpid():
            raise StoreError(
                f"{self._address.shown}: it was opened before this process was forked: open it again in this one"
            )
        with self._lock, errors_of(self._address):
            if self._closed:
                raise closed(self._address)
            if not self._busy:
                _end(self._connection)  # a Ctrl-C may have struck before its transaction was ended
                if _is_lost(self._connection):
                    self._connect()
            yield self._connection

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection]:
        """Read several times from one moment of the ledger; within a transaction of this thread, from that."""
        with self.held() as held:
            if self._busy:
                yield held
                return
            try:  # it begins in here, since a Ctrl-C strikes when that returns
                self._busy = True
                yield self._begun(self._read)[0]
            finally:
                self._busy = False
                _end(self._connection)

    @contextmanager
    def writing(self, first: Statement = NOTHING) -> Iterator[tuple[psycopg.Connection, Written, Row | None]]:
        """Write all that is done within, or nothing; within `together`, what fails is taken back up to here.

        It gives a row of the `first` query too, which is asked as soon as nobody else writes. Whoever writes says which
        record is the last: where the connection is lost when it is committed, it is looked for.
        """
        with self.held() as held:
            if self._together:
                with self._part(held):
                    yield held, self._written, held.execute(*first).fetchone()
                return
            if self._busy:
                raise StoreError(
                    f"{self._address.shown}: this thread is recording already, or reading: what that calls, as a "
                    "clock, must not"
                )
            try:
                self._busy, self._written = True, Written()
                connection, found = self._taken(first)
                yield connection, self._written, found.fetchone()
                self._commit(connection)
            finally:
                self._busy = False
                _end(self._connection)

    def at_once(self, statement: Statement, connections: int) -> Row | None:
        """Write by one statement in a transaction that is sent as a whole, and give what it found; None: nothing.

        It is only sent to the server that it was made for: while there were so many connections.

        Raises `Unconfirmed` where the connection is lost meanwhile: the server may work on it still, and wait for its
        turn, so nobody can see yet whether it will be written.
        """
        with self.held() as connection:
            if connections != self.connections:
                return None
            answered: list[psycopg.Cursor[Row]] = []
            try:
                self._busy = True
                _at_once(connection, [*self._begin, statement, COMMIT, self._tell], answered)
            except psycopg.Error as error:
                if _is_committed(answered):
                    pass  # nobody was told of it, so they look for themselves
                elif connection.closed:
                    self._come_back()
                    raise Unconfirmed(
                        f"{self._address.shown}: the connection was lost while a batch was written"
                    ) from error
                elif isinstance(error, errors.LockNotAvailable):
                    raise
                else:
                    return None
            finally:
                self._busy = False
                _end(self._connection)
            return answered[len(self._begin)].fetchone()

    @property
    def is_free(self) -> bool:
        """Whether this thread, which holds the connection, is neither reading nor writing."""
        return not self._busy

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write several batches, all of them or none; each of them begins `writing`."""
        with self.held():
            if self._together:
                raise StoreError(f"{self._address.shown}: this thread is writing several batches together already")
            with self.writing():
                self._together = True
                try:
                    yield
                finally:
                    self._together = False

    def close(self) -> None:
        """Let the connection go. Closing twice is fine."""
        if self._process != os.getpid():  # it is the parent's, which goes on using it
            return
        with self._lock:
            self._closed = True
            self._connection.close()

    def _come_back(self) -> None:
        """Connect anew, as soon as the server can be reached, if that is in time."""
        until = monotonic() + self._timeout
        while True:
            try:
                return self._connect()
            except StoreError:
                if monotonic() > until:
                    return None
                sleep(_PAUSE)

    def _connect(self) -> None:
        self._connection = connect(self._address)
        self.connections += 1

    @contextmanager
    def _part(self, connection: psycopg.Connection) -> Iterator[None]:
        before = self._written.last
        connection.execute("SAVEPOINT batch")
        try:
            yield
            self._write_out(connection, [("RELEASE SAVEPOINT batch", ())], [])
        except BaseException:
            self._written.statements.clear()
            self._written.last = before
            with suppress(psycopg.Error):  # where the connection is lost, all of it is taken back
                connection.execute("ROLLBACK TO SAVEPOINT batch")
            raise

    def _taken(self, first: Statement) -> tuple[psycopg.Connection, psycopg.Cursor[Row]]:
        """Take a turn to write, and give what a statement found in it."""
        connection, (*_, free, found) = self._begun([*self._write, first])
        if not only(free)[0]:
            found = _at_once(connection, [*self._wait, first], [])[-1]
        return connection, found

    def _begun(self, begin: Sequence[Statement]) -> tuple[psycopg.Connection, list[psycopg.Cursor[Row]]]:
        """Begin a transaction, and give what its statements found; on a new connection, where one is lost."""
        try:
            found = _at_once(self._connection, begin, [])
        except BaseException as error:
            _end(self._connection)
            if not (isinstance(error, psycopg.OperationalError) and self._connection.closed):
                raise
            self._connect()
            found = _at_once(self._connection, begin, [])
        return self._connection, found

    def _commit(self, connection: psycopg.Connection) -> None:
        if connection.info.transaction_status != TransactionStatus.INTRANS:
            raise StoreError(
                f"{self._address.shown}: what failed within this transaction was passed over; nothing of it was written"
            )
        ends = [COMMIT, self._tell] if self._written.last else [COMMIT]
        answered: list[psycopg.Cursor[Row]] = []
        try:
            self._write_out(connection, ends, answered)
        except psycopg.Error:
            if _is_committed(answered):
                return  # nobody was told of it, so they look for themselves
            if not connection.closed or not self._written.last or not self._is_there(*self._written.last):
                raise

    def _write_out(
        self, connection: psycopg.Connection, ends: Sequence[Statement], answered: list[psycopg.Cursor[Row]]
    ) -> None:
        statements, self._written.statements = self._written.statements, []
        _at_once(connection, [*statements, *ends], answered)

    def _is_there(self, position: int, digest: str) -> bool:
        """Is the record there that was to be committed when the connection was lost?

        The lock is only given away when the server has made up its mind about the transaction that held it.
        """
        until = monotonic() + self._timeout
        while True:
            try:
                self._connect()
                looked = ("SELECT 1 FROM records WHERE position = %s AND digest = %s", (position, digest))
                found = self._taken(looked)[1].fetchone()
                _end(self._connection)
            except (StoreError, psycopg.Error) as error:
                self._connection.close()
                if monotonic() > until:
                    raise Unconfirmed(
                        f"{self._address.shown}: the connection was lost while a batch was committed, and the server "
                        "cannot be asked; whether it is kept shows when it can"
                    ) from error
                sleep(_PAUSE)
            else:
                return found is not None


def _at_once(
    connection: psycopg.Connection, statements: Sequence[Statement], answered: list[psycopg.Cursor[Row]]
) -> list[psycopg.Cursor[Row]]:
    """Send statements to the server together, and wait once for all of them: it stops at the first that fails.

    Those that were `answered` until then can be seen.
    """
    before = sys.exc_info()[1]
    try:
        with connection.pipeline():
            answered += (connection.execute(*statement) for statement in statements)
    except psycopg.Error as error:
        # a Ctrl-C, or what else a signal raises, leaves answers that nobody has read, and psycopg says only that
        found: BaseException | None = error
        while found is not before and found is not None:
            if not isinstance(found, psycopg.Error | OSError) or isinstance(found, TimeoutError):
                raise found from None
            found = found.__context__
        raise
    return answered


def _is_committed(answered: Sequence[psycopg.Cursor[Row]]) -> bool:
    return any(one.statusmessage == COMMIT[0] for one in answered)


def _end(connection: psycopg.Connection) -> None:
    """End what is left of a transaction without writing anything; a connection that cannot is let go."""
    if not _is_idle(connection):
        with suppress(psycopg.Error):
            connection.execute("ROLLBACK", prepare=False)
    if not _is_idle(connection):
        connection.close()


def _is_lost(connection: psycopg.Connection) -> bool:
    """Has the server let it go, as far as this has come here? Then nothing was sent on it that has to be looked for."""
    if not connection.closed:
        with suppress(psycopg.OperationalError):
            connection.pgconn.consume_input()
    return connection.closed


def _is_idle(connection: psycopg.Connection) -> bool:
    return connection.info.transaction_status == TransactionStatus.IDLE

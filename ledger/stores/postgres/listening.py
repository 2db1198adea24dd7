"""Telling those who wait that a ledger in PostgreSQL has grown, and waiting to be told.

Who waits holds a lock of followers, and a writer tells only where somebody does: PostgreSQL lets only one transaction
at a time commit that tells anything, whatever ledger it is of. It tells after its commit, and not within it, so that no
ledger waits for another. Whoever comes in between has the lock first and looks then, and so sees what was committed.

A message may be lost with a writer that dies before it is sent, and some servers have none: replicas, and engines that
only speak as PostgreSQL does. So who waits looks again from time to time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import RLock
from time import monotonic
from typing import Final

import psycopg
from psycopg import errors, sql

from ledger.stores.postgres.locks import followers_of
from ledger.stores.postgres.server import Address, Statement, closed, connect, milliseconds

LOOK: Final = 2.0
"""Seconds after which whoever waits looks for himself."""

_MOMENT: Final = 0.1  # seconds after which who listens sees that it was closed


def telling(schema: str) -> Statement:
    """Give what tells those who wait, if there are any, that there are new records: after these were committed."""
    nobody = f"pg_try_advisory_xact_lock({followers_of(schema)})"
    return f"SELECT pg_notify(%s, '') WHERE NOT {nobody}", (schema,)


class Listener:
    """A connection of its own on which to be told; it is made when first needed, and anew where it is lost.

    Several threads may wait: one of them listens, and the others come next, or look for themselves.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._process = os.getpid()
        self._lock = RLock()
        self._closed = False
        self._follows = False  # its connection need not ask for the lock of followers
        self._connection: psycopg.Connection | None = None

    def wait(self, position: Callable[[], int], after: int, seconds: float) -> bool:
        """Wait until the newest record is past a position, and tell whether it was before so many seconds were over.

        Raises `LedgerClosed` where it is closed meanwhile.
        """
        until = monotonic() + seconds
        while True:
            with self._turn(until - monotonic()) as mine:
                # before looking, or what comes in between would be missed
                connection = self._listen() if mine else None
                if position() > after:
                    return True
                if until <= monotonic():
                    return False
                if connection is not None:
                    self._be_told(connection, min(until, monotonic() + LOOK))

    def close(self) -> None:
        """Let the connection go; whoever waits is told within a moment. Closing twice is fine."""
        if self._process != os.getpid():  # it is the parent's, which goes on using it
            return
        self._closed = True
        with self._turn(LOOK):  # not for ever: who listens may wait for what this thread is reading
            if self._connection is not None:
                self._connection.close()

    @contextmanager
    def _turn(self, seconds: float) -> Iterator[bool]:
        """Take the turn to listen, and tell whether it was given: in time to look again."""
        # a process that was forked off is told by the ledger that it may not look
        mine = self._process == os.getpid() and self._lock.acquire(timeout=max(min(seconds, LOOK), 0))
        try:
            yield mine
        finally:
            if mine:
                self._lock.release()

    def _listen(self) -> psycopg.Connection:
        connection = self._connection
        if connection is None or connection.closed:
            self._follows = False
            connection = self._connection = connect(self._address)
        if self._closed:  # asked only now, since that may be while it connects
            connection.close()
            raise closed(self._address)
        if not self._follows:
            self._follows = self._becomes_follower(connection)
        return connection

    def _becomes_follower(self, connection: psycopg.Connection) -> bool:
        try:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._address.schema)))
            with connection.transaction():
                connection.execute(f"SELECT set_config('lock_timeout', '{milliseconds(_MOMENT)}ms', true)")
                connection.execute(f"SELECT pg_advisory_lock_shared({followers_of(self._address.schema)})")
        except errors.LockNotAvailable:  # somebody keeps it from all: it is asked for at each look
            return False
        except psycopg.OperationalError:
            raise
        except psycopg.Error:  # such a server does not tell
            pass
        return True

    def _be_told(self, connection: psycopg.Connection, until: float) -> None:
        with suppress(psycopg.OperationalError):  # one that is lost is made anew, and the ledger looked at
            while not self._closed and (left := until - monotonic()) > 0:
                if list(connection.notifies(timeout=min(left, _MOMENT), stop_after=1)):
                    return

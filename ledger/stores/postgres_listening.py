"""Telling those who wait that a ledger in PostgreSQL has grown, and waiting to be told.

Who waits holds a lock of followers, and a writer tells only where somebody does: PostgreSQL lets only one transaction
at a time commit that tells anything, whatever ledger it is of. It tells after its commit, and not within it, so that no
ledger waits for another. Whoever comes in between has the lock first and looks then, and so sees what was committed.

A message may be lost with a writer that dies before it is sent, and some servers have none: replicas, and engines that
only speak as PostgreSQL does. So who waits looks again from time to time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import Final

import psycopg
from psycopg import sql

from ledger.stores.postgres_locks import followers_of
from ledger.stores.postgres_server import Address, Statement, connect

LOOK: Final = 2.0
"""Seconds after which whoever waits looks for himself."""


def telling(schema: str) -> Statement:
    """Give what tells those who wait, if there are any, that there are new records: after these were committed."""
    nobody = f"pg_try_advisory_xact_lock({followers_of(schema)})"
    return f"SELECT pg_notify(%s, '') WHERE NOT {nobody}", (schema,)


class Listener:
    """A connection of its own on which to be told; it is made when first needed, and anew where it is lost."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = Lock()
        self._connection: psycopg.Connection | None = None

    def wait(self, position: Callable[[], int], after: int, seconds: float) -> bool:
        """Wait until the newest record is past a position, and tell whether it was before so many seconds were over."""
        until = monotonic() + seconds
        with self._lock:
            while True:
                connection = self._listen()  # before looking, or what comes in between would be missed
                if position() > after:
                    return True
                left = until - monotonic()
                if left <= 0:
                    return False
                with suppress(psycopg.OperationalError):  # one that is lost is made anew, and the ledger looked at
                    list(connection.notifies(timeout=min(left, LOOK), stop_after=1))

    def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _listen(self) -> psycopg.Connection:
        connection = self._connection
        if connection is None or connection.closed:
            connection = self._connection = connect(self._address)
            try:
                connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._address.schema)))
                connection.execute(f"SELECT pg_advisory_lock_shared({followers_of(self._address.schema)})")
            except psycopg.OperationalError:
                raise
            except psycopg.Error:  # such a server does not tell
                pass
        return connection

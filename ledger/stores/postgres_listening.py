"""Telling those who wait that a ledger in PostgreSQL has grown, and waiting to be told.

A writer tells it after its commit, and not within it: PostgreSQL lets only one transaction at a time commit that tells
anything, whatever ledger it is of. So a message may be lost, with a writer that dies in between; who waits looks again
from time to time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import Final

import psycopg
from psycopg import sql

from ledger.stores.postgres_server import Address, connect

LOOK: Final = 2.0
"""Seconds after which whoever waits looks for himself."""


def tell(connection: psycopg.Connection, schema: str) -> None:
    """Tell those who wait that there are new records. What was committed stays so, whatever becomes of this."""
    with suppress(psycopg.Error):
        connection.execute("SELECT pg_notify(%s, '')", (schema,))


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
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._address.schema)))
        return connection

"""Verifying a ledger in PostgreSQL: how its rows are read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final

import psycopg
from attrs import field, frozen

from ledger.recording.batch import Row
from ledger.stores.postgres.server import Questioned

ROWS_AT_ONCE: Final = 10_000


@frozen
class Database:
    """A `verification.Reading` of a database, within a transaction."""

    connection: psycopg.Connection
    _names: Iterator[int] = field(factory=count, init=False)

    def stream(self, query: str) -> Iterator[Row]:
        """Give the rows of a query one by one; the server keeps the others until they are asked for."""
        with self.connection.cursor(name=f"ledger_{next(self._names)}") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(query)
            yield from cursor

    def one(self, query: str, *terms: object) -> Row | None:
        """Give the first row of a query, if there is any."""
        return Questioned(self.connection).execute(query, terms).fetchone()

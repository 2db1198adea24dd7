"""Verifying a SQLite file: its schema, its rows, and what SQLite itself can check."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from attrs import frozen

from ledger.model.errors import WAY_OUT, Damaged, DamagedRecord, listed
from ledger.model.heads import TreeHead
from ledger.recording.batch import Row
from ledger.stores import verification
from ledger.stores.sqlite.schema import strange


def verify(connection: sqlite3.Connection) -> TreeHead:
    """Read all there is in a file, and give the head of its records; raises `Damaged` at the first thing wrong."""
    if found := strange(connection):
        raise Damaged(f"the schema is not that of a ledger: {listed(found, 5)}: {WAY_OUT}")
    return verification.verify(_File(connection))


def require_whole(connection: sqlite3.Connection) -> None:
    """Let SQLite look at its pages, indexes and links; raises `Damaged`."""
    found = [line for (line,) in connection.execute("PRAGMA integrity_check(5)")]
    found += [f"a row of {row[0]} has lost its {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")]
    if found != ["ok"]:
        raise Damaged(f"SQLite finds: {listed(found, 5)}: {WAY_OUT}")


@frozen
class _File:
    """A `verification.Reading` of a file."""

    connection: sqlite3.Connection

    def stream(self, query: str) -> Iterator[Row]:
        position = 0
        try:
            for row in self.connection.execute(query):
                position = row[0]
                yield row
        except sqlite3.DatabaseError as error:
            raise DamagedRecord(f"the file cannot be read after record {position} ({error}): {WAY_OUT}") from error

    def one(self, query: str, *terms: object) -> Row | None:
        found: Row | None = self.connection.execute(query, terms).fetchone()
        return found

"""Appending to a SQLite file: one writing transaction, what it reads for the rules, and what it writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from attrs import define
from msgspec.json import encode as encode_json

from ledger.model.events import RecordRetracted
from ledger.model.facts import Fact, Register
from ledger.model.records import Record, RecordRef
from ledger.recording.batch import COLUMNS, Head, Row, record_of
from ledger.recording.merkle import Tree
from ledger.recording.proposal import Entry
from ledger.stores.questions import is_retracted, registers_like
from ledger.stores.remembered import Remembered
from ledger.stores.rows import SELECT, damage_of, quoted
from ledger.stores.sqlite.facts import facts_in, refs_of, write_facts
from ledger.stores.sqlite.places import newest_version
from ledger.stores.sqlite.tree import write_tree

_INSERT = f"INSERT INTO records ({quoted(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


@define(eq=False, repr=False)
class SqliteAppend:
    """One writing transaction on one initiative."""

    path: str
    connection: sqlite3.Connection
    initiative: str
    head: Head
    tree: Tree
    remembered: Remembered

    def facts(self, register: Register) -> Sequence[Fact]:
        """Give the facts of a register, less those of retracted records."""
        known = self.remembered.facts.get(register)
        if known is None:
            with damage_of(self.path):
                known = self.remembered.facts[register] = facts_in(self.connection, self.initiative, register)
        return known

    def expect(self, registers: Iterable[Register]) -> None:
        """Have nothing to do: the file is here."""

    def registers(self, *, subject: str = "", id: str = "", aspect: str = "", name: str = "") -> Collection[Register]:
        """Give the registers ever written to that match; an empty argument matches all."""
        return registers_like(self.connection, self.initiative, subject, id, aspect, name)

    def record(self, id: str) -> Record | None:
        """Find a record of this initiative."""
        found = self.found([id]).get(id)
        return found if found is not None and found.initiative == self.initiative else None

    def is_retracted(self, position: int) -> bool:
        """Tell whether a record has been retracted."""
        return is_retracted(self.connection, position)

    def ref(self, position: int) -> RecordRef:
        """Give the short form of a record."""
        with damage_of(self.path):
            return refs_of(self.connection, [position])[position]

    def found(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """Find records by id, of any initiative of the ledger."""
        rows = self.connection.execute(
            f"{SELECT} WHERE id IN (SELECT value FROM json_each(?))",
            (encode_json(list(ids)).decode(),),
        )
        return {record.id: record for record in map(record_of, rows)}

    def append(self, entries: Sequence[Entry], rows: Sequence[Row]) -> None:
        """Write a batch: the rows of its records, their facts, and retractions."""
        self.connection.executemany(_INSERT, rows)
        write_facts(self.connection, self.initiative, entries, rows, self.remembered.numbers, self.remembered.reaches)
        retractions = [
            (entry.position, entry.event.record) for entry in entries if isinstance(entry.event, RecordRetracted)
        ]
        if retractions:
            self.connection.executemany(
                "INSERT INTO retractions (position, retracts) SELECT ?, position FROM records WHERE id = ?", retractions
            )
        write_tree(self.connection, self.tree, rows)
        self.remembered.grow(entries, retracts=bool(retractions))


def head_of(connection: sqlite3.Connection, initiative: str) -> Head:
    """Give where the ledger and an initiative in it stand."""
    newest = connection.execute("SELECT position, recorded_at FROM records ORDER BY position DESC LIMIT 1").fetchone()
    if newest is None:
        return Head(0, 0, None)
    return Head(newest[0], newest_version(connection, initiative), datetime.fromisoformat(newest[1]))

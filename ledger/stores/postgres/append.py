"""Appending to a ledger in PostgreSQL: one writing transaction, what it reads for the rules, and what it writes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import psycopg
from attrs import define, field

from ledger.model.events import RecordRetracted
from ledger.model.facts import Fact, Register
from ledger.model.records import Record, RecordRef
from ledger.recording.batch import COLUMNS, Head, Row, record_of
from ledger.recording.merkle import WIDTH, Tree
from ledger.recording.proposal import Entry
from ledger.stores.postgres.facts import facts_by_register, facts_statement, new_registers, refs_of, register_statements
from ledger.stores.postgres.places import CAUGHT_UP_MAX, POSITION_MAX
from ledger.stores.postgres.rows import insertion
from ledger.stores.postgres.server import Questioned, Statement
from ledger.stores.postgres.session import Written
from ledger.stores.postgres.tree import tree_statements
from ledger.stores.questions import is_retracted, registers_like
from ledger.stores.remembered import Remembered
from ledger.stores.rows import SELECT

REFS_AT_ONCE: Final = 1_000

LEAVES_MAX: Final = WIDTH
"""So many leaves of others are read one by one; where there are more, the tiles of the tree are quicker to read."""

_RETRACT: Final = "INSERT INTO retractions (position, retracts) SELECT %s, position FROM records WHERE id = %s"
# each range has both its ends, or the server would take it for a third of the table, and read all of that
_STAND: Final = """
SELECT r.position, r.recorded_at, coalesce((SELECT max(version) FROM records WHERE initiative = %(initiative)s), 0),
    (SELECT coalesce(max(register), 0) FROM registers),
    CASE WHEN r.position - %(after)s <= %(most)s THEN
        ARRAY(SELECT DISTINCT register FROM facts WHERE position BETWEEN %(after)s + 1 AND %(after)s + %(most)s) END,
    EXISTS (SELECT 1 FROM retractions WHERE position BETWEEN %(after)s + 1 AND %(after)s + %(most)s),
    CASE WHEN r.position - %(leaves)s BETWEEN 0 AND %(few)s THEN
        ARRAY(SELECT digest FROM records WHERE position BETWEEN %(leaves)s + 1 AND %(leaves)s + %(few)s
            ORDER BY position) END
FROM records AS r ORDER BY r.position DESC LIMIT 1
"""


class Stand(NamedTuple):
    """Where a ledger and an initiative in it stand, the number of the last register, and the leaves of others.

    These are the digests of the records that the tree lacks, or None where there are too many, or there is no tree.
    """

    head: Head
    register: int
    leaves: list[str] | None


@define(eq=False, repr=False)
class PostgresHistory:
    """What the rules need to know of an initiative, from what is remembered and, where it must, from the server."""

    ask: Callable[[], psycopg.Connection]
    initiative: str
    head: Head
    remembered: Remembered
    expected: set[Register] = field(factory=set, init=False)
    refs: dict[int, RecordRef] = field(factory=dict, init=False)

    @property
    def connection(self) -> psycopg.Connection:
        """The connection, within a transaction."""
        return self.ask()

    @property
    def database(self) -> Questioned:
        """The connection, as it is asked in words that are not PostgreSQL's own."""
        return Questioned(self.connection)

    def facts(self, register: Register) -> Sequence[Fact]:
        """Give the facts of a register, less those of retracted records."""
        self.expect([register])
        return self.remembered.facts[register]

    def expect(self, registers: Iterable[Register]) -> None:
        """Read the facts of registers that are not remembered, all at once."""
        asked = dict.fromkeys(registers)
        self.expected.update(asked)
        unknown = [register for register in asked if register not in self.remembered.facts]
        if unknown:
            for register, facts in facts_by_register(self.connection, self.initiative, unknown).items():
                self.remembered.keep(register, facts)

    def registers(self, *, subject: str = "", id: str = "", aspect: str = "", name: str = "") -> Collection[Register]:
        """Give the registers ever written to that match; an empty argument matches all."""
        return registers_like(self.database, self.initiative, subject, id, aspect, name)

    def record(self, id: str) -> Record | None:
        """Find a record of this initiative."""
        found = self.found([id]).get(id)
        return found if found is not None and found.initiative == self.initiative else None

    def is_retracted(self, position: int) -> bool:
        """Tell whether a record has been retracted."""
        return is_retracted(self.database, position)

    def ref(self, position: int) -> RecordRef:
        """Give the short form of a record; with it those of others that the rules may have to name too are read."""
        if position not in self.refs:
            near = {fact.position for register in self.expected for fact in self.remembered.facts.get(register, ())}
            newest = sorted(near - self.refs.keys())[-REFS_AT_ONCE:]
            self.refs |= refs_of(self.connection, {position, *newest})
        return self.refs[position]

    def found(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """Find records by id, of any initiative of the ledger."""
        rows = self.connection.execute(f"{SELECT} WHERE id = ANY(%s)", (list(ids),))
        return {record.id: record for record in map(record_of, rows)}


@define(eq=False, repr=False)
class PostgresAppend(PostgresHistory):
    """One writing transaction on one initiative."""

    newest_register: int
    tree: Tree
    written: Written

    def append(self, entries: Sequence[Entry], rows: Sequence[Row]) -> None:
        """Write a batch: the rows of its records, their facts, and retractions."""
        new = new_registers(self.ask, self.initiative, entries, self.remembered, self.newest_register)
        retractions = [
            (entry.position, entry.event.record) for entry in entries if isinstance(entry.event, RecordRetracted)
        ]
        self.written.statements += [
            insertion("records", COLUMNS, rows),
            *register_statements(new),
            facts_statement(entries, rows, self.remembered),
            *((_RETRACT, retraction) for retraction in retractions),
            *tree_statements(self.tree, rows),
        ]
        self.remembered.grow(entries, retracts=bool(retractions))
        self.written.last = rows[-1][0], rows[-1][-1]


def ask_stand(initiative: str, remembered: Remembered, tree: Tree | None) -> Statement:
    """Give the query for where a ledger stands, and for what others have written since this was known."""
    return _STAND, {
        "initiative": initiative,
        "after": remembered.position or POSITION_MAX,
        "most": CAUGHT_UP_MAX,
        "leaves": POSITION_MAX if tree is None else tree.size,
        "few": LEAVES_MAX,
    }


def stand_of(row: Row | None, remembered: Remembered) -> Stand:
    """Read where a ledger stands, and let go what is remembered of the initiative and is not true any more."""
    if row is None:
        remembered.catch_up(0, None)
        return Stand(Head(0, 0, None), 0, None)
    position, moment, version, register, written, retracted, leaves = row
    remembered.catch_up(position, None if retracted or not remembered.position else written)
    remembered.version = version
    return Stand(Head(position, version, datetime.fromisoformat(moment)), register, leaves)

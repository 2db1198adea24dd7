"""Facts in PostgreSQL: writing those of a batch, and the events and short forms they rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

import psycopg

from ledger.model.facts import Fact, FactValue, Register
from ledger.model.records import RecordRef
from ledger.recording.batch import Row
from ledger.recording.proposal import Entry
from ledger.stores.postgres.rows import insertion, rows_of, term_of
from ledger.stores.postgres.server import Statement
from ledger.stores.questions import REF
from ledger.stores.register_rows import by_register
from ledger.stores.remembered import Remembered
from ledger.stores.rows import FACT, FACT_COLUMNS, event_of, fact_rows, short_form

KEY_COLUMNS = ("subject", "id", "aspect", "name")

_KEY: Final = ", ".join(f"j.{column}" for column in KEY_COLUMNS)
# each is sought by itself (and OFFSET 0 keeps an EXISTS to each row): joined with all there are, those of a large
# initiative would be read from end to end
_NAMED: Final = (
    f"{rows_of('registers')} AS j CROSS JOIN LATERAL (SELECT o.register FROM registers AS o WHERE o.initiative = %s"
    " AND o.subject = j.subject AND o.id = j.id AND o.aspect = j.aspect AND o.name = j.name LIMIT 1) AS g"
)


def facts_by_register(
    connection: psycopg.Connection, initiative: str, registers: Sequence[Register]
) -> dict[Register, list[Fact]]:
    """Give the facts of some registers, each named once, that are not retracted, by rank and position."""
    rows = connection.execute(
        f"SELECT {_KEY}, {FACT} FROM {_NAMED} JOIN facts AS f ON f.register = g.register"
        " WHERE NOT EXISTS (SELECT 1 FROM retractions AS t WHERE t.retracts = f.position OFFSET 0)"
        " ORDER BY g.register, f.rank, f.position",
        (term_of(KEY_COLUMNS, registers), initiative),
    )
    found = by_register(rows.fetchall(), partial(events_of, connection))
    return {register: found.get(register, []) for register in registers}


def new_registers(
    ask: Callable[[], psycopg.Connection], initiative: str, entries: Sequence[Entry], remembered: Remembered, last: int
) -> list[Row]:
    """Number the registers that a batch writes to, and give the rows of those that nobody has written to before.

    `last` is the highest number there is. What is found of the others goes to `remembered`, with the latest day that
    each of them has come to.
    """
    numbers, reaches = remembered.numbers, remembered.reaches
    asked = dict.fromkeys(
        said.register for entry in entries for said in entry.said if numbers.get(said.register) not in reaches
    )
    if not asked:
        return []
    known = (
        ask()
        .execute(
            f"SELECT g.register, {_KEY}, coalesce((SELECT max(f.latest) FROM facts AS f"
            f" WHERE f.register = g.register)::text, '') FROM {_NAMED}",
            (term_of(KEY_COLUMNS, asked), initiative),
        )
        .fetchall()
    )
    for number, *key, reach in known:
        remembered.number(Register(*key), number)
        reaches[number] = reach
    new = [register for register in asked if register not in numbers]
    for number, register in enumerate(new, last + 1):
        remembered.number(register, number)
        reaches[number] = ""
    return [(numbers[register], initiative, *register) for register in new]


def register_statements(rows: Sequence[Row]) -> list[Statement]:
    """Give what writes new registers down, with their numbers."""
    return [insertion("registers", ("register", "initiative", *KEY_COLUMNS), rows)] if rows else []


def facts_statement(entries: Sequence[Entry], rows: Sequence[Row], remembered: Remembered) -> Statement:
    """Give what writes the facts of a batch, whose registers have numbers."""
    facts = fact_rows(entries, rows, remembered.numbers, remembered.reaches)
    return insertion("facts", FACT_COLUMNS, facts)


def refs_of(connection: psycopg.Connection, positions: Iterable[int]) -> dict[int, RecordRef]:
    """Give the short forms of records by position."""
    rows = connection.execute(
        f"{REF} WHERE position = ANY(%s)",
        (sorted(positions),),
    )
    return {row[0]: short_form(row) for row in rows}


def events_of(connection: psycopg.Connection, positions: Sequence[int]) -> dict[int, FactValue]:
    """Read the events at some positions: the values of facts that are events themselves."""
    if not positions:
        return {}
    rows = connection.execute(
        "SELECT position, type, schema, body FROM records WHERE position = ANY(%s)", (list(positions),)
    )
    return {position: event_of(name, schema, body) for position, name, schema, body in rows}

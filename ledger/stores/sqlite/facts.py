"""Facts in a SQLite file: writing those of a batch, and the events and short forms they rest on."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec.json import encode as encode_json

from ledger.model.facts import Fact, FactValue, Register
from ledger.model.records import RecordRef
from ledger.recording.batch import Row
from ledger.recording.proposal import Entry
from ledger.stores.questions import REF
from ledger.stores.rows import EVENT_VALUES, FACT, FACT_COLUMNS, event_of, fact_of, fact_rows, short_form


def write_facts(
    connection: sqlite3.Connection,
    initiative: str,
    entries: Sequence[Entry],
    rows: Sequence[Row],
    numbers: dict[Register, int],
    reaches: dict[int, str],
) -> None:
    """Write the facts of a batch.

    `numbers` holds the numbers of the known registers and `reaches`, by number, the latest day that each has
    come to; both take in what is new.
    """
    new = dict.fromkeys(said.register for entry in entries for said in entry.said if said.register not in numbers)
    if new:
        _number(connection, initiative, list(new), numbers)
    unread = {numbers[said.register] for entry in entries for said in entry.said} - reaches.keys()
    if unread:
        reaches.update(_reaches(connection, unread))
    connection.executemany(
        f"INSERT INTO facts ({', '.join(FACT_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        fact_rows(entries, rows, numbers, reaches),
    )


def facts_in(connection: sqlite3.Connection, initiative: str, register: Register) -> list[Fact]:
    """Give the facts of one register that are not retracted, by rank and position."""
    rows = connection.execute(
        f"SELECT {FACT} FROM registers AS g JOIN facts AS f USING (register)"
        " WHERE g.initiative = ? AND g.subject = ? AND g.id = ? AND g.aspect = ? AND g.name = ?"
        " AND NOT EXISTS (SELECT 1 FROM retractions AS t WHERE t.retracts = f.position)"
        " ORDER BY f.rank, f.position",
        (initiative, *register),
    ).fetchall()
    events = events_of(connection, [row[1] for row in rows]) if register.aspect in EVENT_VALUES else {}
    return [fact_of(row, events) for row in rows]


def _reaches(connection: sqlite3.Connection, numbers: Collection[int]) -> Iterator[tuple[int, str]]:
    rows = connection.execute(
        "SELECT j.value, coalesce("
        "(SELECT f.latest FROM facts AS f WHERE f.register = j.value ORDER BY f.latest DESC LIMIT 1), '')"
        " FROM json_each(?) AS j",
        (encode_json(list(numbers)).decode(),),
    )
    yield from rows


def _number(
    connection: sqlite3.Connection, initiative: str, registers: Sequence[Register], numbers: dict[Register, int]
) -> None:
    """Look the numbers of registers up, and number those that nobody has written to before."""
    # CROSS, since SQLite would rather go through all registers, and through the whole list for each of them
    known = connection.execute(
        "SELECT g.register, g.subject, g.id, g.aspect, g.name FROM json_each(?) AS j CROSS JOIN registers AS g"
        " ON g.initiative = ? AND g.subject = json_extract(j.value, '$[0]') AND g.id = json_extract(j.value, '$[1]')"
        " AND g.aspect = json_extract(j.value, '$[2]') AND g.name = json_extract(j.value, '$[3]')",
        (encode_json(registers).decode(), initiative),
    )
    numbers.update((Register(*key), number) for number, *key in known)
    last = connection.execute("SELECT coalesce(max(register), 0) FROM registers").fetchone()[0]
    new = [register for register in registers if register not in numbers]
    numbers.update(zip(new, range(last + 1, last + 1 + len(new)), strict=True))
    connection.executemany(
        "INSERT INTO registers VALUES (?, ?, ?, ?, ?, ?)", [(numbers[one], initiative, *one) for one in new]
    )


def refs_of(connection: sqlite3.Connection, positions: Iterable[int]) -> dict[int, RecordRef]:
    """Give the short forms of records by position."""
    rows = connection.execute(
        f"{REF} WHERE position IN (SELECT value FROM json_each(?))",
        (encode_json(sorted(positions)).decode(),),
    )
    return {row[0]: short_form(row) for row in rows}


def events_of(connection: sqlite3.Connection, positions: Sequence[int]) -> dict[int, FactValue]:
    """Read the events at some positions: the values of facts that are events themselves."""
    if not positions:
        return {}
    rows = connection.execute(
        "SELECT position, type, schema, body FROM records WHERE position IN (SELECT value FROM json_each(?))",
        (encode_json(positions).decode(),),
    )
    return {position: event_of(name, schema, body) for position, name, schema, body in rows}

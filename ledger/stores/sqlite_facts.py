"""Facts as rows: what is written beside the records, and the state of a day read back from it.

Reading follows `model.state.replay` on rows instead of events. Where every fact of a register is exact,
the chain is the order of the primary key, and the candidate is the last row that is not later than the
day; only registers that hold a rough fact are chained in Python.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from msgspec.json import encode as encode_json

from ledger.model.exact import Exact, canonical_text
from ledger.model.facts import Fact, FactValue, Register, window_of
from ledger.model.records import RecordRef
from ledger.model.registers import Candidate, Candidates, Registers, chain
from ledger.recording.batch import Written
from ledger.recording.codec import decode

REGISTER = ("register", "initiative", "subject", "id", "aspect", "name")
_FACT = "f.rank, f.position, f.earliest, f.latest, f.value, f.low, f.high"
_EVENT_VALUES = frozenset({"definition", "published"})
"""The aspects whose value is the event itself: it is read from the record, not stored twice."""

Row = tuple[Any, ...]


def write_facts(
    connection: sqlite3.Connection,
    initiative: str,
    batch: Iterable[Written],
    register_ids: dict[Register, int],
) -> None:
    """Write the facts of a batch; `register_ids` holds the known registers and takes in the new ones."""
    rows = []
    for (event, position, rank, said), _, _ in batch:
        earliest, latest = (day.isoformat() for day in window_of(event))
        for register, value, low, high in said:
            id = register_ids.get(register)
            if id is None:
                id = register_ids[register] = _register_id(connection, initiative, register)
            stored = value if isinstance(value, str) else None
            rows.append((id, latest, rank, position, earliest, stored, _text(low), _text(high)))
    connection.executemany(
        "INSERT INTO facts (register, latest, rank, position, earliest, value, low, high)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def _register_id(connection: sqlite3.Connection, initiative: str, register: Register) -> int:
    found = connection.execute(
        "SELECT register FROM registers WHERE initiative = ? AND subject = ? AND id = ? AND aspect = ? AND name = ?",
        (initiative, *register),
    ).fetchone()
    if found is None:
        found = connection.execute(
            "INSERT INTO registers VALUES ((SELECT coalesce(max(register), 0) + 1 FROM registers), ?, ?, ?, ?, ?)"
            " RETURNING register",
            (initiative, *register),
        ).fetchone()
    id: int = found[0]
    return id


def facts_in(connection: sqlite3.Connection, initiative: str, register: Register) -> list[Fact]:
    """Give the facts of one register that are not retracted, by rank and position."""
    rows = connection.execute(
        f"SELECT {_FACT} FROM registers AS g JOIN facts AS f USING (register)"  # noqa: S608 - no input in it
        " WHERE g.initiative = ? AND g.subject = ? AND g.id = ? AND g.aspect = ? AND g.name = ?"
        " AND f.position NOT IN (SELECT retracts FROM retractions) ORDER BY f.rank, f.position",
        (initiative, *register),
    ).fetchall()
    values = _events(connection, [row[1] for row in rows]) if register.aspect in _EVENT_VALUES else {}
    return [_fact(row, values) for row in rows]


def registers_like(
    connection: sqlite3.Connection, initiative: str, subject: str, id: str, aspect: str, name: str
) -> list[Register]:
    """Give the registers of an initiative that match; an empty argument matches all."""
    wanted = {"initiative": initiative, "subject": subject, "id": id, "aspect": aspect, "name": name}
    given = {column: value for column, value in wanted.items() if value}
    rows = connection.execute(
        "SELECT subject, id, aspect, name FROM registers WHERE "  # noqa: S608 - the columns are those named above
        + " AND ".join(f"{column} = ?" for column in given),
        tuple(given.values()),
    )
    return [Register(*row) for row in rows]


def registers_at(connection: sqlite3.Connection, initiative: str, at: date, position: int) -> Registers:
    """Give every register of an initiative on a day, from the facts known up to a position."""
    day = at.isoformat()
    rows = connection.execute(
        f"SELECT g.subject, g.id, g.aspect, g.name, {_FACT}"  # noqa: S608 - no input in it
        " FROM registers AS g JOIN facts AS f USING (register)"
        " WHERE g.initiative = ? AND f.position <= ?"
        " AND f.position NOT IN (SELECT retracts FROM retractions WHERE position <= ?)"
        " ORDER BY g.subject, g.id, g.aspect, g.name, f.latest, f.rank, f.position",
        (initiative, position, position),
    )
    held: dict[Register, Row | list[Row]] = {}
    for key, group in groupby(rows, key=_register):
        found = _held(group, day)
        if found:
            held[Register(*key)] = found
    return _read(connection, held, at)


def _register(row: Row) -> Row:
    return row[:4]


def _held(rows: Iterator[Row], day: str) -> Row | list[Row] | None:
    """Give the row that holds on a day or, where any fact is rough, all rows."""
    last = None
    seen = []
    rough = False
    for row in rows:
        seen.append(row)
        if row[6] != row[7]:
            rough = True
        elif row[7] <= day:
            last = row
    return seen if rough else last


def _read(connection: sqlite3.Connection, held: Mapping[Register, Row | list[Row]], at: date) -> Registers:
    """Turn rows into facts, and those into candidates, with the records that say them."""
    events = _events(
        connection,
        [
            row[5]
            for register, found in held.items()
            if register.aspect in _EVENT_VALUES
            for row in (found if isinstance(found, list) else [found])
        ],
    )
    cells: dict[Register, Candidates] = {}
    for register, found in held.items():
        if isinstance(found, list):
            candidates = chain(_fact(row[4:], events) for row in found).at(at)
            if candidates.candidates:
                cells[register] = candidates
        else:
            fact = _fact(found[4:], events)
            cells[register] = Candidates((Candidate(fact, fact.earliest, fact.latest),), nothing_yet=False)
    used = {option.fact.position for found in cells.values() for option in found.candidates}
    return Registers(cells, refs_of(connection, used))


def refs_of(connection: sqlite3.Connection, positions: Iterable[int]) -> dict[int, RecordRef]:
    """Give the short forms of records by position."""
    rows = connection.execute(
        "SELECT position, id, recorded_at, source FROM records WHERE position IN (SELECT value FROM json_each(?))",
        (encode_json(sorted(positions)).decode(),),
    )
    return {row[0]: RecordRef(row[0], row[1], datetime.fromisoformat(row[2]), row[3]) for row in rows}


def _events(connection: sqlite3.Connection, positions: Sequence[int]) -> dict[int, FactValue]:
    if not positions:
        return {}
    rows = connection.execute(
        "SELECT position, type, schema, body FROM records WHERE position IN (SELECT value FROM json_each(?))",
        (encode_json(positions).decode(),),
    )
    return {position: decode(name, schema, body) for position, name, schema, body in rows}  # type: ignore[misc]


def _fact(row: Row, events: Mapping[int, FactValue]) -> Fact:
    rank, position, earliest, latest, value, low, high = row
    return Fact(
        rank,
        position,
        date.fromisoformat(earliest),
        date.fromisoformat(latest),
        events.get(position, value) if events else value,
        None if low is None else Decimal(low),
        None if high is None else Decimal(high),
    )


def _text(amount: Exact | None) -> str | None:
    return canonical_text(amount) if isinstance(amount, Decimal) else None

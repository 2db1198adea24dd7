"""Facts as rows: what is written beside the records, and the state of a day read back from it.

Reading follows `model.state.replay` on rows instead of events. Where every fact of a register is exact,
the chain is the order of the primary key, and the candidate is the last row that is not later than the
day; only registers that hold a rough fact are chained in Python.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import cast

from msgspec.json import encode as encode_json

from ledger.model.exact import Exact, canonical_text
from ledger.model.facts import ALWAYS, Fact, FactValue, Register
from ledger.model.records import RecordRef
from ledger.model.registers import Candidate, Candidates, Registers, chained
from ledger.recording.batch import COLUMNS, Row
from ledger.recording.codec import decode
from ledger.recording.proposal import Entry

_FACT = "f.rank, f.position, f.earliest, f.latest, f.value, f.low, f.high"
_EVENT_VALUES = frozenset({"definition", "published"})
"""The aspects whose value is the event itself: it is read from the record, not stored twice."""

_EARLIEST, _LATEST = COLUMNS.index("earliest"), COLUMNS.index("latest")
_ALWAYS = ALWAYS[0].isoformat()


def write_facts(
    connection: sqlite3.Connection,
    initiative: str,
    entries: Sequence[Entry],
    rows: Sequence[Row],
    numbers: dict[Register, int],
) -> None:
    """Write the facts of a batch; `numbers` holds those of the known registers, and takes in the new ones."""
    new = dict.fromkeys(said.register for entry in entries for said in entry.said if said.register not in numbers)
    if new:
        _number(connection, initiative, list(new), numbers)
    facts = []
    for (_, position, rank, said), row in zip(entries, rows, strict=True):
        earliest, latest = row[_EARLIEST] or _ALWAYS, row[_LATEST] or _ALWAYS
        for register, value, low, high in said:
            stored = value if value.__class__ is str else None
            least = None if low is None else _text(low)
            most = least if high is low else None if high is None else _text(high)
            facts.append((numbers[register], latest, rank, position, earliest, stored, least, most))
    connection.executemany(
        "INSERT INTO facts (register, latest, rank, position, earliest, value, low, high)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        facts,
    )


def _number(
    connection: sqlite3.Connection, initiative: str, registers: Sequence[Register], numbers: dict[Register, int]
) -> None:
    """Look the numbers of registers up, and number those that nobody has written to before."""
    known = connection.execute(
        "SELECT g.register, g.subject, g.id, g.aspect, g.name FROM json_each(?) AS j JOIN registers AS g"
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


def facts_in(connection: sqlite3.Connection, initiative: str, register: Register) -> list[Fact]:
    """Give the facts of one register that are not retracted, by rank and position."""
    rows = connection.execute(
        f"SELECT {_FACT} FROM registers AS g JOIN facts AS f USING (register)"
        " WHERE g.initiative = ? AND g.subject = ? AND g.id = ? AND g.aspect = ? AND g.name = ?"
        " AND NOT EXISTS (SELECT 1 FROM retractions AS t WHERE t.retracts = f.position)"
        " ORDER BY f.rank, f.position",
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
        "SELECT subject, id, aspect, name FROM registers WHERE " + " AND ".join(f"{column} = ?" for column in given),
        tuple(given.values()),
    )
    return [Register(*row) for row in rows]


def registers_at(connection: sqlite3.Connection, initiative: str, at: date, position: int) -> Registers:
    """Give every register of an initiative on a day, from the facts known up to a position."""
    day = at.isoformat()
    rows = connection.execute(
        f"SELECT g.subject, g.id, g.aspect, g.name, {_FACT}"
        " FROM registers AS g JOIN facts AS f USING (register)"
        " WHERE g.initiative = ? AND f.position <= ?"
        " AND NOT EXISTS (SELECT 1 FROM retractions AS t WHERE t.retracts = f.position AND t.position <= ?)"
        " ORDER BY g.subject, g.id, g.aspect, g.name, f.latest, f.rank, f.position",
        (initiative, position, position),
    )
    exact: dict[Register, Row] = {}
    rough: dict[Register, list[Row]] = {}
    for key, group in groupby(rows, key=itemgetter(0, 1, 2, 3)):
        register, written = Register(*key), [row[4:] for row in group]
        if any(earliest != latest for _, _, earliest, latest, _, _, _ in written):
            rough[register] = written
        elif begun := [row for row in written if row[3] <= day]:
            exact[register] = begun[-1]
    return _read(connection, exact, rough, at)


def _read(
    connection: sqlite3.Connection, exact: Mapping[Register, Row], rough: Mapping[Register, list[Row]], at: date
) -> Registers:
    """Turn rows into facts, and those into candidates, with the records that say them."""
    rows = [row for register, row in exact.items() if register.aspect in _EVENT_VALUES]
    rows += [row for register, many in rough.items() if register.aspect in _EVENT_VALUES for row in many]
    events = _events(connection, [row[1] for row in rows])
    facts = {register: [_fact(row, events) for row in many] for register, many in rough.items()}
    cells: dict[Register, Candidates] = {}
    for register, row in exact.items():
        fact = _fact(row, events)
        cells[register] = Candidates((Candidate(fact, fact.earliest, fact.latest),), nothing_yet=False)
    # where a rough date may change the order of joinings and leavings, the latest joining is rough as well
    joinings = [Register(*register[:2], "joined") for register in facts if register[::2] == ("member", "status")]
    for register in dict.fromkeys([*facts, *joinings]):
        cells.pop(register, None)
        if (candidates := chained(register, facts).at(at)).candidates:
            cells[register] = candidates
    used = {option.fact.position for found in cells.values() for option in found.candidates}
    return Registers(cells, refs_of(connection, used))


def refs_of(connection: sqlite3.Connection, positions: Iterable[int]) -> dict[int, RecordRef]:
    """Give the short forms of records by position."""
    rows = connection.execute(
        "SELECT position, version, id, recorded_at, source FROM records"
        " WHERE position IN (SELECT value FROM json_each(?))",
        (encode_json(sorted(positions)).decode(),),
    )
    return {
        position: RecordRef(position, version, id, datetime.fromisoformat(moment), source)
        for position, version, id, moment, source in rows
    }


def _events(connection: sqlite3.Connection, positions: Sequence[int]) -> dict[int, FactValue]:
    if not positions:
        return {}
    rows = connection.execute(
        "SELECT position, type, schema, body FROM records WHERE position IN (SELECT value FROM json_each(?))",
        (encode_json(positions).decode(),),
    )
    return {position: _event(name, schema, body) for position, name, schema, body in rows}


@lru_cache(maxsize=1_024)  # the rules read the same few definitions again for every append
def _event(name: str, schema: int, body: str) -> FactValue:
    return cast("FactValue", decode(name, schema, body))  # of definitions and reports, which are their own value


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


def _text(amount: Exact) -> str:
    if not isinstance(amount, Decimal):
        raise TypeError(f"{amount} has no finite decimal, and must not have come this far")
    return canonical_text(amount)

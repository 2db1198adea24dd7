"""The limits: what Python's `sqlite3` does at most, with one comparable row an event and nothing around it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from json import dumps
from pathlib import Path

from msgspec.json import decode
from watch import Watch
from workload import METRIC, UNIT, Happening, happenings

Row = tuple[int, str, str, str]

_INSERT = "INSERT INTO events VALUES (?, ?, ?, ?)"


def warm() -> None:
    """Do nothing: there is nothing to load."""


def bulk(path: Path, count: int, watch: Watch) -> None:
    """All rows, made beforehand, in one transaction."""
    rows = list(map(_row, range(count), happenings(count)))
    with _open(path) as connection, watch.part("append"):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT, rows)
        connection.execute("COMMIT")


def single(path: Path, count: int, watch: Watch) -> None:
    """Rows made beforehand, each committed by itself."""
    rows = list(map(_row, range(count), happenings(count)))
    with _open(path) as connection:
        watch.each("append", lambda row: connection.execute(_INSERT, row), rows)


def scan(path: Path, count: int, watch: Watch) -> None:
    """Read the records that we wrote, and do nothing with them."""
    with closing(sqlite3.connect(path)) as connection, watch.part("replay"):
        found = sum(1 for _ in _records(connection))
    _require_all(found, count)


def scan_json(path: Path, count: int, watch: Watch) -> None:
    """Read the records that we wrote, and decode the JSON of each with msgspec."""
    with closing(sqlite3.connect(path)) as connection, watch.part("replay"):
        found = sum(1 for _, _, body in _records(connection) if decode(body))
    _require_all(found, count)


def _require_all(found: int, count: int) -> None:
    if found != count:
        raise RuntimeError(f"{found} records were read, and {count} were written")


def _records(connection: sqlite3.Connection) -> sqlite3.Cursor:
    return connection.execute("SELECT position, type, body FROM records ORDER BY position")


def _row(place: int, one: Happening) -> Row:
    member, day, amount, country = one
    if amount is None:
        event = {"member": member, "effective": day, "name": member, "attributes": {"country": country}}
        return place, member, "member-joined", dumps(event)
    body = {"metric": METRIC, "effective": day, "amount": f"{amount} {UNIT}", "member": member}
    return place, member, "metric-updated", dumps(body)


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE events (position INTEGER PRIMARY KEY, member TEXT, type TEXT, body TEXT)")
        yield connection

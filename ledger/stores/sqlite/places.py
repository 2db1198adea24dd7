"""Where a ledger stands in its file, and stood at an earlier moment: positions, versions and instants."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ledger.model.when import instant_text


def newest_position(connection: sqlite3.Connection) -> int:
    """Give the position of the newest record; 0 where there is none."""
    newest: int = connection.execute("SELECT coalesce(max(position), 0) FROM records").fetchone()[0]
    return newest


def newest_version(connection: sqlite3.Connection, initiative: str) -> int:
    """Give the version of the newest record of an initiative; 0 where it has none."""
    version: int = connection.execute(
        "SELECT coalesce(max(version), 0) FROM records WHERE initiative = ?", (initiative,)
    ).fetchone()[0]
    return version


def version_at(connection: sqlite3.Connection, initiative: str, position: int) -> int:
    """Give the version that an initiative had come to at a position."""
    newest = newest_version(connection, initiative)
    place = _column(connection, "SELECT position FROM records WHERE initiative = ? AND version = ?", initiative)
    if newest and place(newest) <= position:
        return newest
    return bisect_right(range(1, newest + 1), position, key=place)


def known_position(connection: sqlite3.Connection, moment: datetime | int | None) -> int:
    """Give the position of the newest record known at a moment, rounded down to a whole batch."""
    newest = newest_position(connection)
    if moment is None or (isinstance(moment, int) and moment >= newest):
        return newest
    recorded_at = _column(connection, "SELECT recorded_at FROM records WHERE position = ?")
    if isinstance(moment, datetime):
        return bisect_right(range(1, newest + 1), instant_text(moment), key=recorded_at)
    later = recorded_at(moment + 1)
    return bisect_left(range(1, moment + 1), later, key=recorded_at)


def _column(connection: sqlite3.Connection, query: str, *before: str) -> Callable[[int], Any]:
    return lambda number: connection.execute(query, (*before, number)).fetchone()[0]

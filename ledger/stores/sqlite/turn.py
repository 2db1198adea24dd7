"""Waiting for a turn to write, so that nobody who waits is passed over for long.

SQLite looks ever more rarely whether a file is free, at last ten times a second. Who writes without a pause leaves it
free for a part of a millisecond between two batches, so whoever has waited long is the least likely to get in: of
eight such writers one waited for seven seconds. Here each begins to wait anew after a moment, so all look equally
often, and often enough.
"""

from __future__ import annotations

import sqlite3
from time import monotonic
from typing import Final

MOMENT: Final = 8  # milliseconds, in which SQLite looks after 1, 2 and 5


def begin_in_turn(connection: sqlite3.Connection, timeout: float) -> None:
    """Begin to write; raises SQLite's error for a busy file if others hold it for longer than `timeout` seconds.

    A Ctrl-C ends the waiting after a moment.
    """
    until = monotonic() + timeout
    whole = round(timeout * 1_000)
    connection.execute(f"PRAGMA busy_timeout = {min(MOMENT, whole)}")
    try:
        while not _begins(connection, last=monotonic() >= until):
            pass
    finally:
        connection.execute(f"PRAGMA busy_timeout = {whole}")


def _begins(connection: sqlite3.Connection, *, last: bool) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True

"""Waiting for a turn to write, so that nobody who waits is passed over for long.

SQLite itself looks ever more rarely, at last ten times a second, whether a file is free. Who writes without a pause
leaves it free for a part of a millisecond between two batches, so whoever has waited long is the least likely to get
in: of eight such writers one waited for seven seconds. Here all look equally often, and often enough.
"""

from __future__ import annotations

import sqlite3
from random import uniform
from time import monotonic, sleep
from typing import Final

PAUSE: Final = 0.0005, 0.0015  # seconds between two looks: not all at the same moments


def begin_in_turn(connection: sqlite3.Connection, timeout: float) -> None:
    """Begin to write; raises SQLite's error for a busy file if others hold it for longer than `timeout` seconds.

    A Ctrl-C ends the waiting at once.
    """
    until = monotonic() + timeout
    connection.execute("PRAGMA busy_timeout = 0")  # what follows is not to wait in there
    try:
        while not _begins(connection, last=monotonic() >= until):
            sleep(uniform(*PAUSE))  # noqa: S311 - it hides nothing
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(timeout * 1_000)}")


def _begins(connection: sqlite3.Connection, *, last: bool) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True

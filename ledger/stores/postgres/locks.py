"""The advisory locks of a ledger in PostgreSQL, and how writers take turns with them.

The server gives a lock to those who wait in the order in which they came, and wakes nobody else. If all writers did
wait for the lock in this way, each would have it for one batch, and for each batch the machine would have to go over to
another program: eight would write less together than one alone. So there are more of them. Who finds that somebody is
writing waits until he is the next, which goes in order; and the next one waits for a moment before he asks for the
lock, in which whoever writes without a pause can go on. Batches that the server gives their place need less of the lock
than of other things: of these, two writers go on at a time (`postgres.function`).
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from ledger.stores.postgres.server import Statement, milliseconds

LEDGER: Final = "ledger"
"""The lock of whoever writes."""

SEATS: Final = ("seat in ledger", "other seat in ledger")
LINE: Final = "line of ledger"
"""The locks of those who let the server give a batch its place, see `postgres.function`."""

MOMENT: Final = 0.01
"""Seconds that a turn may last where others wait: some batches long."""


def try_turn(schema: str) -> Statement:
    """Give what takes the turn to write, and tells whether nobody else had it."""
    return f"SELECT pg_try_advisory_xact_lock({number_of(LEDGER, schema)})", ()


def wait_for_turn(schema: str, timeout: float) -> list[Statement]:
    """Give what waits for the turn to write, up to so many seconds since the transaction began, with its lock_timeout.

    >>> [statement for statement, _ in wait_for_turn("chess", 5.0)][1]
    'SELECT pg_sleep(0.01)'
    """
    left = f"greatest(1, {milliseconds(timeout)} - 1000 * extract(epoch FROM clock_timestamp() - now()))"
    return [
        (f"SELECT pg_advisory_xact_lock({number_of('next in ledger', schema)})", ()),
        (f"SELECT pg_sleep({MOMENT})", ()),
        (f"SELECT set_config('lock_timeout', round({left})::text, true)", ()),
        (f"SELECT pg_advisory_xact_lock({number_of(LEDGER, schema)})", ()),
    ]


def followers_of(schema: str) -> int:
    """Give the number of the lock that all share who want to be told of new records.

    >>> followers_of("chess") == followers_of("go")
    False
    """
    return number_of("followers of ledger", schema)


def number_of(lock: str, schema: str) -> int:
    """Give the number of a lock of a ledger, which the server knows it by."""
    return int.from_bytes(sha256(f"{lock} {schema}".encode()).digest()[:8], "big", signed=True)

"""What was written of an initiative in PostgreSQL since a position: its batches, facts and retractions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import psycopg

from ledger.model.facts import PlainFact, Register
from ledger.queries.log import Batch, News, Retraction, Wanted
from ledger.stores.postgres.facts import events_of
from ledger.stores.postgres.places import newest_position
from ledger.stores.postgres.state import AMONG, KEY, terms_of
from ledger.stores.rows import EVENT_VALUES, FACT, fact_of

ROWS_AT_ONCE: Final = 10_000
"""Facts that are fetched at once, so that those of a long history need not be in memory together."""

_BATCHES: Final = (
    "SELECT max(position), recorded_at FROM records WHERE initiative = %(initiative)s AND position > %(after)s"
    " GROUP BY recorded_at ORDER BY recorded_at"
)
_RETRACTIONS: Final = (
    "SELECT t.position, t.retracts, o.member FROM retractions AS t JOIN records AS r USING (position)"
    " JOIN records AS o ON o.position = t.retracts"
    " WHERE t.position > %(after)s AND r.initiative = %(initiative)s ORDER BY t.position"
)
_FACTS: Final = (
    f"SELECT {KEY}, {FACT} FROM registers AS g JOIN facts AS f USING (register)"
    f" WHERE g.initiative = %(initiative)s AND f.position > %(after)s AND {AMONG} ORDER BY f.position"
)


@contextmanager
def news_since(connection: psycopg.Connection, initiative: str, after: int, wanted: Wanted) -> Iterator[News]:
    """Read what was written past a position; the facts are read while they are asked for."""
    terms = terms_of(wanted) | {"initiative": initiative, "after": after}
    batches = [
        Batch(end, datetime.fromisoformat(moment)) for end, moment in connection.execute(_BATCHES, terms).fetchall()
    ]
    retractions = [Retraction(*row) for row in connection.execute(_RETRACTIONS, terms).fetchall()]
    with connection.cursor(name="ledger_news") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(_FACTS, terms)
        yield News(newest_position(connection), batches, _facts(connection, cursor), retractions)


def _facts(connection: psycopg.Connection, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Register, PlainFact]]:
    for subject, id, aspect, name, *row in rows:
        events = events_of(connection, [row[1]]) if aspect in EVENT_VALUES else {}
        yield Register(subject, id, aspect, name), fact_of(row, events)

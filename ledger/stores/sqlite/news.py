"""What was written of an initiative since a position: its batches, the facts it wants, and retractions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from ledger.model.facts import PlainFact, Register
from ledger.queries.log import Batch, News, Retraction, Wanted
from ledger.stores.rows import EVENT_VALUES, FACT, fact_of
from ledger.stores.sqlite.facts import events_of
from ledger.stores.sqlite.places import newest_position, version_at
from ledger.stores.sqlite.state import AMONG, KEY, terms_of

_RECORDS = (
    "SELECT position, recorded_at FROM records WHERE initiative = :initiative AND version > :version ORDER BY version"
)
# CROSS keeps SQLite from going through all records, or all registers, instead of what is new
_RETRACTIONS = (
    "SELECT t.position, t.retracts, o.member FROM retractions AS t CROSS JOIN records AS r USING (position)"
    " CROSS JOIN records AS o ON o.position = t.retracts"
    " WHERE t.position > :after AND r.initiative = :initiative ORDER BY t.position"
)
_ALL_FACTS = (
    f"SELECT {KEY}, {FACT} FROM registers AS g CROSS JOIN facts AS f USING (register)"
    f" WHERE g.initiative = :initiative AND {AMONG} ORDER BY f.position"
)
_NEW_FACTS = (
    "WITH touched (subject, id) AS (SELECT 'member', member FROM records"
    " WHERE initiative = :initiative AND version > :version AND member IS NOT NULL"
    " UNION SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:registers))"
    f" SELECT {KEY}, {FACT} FROM touched CROSS JOIN registers AS g USING (subject, id)"
    " CROSS JOIN facts AS f INDEXED BY facts_by_position USING (register)"
    f" WHERE g.initiative = :initiative AND f.position > :after AND {AMONG} ORDER BY f.position"
)


def news_since(connection: sqlite3.Connection, initiative: str, after: int, wanted: Wanted) -> News:
    """Read what was written past a position; the facts are read while they are asked for."""
    terms = terms_of(wanted)
    terms |= {"initiative": initiative, "after": after, "version": version_at(connection, initiative, after)}
    batches = list(_batches(connection.execute(_RECORDS, terms)))
    retractions = [Retraction(*row) for row in connection.execute(_RETRACTIONS, terms)]
    facts = _facts(connection, connection.execute(_NEW_FACTS if after else _ALL_FACTS, terms))
    return News(newest_position(connection), batches, facts, retractions)


def _batches(rows: Iterable[tuple[int, str]]) -> Iterator[Batch]:
    """Give the end of each batch: all its records, and no others, have one instant."""
    end, moment = 0, ""
    for position, recorded_at in rows:
        if recorded_at != moment and end:
            yield Batch(end, datetime.fromisoformat(moment))
        end, moment = position, recorded_at
    if end:
        yield Batch(end, datetime.fromisoformat(moment))


def _facts(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Register, PlainFact]]:
    for subject, id, aspect, name, *row in rows:
        events = events_of(connection, [row[1]]) if aspect in EVENT_VALUES else {}
        yield Register(subject, id, aspect, name), fact_of(row, events)

"""What was written of an initiative since a position: its batches, the facts it wants, and retractions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime

from ledger.model.facts import PlainFact, Register
from ledger.queries.log import Batch, News, Retraction, Wanted
from ledger.stores.sqlite_facts import EVENT_VALUES, FACT, events_of, fact_of
from ledger.stores.sqlite_places import newest_position, version_at
from ledger.stores.sqlite_state import among_of

_RECORDS = (
    "SELECT position, recorded_at FROM records WHERE initiative = :initiative AND version > :version ORDER BY version"
)
_RETRACTIONS = (
    "SELECT t.position, t.retracts, o.member FROM retractions AS t"
    " JOIN records AS r ON r.position = t.position JOIN records AS o ON o.position = t.retracts"
    " WHERE t.position > :after AND r.initiative = :initiative ORDER BY t.position"
)
_FACTS = (
    f"SELECT g.subject, g.id, g.aspect, g.name, {FACT} FROM registers AS g JOIN facts AS f USING (register)"
    " WHERE g.initiative = :initiative AND f.position > :after AND {among} ORDER BY f.position"
)
# of the members that something was written of: to look at all would cost more than to read what is new
_OF_THOSE_TOUCHED = (
    " AND (g.subject <> 'member' OR g.id IN"
    " (SELECT member FROM records WHERE initiative = :initiative AND version > :version AND member IS NOT NULL))"
)


def news_since(connection: sqlite3.Connection, initiative: str, after: int, wanted: Wanted) -> News:
    """Read what was written past a position; the facts are read while they are asked for."""
    among, terms = among_of(wanted)
    terms |= {"initiative": initiative, "after": after, "version": version_at(connection, initiative, after)}
    batches = list(_batches(connection.execute(_RECORDS, terms)))
    retractions = [Retraction(*row) for row in connection.execute(_RETRACTIONS, terms)]
    facts = _facts(connection, among + (_OF_THOSE_TOUCHED if after else ""), terms)
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


def _facts(
    connection: sqlite3.Connection, among: str, terms: dict[str, object]
) -> Iterator[tuple[Register, PlainFact]]:
    for subject, id, aspect, name, *row in connection.execute(_FACTS.format(among=among), terms):
        events = events_of(connection, [row[1]]) if aspect in EVENT_VALUES else {}
        yield Register(subject, id, aspect, name), fact_of(row, events)

"""Where a ledger stands in PostgreSQL, and stood at an earlier moment: positions, versions and instants."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

import psycopg

from ledger.stores.postgres.server import only

POSITION_MAX: Final = 2**62  # far beyond any ledger, and one more can still be counted

CAUGHT_UP_MAX: Final = 10_000
"""So many records of others are looked at for what they wrote to; after more all that is remembered is read anew."""

_NEWEST = "(SELECT coalesce(max(position), 0) FROM records)"
# in the order of the index that is meant: by another one, an early moment would be reached through all that is later
_LAST = "(SELECT position FROM records WHERE recorded_at {} ORDER BY recorded_at DESC, position DESC LIMIT 1)"
_VERSION = (
    "coalesce((SELECT CASE initiative WHEN %(initiative)s THEN version END FROM records"
    " WHERE (initiative, position) <= (%(initiative)s, {}) ORDER BY initiative DESC, position DESC LIMIT 1), 0)"
)

# all records of a batch have one instant, and no others have it: so a batch is whole up to before the next instant
_BY_POSITION = (
    f"coalesce({_LAST.format('< (SELECT recorded_at FROM records WHERE position = %(moment)s + 1)')},"
    f" CASE WHEN %(moment)s >= {_NEWEST} THEN {_NEWEST} ELSE 0 END)"
)
_BY_INSTANT = f"coalesce({_LAST.format('<= %(moment)s')}, 0)"


class Known(NamedTuple):
    """How far the ledger and an initiative had come at a moment, and how far the initiative has come."""

    position: int
    version: int
    newest: int


def known_of(connection: psycopg.Connection, initiative: str, moment: datetime | int | None) -> Known:
    """Give what was known of an initiative at a moment, rounded down to a whole batch."""
    if isinstance(moment, int):
        moment = min(moment, POSITION_MAX)
    position = _NEWEST if moment is None else _BY_INSTANT if isinstance(moment, datetime) else _BY_POSITION
    rows = connection.execute(
        f"WITH known AS MATERIALIZED (SELECT {position} AS position)"
        " SELECT known.position,"
        f" {_VERSION.format('known.position')},"
        " coalesce((SELECT max(version) FROM records WHERE initiative = %(initiative)s), 0) FROM known",
        {"initiative": initiative, "moment": moment},
    )
    return Known(*only(rows))


def version_at(connection: psycopg.Connection, initiative: str, position: int) -> int:
    """Give the version that an initiative had come to at a position."""
    rows = connection.execute(
        f"SELECT {_VERSION.format('%(position)s')}", {"initiative": initiative, "position": position}
    )
    version: int = only(rows)[0]
    return version


def newest_position(connection: psycopg.Connection) -> int:
    """Give the position of the newest record; 0 where there is none."""
    newest: int = only(connection.execute(f"SELECT {_NEWEST}"))[0]
    return newest

"""A state from PostgreSQL: each register's latest fact is sought by index, so the cost follows their number.

Where all its facts are exact, the one that holds is simply the last by day, rank and position. A register with a rough
fact is read whole and chained by `model.registers`; which these are, a partial index knows.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg

from ledger.model.registers import Registers
from ledger.stores.postgres.facts import events_of, refs_of
from ledger.stores.register_rows import registers_of
from ledger.stores.rows import FACT

if TYPE_CHECKING:
    from ledger.queries.log import Wanted

KEY: Final = "g.subject, g.id, g.aspect, g.name"

# OFFSET 0 keeps a question to each row: as a join the server would read all retractions there are, or all registers
_STANDING: Final = (
    "f.position <= %(position)s AND NOT EXISTS"
    " (SELECT 1 FROM retractions AS t WHERE t.retracts = f.position AND t.position <= %(position)s OFFSET 0)"
)
_ROUGH: Final = "EXISTS (SELECT 1 FROM facts AS r WHERE r.register = g.register AND r.earliest <> r.latest OFFSET 0)"

_TO_THE_DAY: Final = "%(day)s::date"
# what was recorded after the moment would have to be skipped row by row: so begin where the register ended then
_TO_THE_REACH: Final = (
    "least(%(day)s::date, (SELECT coalesce(k.reach, k.latest) FROM facts AS k"
    " WHERE k.register = g.register AND k.position <= %(position)s ORDER BY k.position DESC LIMIT 1))"
)
AMONG: Final = (
    "(g.subject = 'member' AND (g.aspect, g.name) IN"
    " (SELECT * FROM unnest(%(aspects)s::text[], %(aspect_names)s::text[]))"
    " OR (g.subject, g.id, g.aspect, g.name) IN"
    " (SELECT * FROM unnest(%(subjects)s::text[], %(ids)s::text[], %(others)s::text[], %(names)s::text[])))"
)


def registers_at(
    connection: psycopg.Connection, initiative: str, at: date, position: int, wanted: Wanted | None, *, newest: bool
) -> Registers:
    """Give every register of an initiative on a day, or those wanted, from the facts known up to a position.

    `newest` says that the position is that of the newest record, so that nothing needs to be skipped.
    """
    among, terms = ("TRUE", {}) if wanted is None else (AMONG, terms_of(wanted))
    terms |= {"initiative": initiative, "day": at.isoformat(), "position": position}
    until = _TO_THE_DAY if newest else _TO_THE_REACH
    certain = connection.execute(
        f"SELECT {KEY}, {FACT} FROM registers AS g CROSS JOIN LATERAL (SELECT * FROM facts AS f"
        f" WHERE f.register = g.register AND f.latest <= {until} AND {_STANDING}"
        " ORDER BY f.latest DESC, f.rank DESC, f.position DESC LIMIT 1) AS f"
        f" WHERE g.initiative = %(initiative)s AND {among} AND NOT {_ROUGH}",
        terms,
    )
    rough = connection.execute(
        f"SELECT {KEY}, {FACT} FROM registers AS g CROSS JOIN LATERAL (SELECT * FROM facts AS f"
        f" WHERE f.register = g.register AND {_STANDING} OFFSET 0) AS f"
        f" WHERE g.initiative = %(initiative)s AND {among} AND {_ROUGH} ORDER BY {KEY}",
        terms,
    )
    return registers_of(
        certain.fetchall(), rough.fetchall(), at, partial(events_of, connection), partial(refs_of, connection)
    )


def terms_of(wanted: Wanted) -> dict[str, Any]:
    """Give the terms of `AMONG`."""
    registers = [list(column) for column in zip(*wanted.registers, strict=True)] or [[], [], [], []]
    aspects = [list(column) for column in zip(*wanted.aspects, strict=True)] or [[], []]
    names = ("aspects", "aspect_names", "subjects", "ids", "others", "names")
    return dict(zip(names, [*aspects, *registers], strict=True))

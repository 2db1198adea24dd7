"""The state of a day, sought in the rows of facts.

This follows `model.state.replay` without reading the log. Where every fact of a register is exact, the
chain is the order of the primary key: the candidate is the last row that is not later than the day, and
one seek finds it. Only registers that hold a rough fact are read whole and chained in Python. So the cost
follows the number of registers, and no more than one row of each is in memory.
"""

from __future__ import annotations

import sqlite3
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.json import encode as encode_json

from ledger.model.registers import Registers
from ledger.stores.register_rows import registers_of
from ledger.stores.rows import FACT
from ledger.stores.sqlite.facts import events_of, refs_of

if TYPE_CHECKING:
    from ledger.queries.log import Wanted

KEY: Final = "g.subject, g.id, g.aspect, g.name"

_STANDING: Final = (
    "f.position <= :position AND NOT EXISTS"
    " (SELECT 1 FROM retractions AS t WHERE t.retracts = f.position AND t.position <= :position)"
)
_ROUGH: Final = (
    "EXISTS (SELECT 1 FROM facts AS r INDEXED BY facts_rough WHERE r.register = g.register AND r.earliest <> r.latest)"
)

_TO_THE_DAY: Final = ":day"
# what was recorded after the moment would have to be skipped row by row: so begin where the register ended then
_TO_THE_REACH: Final = (
    "min(:day, (SELECT coalesce(k.reach, k.latest) FROM facts AS k INDEXED BY facts_by_position"
    " WHERE k.register = g.register AND k.position <= :position ORDER BY k.position DESC LIMIT 1))"
)
AMONG: Final = (
    "(g.subject = 'member' AND (g.aspect, g.name) IN"
    " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:aspects))"
    " OR (g.subject, g.id, g.aspect, g.name) IN"
    " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),"
    " json_extract(value, '$[3]') FROM json_each(:registers)))"
)


def registers_at(
    connection: sqlite3.Connection, initiative: str, at: date, position: int, wanted: Wanted | None, *, newest: bool
) -> Registers:
    """Give every register of an initiative on a day, or those wanted, from the facts known up to a position.

    `newest` says that the position is that of the newest record, so that nothing needs to be skipped.
    """
    among, terms = ("TRUE", {}) if wanted is None else (AMONG, terms_of(wanted))
    terms |= {"initiative": initiative, "day": at.isoformat(), "position": position}
    until = _TO_THE_DAY if newest else _TO_THE_REACH
    certain = connection.execute(
        f"SELECT {KEY}, {FACT} FROM registers AS g JOIN facts AS f ON f.register = g.register"
        " AND (f.latest, f.rank, f.position) = (SELECT latest, rank, position FROM facts AS f"
        f" WHERE f.register = g.register AND f.latest <= {until} AND {_STANDING}"
        " ORDER BY f.latest DESC, f.rank DESC, f.position DESC LIMIT 1)"
        f" WHERE g.initiative = :initiative AND {among} AND NOT {_ROUGH}",
        terms,
    )
    rough = connection.execute(
        f"SELECT {KEY}, {FACT} FROM registers AS g JOIN facts AS f USING (register)"
        f" WHERE g.initiative = :initiative AND {among} AND {_ROUGH} AND {_STANDING} ORDER BY g.register",
        terms,
    )
    return registers_of(
        certain.fetchall(), rough.fetchall(), at, partial(events_of, connection), partial(refs_of, connection)
    )


def terms_of(wanted: Wanted) -> dict[str, object]:
    """Give the terms of `AMONG`."""
    return {
        "aspects": encode_json(wanted.aspects).decode(),
        "registers": encode_json(wanted.registers).decode(),
    }

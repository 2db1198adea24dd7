"""The tables of a ledger file, for this library and for anyone with a SQLite shell.

`records` holds every event as it was written. Beside it, written in the same transaction and derivable
from it: `registers` (what the facts are about), `facts` (which record says what of which register),
`retractions`, `heads` (the root of the Merkle tree after each batch) and `tiles` (its hashes, 256 in a row, as
`recording.merkle` says). Nothing is ever changed: triggers refuse UPDATE, DELETE, and the REPLACE that plain
triggers miss. The views show the present in plain SQL; they are exact where dates are, and mark what is
rough. `STRICT` tables want SQLite 3.37.

A fact's `reach` is the latest day that its register had come to when it was written, null where that is its
own: what was known at an earlier moment is then sought from that day back, instead of through all that came
after.
"""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID: Final = 0x4C454447  # "LEDG"
FORMAT: Final = 1  # PRAGMA user_version: one more with each migration
SQLITE_MIN: Final = (3, 37, 0)


_TABLES = """
CREATE TABLE records (
    position INTEGER PRIMARY KEY CHECK (position > 0),
    initiative TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    schema INTEGER NOT NULL CHECK (schema > 0),
    effective TEXT,
    earliest TEXT,
    latest TEXT CHECK (earliest <= latest),
    recorded_at TEXT NOT NULL,
    member TEXT,
    metric TEXT,
    body TEXT NOT NULL,
    source TEXT NOT NULL,
    "by" TEXT NOT NULL,
    note TEXT NOT NULL,
    replaces TEXT,
    head TEXT,
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    UNIQUE (initiative, version)
) STRICT;

CREATE INDEX changes_of_members ON records (initiative, member) WHERE type = 'member-changed';

CREATE INDEX replacements ON records (replaces) WHERE replaces IS NOT NULL;

CREATE TABLE registers (
    register INTEGER PRIMARY KEY,
    initiative TEXT NOT NULL,
    subject TEXT NOT NULL CHECK (subject IN ('initiative', 'member', 'metric', 'report')),
    id TEXT NOT NULL,
    aspect TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (initiative, subject, id, aspect, name)
) STRICT;

CREATE TABLE facts (
    register INTEGER NOT NULL REFERENCES registers (register),
    latest TEXT NOT NULL,
    rank INTEGER NOT NULL,
    position INTEGER NOT NULL REFERENCES records (position),
    earliest TEXT NOT NULL CHECK (earliest <= latest),
    value TEXT,
    low TEXT,
    high TEXT,
    reach TEXT CHECK (reach > latest),
    PRIMARY KEY (register, latest, rank, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX facts_by_position ON facts (register, position, reach);

CREATE INDEX facts_rough ON facts (register) WHERE earliest <> latest;

CREATE TABLE retractions (
    position INTEGER PRIMARY KEY REFERENCES records (position),
    retracts INTEGER NOT NULL UNIQUE REFERENCES records (position)
) STRICT;

CREATE TABLE heads (
    size INTEGER PRIMARY KEY REFERENCES records (position),
    root BLOB NOT NULL CHECK (length(root) = 32)
) STRICT;

CREATE TABLE tiles (
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, number)
) STRICT;
"""

_GUARDS = {
    "records": """
        NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM records)
        OR EXISTS (SELECT 1 FROM records WHERE id = NEW.id)
        OR NEW.version IS NOT (SELECT coalesce(max(version), 0) + 1 FROM records WHERE initiative = NEW.initiative)""",
    "registers": """
        NEW.register IS NOT (SELECT coalesce(max(register), 0) + 1 FROM registers)
        OR EXISTS (SELECT 1 FROM registers WHERE initiative = NEW.initiative AND subject = NEW.subject
                   AND id = NEW.id AND aspect = NEW.aspect AND name = NEW.name)""",
    "facts": """
        EXISTS (SELECT 1 FROM facts WHERE register = NEW.register AND latest = NEW.latest
                AND rank = NEW.rank AND position = NEW.position)""",
    "retractions": """
        EXISTS (SELECT 1 FROM retractions WHERE position = NEW.position OR retracts = NEW.retracts)
        OR (SELECT type FROM records WHERE position = NEW.position) IS NOT 'record-retracted'""",
    "heads": """
        NEW.size IS NOT (SELECT max(position) FROM records)
        OR EXISTS (SELECT 1 FROM heads WHERE size = NEW.size)""",
    "tiles": """
        NEW.number IS NOT (SELECT coalesce(max(number), -1) + 1 FROM tiles WHERE level = NEW.level)""",
}

_VIEWS = """
CREATE VIEW standing_facts AS
    -- every fact that may have begun by today and is not retracted; settled: it certainly has begun;
    -- newest: the last of the settled, or of the unsettled, ones of its register; rough: its day is not
    -- known, or something unsettled stands beside it, so that it may not be the one that holds
    SELECT g.initiative, g.subject, g.id, g.aspect, g.name, f.value, f.low, f.high, f.earliest, f.latest,
        f.latest <= date('now') AS settled,
        row_number() OVER (
            PARTITION BY f.register, f.latest <= date('now') ORDER BY f.latest DESC, f.rank DESC, f.position DESC
        ) = 1 AS newest,
        max(f.latest <= date('now')) OVER (PARTITION BY f.register) AS any_settled,
        f.earliest <> f.latest OR max(f.latest > date('now')) OVER (PARTITION BY f.register) AS rough,
        f.register, f.position
    FROM facts AS f JOIN registers AS g USING (register)
    WHERE f.earliest <= date('now')
        AND NOT EXISTS (SELECT 1 FROM retractions AS t WHERE t.retracts = f.position);

CREATE VIEW members_today AS
    -- everyone who is not certainly gone
    SELECT s.initiative, s.id AS member, coalesce(n.value, s.id) AS name,
        CASE s.value WHEN 'suspended' THEN 'suspended' ELSE 'active' END AS status,
        s.earliest AS since_earliest, s.latest AS since_latest,
        s.rough OR coalesce(n.rough, 0) OR c.value IS NOT NULL AS rough, s.position
    FROM standing_facts AS s
    LEFT JOIN standing_facts AS n
        ON n.initiative = s.initiative AND n.subject = 'member' AND n.id = s.id AND n.aspect = 'name'
        AND n.newest AND (n.settled OR NOT n.any_settled)
    LEFT JOIN standing_facts AS c
        ON c.initiative = s.initiative AND c.subject = 'initiative' AND c.aspect = 'status'
        AND c.value = 'closed' AND c.newest
    WHERE s.subject = 'member' AND s.aspect = 'status' AND s.newest AND s.value <> 'left'
        AND (s.settled OR NOT EXISTS (
            SELECT 1 FROM standing_facts AS o
            WHERE o.register = s.register AND o.settled AND o.newest AND o.value <> 'left'))
        AND coalesce(NOT c.settled, 1);

CREATE VIEW metrics_today AS
    -- low and high are in the base unit of the metric's dimension; text, since a REAL would round them
    SELECT initiative, CASE subject WHEN 'member' THEN id END AS member, name AS metric, value AS amount,
        low, high, earliest, latest, rough, position
    FROM standing_facts
    WHERE aspect = 'metric' AND newest AND (settled OR NOT any_settled) AND value IS NOT NULL;

CREATE VIEW reports AS
    SELECT f.initiative, f.id AS report, json_extract(r.body, '$.title') AS title, json_extract(r.body, '$.url') AS url,
        r.effective, f.earliest, f.latest, f.rough, r.recorded_at, f.position
    FROM standing_facts AS f JOIN records AS r USING (position)
    WHERE f.subject = 'report' AND f.newest AND (f.settled OR NOT f.any_settled);
"""


def migrate(db: Database) -> None:
    """Bring a database to today's format, step by step, each step whole or not at all."""
    from sqlite_utils.migrations import Migrations  # noqa: PLC0415 - only a new file needs it

    migrations = Migrations("ledger")
    migrations()(tables_of_format_1)
    migrations.apply(db)


def tables_of_format_1(db: Database) -> None:
    """Create the tables, their guards and the views."""
    for statement in _statements():
        db.execute(statement)


def strange(connection: sqlite3.Connection) -> list[str]:
    """Say what in the schema of a file is not a ledger's: what is gone, what was changed, what was added.

    This runs nothing that the file holds. What SQLite and sqlite-utils keep there for themselves is passed over, where
    it is just what they write: a table of columns and nothing more, and the index over it.
    """
    expected = dict(map(_object_of, _statements()))
    found = {}
    for kind, name, table, text in connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"):
        if table in _OF_OTHERS and kind in ("table", "index") and _PLAIN.fullmatch(text or ""):
            continue
        if kind == "index" and name.startswith("sqlite_autoindex_") and text is None:  # that of a UNIQUE
            continue
        found[kind, name] = text
    return [
        *(f"{kind} {name!r} is gone" for kind, name in expected if (kind, name) not in found),
        *(
            f"{kind} {name!r} was changed"
            for (kind, name), text in expected.items()
            if found.get((kind, name), text) != text
        ),
        *(f"{kind} {name!r} is not a ledger's" for kind, name in found if (kind, name) not in expected),
    ]


# names, types, and a row of columns: what could compute anything needs a second pair of brackets
_PLAIN: Final = re.compile(r'CREATE (TABLE [\w"]+|(UNIQUE )?INDEX [\w"]+\s+ON [\w"]+)\s*\([\w\s",]*\)')
_OF_OTHERS: Final = frozenset({"_sqlite_migrations", "sqlite_stat1", "sqlite_stat4"})


def _object_of(statement: str) -> tuple[tuple[str, str], str]:
    _, kind, name, _ = statement.split(maxsplit=3)
    return (kind.lower(), name), statement


def _statements() -> list[str]:
    several = [*_TABLES.split(";\n\n"), *_guards(), *_VIEWS.split(";\n\n")]
    return [statement.strip().removesuffix(";") for statement in several]


def _guards() -> list[str]:
    guards = []
    for table, broken in _GUARDS.items():
        guards.append(
            f"CREATE TRIGGER {table}_only_grow BEFORE INSERT ON {table} WHEN {broken}\n"
            f"BEGIN SELECT RAISE(ABORT, '{table} only grow: this row is there, leaves a gap, or has no record'); END"
        )
        guards.extend(
            f"CREATE TRIGGER {table}_refuse_{verb.lower()} BEFORE {verb} ON {table}\n"
            f"BEGIN SELECT RAISE(ABORT, '{table} are never changed: record a correction instead'); END"
            for verb in ("UPDATE", "DELETE")
        )
    return guards

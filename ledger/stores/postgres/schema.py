"""The tables of a ledger in PostgreSQL: one schema, for this library and for anyone with psql.

They hold what those of a file hold (`stores.sqlite.schema` says what each is for), in the types that PostgreSQL has for
it: days are `date`, instants `timestamptz`, amounts `numeric`, which rounds nothing. Names are in the order of their
code points, as everywhere in the library. Bodies stay text, since `jsonb` would write them anew.

Nothing is ever changed: triggers refuse UPDATE, DELETE and TRUNCATE, and whatever leaves a gap. Who owns the tables can
take triggers off; a role for writers need not, and should not, own them (`rights_of_writers`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import psycopg
from psycopg import errors, sql

from ledger.model.errors import WAY_OUT, NewerFormat, NotALedger, ReadOnly, StoreError, listed
from ledger.stores.postgres.function import BODY, DEFINITION, NAME, numbers

FORMAT: Final = 1
_MARK: Final = "membership ledger, format "
_MARKED: Final = re.compile(rf"{_MARK}([0-9]{{1,9}})")

_NAME: Final = 'text COLLATE "C"'

TABLES: Final = f"""
CREATE TABLE {{schema}}.records (
    position bigint PRIMARY KEY CHECK (position > 0),
    initiative {_NAME} NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    id {_NAME} NOT NULL UNIQUE,
    type text NOT NULL,
    schema integer NOT NULL CHECK (schema > 0),
    effective text,
    earliest date,
    latest date CHECK (earliest <= latest),
    recorded_at timestamptz NOT NULL,
    member {_NAME},
    metric {_NAME},
    body text NOT NULL,
    source text NOT NULL,
    "by" text NOT NULL,
    note text NOT NULL,
    replaces {_NAME},
    head text,
    digest text NOT NULL CHECK (length(digest) = 64),
    UNIQUE (initiative, version)
);

CREATE INDEX records_by_moment ON {{schema}}.records (recorded_at, position);

CREATE INDEX records_by_place ON {{schema}}.records (initiative, position);

CREATE INDEX changes_of_members ON {{schema}}.records (initiative, member) WHERE type = 'member-changed';

CREATE INDEX replacements ON {{schema}}.records (replaces) WHERE replaces IS NOT NULL;

CREATE TABLE {{schema}}.registers (
    register bigint PRIMARY KEY CHECK (register > 0),
    initiative {_NAME} NOT NULL,
    subject {_NAME} NOT NULL CHECK (subject IN ('initiative', 'member', 'metric', 'report')),
    id {_NAME} NOT NULL,
    aspect {_NAME} NOT NULL,
    name {_NAME} NOT NULL,
    UNIQUE (initiative, subject, id, aspect, name)
);

CREATE TABLE {{schema}}.facts (
    register bigint NOT NULL REFERENCES {{schema}}.registers (register),
    latest date NOT NULL,
    rank bigint NOT NULL,
    position bigint NOT NULL REFERENCES {{schema}}.records (position),
    earliest date NOT NULL CHECK (earliest <= latest),
    value text,
    low numeric,
    high numeric,
    reach date CHECK (reach > latest),
    PRIMARY KEY (position, register)
);

CREATE INDEX facts_by_day ON {{schema}}.facts (register, latest, rank, position);

CREATE INDEX facts_by_position ON {{schema}}.facts (register, position, reach, latest);

CREATE INDEX facts_rough ON {{schema}}.facts (register) WHERE earliest <> latest;

CREATE TABLE {{schema}}.retractions (
    position bigint PRIMARY KEY REFERENCES {{schema}}.records (position),
    retracts bigint NOT NULL UNIQUE REFERENCES {{schema}}.records (position)
);

CREATE TABLE {{schema}}.heads (
    size bigint PRIMARY KEY REFERENCES {{schema}}.records (position),
    root bytea NOT NULL CHECK (length(root) = 32),
    peaks bytea NOT NULL CHECK (length(peaks) % 32 = 0)
);

CREATE TABLE {{schema}}.tiles (
    level integer NOT NULL,
    number bigint NOT NULL,
    root bytea NOT NULL CHECK (length(root) = 32),
    hashes bytea NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, number)
);
"""

_GAPS: Final = {
    "records": """NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM {schema}.records)
        OR NEW.version <> (SELECT coalesce(max(version), 0) + 1 FROM {schema}.records
                           WHERE initiative = NEW.initiative)""",
    "registers": "NEW.register <> (SELECT coalesce(max(register), 0) + 1 FROM {schema}.registers)",
    "retractions": """NOT EXISTS (SELECT 1 FROM {schema}.records
                      WHERE position = NEW.position AND type = 'record-retracted')""",
    "heads": "NEW.size IS DISTINCT FROM (SELECT max(position) FROM {schema}.records)",
    "tiles": """NEW.number <> (SELECT coalesce(max(number), -1) + 1 FROM {schema}.tiles
                       WHERE level = NEW.level)""",
}
"""By table, what is wrong with a row that leaves a gap, or that belongs to no record."""

_NEVER: Final = """
BEGIN
    RAISE EXCEPTION '% are never changed: record a correction instead', TG_TABLE_NAME;
END
"""
_GROWS: Final = """
BEGIN
    IF {broken} THEN
        RAISE EXCEPTION '% only grow: this row leaves a gap, or has no record', TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
"""

_TODAY: Final = "(now() AT TIME ZONE 'UTC')::date"
_VIEWS: Final = f"""
CREATE VIEW {{schema}}.standing_facts AS
    -- every fact that may have begun by today and is not retracted; settled: it certainly has begun;
    -- newest: the last of the settled, or of the unsettled, ones of its register; rough: its day is not
    -- known, or something unsettled stands beside it, so that it may not be the one that holds
    SELECT g.initiative, g.subject, g.id, g.aspect, g.name, f.value, f.low, f.high, f.earliest, f.latest,
        f.latest <= {_TODAY} AS settled,
        row_number() OVER (
            PARTITION BY f.register, f.latest <= {_TODAY} ORDER BY f.latest DESC, f.rank DESC, f.position DESC
        ) = 1 AS newest,
        bool_or(f.latest <= {_TODAY}) OVER (PARTITION BY f.register) AS any_settled,
        f.earliest <> f.latest OR bool_or(f.latest > {_TODAY}) OVER (PARTITION BY f.register) AS rough,
        f.register, f.position
    FROM {{schema}}.facts AS f JOIN {{schema}}.registers AS g USING (register)
    WHERE f.earliest <= {_TODAY}
        AND NOT EXISTS (SELECT 1 FROM {{schema}}.retractions AS t WHERE t.retracts = f.position);

CREATE VIEW {{schema}}.members_today AS
    -- everyone who is not certainly gone
    SELECT s.initiative, s.id AS member, coalesce(n.value, s.id) AS name,
        CASE s.value WHEN 'suspended' THEN 'suspended' ELSE 'active' END AS status,
        s.earliest AS since_earliest, s.latest AS since_latest,
        s.rough OR coalesce(n.rough, false) OR c.value IS NOT NULL AS rough, s.position
    FROM {{schema}}.standing_facts AS s
    LEFT JOIN {{schema}}.standing_facts AS n
        ON n.initiative = s.initiative AND n.subject = 'member' AND n.id = s.id AND n.aspect = 'name'
        AND n.newest AND (n.settled OR NOT n.any_settled)
    LEFT JOIN {{schema}}.standing_facts AS c
        ON c.initiative = s.initiative AND c.subject = 'initiative' AND c.aspect = 'status'
        AND c.value = 'closed' AND c.newest
    WHERE s.subject = 'member' AND s.aspect = 'status' AND s.newest AND s.value <> 'left'
        AND (s.settled OR NOT EXISTS (
            SELECT 1 FROM {{schema}}.standing_facts AS o
            WHERE o.register = s.register AND o.settled AND o.newest AND o.value <> 'left'))
        AND coalesce(NOT c.settled, true);

CREATE VIEW {{schema}}.metrics_today AS
    -- low and high are in the base unit of the metric's dimension
    SELECT initiative, CASE subject WHEN 'member' THEN id END AS member, name AS metric, value AS amount,
        low, high, earliest, latest, rough, position
    FROM {{schema}}.standing_facts
    WHERE aspect = 'metric' AND newest AND (settled OR NOT any_settled) AND value IS NOT NULL;

CREATE VIEW {{schema}}.reports AS
    SELECT f.initiative, f.id AS report, r.body::json ->> 'title' AS title, r.body::json ->> 'url' AS url,
        r.effective, f.earliest, f.latest, f.rough, r.recorded_at, f.position
    FROM {{schema}}.standing_facts AS f JOIN {{schema}}.records AS r USING (position)
    WHERE f.subject = 'report' AND f.newest AND (f.settled OR NOT f.any_settled);
"""

GUARDED: Final = ("records", "registers", "facts", "retractions", "heads", "tiles")
"""The tables, in the order in which each needs those before it."""

_INSIDE: Final = """
SELECT i.name, i.mark, has_schema_privilege(n.oid, 'USAGE') FROM pg_namespace AS n CROSS JOIN LATERAL (
    SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class AS c
    WHERE c.relnamespace = n.oid AND c.relkind NOT IN ('i', 'I', 't')
    UNION ALL SELECT p.proname, NULL FROM pg_proc AS p WHERE p.pronamespace = n.oid
    UNION ALL SELECT t.typname, NULL FROM pg_type AS t WHERE t.typnamespace = n.oid AND t.typtype IN ('d', 'e', 'r')
) AS i (name, mark) WHERE n.nspname = %s
"""
_GUARDS: Final = """
SELECT c.relname, t.tgname, t.tgenabled, p.prosrc, t.tgtype, t.tgqual IS NULL AND t.tgattr::text = ''
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE n.nspname = %s AND NOT t.tgisinternal
"""
_STEPS: Final = """
SELECT p.prosrc FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = %s AND p.proname = %s
"""


def statements(schema: str) -> Iterator[sql.Composed]:
    """Give all that makes the tables of a ledger, their guards and the views, one by one.

    >>> next(statements("club")).as_string().split()[:3]
    ['CREATE', 'TABLE', '"club".records']
    """
    name = sql.Identifier(schema)
    for text in [*_split(TABLES), *_guards(), *_split(_VIEWS)]:
        yield sql.SQL(text).format(schema=name)
    yield sql.SQL(DEFINITION).format(schema=name, body=sql.SQL(_step(schema)))
    yield sql.SQL("COMMENT ON TABLE {}.records IS {}").format(name, sql.Literal(f"{_MARK}{FORMAT}"))


def _split(text: str) -> list[str]:
    return text.strip().removesuffix(";").split(";\n\n")


def rights_of_writers(schema: str, role: str) -> str:
    r"""Give the SQL by which the owner of a ledger lets a role read and append, and nothing else.

    >>> print(*rights_of_writers("club", "secretary").split("; "), sep="\n")
    GRANT USAGE ON SCHEMA "club" TO "secretary"
    GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA "club" TO "secretary"
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA "club" TO "secretary"
    """
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
    granted = (
        "GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO {role}; "
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}"
    )
    return sql.SQL(granted).format(**names).as_string()


def is_there(connection: psycopg.Connection, schema: str, place: str) -> bool:
    """Is there a ledger in a schema? Raises `NotALedger` for something else, `NewerFormat` for a later one."""
    rows = connection.execute(_INSIDE, (schema,)).fetchall()
    if not rows:
        return False
    if not all(row[2] for row in rows):
        raise ReadOnly(
            f"{place}: this user may not look into the schema: let its owner grant USAGE of it and SELECT, and INSERT "
            "where it records, as ledger.stores.postgres.schema.rights_of_writers says"
        )
    marks = {name: text for name, text, _ in rows if text is not None}
    mark = _MARKED.fullmatch(marks.get("records", ""))
    if mark is None:
        inside = listed(sorted({name for name, *_ in rows}), 3)
        raise NotALedger(
            f"{place}: the schema holds {inside}, and no ledger; it was left as it is: name another one with ledger="
        )
    format = int(mark[1])
    if format > FORMAT:
        raise NewerFormat(
            f"{place}: it has format {format}, and this library reads up to {FORMAT}: upgrade the library"
        )
    if found := strange(connection, schema):
        raise NotALedger(
            f"{place}: its schema is not that of a ledger, and was left as it is: {listed(found, 5)}: {WAY_OUT}, or "
            "undo this if you know how it came about"
        )
    return True


def install(connection: psycopg.Connection, schema: str, place: str) -> None:
    """Make the tables of a new ledger, within a transaction, in a schema that is empty or not there."""
    (encoding,) = connection.execute("SELECT current_setting('server_encoding')").fetchone() or ("",)
    if encoding != "UTF8":
        raise StoreError(f"{place}: the database keeps its texts in {encoding}; a ledger needs one in UTF8")
    there = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone()
    try:
        if not there:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        for statement in statements(schema):
            connection.execute(statement)
    except errors.InsufficientPrivilege as error:
        raise ReadOnly(
            f"{place}: no ledger is there, and this user may not make one: let one who may create a schema in the "
            "database open it once, and grant the rights that ledger.stores.postgres.schema.rights_of_writers gives"
        ) from error


def strange(connection: psycopg.Connection, schema: str) -> list[str]:
    """Say what of the guards is not as it was made: what is gone, switched off, changed, or was added."""
    expected = {
        (table, f"{table}_{name}"): (
            sql.SQL(body).format(schema=sql.Identifier(schema)).as_string(),
            _KINDS[when],
            True,
        )
        for table, name, when, body in _triggers()
    }
    found = {row[:2]: row[2:] for row in connection.execute(_GUARDS, (schema,)).fetchall()}
    steps = connection.execute(_STEPS, (schema, NAME)).fetchall()
    return [
        *(["the function that gives a batch its place is gone, or was changed"] if steps != [(_step(schema),)] else []),
        *(f"the trigger {name} is gone" for table, name in expected if (table, name) not in found),
        *(
            f"the trigger {key[1]} was changed, or switched off"
            for key, (enabled, *made) in found.items()
            if key in expected and (enabled not in ("O", "A") or tuple(made) != expected[key])
        ),
        *(f"the trigger {name} on {table} is not a ledger's" for table, name in found if (table, name) not in expected),
    ]


_KINDS: Final = {"BEFORE INSERT": 7, "BEFORE UPDATE OR DELETE": 27, "BEFORE TRUNCATE": 34}
"""The bits by which `pg_trigger.tgtype` says when a trigger is called, and whether for each row."""


def _step(schema: str) -> str:
    locks = {name: sql.SQL(number) for name, number in numbers(schema).items()}
    return sql.SQL(BODY).format(schema=sql.Identifier(schema), **locks).as_string()


def _triggers() -> Iterator[tuple[str, str, str, str]]:
    """Give each guard: its table, its name, when it is called, and the body of its function."""
    for table in GUARDED:
        if table in _GAPS:
            yield table, "only_grow", "BEFORE INSERT", _GROWS.replace("{broken}", _GAPS[table])
        yield table, "refuse_change", "BEFORE UPDATE OR DELETE", _NEVER
        yield table, "refuse_truncate", "BEFORE TRUNCATE", _NEVER


def _guards() -> Iterator[str]:
    for table, name, when, body in _triggers():
        each = "STATEMENT" if "TRUNCATE" in when else "ROW"
        function = f"{{schema}}.{table}_{name}"
        yield f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $guard${body}$guard$"
        yield (
            f"CREATE TRIGGER {table}_{name} {when} ON {{schema}}.{table} FOR EACH {each} EXECUTE FUNCTION {function}()"
        )

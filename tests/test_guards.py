"""The database itself refuses to change what is written, whatever program asks it to; nothing else stands in its way.

Each refusal is held against a row that fits, and differs in what the refusal is about. With the guards taken off, the
tables still refuse what no row can be.
"""

import sqlite3
from contextlib import closing, contextmanager
from uuid import uuid4

import pytest

import ledger
from ledger import InitiativeLaunched, MemberJoined, MetricDefined, MetricUpdated

KEYS = {
    "records": ["position"],
    "registers": ["register"],
    "facts": ["register", "latest", "rank", "position"],
    "retractions": ["position"],
    "heads": ["size"],
    "tiles": ["level", "number"],
}
NULLABLE = {
    "records": {"effective", "earliest", "latest", "member", "metric", "replaces", "head"},
    "facts": {"value", "low", "high", "reach"},
}
COUNT = 302  # records of the file: a full tile, a retraction, and a second initiative


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("guards") / "clusters.db"
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        clusters.record(InitiativeLaunched("2021", name="Clusters"), MetricDefined("co2", unit="t"))
        book.initiative("ports").record(MemberJoined("cleo", "2022"))
        clusters.record(*(MemberJoined(f"m{number}", "2021/2022-06-01") for number in range(296)))
        (value,) = clusters.record(MetricUpdated("co2", "2022-06-30", "12.5 t", member="m1"))
        clusters.correct(value, amount="1 t")
        assert book.head.size == COUNT
    return path


@contextmanager
def sql(path, *, guarded=True):
    """A plain connection, as the sqlite3 shell has it; whatever is written is taken back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN")
        if not guarded:
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
        yield connection
        connection.execute("ROLLBACK")


def columns_of(connection, table):
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def rows_of(connection, table, condition="TRUE", *values):
    found = connection.execute(f"SELECT * FROM {table} WHERE {condition}", values).fetchall()
    return [dict(zip(columns_of(connection, table), row, strict=True)) for row in found]


def insert(connection, table, row, verb="INSERT"):
    names = ", ".join(f'"{name}"' for name in row)
    connection.execute(f"{verb} INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def next_row(connection, table):
    """A row that fits next; where it needs a new record it is written."""
    (record,) = rows_of(connection, "records", "position = ?", COUNT)
    record |= {"position": COUNT + 1, "version": COUNT, "id": str(uuid4())}  # one record is of the other initiative
    if table == "records":
        return record
    if table in ("retractions", "heads"):
        insert(connection, "records", {**record, "type": "record-retracted"})
    return {
        "registers": lambda: {**rows_of(connection, "registers")[-1], "register": registers(connection) + 1, "id": "x"},
        "facts": lambda: {**rows_of(connection, "facts", "position = 4")[0], "rank": 99, "reach": "9999-12-31"},
        "retractions": lambda: {"position": COUNT + 1, "retracts": 1},
        "heads": lambda: {"size": COUNT + 1, "root": bytes(32)},
        "tiles": lambda: {"level": 0, "number": 1, "root": bytes(32), "hashes": bytes(8192)},
    }[table]()


def registers(connection):
    return connection.execute("SELECT max(register) FROM registers").fetchone()[0]


# what is there is not changed


@pytest.mark.parametrize("table", KEYS)
def test_the_database_refuses_an_update(path, table):
    with sql(path) as connection:
        before = rows_of(connection, table)
        for column in columns_of(connection, table):
            with pytest.raises(sqlite3.IntegrityError, match=f"{table} are never changed: record a correction instead"):
                connection.execute(f'UPDATE {table} SET "{column}" = "{column}"')
        assert rows_of(connection, table) == before


@pytest.mark.parametrize("table", KEYS)
@pytest.mark.parametrize("verb", [
    "DELETE FROM {table}",
    "DELETE FROM {table} WHERE {column} >= 0",
    "INSERT OR REPLACE INTO {table} VALUES {row}",
    "REPLACE INTO {table} VALUES {row}",
    "INSERT OR IGNORE INTO {table} VALUES {row}",
    "INSERT INTO {table} VALUES {row}",
    "INSERT INTO {table} VALUES {row} ON CONFLICT DO NOTHING",
    "INSERT INTO {table} VALUES {row} ON CONFLICT DO UPDATE SET {column} = {column}",
])  # fmt: skip
@pytest.mark.parametrize("recursive_triggers", ["ON", "OFF"])
def test_the_database_refuses_to_delete_or_to_replace(path, table, verb, recursive_triggers):
    with sql(path) as connection:
        connection.execute(f"PRAGMA recursive_triggers = {recursive_triggers}")
        before = rows_of(connection, table)
        row = tuple(before[-1].values())  # of the newest, whose place the next might take
        statement = verb.format(table=table, column=KEYS[table][0], row=f"({', '.join('?' * len(row))})")
        told = "are never changed" if verb.startswith("DELETE") else "only grow"
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} {told}"):
            connection.execute(statement, row if "?" in statement else ())
        assert rows_of(connection, table) == before


# what is added is what comes next


FITS = [
    *((table, {}) for table in KEYS),
    ("records", {"initiative": "ports", "version": 2}),
    ("records", {"initiative": "new", "version": 1}),
    ("records", dict.fromkeys(NULLABLE["records"])),
    ("records", {"earliest": "2022-06-30", "latest": "2022-07-01"}),
    *(("registers", {"subject": subject}) for subject in ("initiative", "member", "metric", "report")),
    ("facts", dict.fromkeys(NULLABLE["facts"])),
    ("facts", {"earliest": "2022-06-01", "latest": "2022-06-01"}),
    ("tiles", {"level": 1, "number": 0}),
]


@pytest.mark.parametrize(("table", "changes"), FITS)
def test_the_next_row_by_hand_fits(path, table, changes):
    """So that others are refused for the reason that is named."""
    for guarded in True, False:
        with sql(path, guarded=guarded) as connection:
            insert(connection, table, next_row(connection, table) | changes)


@pytest.mark.parametrize("table", ["registers", "facts"])
def test_what_differs_in_one_part_of_its_key_fits(path, table):
    with sql(path) as connection:
        (old, *_) = rows_of(connection, table, "register = (SELECT register FROM facts WHERE position = 4)")
        if table == "registers":
            old["register"] = registers(connection) + 1
            parts = {"initiative": "ports", "subject": "report", "id": "x", "aspect": "x", "name": "x"}
        else:
            parts = {"register": 1, "latest": "2022-06-02", "rank": 99, "position": 3}
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} only grow"):
            insert(connection, table, old)
        for place, (column, value) in enumerate(parts.items()):
            more = {"register": old["register"] + place} if table == "registers" else {}
            insert(connection, table, {**old, column: value, **more})


def test_tiles_fit_one_after_the_other(path):
    with sql(path) as connection:
        row = next_row(connection, "tiles")
        for number in 1, 2, 3:
            insert(connection, "tiles", row | {"number": number})


def test_an_empty_ledger_refuses_all_but_a_first_record(tmp_path):
    ledger.open(tmp_path / "empty.db").close()
    with sql(tmp_path / "empty.db") as connection:
        connection.execute("COMMIT")
        connection.execute("PRAGMA foreign_keys = OFF")  # as in most programs
        connection.execute("BEGIN")
        for table, row in ("heads", {"size": 1, "root": bytes(32)}), ("retractions", {"position": 1, "retracts": 1}):
            with pytest.raises(sqlite3.IntegrityError, match=f"{table} only grow"):
                insert(connection, table, row)


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE"])
@pytest.mark.parametrize(("table", "changes"), [
    *(("records", {"position": position}) for position in (COUNT, COUNT + 2, 1, 0, -1, None)),
    *(("records", {"version": version}) for version in (COUNT - 1, COUNT + 1, 1, 0, -1)),
    ("records", {"initiative": "ports"}), ("records", {"initiative": "ports", "version": 1}),
    ("records", {"initiative": "new", "version": 0}), ("records", {"initiative": "new", "version": 2}),
    ("records", {"id": "taken"}),
    *(("registers", {"register": register}) for register in (0, 1, 9_999, None)),
    *(("retractions", {"position": position}) for position in (COUNT, COUNT + 2, 1)),
    *(("heads", {"size": size}) for size in (COUNT + 2, COUNT, 4, 0)),
    *(("tiles", {"number": number}) for number in (-1, 0, 2)),
    *(("tiles", {"level": 1, "number": number}) for number in (-1, 1)),
])  # fmt: skip
def test_the_database_refuses_what_leaves_a_gap_or_takes_a_place(path, table, changes, verb):
    with sql(path) as connection:
        row = next_row(connection, table) | changes
        if row.get("id") == "taken":
            (row["id"],) = connection.execute("SELECT id FROM records WHERE position = 5").fetchone()
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} only grow"):
            insert(connection, table, row, verb)


def test_the_database_refuses_to_retract_twice_or_beside_a_record_that_retracts_nothing(path):
    with sql(path) as connection:
        ((position, retracts),) = connection.execute("SELECT * FROM retractions").fetchall()
        row = next_row(connection, "retractions")
        for wrong in {"position": position}, {"retracts": retracts}, {"position": 1}:
            with pytest.raises(sqlite3.IntegrityError, match="retractions only grow"):
                insert(connection, "retractions", row | wrong, "INSERT OR REPLACE")


# what no row can be is refused without the guards too


@pytest.mark.parametrize("table", KEYS)
def test_a_value_of_another_kind_or_none_is_refused(path, table):
    with sql(path, guarded=False) as connection:
        row = next_row(connection, table)
        for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall():
            other = {"INTEGER": "many", "TEXT": b"\0", "BLOB": "x" * 32}[kind]
            told = "datatype mismatch" if [column] == KEYS[table] else "cannot store"
            with pytest.raises(sqlite3.IntegrityError, match=told):
                insert(connection, table, row | {column: other})
            if column not in NULLABLE.get(table, ()) and [column] != KEYS[table]:  # which would be numbered
                with pytest.raises(sqlite3.IntegrityError, match=f"NOT NULL constraint failed: {table}.{column}"):
                    insert(connection, table, row | {column: None})


@pytest.mark.parametrize(("table", "changes"), [
    ("records", {"position": 0}), ("records", {"version": 0}), ("records", {"schema": 0}),
    ("records", {"earliest": "2022-07-01", "latest": "2022-06-30"}),
    ("records", {"digest": "0" * 63}), ("records", {"digest": "0" * 65}),
    ("registers", {"subject": "nobody"}),
    ("facts", {"earliest": "2022-06-02", "latest": "2022-06-01"}),
    ("facts", {"latest": "2022-06-01", "reach": "2022-06-01"}),
    ("heads", {"root": bytes(31)}), ("heads", {"root": bytes(33)}),
    ("tiles", {"root": bytes(31)}), ("tiles", {"root": bytes(33)}),
    ("tiles", {"hashes": bytes(8191)}), ("tiles", {"hashes": bytes(8193)}),
])  # fmt: skip
def test_a_value_that_none_can_be_is_refused(path, table, changes):
    with sql(path, guarded=False) as connection:
        row = next_row(connection, table) | changes
        with pytest.raises(sqlite3.IntegrityError, match=rf"CHECK constraint failed: .*\b{[*changes][-1]}\b"):
            insert(connection, table, row)


@pytest.mark.parametrize(("table", "same"), [
    *KEYS.items(), ("records", ["id"]), ("records", ["initiative", "version"]),
    ("registers", ["initiative", "subject", "id", "aspect", "name"]), ("retractions", ["retracts"]),
])  # fmt: skip
def test_what_there_is_one_of_is_refused_a_second_time(path, table, same):
    with sql(path, guarded=False) as connection:
        row, old = next_row(connection, table), rows_of(connection, table)[0]
        named = ", ".join(f"{table}.{column}" for column in same)
        with pytest.raises(sqlite3.IntegrityError, match=f"UNIQUE constraint failed: {named}$"):
            insert(connection, table, row | {column: old[column] for column in same})


@pytest.mark.parametrize(("table", "column"), [
    ("facts", "register"), ("facts", "position"), ("retractions", "position"), ("retractions", "retracts"),
    ("heads", "size"),
])  # fmt: skip
def test_what_is_beside_a_record_is_beside_one_that_is_there(path, table, column):
    with sql(path, guarded=False) as connection:
        row = next_row(connection, table) | {column: 9_999}
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY constraint failed"):
            insert(connection, table, row)

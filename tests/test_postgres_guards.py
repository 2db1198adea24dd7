"""The server itself refuses to change what is written, whatever program asks it to, and a role can be kept to that."""

import psycopg
import pytest
from psycopg import errors, sql

import ledger
from ledger import InitiativeLaunched, MemberJoined, MetricDefined, MetricUpdated, Refused
from ledger.model.errors import Damaged, NewerFormat, NotALedger, ReadOnly
from ledger.stores.postgres.schema import GUARDED, rights_of_writers
from postgres import a_ledger, role_of, shell

COUNT = 302  # records: a full tile, a retraction, and a second initiative


@pytest.fixture(scope="module")
def address():
    with a_ledger() as address:
        with ledger.open(address) as book:
            clusters = book.initiative("clusters")
            clusters.record(InitiativeLaunched("2021", name="Clusters"), MetricDefined("co2", unit="t"))
            book.initiative("ports").record(MemberJoined("cleo", "2022"))
            clusters.record(*(MemberJoined(f"m{number}", "2021/2022-06-01") for number in range(296)))
            (value,) = clusters.record(MetricUpdated("co2", "2022-06-30", "12.5 t", member="m1"))
            clusters.correct(value, amount="1 t")
            assert book.head.size == COUNT
        yield address


@pytest.mark.parametrize("table", GUARDED)
@pytest.mark.parametrize("change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_nothing_is_changed(address, table, change):
    first = {"records": "position", "heads": "size", "tiles": "level", "retractions": "position"}.get(table, "register")
    with shell(address) as connection, pytest.raises(errors.RaiseException, match="are never changed"):
        connection.execute(change.format(table, first))


COPIES = {
    "records": "SELECT {} FROM records WHERE position = 302",
    "registers": "SELECT {} FROM registers WHERE register = 1",
    "retractions": "SELECT {} FROM retractions",
    "heads": "SELECT {} FROM heads WHERE size = 302",
    "tiles": "SELECT {} FROM tiles",
}
"""A row of each table, with one column changed: it leaves a gap, or belongs to no record."""


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("records", {"position": "304", "id": "'x'", "version": "version + 1"}),
        ("records", {"position": "303", "id": "'x'", "version": "version + 2"}),
        ("registers", {"register": "100000", "id": "'nobody'"}),
        ("retractions", {"position": "2", "retracts": "3"}),
        ("heads", {"size": "301"}),
        ("tiles", {"number": "2"}),
    ],
)
def test_nothing_leaves_a_gap(address, table, changes):
    with shell(address) as connection:
        columns = [row.name for row in connection.execute(f"SELECT * FROM {table} LIMIT 0").description]
        chosen = ", ".join(changes.get(column, f'"{column}"') for column in columns)
        with pytest.raises(errors.RaiseException, match=f"{table} only grow"):
            connection.execute(f"INSERT INTO {table} {COPIES[table].format(chosen)}")


@pytest.mark.parametrize("table", ["records", "registers", "facts", "retractions", "heads", "tiles"])
def test_no_row_is_written_twice(address, table):
    with shell(address) as connection, pytest.raises((errors.UniqueViolation, errors.RaiseException)):
        connection.execute(f"INSERT INTO {table} SELECT * FROM {table}")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        ("ALTER TABLE records DISABLE TRIGGER records_refuse_change", "records_refuse_change was changed, or switched"),
        ("DROP TRIGGER facts_refuse_truncate ON facts", "facts_refuse_truncate is gone"),
        (
            (
                "CREATE OR REPLACE FUNCTION heads_refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
                " 'BEGIN RETURN NEW; END'"
            ),
            "heads_refuse_change was changed",
        ),
        (
            (
                "CREATE OR REPLACE TRIGGER records_refuse_change BEFORE UPDATE OR DELETE ON records FOR EACH ROW"
                " WHEN (false) EXECUTE FUNCTION records_refuse_change()"
            ),
            "records_refuse_change was changed",
        ),
        (
            (
                "CREATE OR REPLACE TRIGGER records_refuse_change BEFORE UPDATE OF note OR DELETE ON records"
                " FOR EACH ROW EXECUTE FUNCTION records_refuse_change()"
            ),
            "records_refuse_change was changed",
        ),
        (
            (
                "CREATE OR REPLACE TRIGGER records_refuse_change BEFORE UPDATE ON records"
                " FOR EACH ROW EXECUTE FUNCTION records_refuse_change()"
            ),
            "records_refuse_change was changed",
        ),
        ("DROP FUNCTION append", "the function that gives a batch its place is gone, or was changed"),
        (
            "CREATE FUNCTION append() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "the function that gives a batch its place is gone, or was changed",
        ),
        (
            "CREATE TRIGGER late AFTER INSERT ON facts EXECUTE FUNCTION facts_refuse_truncate()",
            "late on facts is not a ledger's",
        ),
    ],
)
def test_guards_that_are_not_as_they_were_made_are_found(harm, message):
    with a_ledger() as address:
        with ledger.open(address) as book:
            book.initiative("club").record(MemberJoined("ada", "2020"))
            with shell(address) as connection:
                connection.execute(harm)
            with pytest.raises(Damaged, match=message):
                book.verify()
        with pytest.raises(NotALedger, match=message):
            ledger.open(address)


def test_what_was_changed_behind_the_guards_is_found():
    with a_ledger() as address, ledger.open(address) as book:
        book.initiative("club").record(MemberJoined("ada", "2020"), MemberJoined("ben", "2020"))
        with shell(address) as connection:
            connection.execute("SET session_replication_role = replica")  # triggers sleep
            connection.execute("UPDATE facts SET earliest = '2019-01-01' WHERE position = 2")
        with pytest.raises(Damaged, match="its facts, by which questions are answered, are not what it says"):
            book.verify()
        with shell(address) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE records SET note = 'x' WHERE position = 2")
        with pytest.raises(Damaged, match="record 2"):
            book.verify()
        with pytest.raises(Damaged, match="record 2"):
            ledger.open(address)


def test_a_role_may_append_and_nothing_else(address):
    with role_of(address) as (writer, role):
        with pytest.raises(ReadOnly, match=r"may not look into the schema: .* USAGE of it and SELECT"):
            ledger.open(writer)
        with shell(address) as connection:
            connection.execute(rights_of_writers(address.rpartition("=")[2], role))
        with ledger.open(writer) as book:
            book.initiative("written-by-role").record(MemberJoined("ada", "2020"))
            with pytest.raises(Refused):
                book.initiative("written-by-role").record(MemberJoined("ada", "2020"))
        for change in "UPDATE records SET note = ''", "DELETE FROM facts", "TRUNCATE heads", "DROP TABLE tiles":
            with shell(writer) as connection, pytest.raises(errors.InsufficientPrivilege):
                connection.execute(change)
        with shell(writer) as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute("ALTER TABLE records DISABLE TRIGGER ALL")


def test_a_role_that_may_not_make_a_ledger_is_told_who_may(address):
    with role_of(address) as (writer, _), pytest.raises(ReadOnly, match="this user may not make one: let one who may"):
        ledger.open(f"{writer}_of_his_own")


def test_what_is_no_ledger_is_left_alone():
    with a_ledger() as address:
        base, _, name = address.rpartition("&ledger=")
        with psycopg.connect(base, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE TABLE {}.records (a int)").format(sql.Identifier(name)))
        with pytest.raises(NotALedger, match="the schema holds records, and no ledger"):
            ledger.open(address)
        for format in "x", "", "1.5", "9" * 5_000:
            with shell(address) as connection:
                connection.execute(f"COMMENT ON TABLE records IS 'membership ledger, format {format}'")
            with pytest.raises(NotALedger, match="the schema holds records, and no ledger"):
                ledger.open(address)
        with shell(address) as connection:
            connection.execute("COMMENT ON TABLE records IS 'membership ledger, format 2'")
        with pytest.raises(NewerFormat, match="format 2, and this library reads up to 1"):
            ledger.open(address)
        with shell(address) as connection:
            connection.execute("DROP TABLE records")
        for kind, made, what in (
            ("FUNCTION", "append() RETURNS int LANGUAGE sql AS 'SELECT 1'", "append"),
            ("SEQUENCE", "numbers", "numbers"),
            ("TYPE", "records AS ENUM ('one')", "records"),
            ("TYPE", "pair AS (one int)", "pair"),
            ("DOMAIN", "days AS date", "days"),
        ):
            with shell(address) as connection:
                connection.execute(f"CREATE {kind} {made}")
                with pytest.raises(NotALedger, match=f"the schema holds {what}, and no ledger"):
                    ledger.open(address)
                connection.execute(f"DROP {kind} {what}")
        with ledger.open(address) as book:  # an empty schema will do
            assert book.initiatives() == []


def test_the_views_show_the_present_in_plain_sql(address):
    with shell(address) as connection:
        assert connection.execute(
            "SELECT count(*) FROM members_today WHERE rough AND initiative = 'clusters'"
        ).fetchone() == (296,)
        assert connection.execute("SELECT member, amount, low FROM metrics_today").fetchall()[0][:2] == ("m1", "1 t")
        assert connection.execute("SELECT count(*) FROM reports").fetchone() == (0,)

"""What PostgreSQL reads for a batch, or an answer, does not grow with the log, nor how often it is asked with a batch.

It is counted by the server, in rows and in entries of indexes: so it is the same on any machine. A table may be new to
the server, or known to it as it was when the ledger was small: by that it chooses its ways.
"""

from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise

import psycopg
import pytest

import ledger
from ledger import (
    InitiativeClosed,
    MemberChanged,
    MemberJoined,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
)
from ledger.model.errors import Refused
from ledger.stores.postgres.ahead import PostgresAhead
from postgres import a_ledger, shell

READ = """
SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = current_schema())
    + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = current_schema())
"""
MEMBERS = ["ada", "ben", "cleo"]
METRICS = [MetricDefined("co2", unit="t"), MetricDefined("trees", unit="t")]

analysed = pytest.mark.parametrize("analysed", [False, True])


@pytest.fixture
def address():
    with a_ledger() as address:
        yield address


def rows_read(address, *books):
    """How many rows and entries of indexes were read in a ledger, by these handles too."""
    for book in books:
        book._store._session._connection.execute("SELECT pg_stat_force_next_flush()")
    with shell(address) as connection:
        return float(connection.execute(READ).fetchone()[0])


def start(book):
    """Launch a club, and give its version."""
    joins = [MemberJoined(one, "2020-01-01") for one in MEMBERS]
    return book.initiative("club").record(*METRICS, *joins)[-1].version


def analyse(address):
    with shell(address) as connection:
        connection.execute("ANALYZE")


def updates(count):
    return [MetricUpdated("co2", "2021-01-01", f"{n} t", member=MEMBERS[n % 3]) for n in range(count)]


@analysed
@pytest.mark.parametrize("in_turn", [False, True])
def test_a_batch_reads_no_more_of_a_longer_ledger(address, in_turn, analysed, monkeypatch):
    placed = []
    place = PostgresAhead.place
    monkeypatch.setattr(PostgresAhead, "place", lambda *args: placed.append(place(*args)) or placed[-1])

    def cost():
        """Let two handles record by turns, and give how much was read for it."""
        before = rows_read(address, first, second)
        for number in range(30):
            for book, member in ((first, "ada"), (second, "ben")):
                expected = {"expected_version": version[0]} if in_turn else {}
                said = MetricUpdated("co2", "2021-01-01", f"{number} t", member=member)
                new = MemberJoined(f"new {version[0]}", "2021-01-01")
                version[0] = book.initiative("club").record(said, new, **expected)[-1].version
        return rows_read(address, first, second) - before

    with ledger.open(address) as first, ledger.open(address) as second:
        version = [start(first)]
        if analysed:
            analyse(address)
        cost()
        short = cost()
        with ledger.open(address) as third:
            for _ in range(10):
                third.initiative("club").record(*updates(100))
            joins = third.initiative("club").record(*(MemberJoined(f"{n}", "2020-01-01") for n in range(1000)))
            version = [joins[-1].version]
        cost()
        assert cost() < 2 * short
    assert any(placed) != in_turn


def test_the_server_is_asked_no_more_often_for_many_events_than_for_few(monkeypatch):
    asked = []
    execute = psycopg.Connection.execute
    monkeypatch.setattr(
        psycopg.Connection, "execute", lambda *args, **how: asked.append(args[1]) or execute(*args, **how)
    )

    def questions(count):
        """How often the server is asked for anything, to record batches of so many events, or to refuse them."""
        members = [str(number) for number in range(count)]
        batches = [
            [*METRICS, *(MemberJoined(one, "2020-01-01") for one in members)],
            [MetricUpdated("co2", "2021-01-01", "1 t", member=one) for one in members],
            [MemberChanged(one, "2021-01-01", name="x", part_of=other) for one, other in pairwise([*members, "0"])][
                :-1
            ],
            [MemberSuspended(one, "2021-01-01") for one in members],
            [MemberJoined(one, "2020-06-01") for one in members],  # refused, and so is this closing
            [InitiativeClosed("2019-01-01")],
            [InitiativeClosed("2022-01-01")],
        ]
        with a_ledger() as address:
            for batch in batches:
                with ledger.open(address) as book:  # which knows nothing yet
                    asked.clear()
                    with suppress(Refused):
                        book.initiative("club").record(*batch)
                    yield sum(" FROM " in query and not query.startswith("INSERT") for query in asked)

    assert list(questions(50)) == list(questions(2))


ASKED = {
    "a state": lambda club: club.at("2022-01-01"),
    "as known at a position": lambda club: club.at("2022-01-01", known_at=5),
    "as known at an instant": lambda club: club.at("2022-01-01", known_at=datetime(2001, 1, 1, tzinfo=UTC)),
    "a history of a member": lambda club: club.history(member="cleo"),
    "a history of a value": lambda club: club.history(member="cleo", metric="co2"),
    "records": lambda club: next(club.records(after=4)),
    "names": lambda club: club.names("member"),
    "a record": lambda club: club.record(MemberChanged("cleo", "2021-01-01", name="Cleo")),
    "a correction": lambda club: club.correct(
        *club.record(MetricUpdated("co2", "2021-01-01", "1 t", member="ben")), effective="2021-02", reason="misread"
    ),
}


@pytest.mark.parametrize("analysed", ["never", "small", "large"])
def test_an_answer_reads_no_more_of_a_longer_ledger(address, analysed):
    now = [datetime(2000, 1, 1, tzinfo=UTC)]

    def costs():
        with ledger.open(address) as book:
            club = book.initiative("club")
            for name, ask in ASKED.items():
                ask(club)
                before = rows_read(address, book)
                ask(club)
                yield name, rows_read(address, book) - before

    with ledger.open(address, clock=lambda: now[0]) as book:
        club, zoo = book.initiative("club"), book.initiative("zoo")
        start(book)
        now[0] = datetime(2002, 1, 1, tzinfo=UTC)
        club.record(*updates(100), MetricUpdated("trees", "2021-01-01", "1 t"))
        if analysed != "never":
            analyse(address)
        small = dict(costs())
        zoo.record(*METRICS)
        for _ in range(20):
            club.record(*(MetricUpdated("trees", "2021-01-01", f"{n} t") for n in range(100)))
            wrong = zoo.record(*(MetricUpdated("trees", "2021-01-01", f"{n} t") for n in range(100)))
            zoo.record(*(RecordRetracted(one.id, "wrong") for one in wrong))
        with book._store.together():
            for number in range(100):
                book.initiative(f"club {number}").record(MemberJoined("ada", "2020-01-01"))
        if analysed == "large":
            analyse(address)
    large = dict(costs())
    assert {name: (cost, small[name]) for name, cost in large.items() if cost > 2 * small[name]} == {}

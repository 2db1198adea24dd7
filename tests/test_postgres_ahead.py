"""Batches that PostgreSQL gives their place are those that would have been written in turn, to the last bit."""

import json
import os
import socket
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Thread
from time import monotonic, sleep

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger import (
    InitiativeClosed,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.errors import (
    BadInput,
    LedgerBusy,
    Refused,
    RetryMismatch,
    Unconfirmed,
    UnknownInitiative,
    VersionConflict,
)
from ledger.recording.batch import COLUMNS, around_place, digest_of
from ledger.recording.merkle import WIDTH
from ledger.stores.postgres.ahead import PostgresAhead
from ledger.stores.postgres.locks import LINE, SEATS, number_of
from ledger.stores.postgres.session import Session
from postgres import a_ledger, shell

MOMENT = datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=UTC)
HANDLES = 3

ids = st.sampled_from(["ada", "ben", "Ćleo ☃", "d\"\\o'ra", "\U0001f600 {0} %s $1 ]"])
prose = st.sampled_from(["", 'a\tpage,\nand more "', "\u2028 \x7f \U0010ffff"])
days = st.sampled_from(["2021", "2021-05-06", "2020-02/2021-03-04", "[..2021-07]", "2021~"])
events = st.one_of(
    st.builds(MemberJoined, ids, days, name=ids, attributes=st.dictionaries(ids, ids, max_size=2)),
    st.builds(MemberChanged, ids, days, name=ids),
    st.builds(MemberLeft, ids, days),
    st.builds(MetricDefined, st.just("co2"), unit=st.just("t")),
    st.builds(
        MetricUpdated,
        st.just("co2"),
        days,
        st.sampled_from(["12.50 t", ">= 2e3 kg", "1..2 Mt", None]),
        member=st.one_of(st.none(), ids),
    ),
    st.builds(ReportPublished, st.sampled_from(["r", "s"]), st.just("2022-01-01"), title=ids),
)
batches = st.tuples(
    st.integers(0, HANDLES - 1),
    st.sampled_from(["club", "ports"]),
    st.one_of(st.lists(events, min_size=1, max_size=4), st.sampled_from(["retract", "correct"])),
    prose,
    st.integers(-5, 1_000_000),
)


@pytest.fixture
def address():
    with a_ledger() as address:
        yield address


@pytest.fixture
def placed(monkeypatch):
    """The places that PostgreSQL gave to batches in a test, None where it gave none."""
    given = []
    place = PostgresAhead.place
    monkeypatch.setattr(PostgresAhead, "place", lambda *args: given.append(place(*args)) or given[-1])
    return given


def send(club, what, note):
    """Record what was drawn; give its records, none if it is refused."""
    try:
        if isinstance(what, list):
            return club.record(*what, note=note)
        standing = [
            record for record in club.records() if not isinstance(record.event, RecordRetracted | ReportPublished)
        ]
        if not standing:
            return ()
        if what == "retract":
            return (club.retract(standing[-1], reason=note),)
        return club.correct(standing[-1], effective="2021-02", reason=note)
    except (Refused, BadInput, UnknownInitiative):
        return ()


@given(st.lists(batches, min_size=1, max_size=25))
@settings(max_examples=max(settings.default.max_examples // 5, 10), deadline=None)
def test_what_several_handles_record_is_one_history(drawn):
    now = [MOMENT]
    with a_ledger() as address, ExitStack() as stack:
        books = [stack.enter_context(ledger.open(address, clock=lambda: now[0])) for _ in range(HANDLES)]
        known = []
        for handle, name, what, note, later in drawn:
            now[0] += timedelta(microseconds=later)
            new = send(books[handle].initiative(name), what, note)
            assert all(record.recorded_at >= now[0] for record in new)
            known += new
        assert list(books[0].records()) == known
        assert books[0].verify(deep=True) == books[1].head


@given(
    st.lists(
        st.one_of(st.none(), st.integers(1, 2**53), st.text()), min_size=len(COLUMNS) - 2, max_size=len(COLUMNS) - 2
    )
)
def test_a_digest_is_of_what_stands_around_the_place(others):
    moment = COLUMNS.index("recorded_at") - 1
    row = [7, *others[:moment], "2024-05-06T07:08:09.000010Z", *others[moment:], "digest"][: len(COLUMNS)]
    row[COLUMNS.index("version")] = 3
    first, second, third = around_place(tuple(row))
    whole = f"[7{first}3{second}2024-05-06T07:08:09.000010Z{third}"
    assert json.loads(whole) == row[:-1]
    assert sha256(b"\0" + whole.encode()).hexdigest() == digest_of(tuple(row[:-1]))


def joined(*names):
    return [MemberJoined(name, "2021-01-01") for name in names]


def test_a_batch_follows_upon_what_others_wrote_elsewhere(address, placed):
    with ledger.open(address) as book, ledger.open(address) as other:
        club, ports = book.initiative("club"), other.initiative("ports")
        club.record(MetricDefined("co2", "t"), *joined("ada"))
        ports.record(*joined("genoa"))
        assert not placed  # nothing was known of either
        values = [MetricUpdated("co2", "2022", f"{number} t", member="ada") for number in range(3)]
        for number, value in enumerate(values):
            ports.record(*joined(f"p{number}"))
            (record,) = club.record(value)
            assert record.position == book.head.size
            assert list(book.records(after=record.position - 1)) == [record]
        assert len(placed) == 6
        assert None not in placed
        assert book.verify(deep=True) == other.head


def test_a_batch_of_whom_others_were_faster_is_judged_anew(address, placed):
    with ledger.open(address) as book, ledger.open(address) as other:
        here, there = book.initiative("club"), other.initiative("club")
        here.record(MetricDefined("co2", "t"), *joined("ada", "ben"))
        for number, one in enumerate([here, there, there, here, there]):
            one.record(MetricUpdated("co2", "2022", f"{number} t", member="ada"))
        assert [one and one.position for one in placed] == [3, 5, None, None]
        here.record(*joined("x", "y"))
        here.record(*joined("cleo"))
        assert placed[-1] == (10, 10, placed[-1].recorded_at)  # nobody has written of cleo
        with pytest.raises(Refused, match="cleo"):
            there.record(*joined("cleo"))
        there.record(MemberLeft("cleo", "2022-01-01"))  # here it is a member yet, and there it was none
        here.record(*joined("dora"))
        with pytest.raises(VersionConflict):
            there.record(*joined("eve"), expected_version=12)
        there.record(*joined("eve"), expected_version=13)
        assert here.at("2023-01-01").members.keys() == {"ada", "ben", "dora", "eve", "x", "y"}
        assert book.verify(deep=True) == other.head


def test_writers_of_one_initiative_only_wait_for_those_who_write_the_same(address, placed):
    with ledger.open(address) as book, ledger.open(address) as other:
        here, there = book.initiative("club"), other.initiative("club")
        here.record(MetricDefined("co2", "t"), *joined("ada", "ben"))
        there.record(*joined("genoa"))
        for number in range(3):
            (one,) = here.record(MetricUpdated("co2", "2022", f"{number} t", member="ada"))
            two = there.record(MetricUpdated("co2", "2022", f"{number} t", member="ben"), *joined(f"p{number}"))
            assert [record.version for record in (one, *two)] == [5 + 3 * number, 6 + 3 * number, 7 + 3 * number]
            assert list(here.records(after=4 + 3 * number)) == [one, *two]
        here.record(*joined("cleo"))
        assert len(placed) == 7
        assert None not in placed
        assert book.verify(deep=True) == other.head
        (wrong,) = there.record(MemberLeft("cleo", "2022-01-01"))
        with pytest.raises(Refused, match="not a member"):
            here.record(MemberLeft("cleo", "2023-01-01"))
        there.retract(wrong)
        here.record(MemberLeft("cleo", "2023-01-01"))
        assert book.verify(deep=True) == other.head


@pytest.mark.parametrize("launched", [True, False])
def test_what_a_judgement_rests_on_is_seen(address, placed, launched):
    with ledger.open(address) as book, ledger.open(address) as other:
        here, there = book.initiative("club"), other.initiative("club")
        if launched:
            here.record(InitiativeLaunched("2020", name="Club"))
        here.record(*joined("ada"))
        there.record(*joined("ben"))
        there.record(InitiativeClosed("2022-01-01"))
        with pytest.raises(Refused, match="clos"):
            here.record(MemberJoined("cleo", "2023-01-01"))
        there.record(MetricDefined("co2", "t"))
        here.record(MetricUpdated("co2", "2021-01-01", "1 t"))  # of which nothing was known here
        with pytest.raises(Refused, match="clos"):
            here.record(MemberLeft("ada", "2023-01-01"))
        assert book.verify(deep=True) == other.head


def test_what_others_wrote_is_forgotten_though_a_batch_is_placed(address, placed):
    with ledger.open(address) as book, ledger.open(address) as other:
        here, there = book.initiative("club"), other.initiative("club")
        here.record(*joined("ada", "ben"))
        here.record(MemberChanged("ben", "2022", name="Ben"))
        there.record(MemberLeft("ben", "2022-01-01"))
        here.record(MemberChanged("ada", "2022", name="Ada"))
        assert None not in placed
        with pytest.raises(Refused, match="not a member"):
            here.record(MemberLeft("ben", "2023-01-01"))


def test_a_retraction_of_others_is_seen(address, placed):
    with ledger.open(address) as book, ledger.open(address) as other:
        here, there = book.initiative("club"), other.initiative("club")
        here.record(*joined("ada"))
        (wrong,) = here.record(*joined("ben"))
        (change,) = here.record(MemberChanged("ben", "2022", name="Ben"))  # since then it is remembered as a member
        there.retract(change)
        there.retract(wrong)
        with pytest.raises(Refused, match="not a member"):
            here.record(MemberLeft("ben", "2023-01-01"))
        assert placed[-1] is None
        assert book.verify(deep=True) == other.head


def test_what_is_remembered_is_what_was_written(address, placed):
    with ledger.open(address) as book:
        club = book.initiative("club")
        club.record(MetricDefined("co2", "t"), *joined("ada"))
        club.record(MetricUpdated("co2", "2023", "1 t", member="ada"))
        (left,) = club.record(MemberLeft("ada", "2024-01-01"))
        club.record(MetricUpdated("co2", "2021", "2 t", member="ada"))  # which the later one outlasts
        club.record(MemberChanged("ada", "2022", name="Ada"), RecordRetracted(left.id))
        club.record(MemberLeft("ada", "2023-01-01"))
        assert len(placed) == 5
        assert None not in placed
        assert book.verify(deep=True) == book.head


def test_several_batches_are_written_together_or_not_at_all(address, placed):
    with ledger.open(address) as book:
        club = book.initiative("club")
        club.record(*joined("ada"))
        together = book._store.together()
        together.__enter__()
        club.record(*joined("ben"))
        together.__exit__(KeyError, KeyError(), None)
        with book._store.together():
            club.record(*joined("cleo"))
            club.record(*joined("dora"))
        assert not placed
        assert [record.event.member for record in club.records()] == ["ada", "cleo", "dora"]


def test_a_retry_is_known_by_its_ids(address, placed):
    ids = ["00000000-0000-7000-8000-00000000000a"]
    with ledger.open(address) as book, ledger.open(address) as other:
        for one in book, other:
            one.initiative("club").record(*joined(f"first of {one is book}"))
        (record,) = book.initiative("club").record(*joined("ada"), ids=ids)
        assert other.initiative("club").record(*joined("ada"), ids=ids) == (record,)
        assert book.initiative("club").record(*joined("ada"), ids=ids) == (record,)
        with pytest.raises(RetryMismatch):
            other.initiative("ports").record(*joined("ada"), ids=ids)
        assert book.head.size == 3


def test_full_tiles_are_written_in_turn(address, placed):
    with ledger.open(address) as book, ledger.open(address) as other:
        for number in range(WIDTH):
            book.initiative("club").record(*joined(f"a{number}"))
            if number % 9 == 0:
                other.initiative("ports").record(*joined(f"b{number}", f"c{number}", f"d{number}"))
        assert placed.count(None) == 1
        assert book.verify(deep=True) == other.head
        other.initiative("ports").record(*joined(*(f"many{number}" for number in range(3 * WIDTH))))
        assert placed.count(None) == 1  # so many are not even tried
        assert book.verify(deep=True) == other.head


def test_a_report_names_the_head_before_it(address, placed):
    with ledger.open(address) as book:
        club = book.initiative("club")
        club.record(*joined("ada"))
        before = book.head
        (report,) = club.record(ReportPublished("r", "2022-01-01"))
        assert report.head == before
        assert not placed


@pytest.mark.parametrize("last", [datetime.max.replace(tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), MOMENT])
def test_instants_are_as_exact_as_ever(address, placed, last):
    now = [last]
    with ledger.open(address, clock=lambda: now[0]) as book:
        club = book.initiative("club")
        now[0] = last.replace(microsecond=0)
        club.record(*joined("ada"))
        now[0] = last
        (record,) = club.record(*joined("ben"))
        assert record.recorded_at == max(last, last.replace(microsecond=0) + timedelta(microseconds=1))
        assert list(club.records())[-1] == record
        if last.year == 9999:
            with pytest.raises(BadInput, match="no instant is left"):
                club.record(*joined("cleo"))
        assert None not in placed[:1]
        assert book.verify(deep=True) == book.head


def test_the_clock_says_when_a_batch_is_ready_and_not_how_long_it_waits(address, placed):
    with ledger.open(address, clock=lambda: MOMENT) as book, ledger.open(address) as other:
        club = book.initiative("club")
        club.record(*joined("ada"))
        turn = other._store.writing("ports")
        turn.__enter__()
        found = []
        thread = Thread(target=lambda: found.extend(club.record(*joined("ben"))))
        thread.start()
        sleep(0.2)
        assert not found
        turn.__exit__(None, None, None)
        thread.join()
        assert placed == [(1, 1, MOMENT + timedelta(microseconds=1))]
        assert found[0].recorded_at == placed[0].recorded_at


@pytest.mark.parametrize("first", ["the lost one", "the new one"])
def test_a_batch_whose_server_does_not_know_that_it_was_lost_is_written_once(address, first):
    with ledger.open(address) as book, ledger.open(address) as other, shell(address) as connection:
        club = book.initiative("club")
        club.record(MetricDefined("co2", "t"))
        club.record(MetricUpdated("co2", "2021", "1 t"))
        found = []
        thread = Thread(target=lambda: found.extend(club.record(MetricUpdated("co2", "2022", "2 t"))))
        with ExitStack() as stack:
            if first == "the lost one":
                stack.enter_context(other._store.writing("ports"))
            else:
                take_seats(connection, address)
            thread.start()
            wait_for_waiting(connection, 1)
            cut(book)
            if first == "the lost one":
                wait_for_waiting(connection, 2)
            else:
                thread.join()
        connection.execute("SELECT pg_advisory_unlock_all()")
        thread.join()
        wait_for_waiting(connection, 0)
        club.record(MetricUpdated("co2", "2023", "3 t"))
        assert [record.event.amount for record in club.records(after=1)] == [ledger.exactly(n, "t") for n in (1, 2, 3)]
        assert list(club.records())[2:3] == found
        assert book.verify(deep=True) == other.head


def test_what_nobody_can_know_is_left_open(address):
    with ledger.open(address, timeout=0.3) as book, ledger.open(address) as other, shell(address) as connection:
        club = book.initiative("club")
        club.record(MetricDefined("co2", "t"))
        club.record(MetricUpdated("co2", "2021", "1 t"))
        failed = []
        value = MetricUpdated("co2", "2022", "2 t")

        def record():
            with pytest.raises(Unconfirmed, match="another writer holds it") as error:
                club.record(value)
            failed.append(error.value)

        thread = Thread(target=record)
        with other._store.writing("ports"):
            thread.start()
            wait_for_waiting(connection, 1)
            cut(book)
            thread.join()
        ids = failed[0].ids
        assert [record.id for record in club.record(value, ids=ids)] == list(ids)
        assert len(list(club.records())) == 3


@pytest.mark.parametrize("noticed", ["at once", "when it reads", "when it writes"])
def test_what_is_known_is_of_the_server_it_was_read_from(address, noticed, monkeypatch):
    with ledger.open(address) as book, shell(address) as connection:
        club = book.initiative("club")
        club.record(*joined("ada"))
        club.record(*joined("ben"))
        club.record(MemberChanged("ben", "2022", name="Ben"))  # since then it is remembered as a member
        connection.execute("SET session_replication_role = replica")  # as if it were set back
        connection.execute("DELETE FROM facts WHERE position > 1")
        connection.execute("DELETE FROM registers WHERE id = 'ben'")
        connection.execute("DELETE FROM heads WHERE size > 1")
        connection.execute("DELETE FROM records WHERE position > 1")
        with ledger.open(address) as other:
            other.initiative("club").record(*joined("cleo"))
            other.initiative("club").record(*joined("dora"))
        if noticed == "at once":
            cut(book)
        else:
            before = {"when it reads": "known", "when it writes": "place"}[noticed]
            cut_before(before, book, monkeypatch)
        read = joined("eve") if noticed == "when it reads" else []  # of whom the server must be asked
        with pytest.raises(Refused, match="not a member"):
            club.record(MemberLeft("ben", "2022-01-01"), *read)
        club.record(ReportPublished("r", "2022-01-01"))
        assert book.verify(deep=True).size == 4


def cut_before(step, book, monkeypatch):
    """Cut the connection of a handle when a batch is judged already, or is about to be."""
    owner, name = (PostgresAhead, "place") if step == "place" else (Session, "reading")
    real = getattr(owner, name)

    def cut_first(*args):
        monkeypatch.undo()
        cut(book)
        return real(*args)

    monkeypatch.setattr(owner, name, cut_first)


def take_seats(connection, address):
    schema = address.partition("ledger=")[2]
    for lock in (LINE, *SEATS):
        connection.execute(f"SELECT pg_advisory_lock({number_of(lock, schema)})")


def wait_for_waiting(connection, count):
    """Wait until so many sessions wait for a lock."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    until = monotonic() + 20
    while connection.execute(waiting).fetchone() != (count,):
        assert monotonic() < until
        sleep(0.01)


def cut(book):
    """Cut the connection of a handle, of which its server sees nothing before it answers."""
    with socket.socket(fileno=os.dup(book._store._session._connection.fileno())) as own:
        own.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("taken", ["turn", "seats"])
def test_who_waits_too_long_is_told(address, taken):
    with ledger.open(address, timeout=0.4) as book, ledger.open(address) as other, shell(address) as connection:
        club = book.initiative("club")
        club.record(*joined("ada"))
        with ExitStack() as stack:
            if taken == "turn":
                stack.enter_context(other._store.writing("ports"))
            else:
                take_seats(connection, address)
            start = monotonic()
            with pytest.raises(LedgerBusy, match="another writer holds it"):
                club.record(*joined("ben"))
            assert monotonic() - start < 2
            connection.execute("SELECT pg_advisory_unlock_all()")
        club.record(*joined("ben"))
        assert book.head.size == 2


def test_where_the_function_may_not_be_called_all_is_written_in_turn(address, placed):
    with ledger.open(address) as book, shell(address) as connection:
        club = book.initiative("club")
        club.record(*joined("ada"))
        connection.execute("ALTER FUNCTION append RENAME TO hidden")
        club.record(*joined("ben"))
        assert placed == [None]
        connection.execute("ALTER FUNCTION hidden RENAME TO append")
        club.record(*joined("cleo"))
        club.record(*joined("dora"))
        assert [one.position for one in placed[1:]] == [2, 3]
        assert book.verify(deep=True) == book.head

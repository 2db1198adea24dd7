"""What becomes of records when the server, the connection or the writer goes away: nothing is lost, or told wrongly."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from types import SimpleNamespace

import psycopg
import pytest
from psycopg import errors

import ledger
from ledger import Ledger, MemberJoined, MetricDefined, MetricUpdated
from ledger.model.errors import BadInput, LedgerBusy, LedgerClosed, MissingExtra, ReadOnly, StoreError, Unconfirmed
from ledger.stores.postgres import listening as postgres_listening
from ledger.stores.postgres import session as postgres_session
from ledger.stores.postgres import store as postgres_store
from ledger.stores.postgres.locks import followers_of
from ledger.stores.postgres.server import _first_line, _why_not_connected, address_of
from postgres import Server, a_ledger, role_of, shell

SOON = 30  # seconds
LOST = r"the connection was lost .* nothing of it was written: try again"


@pytest.fixture
def address():
    with a_ledger() as address:
        yield address


@pytest.fixture(scope="module")
def own_server():
    """A server that may be killed."""
    with Server() as server:
        yield server


def names(book):
    return [record.event.member for record in book.records()]


def joined(name):
    return MemberJoined(name, "2020-01-01")


# addresses


@pytest.mark.parametrize(
    ("url", "schema", "shown"),
    [
        ("postgresql://ada:secret@db.example:6543/clubs", "ledger", "postgresql://db.example:6543/clubs?ledger=ledger"),
        ("postgres:///clubs?host=/run/pg&ledger=chess", "chess", "postgresql:///clubs at /run/pg?ledger=chess"),
        ("postgresql://h/d?ledger=a-b_1&sslmode=require", "a-b_1", "postgresql://h/d?ledger=a-b_1"),
    ],
)
def test_an_address_names_a_schema(url, schema, shown):
    assert address_of(url)[1:] == (schema, shown)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://h/d?ledger=a&ledger=b", "names ledger= twice"),
        ("postgresql://h/d?ledger=", "names no schema for a ledger"),
        ("postgresql://h/d?ledger=pg_mine", "names no schema for a ledger"),
        ("postgresql://h/d?ledger=public", "names no schema for a ledger"),
        ("postgresql://h/d?ledger=Chess", "names no schema for a ledger"),
        (f"postgresql://h/d?ledger={'a' * 64}", "names no schema for a ledger"),
        ("postgresql://h/d?ledger=%22x", "names no schema for a ledger"),
        ("postgresql://h/d?colour=red", "cannot be read: .* only parameters that PostgreSQL has"),
        ("postgresql://h:port/d?", "cannot be read"),
    ],
)
def test_an_address_that_is_none_is_refused(url, message):
    with pytest.raises((BadInput, StoreError), match=message) as found:
        ledger.open(url)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hun%ter@h/d",
        "postgresql://h/d?password=hun%ter",
        "postgresql://u:pa hunter@h/d",
        "postgresql://u:top/hunter@h",
        "postgresql://u:12/hunter@h",
        "postgresql://u:s3cr@hunter@h",
        "postgresql://u:a?hunter@h/d",
        "postgresql://u:1?ledger=hunter@h/d",
        "postgresql://u:hunter",
        "postgresql://u:hunter@[h/d",
        "postgresql://u:1/d?ledger=hunter@h",
        "postgresql://h/d?password=a&hunter",
        "postgresql://u:hunter\0@h/d",
        "postgresql://u:\ud800hunter@h/d",
        "postgresql://u:p@h/d%0Ahunter",
    ],
)
def test_nothing_is_shown_of_an_address_that_may_be_read_wrongly(url):
    with pytest.raises(BadInput, match="the address of the ledger cannot be read: percent-encode signs") as found:
        ledger.open(url)
    assert "hunter" not in str(found.value)
    assert found.value.__suppress_context__ or found.value.__context__ is None


@pytest.mark.parametrize(
    "path",
    [
        "postgresql+psycopg://u:hunter@h/d",
        "POSTGRES://u:hunter@h/",
        Path("postgresql://u:hunter@h/d"),
        Path("postgres://u:hunter\0@h/d"),
    ],
)
def test_what_was_meant_for_an_address_is_not_shown_as_a_path(path):
    with pytest.raises(BadInput, match="as text that begins with postgresql://") as found:
        ledger.open(path)
    assert "hunter" not in str(found.value)


def test_an_address_may_leave_everything_out(monkeypatch):
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    with pytest.raises(StoreError, match=r"postgresql://localhost/\?ledger=ledger: the server cannot be reached"):
        ledger.open("postgresql://")


def test_what_a_server_says_keeps_its_quotes_in_pairs():
    assert _first_line(ValueError('no database "clubs"\nat all')) == 'no database "clubs"'
    assert _first_line(ValueError("'" + "x" * 300)).endswith("xxx...")
    assert _first_line(ValueError("""its' "clubs" """)).endswith('"clubs"')


def test_a_server_that_is_not_there_is_told():
    with pytest.raises(
        StoreError, match=r"the server cannot be reached .* check the address, and that the server runs"
    ):
        ledger.open("postgresql://nobody:secret@127.0.0.1:1/clubs")


def test_a_database_that_is_not_there_is_told(address):
    with pytest.raises(StoreError, match="there is no such database or user"):
        ledger.open(address.replace("/postgres?", "/nothing?"))


def test_a_wrong_password_is_told_and_not_shown(own_server):
    own_server.ask_for_passwords()
    with pytest.raises(StoreError, match=r"does not let this user in .* check user and password") as found:
        ledger.open(own_server.address("secrets", user="keeper", password="wr0ng"))
    assert "wr0ng" not in str(found.value)
    with ledger.open(own_server.address("secrets", user="keeper", password="right")) as book:
        assert book.initiatives() == []


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ledger.stores.postgres.store", None)
    with pytest.raises(MissingExtra, match=r"needs psycopg, which is not installed: pip install .*\[postgres\]"):
        ledger.open("postgresql://h/d")


# reading only, closing, and processes


def test_a_ledger_to_be_read_is_not_created(address):
    with pytest.raises(StoreError, match="nothing is there to be read"):
        ledger.open(address, read_only=True)
    with ledger.open(address) as book:
        book.initiative("club").record(joined("ada"))
    with ledger.open(address, read_only=True) as book:
        assert names(book) == ["ada"]
        with pytest.raises(ReadOnly, match="read_only=True"):
            book.initiative("club").record(joined("ben"))


def test_a_closed_ledger_says_so(address):
    book = ledger.open(address)
    book.close()
    book.close()
    with pytest.raises(LedgerClosed, match="open it again"):
        book.initiatives()


def test_a_fork_is_refused_and_leaves_the_connection_alone(address):
    with ledger.open(address) as book:
        book.initiative("club").record(joined("ada"))
        child = os.fork()
        if not child:
            try:
                book.initiatives()
            except StoreError as error:
                book.close()
                os._exit(0 if "forked" in str(error) else 1)
            os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert names(book) == ["ada"]


def test_what_another_process_has_opened_is_left_alone(address, monkeypatch):
    with ledger.open(address) as book:
        monkeypatch.setattr(os, "getpid", lambda: 0)
        with pytest.raises(StoreError, match="before this process was forked"):
            book.initiatives()
        book.close()
        monkeypatch.undo()
        assert book.initiatives() == []


def test_of_two_that_make_a_ledger_one_does(address, monkeypatch):
    with ledger.open(address) as book:
        book.initiative("club").record(joined("ada"))
        calls = iter([False, True])
        monkeypatch.setattr(postgres_store, "is_there", lambda *asked: next(calls))
        with ledger.open(address) as other:
            assert names(other) == ["ada"]


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (errors.DiskFull("no space"), StoreError, "the disk of the server is full"),
        (errors.InsufficientPrivilege("permission denied"), ReadOnly, "this user may not do that .* grant SELECT, and"),
        (errors.SerializationFailure("restart"), LedgerBusy, "another writer was faster"),
        (errors.NumericValueOutOfRange("too large"), StoreError, "too large; if this was a recording, nothing"),
        (psycopg.OperationalError("gone"), StoreError, "the connection was lost"),
    ],
)
def test_what_a_server_says_is_put_into_words(address, error, kind, message):
    with ledger.open(address) as book, pytest.raises(kind, match=message), book._store._session.held():
        raise error


def test_a_database_of_another_encoding_is_refused(own_server):
    with psycopg.connect(own_server.base, autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(StoreError, match="keeps its texts in LATIN1; a ledger needs one in UTF8"):
        ledger.open(own_server.address("latin").replace("/postgres?", "/latin?"))


def test_no_file_is_written_of_it(address, tmp_path):
    with ledger.open(address) as book, pytest.raises(StoreError, match="pg_dump keeps all"):
        book.backup(tmp_path / "copy.db")


# waiting for others


def test_who_has_waited_for_too_long_is_told_so(address):
    with ledger.open(address) as book, ledger.open(address, timeout=0.1) as other:
        with book._store.writing("club"), pytest.raises(LedgerBusy, match="another writer holds it"):
            other.initiative("club").record(joined("ada"))
        with pytest.raises(StoreError, match="this thread is recording already"), book._store.writing("club"):
            book.initiative("club").record(joined("ada"))
        together = book._store.together
        with pytest.raises(StoreError, match="several batches together already"), together(), together():
            pass
        other.initiative("club").record(joined("ada"))
        assert names(book) == ["ada"]


def test_a_statement_that_takes_too_long_is_told(address):
    with ledger.open(address + "&options=-c%20statement_timeout%3D500") as book:
        writing = book._store.writing("club")
        with pytest.raises(StoreError, match="raise its statement_timeout"), writing as append:
            append.connection.execute("SELECT pg_sleep(5)")
        book.initiative("club").record(joined("ada"))


def test_what_failed_and_was_passed_over_is_not_committed(address):
    with ledger.open(address) as book:
        writing = book._store.writing("club")
        message = "was passed over; nothing of it was written"
        with pytest.raises(StoreError, match=message), writing as append, suppress(psycopg.Error):
            append.connection.execute("SELECT nonsense")
        book.initiative("club").record(joined("ada"))
        assert names(book) == ["ada"]


def test_tables_that_are_gone_are_told(address):
    with ledger.open(address) as book:
        book.initiative("club").record(joined("ada"))
        with shell(address) as connection:
            connection.execute("DROP TABLE retractions CASCADE")
        with pytest.raises(StoreError, match="tables of the ledger are gone"):
            book.initiative("club").at("2021-01-01")


def test_a_writer_that_no_lock_holds_back_is_refused_by_the_key(address, monkeypatch):
    """As on a server whose advisory locks do nothing."""
    monkeypatch.setattr(postgres_session, "try_turn", lambda _: ("SELECT true", ()))
    with ledger.open(address) as book, ledger.open(address) as other:

        def slow_clock():
            other.initiative("club").record(joined("ada"))
            return datetime.now(UTC)

        slow = Ledger(book._store, slow_clock)
        message = "another writer was faster .* nothing of this was written: try again"
        with pytest.raises(LedgerBusy, match=message):
            slow.initiative("club").record(joined("ben"))
        assert names(book) == ["ada"]


# connections that are lost


def end_all(address):
    """Let the server end all connections but this one."""
    with shell(address) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND"
            " application_name = 'ledger'"
        )


def cut_and_look(address, append):
    end_all(address)
    append.registers()


def cut_and_ask(address, book):
    end_all(address)
    book.initiatives()


def test_a_connection_that_is_lost_between_questions_is_made_anew(address):
    with ledger.open(address) as book:
        book.initiative("club").record(joined("ada"))
        end_all(address)
        assert names(book) == ["ada"]
        end_all(address)
        book.initiative("club").record(joined("ben"))
        assert names(book) == ["ada", "ben"]


def test_a_connection_that_is_lost_within_a_batch_leaves_nothing_of_it(address):
    with ledger.open(address) as book:
        writing = book._store.writing("club")
        with pytest.raises(StoreError, match=LOST), writing as append:
            cut_and_look(address, append)
        book.initiative("club").record(joined("ada"))
        assert names(book) == ["ada"]


def test_a_connection_that_is_lost_while_reading_is_told(address):
    with ledger.open(address) as book:
        book.initiative("club").record(joined("ada"))
        reading = book._store.reading()
        with pytest.raises(StoreError, match="the connection was lost"), reading:
            cut_and_ask(address, book)
        assert names(book) == ["ada"]


class LosesItsAnswer:
    """A connection to which the server's answer to COMMIT does not come any more."""

    def __init__(self, own, *, kept, then=None):
        self.own, self.kept, self.then, self.ending = own, kept, then, False

    def __getattr__(self, name):
        return getattr(self.own, name)

    def execute(self, query, *args, **options):
        self.ending = self.ending or query == "COMMIT"
        if not self.ending:
            return self.own.execute(query, *args, **options)
        if self.kept:
            self.own.execute(query, *args, **options)
        return SimpleNamespace(statusmessage=None)

    @contextmanager
    def pipeline(self):
        with self.own.pipeline():
            yield
        if self.ending:
            if self.then:
                self.then()
            self.own.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")


@pytest.mark.parametrize("kept", [True, False])
def test_a_batch_whose_commit_was_not_answered_is_looked_for(address, kept):
    with ledger.open(address) as book:
        book.initiative("club").record(joined("ada"))
        book._store._session._connection = LosesItsAnswer(book._store._session._connection, kept=kept)
        if kept:
            (record,) = book.initiative("club").record(joined("ben"))
            assert record.position == 2
            assert names(book) == ["ada", "ben"]
        else:  # it is surely not there, so it is recorded once more
            assert book.initiative("club").record(joined("ben"))[0].position == 2
        book.initiative("club").record(joined("cleo"))
        assert names(book) == ["ada", "ben", "cleo"]
        assert book.verify() == book.head


@pytest.mark.parametrize("kept", [True, False])
def test_so_is_one_that_was_written_in_its_turn(address, kept):
    with ledger.open(address) as book:
        book._store._session._connection = LosesItsAnswer(book._store._session._connection, kept=kept)
        if kept:
            (record,) = book.initiative("club").record(joined("ada"))
            assert record.position == 1
        else:
            with pytest.raises(StoreError, match=LOST):
                book.initiative("club").record(joined("ada"))
            assert not book.initiatives()


class IsInterrupted(LosesItsAnswer):
    """A connection on which a Ctrl-C, or what else a signal raises, strikes while answers are awaited.

    Psycopg says only that these are there.
    """

    raised = KeyboardInterrupt()

    @contextmanager
    def pipeline(self):
        with self.own.pipeline():
            yield
        try:
            raise self.raised
        finally:
            self.own.close()
            raise psycopg.OperationalError("cannot exit pipeline mode while busy")


def test_an_interrupt_is_told_as_one(address):
    with ledger.open(address) as book:
        session = book._store._session
        session._connection = IsInterrupted(session._connection, kept=True)
        with pytest.raises(KeyboardInterrupt):
            book.initiative("club").record(joined("ada"))
        book.initiative("club").record(joined("ben"))
        assert names(book) == ["ben"]


def test_what_a_signal_raises_is_told_too(address):
    with ledger.open(address) as book:
        session = book._store._session
        book.initiative("club").record(joined("ada"))
        session._connection = IsInterrupted(session._connection, kept=True)
        session._connection.raised = TimeoutError("the task takes too long")
        with pytest.raises(TimeoutError, match="takes too long"):
            book.initiative("ports").record(joined("ben"))
        book.initiative("club").record(joined("ben"))
        assert names(book) == ["ada", "ben"]


def test_an_interrupt_that_was_before_is_not_told_again(address):
    with ledger.open(address) as book:
        session = book._store._session
        session._connection = LosesItsAnswer(session._connection, kept=False)
        with suppress(KeyboardInterrupt):
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                with pytest.raises(StoreError, match=LOST):
                    book.initiative("club").record(joined("ada"))


def test_what_an_interrupt_left_open_is_ended_at_the_next_question(address):
    with ledger.open(address) as book:
        book._store._session._connection.execute("BEGIN")
        assert book.initiatives() == []
        book.initiative("club").record(joined("ada"))


def test_a_server_that_does_not_come_back_leaves_it_open(own_server):
    with ledger.open(own_server.address("open"), timeout=0.3) as book:
        book.initiative("club").record(joined("ada"))
        book._store._session._connection = LosesItsAnswer(book._store._session._connection, kept=True)
        own_server.kill()
        with pytest.raises(StoreError, match="the server cannot be reached"):
            book.initiative("club").record(joined("ben"))
        own_server.start()
        assert names(book) == ["ada"]
        session = book._store._session
        session._connection = LosesItsAnswer(session._connection, kept=True, then=own_server.kill)
        message = "cannot be asked; whether it is kept shows when it can: record it then with the same ids: "
        with pytest.raises(Unconfirmed, match=message) as found:
            book.initiative("club").record(joined("ben"))
        own_server.start()
        (record,) = book.initiative("club").record(joined("ben"), ids=found.value.ids)
        assert names(book) == ["ada", "ben"]
        assert str(found.value).endswith(record.id)


def test_what_was_not_sent_is_not_left_open(own_server):
    with ledger.open(own_server.address("unsent"), timeout=0.3) as book:
        club = book.initiative("club")
        club.record(joined("ada"), MetricDefined("co2", "t"))
        for number in range(4):
            club.record(MetricUpdated("co2", "2021", f"{number} t"))  # of the last ones the server need not be asked
            if number == 2:
                own_server.kill()
                with pytest.raises(StoreError, match="the server cannot be reached"):
                    club.record(MetricUpdated("co2", "2021", "7 t"))
                own_server.start()
        assert book.verify(deep=True).size == 6


def test_a_batch_that_is_lost_twice_has_the_ids_of_the_first_time(own_server, monkeypatch):
    connect, value = postgres_session.connect, MetricUpdated("co2", "2022", "2 t")

    def loses_it_too(address):
        return LosesItsAnswer(connect(address), kept=True, then=own_server.kill)

    with ledger.open(own_server.address("twice"), timeout=0.3) as book:
        club = book.initiative("club")
        club.record(MetricDefined("co2", "t"))
        club.record(MetricUpdated("co2", "2021", "1 t"))
        session = book._store._session
        session._connection = LosesItsAnswer(session._connection, kept=False)
        monkeypatch.setattr(postgres_session, "connect", loses_it_too)
        with pytest.raises(Unconfirmed, match=r"with the same ids: [0-9a-f-]{36}$") as found:
            club.record(value)
        monkeypatch.undo()
        own_server.start()
        assert [record.id for record in club.record(value, ids=found.value.ids)] == list(found.value.ids)
        assert len(list(club.records())) == 3


@pytest.mark.parametrize("kept", [True, False])
def test_a_batch_whose_server_goes_away_meanwhile_can_be_recorded_again(own_server, kept):
    value = MetricUpdated("co2", "2022", "2 t")
    with ledger.open(own_server.address(f"away_{kept}".lower()), timeout=0.3) as book:
        club = book.initiative("club")
        club.record(MetricDefined("co2", "t"))
        club.record(MetricUpdated("co2", "2021", "1 t"))
        session = book._store._session
        session._connection = LosesItsAnswer(session._connection, kept=kept, then=own_server.kill)
        with pytest.raises(Unconfirmed, match="the server cannot be reached") as found:
            club.record(value)
        own_server.start()
        assert len(list(club.records())) == 2 + kept
        assert [record.id for record in club.record(value, ids=found.value.ids)] == list(found.value.ids)
        assert len(list(club.records())) == 3


# a server that is killed


WRITER = """
import sys
from time import sleep
import ledger
from ledger import MemberJoined
from ledger.model.errors import Unconfirmed

address, name = sys.argv[1:]
number = 0
with ledger.open(address, timeout=30) as book:
    club = book.initiative(name)
    while True:
        try:
            club.record(MemberJoined(f"{name}{number}", "2020-01-01"))
        except ledger.LedgerError as error:
            print("failed", number, type(error).__name__, flush=True)
            sleep(0.05)
            if isinstance(error, Unconfirmed):
                sys.exit(f"unknown: {error}")
        else:
            print("kept", number, flush=True)
        number += 1
"""


def killed_and_started(server, times, address, folder):
    """Let two writers record while the server is killed and started again; give what they were told."""
    with ledger.open(address) as book:
        assert book.head.size == 0
    told = {name: folder / name for name in "ab"}
    writers = [writer_of(address, name, path) for name, path in told.items()]
    try:
        for _ in range(times):
            wait_for_more(*told.values())
            server.kill()
            server.start()
        wait_for_more(*told.values())
    finally:
        for one in writers:
            one.send_signal(signal.SIGKILL)
            one.wait(SOON)
    lines = {name: path.read_text("utf-8").splitlines() for name, path in told.items()}
    return {f"{name}{line.split()[1]}": line.split()[0] for name, own in lines.items() for line in own}


def writer_of(address, name, path):
    with path.open("w") as out:
        return subprocess.Popen([sys.executable, "-c", WRITER, address, name], stdout=out, stderr=subprocess.STDOUT)


def wait_for_more(*paths):
    """Wait until each writer has recorded again."""
    until = monotonic() + SOON
    before = [path.read_text("utf-8").count("kept") for path in paths]
    while any(path.read_text("utf-8").count("kept") <= had for path, had in zip(paths, before, strict=True)):
        assert monotonic() < until, [path.read_text("utf-8")[-500:] for path in paths]
        sleep(0.05)


def require_all_kept(address, told):
    """What was acknowledged is there, what was told to have failed is not; at most the last of each is neither."""
    with ledger.open(address) as book:
        there = set(names(book))
        assert len(there) == book.head.size
        book.verify(deep=True)
    kept = {name for name, what in told.items() if what == "kept"}
    failed = set(told) - kept
    assert kept <= there
    assert not failed & there
    assert len(there - kept) <= 2  # those whose writers were killed before they could tell


def test_what_was_acknowledged_outlives_the_server(own_server, tmp_path):
    address = own_server.address("killed")
    require_all_kept(address, killed_and_started(own_server, 2, address, tmp_path))


@pytest.mark.long
def test_what_was_acknowledged_outlives_many_kills(own_server, tmp_path):
    address = own_server.address("killed_often")
    require_all_kept(address, killed_and_started(own_server, 30, address, tmp_path))


# following


def test_a_follower_skips_nothing_that_eight_writers_record(address):
    writers, each = 8, 10
    with ledger.open(address) as book:
        book.initiative("club").record(MetricDefined("jobs"))

        def write(number):
            with ledger.open(address, timeout=60) as own:
                for place in range(each):
                    own.initiative(f"club{number}").record(joined(f"m{place}"))

        threads = [Thread(target=write, args=(number,)) for number in range(writers)]
        for one in threads:
            one.start()
        seen = []
        for record in book.follow(after=1, idle=SOON):
            seen.append(record)
            if len(seen) == writers * each:
                break
        for one in threads:
            one.join()
        assert [record.position for record in seen] == list(range(2, 2 + writers * each))
        assert list(book.records(after=1)) == seen


def test_a_follower_is_told_at_once_and_looks_where_it_was_not(address, monkeypatch):
    with ledger.open(address) as book, ledger.open(address) as other:
        other.initiative("club").record(joined("ada"))
        following = book.follow(idle=SOON)
        assert next(following).event.member == "ada"
        begun = monotonic()
        for name in ("ben", "cleo", "dora"):
            other.initiative("club").record(joined(name))
            assert next(following).event.member == name
        assert monotonic() - begun < 3 * postgres_listening.LOOK
        monkeypatch.setattr(other._store._session, "_tell", postgres_session.NOTHING)
        monkeypatch.setattr(postgres_listening, "LOOK", 0.05)
        other.initiative("club").record(joined("eve"))
        assert next(following).event.member == "eve"
        end_all(address)
        other.initiative("club").record(joined("fay"))
        assert next(following).event.member == "fay"
        assert list(book.follow(after=6, idle=0)) == []
        assert not book._store.wait(6, 0.01)


def test_a_follower_whose_server_goes_begins_again_after_the_last_position(own_server):
    with ledger.open(own_server.address("followed")) as book:
        book.initiative("club").record(joined("ada"))
        following = book.follow(idle=SOON)
        assert next(following).position == 1
        own_server.kill()
        with pytest.raises(StoreError):
            next(following)
        own_server.start()
        book.initiative("club").record(joined("ben"))
        assert [record.position for record in book.follow(after=1, idle=0)] == [2]


def test_only_where_somebody_follows_is_anything_told(address):
    with ledger.open(address) as book, ledger.open(address) as other, shell(address) as connection:
        connection.execute(f"LISTEN {address.rpartition('=')[2]}")
        other.initiative("club").record(joined("ada"))
        assert list(connection.notifies(timeout=0.1)) == []
        assert not book._store.wait(1, 0)  # from here on it follows
        other.initiative("club").record(joined("ben"))
        assert list(connection.notifies(timeout=SOON, stop_after=1))
        assert book._store.wait(1, SOON)


def test_a_batch_of_which_nobody_can_be_told_is_kept(address, monkeypatch):
    with ledger.open(address) as book:
        monkeypatch.setattr(book._store._session, "_tell", ("SELECT nonsense", ()))
        (record,) = book.initiative("club").record(joined("ada"))
        assert list(book.records()) == [record]
        assert book.initiative("club").record(joined("ben"))


def test_a_server_that_cannot_tell_is_looked_at(own_server, monkeypatch):
    """As a replica is, which refuses to listen."""
    monkeypatch.setattr(postgres_listening, "LOOK", 0.05)
    with (
        ledger.open(own_server.address("copied")) as book,
        Server(own_server.base) as replica,
        ledger.open(replica.address("copied"), read_only=True) as copy,
    ):
        assert not copy._store.wait(0, 0)
        book.initiative("club").record(joined("ada"))
        assert copy._store.wait(0, SOON)
        assert names(copy) == ["ada"]


def test_who_cannot_be_told_since_the_connection_is_lost_is_told_that(address, monkeypatch):
    with ledger.open(address) as book:
        lost = postgres_listening.connect(address_of(address))
        lost.close()
        monkeypatch.setattr(postgres_listening, "connect", lambda _: lost)
        with pytest.raises(StoreError, match="the connection was lost"):
            book._store.wait(0, 0)


def advisory_locks(address):
    """The processes of the server that share the lock of followers of a ledger."""
    number = followers_of(address.rpartition("=")[2]) & 0xFFFFFFFF
    with shell(address) as connection:
        query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted"
        return connection.execute(f"{query} AND objid = {number}").fetchall()


def until_true(is_so):
    """Wait until something is so."""
    until = monotonic() + SOON
    while not is_so():
        assert monotonic() < until
        sleep(0.01)


@contextmanager
def waiting(book, seen):
    """Let another thread follow a ledger without an end, until that is closed."""

    def follow():
        try:
            seen.extend(book.follow())
        except LedgerClosed as error:
            seen.append(error)

    thread = Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(SOON)
        assert not thread.is_alive()


def test_two_threads_follow_with_one_handle(address):
    seen = []
    with ledger.open(address) as book, ledger.open(address) as other:

        def follow(idle):
            for record in book.follow(idle=idle):
                seen.append(record.position)
                if record.position == 2:
                    return

        threads = [Thread(target=follow, args=(SOON,), daemon=True) for _ in range(2)]
        for one in threads:
            one.start()
        until_true(lambda: advisory_locks(address))
        assert list(book.follow(idle=0.05)) == []
        assert list(book.follow(idle=0)) == []
        for name in "ada", "ben":
            other.initiative("club").record(joined(name))
        for one in threads:
            one.join(SOON)
        assert sorted(seen) == [1, 1, 2, 2]


def test_who_is_not_given_the_turn_to_listen_looks_for_himself(address, monkeypatch):
    monkeypatch.setattr(postgres_listening, "LOOK", 0.02)
    told = []
    with ledger.open(address) as book, book._store._listener._lock:
        thread = Thread(target=lambda: told.append(book._store.wait(0, SOON)), daemon=True)
        thread.start()
        sleep(0.1)
        book.initiative("club").record(joined("ada"))
        thread.join(SOON)
        assert told == [True]
        assert book._store._listener._connection is None


def test_who_waits_when_the_ledger_is_closed_is_told_and_leaves_nothing(address):
    seen = []
    book = ledger.open(address)
    with waiting(book, seen):
        until_true(lambda: advisory_locks(address))
        book.close()
    assert [type(one) for one in seen] == [LedgerClosed]
    until_true(lambda: not advisory_locks(address))


def test_a_listener_that_was_closed_makes_no_connection(address):
    book = ledger.open(address)
    book.close()
    with pytest.raises(LedgerClosed, match="this ledger was closed: open it again"):
        book._store.wait(0, 0)
    assert not advisory_locks(address)


def test_a_ledger_is_closed_by_a_thread_that_keeps_a_listener_waiting(address, monkeypatch):
    monkeypatch.setattr(postgres_listening, "LOOK", 0.05)
    seen = []
    book = ledger.open(address)
    with waiting(book, seen):
        until_true(lambda: advisory_locks(address))
        with book._store._session.held():
            sleep(0.2)  # by now it listens no more, but waits to ask
            book.close()
    assert [type(one) for one in seen] == [LedgerClosed]
    until_true(lambda: not advisory_locks(address))


def test_a_lock_of_followers_that_somebody_keeps_is_not_waited_for(address, monkeypatch):
    monkeypatch.setattr(postgres_listening, "LOOK", 0.05)
    lock = followers_of(address.rpartition("=")[2])
    with ledger.open(address) as book, shell(address) as connection:
        connection.execute(f"SELECT pg_advisory_lock({lock})")
        assert list(book.follow(idle=0)) == []
        assert not advisory_locks(address)
        book.initiative("club").record(joined("ada"))
        assert book._store.wait(0, SOON)
        connection.execute("SELECT pg_advisory_unlock_all()")
        assert not book._store.wait(1, 0)
        assert advisory_locks(address)


def test_a_process_that_was_forked_off_leaves_the_listener_alone(address):
    with ledger.open(address) as book:
        assert not book._store.wait(0, 0)
        book._store._listener._process = book._store._session._process = 0  # as another process sees it
        with pytest.raises(StoreError, match="before this process was forked"):
            book._store.wait(0, 0)
        book.close()
        assert advisory_locks(address)
        book._store._listener._process = book._store._session._process = os.getpid()
    until_true(lambda: not advisory_locks(address))


# pools, and settings of the surroundings


def test_no_statement_is_prepared(address):
    """Behind a pool, the session where it is run may be one in which another ledger has prepared it."""
    with ledger.open(address) as book:
        club = book.initiative("club")
        for number in range(10):
            club.record(joined(f"m{number}"))
            assert len(club.at("2021-01-01").members) == number + 1
            assert len(names(book)) == number + 1
        with book._store._session.held() as connection:
            assert connection.execute("SELECT name FROM pg_prepared_statements").fetchall() == []


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_texts_are_the_same_whatever_encoding_is_set(address, encoding, monkeypatch):
    monkeypatch.setenv("PGCLIENTENCODING", encoding)
    with ledger.open(address) as book:
        book.initiative("club").record(joined("zoë 🦊"))
        assert names(book) == ["zoë 🦊"]
        book.verify()


def test_the_role_of_a_stranger_cannot_open(address):
    with ledger.open(address):
        pass
    with role_of(address) as (stranger, _), pytest.raises(ReadOnly):
        ledger.open(stranger, read_only=True)


def test_ledgers_of_one_database_know_nothing_of_each_other():
    with a_ledger() as one, a_ledger() as two, ledger.open(one) as book, ledger.open(two) as other:
        book.initiative("club").record(joined("ada"))
        with book._store.writing("club"):
            other.initiative("club").record(joined("ben"))
        assert (names(book), names(other)) == (["ada"], ["ben"])


def test_a_batch_is_not_taken_for_that_of_another_writer(address):
    """Who took the position that it would have had, while it was lost."""
    with ledger.open(address) as book, ledger.open(address) as other:
        session = book._store._session

        def another_writes():
            session._connection.own.close()
            other.initiative("club").record(joined("ben"))

        session._connection = LosesItsAnswer(session._connection, kept=False, then=another_writes)
        with pytest.raises(StoreError, match=LOST):
            book.initiative("club").record(joined("ada"))
        assert names(book) == ["ben"]


def test_of_a_batch_that_is_left_open_nobody_says_that_it_was_not_written(address, monkeypatch):
    connect, value = postgres_session.connect, MetricUpdated("co2", "2022", "2 t")

    def closed_at_once(address):
        connection = connect(address)
        connection.close()
        return connection

    with ledger.open(address) as book:
        club = book.initiative("club")
        club.record(MetricDefined("co2", "t"))
        session = book._store._session
        session._connection = LosesItsAnswer(session._connection, kept=True)
        monkeypatch.setattr(postgres_session, "connect", closed_at_once)
        with pytest.raises(Unconfirmed, match=r"connection was lost .*; whether an earlier attempt is kept") as found:
            club.record(value)
        assert "nothing of it was written" not in str(found.value)
        monkeypatch.undo()
        assert [record.id for record in club.record(value, ids=found.value.ids)] == list(found.value.ids)
        assert len(list(club.records())) == 2


@pytest.mark.parametrize(("given", "used"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")])
def test_what_is_acknowledged_is_on_the_disk(address, given, used):
    base, _, name = address.rpartition("&ledger=")
    book = ledger.open(f"{base}&options=-csynchronous_commit%3D{given}&ledger={name}")
    with book, book._store._session.writing() as (connection, _, _):
        assert connection.execute("SHOW synchronous_commit").fetchone() == (used,)


def test_a_server_that_starts_again_is_waited_for():
    error = psycopg.OperationalError("connection failed: FATAL:  the database system is starting up")
    told = _why_not_connected(error)
    assert told.startswith("the server lets nobody in as yet (connection failed: FATAL:")
    assert told.endswith(": try again in a moment")

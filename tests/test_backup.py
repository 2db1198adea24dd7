"""Backups: whole, of one moment, checked, and never in the place of something else."""

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings

import ledger
from ledger import MemberChanged, MemberJoined
from ledger.model.errors import BadInput, Damaged, DamagedRecord, LedgerClosed, LedgerError, NotALedger, StoreError
from ledger.stores import new_file
from ledger.stores.plain import PlainStore
from ledger.stores.sqlite import backup as sqlite_backup
from ledger.testing.strategies import ledgers

EXAMPLES = settings.default.max_examples
NO_BACKUP = "no backup could be written, and nothing is left of it"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clusters.db"


@pytest.fixture
def target(tmp_path):
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "copy.db"


def joined(number):
    return MemberJoined(f"m{number}", "2021", name="x" * 100)


def filled(book, count=3):
    book.initiative("clusters").record(*(joined(number) for number in range(count)))
    return book


def rows_of(path):
    with closing(sqlite3.connect(path)) as connection:
        tables = ("records", "registers", "facts", "retractions", "sqlite_schema")
        return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}


def members(path):
    with ledger.open(path, read_only=True) as book:
        return list(book.initiative("clusters").at("2022-01-01"))


# what is in it


@settings(max_examples=EXAMPLES // 10)
@given(book=ledgers())
def test_a_backup_holds_what_the_ledger_holds(tmp_path_factory, book):
    target = tmp_path_factory.mktemp("backups") / "copy.db"
    records = list(book.records())
    assert book.backup(target).size == len(records)
    with ledger.open(target) as copy:
        assert list(copy.records()) == records
        for name in book.initiatives():
            assert copy.initiative(name).at("2024-01-01") == book.initiative(name).at("2024-01-01")


def test_a_backup_is_a_ledger_of_its_own_in_one_file(path, target):
    with filled(ledger.open(path)) as book:
        assert book.backup(target).size == 3
        assert list(target.parent.iterdir()) == [target]
        assert rows_of(target) == rows_of(path)
        with ledger.open(target, read_only=True) as copy:
            assert list(copy.records()) == list(book.records())
        assert list(target.parent.iterdir()) == [target]  # reading needs no files beside it
        with ledger.open(target) as copy:
            copy.initiative("clusters").record(joined(3))
            # from now on nobody who reads it waits for one who writes
            assert copy._store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        book.initiative("clusters").record(joined(4))
    assert members(target) == ["m0", "m1", "m2", "m3"]
    assert members(path) == ["m0", "m1", "m2", "m4"]


def test_an_empty_ledger_can_be_backed_up(path, target):
    with ledger.open(path) as book:
        assert book.backup(str(target)).size == 0
    with ledger.open(target) as copy:
        assert list(copy.records()) == []


def test_a_backup_can_be_read_by_those_who_could_read_the_ledger(path, target):
    filled(ledger.open(path)).close()
    for rights in 0o600, 0o640, 0o400:
        path.chmod(rights)
        with ledger.open(path, read_only=True) as book:
            book.backup(target)
        assert stat.S_IMODE(target.stat().st_mode) == rights | 0o600
        target.unlink()


def test_a_backup_of_what_is_in_no_file_has_the_rights_of_any_new_file(target):
    other = target.with_name("other")
    other.touch()
    with filled(ledger.open(":memory:")) as book:
        book.backup(target)
    assert target.stat().st_mode == other.stat().st_mode


def test_a_new_file_is_on_the_disk_before_it_has_its_name_and_so_is_its_name(tmp_path, monkeypatch):
    fsync, seen = os.fsync, []

    def told(number):
        kind = "folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "file"
        seen.append((kind, sorted(one.name for one in tmp_path.glob("*.db"))))
        fsync(number)

    monkeypatch.setattr(os, "fsync", told)
    before = os.listdir("/dev/fd")
    with ledger.open(tmp_path / "a.db") as book:
        book.backup(tmp_path / "b.db")
    assert {*os.listdir("/dev/fd")} <= {*before}  # and nothing is left open
    assert seen == [("file", []), ("folder", ["a.db"]), ("file", ["a.db"]), ("folder", ["a.db", "b.db"])]


# of one moment


WRITER = """
    import sys, ledger
    from ledger import MemberChanged
    with ledger.open(sys.argv[1], timeout=30) as book:
        clusters = book.initiative("clusters")
        for number in range(1_000_000):
            clusters.record(*(MemberChanged("m0", "2022", name=f"{number} {n}") for n in range(7)), note=str(number))
            print(number, flush=True)
            if number == 20:
                sys.stdin.readline()
"""


@pytest.fixture
def writer(path):
    """Somebody who records batches of 7, and does not stop."""
    filled(ledger.open(path), count=1).close()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    told = [int(process.stdout.readline()) for _ in range(21)]
    yield process, told
    process.kill()
    process.communicate()


def test_a_file_that_is_copied_while_it_is_open_lacks_what_was_recorded_and_its_backup_does_not(path, target, writer):
    _, told = writer
    copied = target.with_name("copied.db")
    copied.write_bytes(path.read_bytes())
    with ledger.open(path) as book:
        assert book.backup(target).size == len(list(book.records())) == 1 + 7 * len(told)
    try:
        with ledger.open(copied) as book:
            found = len(list(book.records()))
    except LedgerError:
        found = 0
    assert found < 1 + 7 * len(told)  # which is why it must not be copied like this


@pytest.mark.unmeasured
def test_a_backup_is_of_one_moment_whoever_records_meanwhile(path, target, writer):
    process, _ = writer
    process.stdin.write("go on\n")
    process.stdin.flush()
    with ledger.open(path) as book:
        for number in range(5):
            process.stdout.readline()
            known = book._store.position()
            copy = target.with_name(f"{number}.db")
            position = book.backup(copy).size
            assert known <= position <= book._store.position()
            assert position % 7 == 1  # whole batches
            with ledger.open(copy, read_only=True) as copied:
                assert [record.position for record in copied.records()] == list(range(1, position + 1))


def test_other_threads_may_record_through_the_same_ledger(path, target):
    with filled(ledger.open(path)) as book:
        clusters, done = book.initiative("clusters"), threading.Event()

        def record():
            number = 0
            while not done.is_set():
                clusters.record(*(MemberChanged("m0", "2022", name=f"{number} {n}") for n in range(7)))
                number += 1

        thread = threading.Thread(target=record)
        thread.start()
        try:
            positions = [book.backup(target.with_name(f"{number}.db")).size for number in range(5)]
        finally:
            done.set()
            thread.join()
        assert positions == sorted(positions)
        assert all(position % 7 == 3 for position in positions)


def test_a_backup_is_not_made_of_a_batch_that_is_being_recorded(target):
    readings = []

    def clock():
        with pytest.raises(
            StoreError, match="this thread is recording: what that calls, as a clock, must not make one"
        ):
            book.backup(target)
        readings.append(1)
        raise Stop

    with ledger.open(":memory:", clock=clock) as book:
        with pytest.raises(Stop):
            filled(book)
        assert readings
        assert list(target.parent.iterdir()) == []


# never in the place of something else


@pytest.mark.parametrize("what", ["file", "folder", "link", "itself", "log"])
def test_what_is_there_is_never_overwritten(path, target, what):
    error = StoreError
    with filled(ledger.open(path)) as book:
        if what == "file":
            target.write_text("minutes")
        elif what == "folder":
            target.mkdir()
        elif what == "link":
            target.symlink_to("nowhere.db")
        elif what == "itself":
            target = path
        else:
            target.with_name("copy.db-wal").write_text("the newest records of a ledger that is gone")
            error = NotALedger
        before = sorted(target.parent.iterdir())
        told = "is left of it" if what == "log" else "something is there already, and nothing overwrites it"
        with pytest.raises(error, match=told):
            book.backup(target)
        assert sorted(target.parent.iterdir()) == before
        assert what != "file" or target.read_text() == "minutes"
        assert len(list(book.records())) == 3


@pytest.mark.parametrize("links", [True, False])
def test_one_who_was_faster_is_not_overwritten(path, target, links, monkeypatch):
    move = sqlite_backup.move

    def slowly(unfinished, path):
        target.write_text("minutes")  # somebody else
        return move(unfinished, path)

    def no_links(*_, **__):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(sqlite_backup, "move", slowly)
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    with filled(ledger.open(path)) as book, pytest.raises(StoreError, match="something is there already"):
        book.backup(target)
    assert target.read_text() == "minutes"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("target", ["", "a\0b", None, 5, b"copy.db", ":memory:"])
def test_what_is_no_path_is_refused(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with ledger.open(":memory:") as book, pytest.raises(BadInput, match="is no path"):
        book.backup(target)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["with space.db", "?mode=ro&x=1", "100%.db", "a#b.db", "España 北京.db", "file:x.db"])
def test_a_backup_may_have_any_name(path, target, name):
    with filled(ledger.open(path)) as book:
        book.backup(target.with_name(name))
    assert members(target.with_name(name)) == ["m0", "m1", "m2"]
    assert [one.name for one in target.parent.iterdir()] == [name]


# a failure leaves nothing


def test_a_missing_folder_is_named(path, target):
    with filled(ledger.open(path)) as book, pytest.raises(StoreError, match=r"there is no folder .*: create it first"):
        book.backup(target.parent / "missing" / "copy.db")
    assert list(target.parent.iterdir()) == []


class Stop(BaseException):
    """As Ctrl-C is."""


@pytest.mark.parametrize(("step", "error"), [
    ("touch", PermissionError(13, "Permission denied")), ("connect", sqlite3.OperationalError("unable to open")),
    ("copy", sqlite3.OperationalError("database or disk is full")), ("copy", Stop()), ("check", Stop()),
    ("check", sqlite3.DatabaseError("malformed")), ("synchronise", OSError(5, "Input/output error")),
    ("move", OSError(1, "Operation not permitted")), ("move", Stop()),
])  # fmt: skip
def test_a_failure_leaves_nothing_at_the_path(path, target, step, error, monkeypatch):
    def fail(*_, **__):
        raise error

    class Stubborn(sqlite3.Connection):
        backup = fail

    with filled(ledger.open(path)) as book:
        if step == "copy":
            with closing(sqlite3.connect(path, factory=Stubborn, isolation_level=None)) as stubborn:
                monkeypatch.setattr(book._store, "_connection", stubborn)
                _refused(book, target, error)
        else:
            owner, name = {
                "touch": (Path, "touch"),
                "connect": (sqlite3, "connect"),
                "check": (sqlite_backup, "verify"),
                "synchronise": (new_file, "_synchronise"),
                "move": (sqlite_backup, "move"),
            }[step]
            monkeypatch.setattr(owner, name, fail)
            _refused(book, target, error)
        monkeypatch.undo()
        assert book.backup(target).size == 3


def _refused(book, target, error):
    with pytest.raises(Stop if isinstance(error, Stop) else StoreError) as refusal:
        book.backup(target)
    assert isinstance(error, Stop) or str(refusal.value) == f"{target}: {NO_BACKUP}: {error.args[-1]}"
    assert list(target.parent.iterdir()) == []


FULL = """
    import resource, signal, sys, ledger
    path, target = sys.argv[1:]
    with ledger.open(path) as book:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        for size in 0, 5_000, 30_000, 90_000:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
            try:
                book.backup(target)
            except ledger.LedgerError as error:
                resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
                print(type(error).__name__, error)
        print(book.backup(target).size)
"""


def test_a_disk_without_room_leaves_nothing_at_the_path_and_the_ledger_as_it_was(path, target):
    filled(ledger.open(path), count=400).close()
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL), path, target], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    *refusals, last = done.stdout.splitlines()
    assert len(refusals) == 4
    assert all(one.startswith(f"StoreError {target}: {NO_BACKUP}") for one in refusals)
    assert last == "400"
    assert list(target.parent.iterdir()) == [target]
    assert path.read_bytes() == before


@pytest.mark.parametrize("statement", [
    "UPDATE records SET note = 'forged' WHERE position = 2",
    "UPDATE records SET digest = upper(digest) WHERE position = 2",
    "UPDATE records SET version = version + 10 WHERE position >= 2",
    "DELETE FROM records WHERE position = 2",
])  # fmt: skip
def test_a_damaged_ledger_is_not_taken_for_one_that_is_backed_up(path, target, statement):
    with filled(ledger.open(path)) as book:
        _damage(path, statement)
        with pytest.raises(Damaged, match=r"no backup is left there, since (record [23] |the root of)"):
            book.backup(target)
    assert list(target.parent.iterdir()) == []


def _damage(path, statement):
    """Change a row by hand, and put the guards on again."""
    with closing(sqlite3.connect(path)) as connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        for _, text in guards:
            connection.execute(text)
        connection.commit()


def test_text_that_is_no_text_is_found(path, target):
    with filled(ledger.open(path)) as book:
        _damage(path, "UPDATE records SET note = CAST(x'ff' AS TEXT) WHERE position = 2")
        with pytest.raises(
            DamagedRecord, match="no backup is left there, since the file cannot be read after record 1 "
        ):
            book.backup(target)
    assert list(target.parent.iterdir()) == []


def test_a_closed_ledger_cannot_be_backed_up(path, target):
    book = filled(ledger.open(path))
    book.close()
    with pytest.raises(LedgerClosed):
        book.backup(target)
    assert list(target.parent.iterdir()) == []


def test_a_store_without_a_file_names_another_way(target):
    class Kept(PlainStore):
        def rows(self, after):
            return []

        def adding(self):
            raise NotImplementedError

    with (
        ledger.Ledger(Kept()) as book,
        pytest.raises(StoreError, match=r"bring .* with ledger\.exchange"),
    ):
        book.backup(target)
    assert list(target.parent.iterdir()) == []


def test_a_folder_that_cannot_be_opened_is_left_to_the_system_to_write(path, target, monkeypatch):
    os_open = os.open

    def not_folders(name, flags, *rest, **options):
        if os.path.isdir(name):
            raise PermissionError(13, "Permission denied")
        return os_open(name, flags, *rest, **options)

    monkeypatch.setattr(os, "open", not_folders)
    with filled(ledger.open(path)) as book:
        assert book.backup(target).size == 3

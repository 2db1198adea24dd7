"""Many writers, readers and handles on one file: nothing is lost or doubled, and each sees whole batches only."""

import inspect
import json
import random
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing
from itertools import count, groupby

import pytest
from sqlite_utils import Database

import ledger
from ledger import MemberChanged, MemberJoined, replay
from ledger.model.errors import LedgerBusy, StoreError, VersionConflict
from ledger.recording.batch import row_of
from ledger.stores.sqlite.file import LOG_MAX


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clusters.db"


# a crowd


def write_for(seconds, path, name, seed):
    """Record batches of five into one initiative that all share, and of one into one's own; say what was written.

    Each fifth is refused if somebody was faster, and each ninth is a retry of the one before, as after a lost answer.
    """
    chance = random.Random(seed)
    end = time.monotonic() + seconds
    written, stale, waits = [], 0, []
    with ledger.open(path, timeout=60) as book:
        shared, own = book.initiative("shared"), book.initiative(f"own {name}")
        while not written or time.monotonic() < end:  # where all have much to do, time is up before the first
            turn = len(written) + stale
            note = f"{name} {turn}"
            ids = [f"0190d1f0-0000-7000-8000-{chance.getrandbits(48):012x}" for _ in range(5)]
            joins = [MemberJoined(id, "2021") for id in ids]
            begun = time.monotonic()
            if turn % 9 == 8:
                own.record(joins[0], note=note, ids=ids[:1])
                (again,) = own.record(joins[0], note=note, ids=ids[:1])
                assert again.note == note
            elif turn % 5 == 4:
                try:
                    version = 0 if stale % 2 == 0 else shared.at("2022-01-01").version
                    shared.record(*joins, note=note, expected_version=version)
                except VersionConflict:
                    stale += 1
                    continue
            else:
                shared.record(*joins, note=note)
            waits.append(time.monotonic() - begun)
            written.append(note)
        try:
            shared.record(joins[0], note="stale", expected_version=10**9)
        except VersionConflict:
            stale += 1
    return written, stale, max(waits, default=0)


CROWD = """
    import json, os, random, sys, time
    import ledger
    from ledger import MemberJoined
    from ledger.model.errors import VersionConflict

    {write_for}
    path, seconds, processes = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    write_for(0.1, ":memory:", "warm", 0)  # what is imported only when it is needed is here from now on
    print("ready", flush=True)
    children = []
    for number in range(processes):
        there, here = os.pipe()
        child = os.fork()
        if child == 0:
            with open(here, "w") as told:
                json.dump(write_for(seconds, path, "process %d" % number, number), told)
            os._exit(0)
        os.close(here)
        children.append((child, open(there)))
    for child, told in children:
        print(told.read(), flush=True)
        assert os.waitpid(child, 0)[1] == 0
"""


def watch_until(done, path, seen):
    """Read again and again what is in the initiative that all share; each batch of it is seen whole."""
    with ledger.open(path, read_only=True) as book:
        shared = book.initiative("shared")
        line = shared.timeline(ledger.Members())
        while not done.is_set():
            state = shared.at("2022-01-01")
            assert len(state) == state.version
            figure = line.at("2022-01-01").amount
            assert figure.low == figure.high >= len(state)
            seen += [len(state), int(figure.low)]
            with book._store.reading():
                assert shared.at("2022-01-01") == shared.at("2022-01-01")


@pytest.mark.parametrize("seconds", [1.5, pytest.param(10, marks=pytest.mark.long)])
def test_four_processes_and_four_threads_lose_and_double_nothing(path, seconds):
    with ledger.open(path) as book:
        book.initiative("shared").record(*(MemberJoined(f"m{n}", "2021") for n in range(5)), note="first")
    code = textwrap.dedent(CROWD).replace("{write_for}", inspect.getsource(write_for))
    done, seen, told, failures = threading.Event(), [], [], []

    def kept(work, *arguments):
        try:
            told.append(work(*arguments))
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=kept, args=(write_for, seconds, path, f"thread {n}", n + 4)) for n in range(4)]
    watcher = threading.Thread(target=kept, args=(watch_until, done, path, seen))
    command = [sys.executable, "-c", code, str(path), str(seconds), "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as crowd:
        assert crowd.stdout.readline() == "ready\n"
        for thread in (*threads, watcher):
            thread.start()
        told_by_processes = [crowd.stdout.readline() for _ in range(4)]
        for thread in threads:
            thread.join()
        done.set()
        watcher.join()
    assert (crowd.returncode, failures) == (0, [])
    told += map(json.loads, told_by_processes)
    told = [one for one in told if one]
    assert len(told) == 8
    assert all(number % 5 == 0 for number in seen)  # whole batches
    require_whole(path, [note for written, _, _ in told for note in written] + ["first"])
    assert all(stale for _, stale, _ in told)
    # `pytest -s` shows it: SQLite lets writers in as it happens, and not in turn
    shares = sorted(len(written) for written, _, _ in told)
    print(f"\nbatches of each writer: {shares}; the slowest took {max(slowest for *_, slowest in told):.2f} s")


def require_whole(path, notes):
    """All that was acknowledged is there, once, and nothing else."""
    with ledger.open(path) as book:
        records = list(book.records())
        versions = {}
        for position, record in enumerate(records, 1):
            versions[record.initiative] = versions.get(record.initiative, 0) + 1
            assert (record.position, record.version) == (position, versions[record.initiative])
            assert record.digest == row_of(record)[-1]
        batches = [list(batch) for _, batch in groupby(records, key=lambda record: record.recorded_at)]
        assert all(len(batch) == (5 if batch[0].initiative == "shared" else 1) for batch in batches)
        assert all({record.note for record in batch} == {batch[0].note} for batch in batches)
        assert sorted(batch[0].note for batch in batches) == sorted(notes)
        shared = book.initiative("shared")
        assert shared.at("2022-01-01") == replay(shared.records(), at="2022-01-01")


# waiting


@pytest.mark.parametrize("timeout", [0, 0.25, 0.6])
def test_a_busy_file_is_waited_for_as_long_as_was_said(path, timeout):
    with ledger.open(path, timeout=timeout) as book, ledger.open(path) as other:
        with other._store.writing("clusters"):
            begun = time.monotonic()
            with pytest.raises(LedgerBusy, match="another writer holds it"):
                book.initiative("clusters").record(MemberJoined("a", "2021"))
            waited = time.monotonic() - begun
        assert timeout * 0.9 <= waited < timeout + 5  # SQLite looks again after at most a tenth of a second
        assert list(book.records()) == []
        book.initiative("clusters").record(MemberJoined("a", "2021"))


# a long reader


def test_a_long_reader_sees_one_state_and_the_log_is_cut_back_when_it_has_ended(path):
    log = path.with_name(f"{path.name}-wal")
    with ledger.open(path) as book, ledger.open(path) as other:
        clusters = other.initiative("clusters")
        clusters.record(MemberJoined("a", "2021", name="first"))
        with book._store.reading():
            before = book.initiative("clusters").at("2022-01-01")
            number = 0
            while log.stat().st_size < 2 * LOG_MAX:
                clusters.record(*(MemberChanged("a", "2021", name=f"{number} {n}") for n in range(200)), note="x" * 900)
                number += 1
                assert book.initiative("clusters").at("2022-01-01") == before
                assert len(list(book.records())) == 1
        assert book.initiative("clusters").at("2022-01-01")["a"].name == f"{number - 1} 199"
        for _ in range(3):
            clusters.record(MemberChanged("a", "2021", name="last"))
        assert log.stat().st_size <= LOG_MAX


def test_a_stream_that_is_left_half_read_does_not_keep_the_log_from_being_emptied(path):
    log = path.with_name(f"{path.name}-wal")
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        clusters.record(*(MemberJoined(f"m{n}", "2021") for n in range(1_500)))
        stream = book.records()
        next(stream)
        for number in range(30):
            clusters.record(*(MemberChanged("m0", "2021", name=f"{number} {n}") for n in range(100)), note="x" * 900)
        assert log.stat().st_size <= LOG_MAX + 2**20
        assert sum(1 for _ in stream) == 4_499


# a fork


FORKED = """
    import os, signal, sys, threading
    import ledger
    from ledger import MemberJoined
    from ledger.model.errors import StoreError

    def in_the_child(path, book, end):
        clusters = book.initiative("clusters")
        for use in (
            lambda: clusters.record(MemberJoined("b", "2021")), lambda: clusters.at("2022-01-01"), book.initiatives,
            lambda: next(book.records()), lambda: book.backup(path + ".copy"), lambda: book._store.position(),
        ):
            try:
                use()
            except StoreError as error:
                assert "it was opened before this process was forked: open it again in this one" in str(error), error
            else:
                raise AssertionError(use)
        if end == "closing":
            with book:
                pass
        with ledger.open(path, timeout=30) as own:
            own.initiative("clusters").record(MemberJoined("child", "2021"))

    def forked(path, end):
        book = ledger.open(path)
        clusters = book.initiative("clusters")
        clusters.record(MemberJoined("a", "2021"))
        stream = book.records()
        next(stream)
        inside, over = threading.Event(), threading.Event()
        def hold():
            with book._store.reading():
                inside.set()
                over.wait()
        if end == "while a thread reads":
            thread = threading.Thread(target=hold)
            thread.start()
            inside.wait()
        child = os.fork()
        if child == 0:
            try:
                in_the_child(path, book, end)
                if end == "at once":
                    os._exit(0)
                sys.exit(0)  # which lets go of all there is
            except Exception as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(3)
        over.set()
        for number in range(10):
            clusters.record(MemberJoined("parent %d" % number, "2021"))
        assert os.waitpid(child, 0)[1] == 0
        clusters.record(MemberJoined("last", "2021"))
        assert len(clusters.at("2022-01-01")) == 13
        book.close()

    signal.alarm(100)
    for end in sys.argv[2:]:
        forked(os.path.join(sys.argv[1], end), end)
"""


def test_a_forked_process_is_told_to_open_the_ledger_itself(tmp_path):
    ends = ["at once", "orderly", "closing", "while a thread reads"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(FORKED), str(tmp_path), *ends],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for end in ends:
        with ledger.open(tmp_path / end) as book:
            assert [record.position for record in book.records()] == list(range(1, 14))
        with closing(sqlite3.connect(tmp_path / end)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(ends)


def test_what_was_inherited_is_refused_before_a_lock_is_waited_for(path, monkeypatch):
    with ledger.open(path) as book:
        monkeypatch.setattr(book._store, "_process", -1)
        with pytest.raises(StoreError, match="opened before this process was forked"):
            book.initiatives()
        book.close()
        monkeypatch.undo()
        assert book.initiatives() == []  # it was left alone


# interrupts


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # where it strikes in a destructor
@pytest.mark.parametrize("times", [200, pytest.param(5_000, marks=pytest.mark.long)])
def test_an_interrupt_at_any_moment_leaves_no_transaction_open(path, times, interrupted):
    chance = random.Random(31)
    with ledger.open(path) as book, ledger.open(path, timeout=0) as other:
        clusters = book.initiative("clusters")
        clusters.record(MemberJoined("a", "2021"))
        names = count()
        uses = (
            lambda: clusters.at("2022-01-01"),
            lambda: clusters.record(*(MemberChanged("a", "2021", name=f"{next(names)}") for _ in range(3)), note="3"),
        )
        for use in uses:  # an interrupt in the middle of an import is not what this is about
            use()
        for number in range(times):
            interrupted(chance.uniform(1e-6, 2e-3), uses[number % 2])
            assert not book._store._connection.in_transaction
            other.initiative("others").record(MemberJoined(str(number), "2021"))
        clusters.record(MemberJoined("b", "2021"))
        sizes = [len(list(batch)) for _, batch in groupby(clusters.records(), key=lambda record: record.recorded_at)]
        assert set(sizes[1:-1]) <= {3}
        assert clusters.at("2022-01-01") == replay(clusters.records(), at="2022-01-01")


# foreign writers; what else they may try is in tests/test_guards.py


@pytest.mark.parametrize("table", ["records", "registers", "facts", "retractions"])
@pytest.mark.parametrize(
    "way", ["insert", "replace", "ignore", "upsert", "update", "delete", "delete_where", "truncate"]
)
def test_sqlite_utils_is_refused_by_the_schema(path, table, way):
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        (wrong,) = clusters.record(MemberJoined("a", "2021"))
        clusters.correct(wrong, effective="2020")
    before = rows_of(path)
    database = Database(path)
    rows = database[table]
    row = next(iter(rows.rows))
    keys = rows.pks
    key = tuple(row[name] for name in keys)
    with pytest.raises(sqlite3.IntegrityError, match=r"are never changed|only grow"):
        {
            "insert": lambda: rows.insert(row),
            "replace": lambda: rows.insert(row, pk=keys, replace=True),
            "ignore": lambda: rows.insert(row, pk=keys, ignore=True),
            "upsert": lambda: rows.upsert(row, pk=keys),
            "update": lambda: rows.update(key, {keys[-1]: key[-1]}),
            "delete": lambda: rows.delete(key),
            "delete_where": rows.delete_where,
            "truncate": lambda: database.execute(f"DELETE FROM {table}"),
        }[way]()
    database.close()
    assert rows_of(path) == before


def rows_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in ("records", "facts")}

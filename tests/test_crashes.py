"""Crashes and failing disks: what was acknowledged is there, whole; of what was not, all of it is there or nothing.

A kill ends a process and not the machine: what it wrote is kept by the system. That a power failure loses nothing
rests on SQLite, which has every commit written to the disk before it returns.
"""

import json
import random
import re
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from itertools import accumulate, count, groupby

import pytest

import ledger
from ledger import MemberJoined, replay
from ledger.exchange import copy, from_lines, spells, to_lines
from ledger.model.errors import StoreError
from ledger.recording.batch import row_of

pytestmark = pytest.mark.unmeasured

TABLES = ("records", "registers", "facts", "retractions")


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    """A new ledger, as bytes: to write them is quicker than to make another one."""
    path = tmp_path_factory.mktemp("blank") / "clusters.db"
    ledger.open(path).close()
    return path.read_bytes()


@pytest.fixture
def new(tmp_path, blank):
    """Make new ledgers, and give their paths."""
    numbers = count()

    def make():
        path = tmp_path / f"{next(numbers)}.db"
        path.write_bytes(blank)
        return path

    return make


# Programs that are killed are forked from one that has imported the library already. It stands by itself, since
# whoever runs the tests may have threads, which a fork does not survive.
STAGE = """
    import itertools, json, os, random, resource, signal, sys, time
    import ledger
    from ledger import MemberJoined
    from ledger.exchange import from_lines, spells
    from ledger.model.errors import LedgerError

    def batches(book, seed):
        "Record for ever: batches of several sizes, in several initiatives, with corrections among them."
        chance = random.Random(seed)
        for number in itertools.count():
            club = book.initiative(chance.choice(["clusters", "ports", "unions"]))
            size = chance.choice([1, 2, 3, 8, 40])
            name = f"{seed}-{number}"
            joins = [MemberJoined(f"{name}-{n}", "2021", name="x" * chance.randrange(1, 200)) for n in range(size)]
            records = club.record(*joins, note=f"{name} of {size}")
            yield f"{name} of {size}"
            if number % 4 == 3:
                club.correct(records[0], effective="2020", note=f"{name} right of 2")
                yield f"{name} right of 2"

    def record_on_and_on(path, seed):
        with ledger.open(path, timeout=30) as book:
            for done in batches(book, seed):
                tell(done)

    def open_and_close_again_and_again(path):
        while True:
            with ledger.open(path, timeout=30) as book:
                tell(sum(1 for _ in book.records()))

    def one_batch(club):
        (wrong, _) = club.record(MemberJoined("wrong", "2021"), MemberJoined("right", "2021", name="Right"))
        club.correct(wrong, effective="2020")

    def die_at_statement(path, place):
        "Record one batch, and its correction, and die just before one of the statements."
        with ledger.open(path, timeout=30) as book:
            places = itertools.count()
            def die(statement):
                if next(places) == place:
                    tell(statement)
                    os._exit(1)
            book._store._connection.set_trace_callback(die)
            one_batch(book.initiative("clusters"))
            tell("done")
            os._exit(0)  # and nobody closes it

    def take_in(path, lines, anew, at_once, last=None):
        "Import a file of lines, and tell of each line that is read, or be killed when the last one was."
        def told():
            with open(lines, encoding="utf-8") as file:
                for record in from_lines(file):
                    tell(record.position)
                    if record.position == last:
                        os.kill(os.getpid(), signal.SIGKILL)
                    yield record
        with ledger.open(path, timeout=30) as book:
            tell(["done", book.import_records(told(), anew=anew, at_once=at_once)])

    def back_up(path, target):
        "Make a backup, and tell how long that took."
        with ledger.open(path, timeout=30) as book:
            tell("begun")
            begun = time.monotonic()
            book.backup(target)
            tell(time.monotonic() - begun)

    def record_sheet(path, sheet, rejects, place=None):
        "Record a sheet, and tell how long that took; or be killed just before one of the statements."
        with ledger.open(path, timeout=30) as book:
            read = spells(sheet, lenient=True)
            tell("begun")
            begun = time.monotonic()
            if place is not None:
                places = itertools.count()
                def die(statement):
                    if next(places) == place:
                        os.kill(os.getpid(), signal.SIGKILL)
                book._store._connection.set_trace_callback(die)
            book.initiative("clusters").record_sheet(read, rejects=rejects, source="sheet")
            tell(time.monotonic() - begun)

    def limit(size, then=signal.SIG_DFL):
        "Let no file grow past a size: whoever tries is killed, or told by an error, at that very byte."
        signal.signal(signal.SIGXFSZ, then)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most if size is None else size, most))

    def die_at_byte(path, seed, size, pages):
        "Record, with little room in memory, and die when the log has come to a size."
        with ledger.open(path, timeout=30) as book:
            book._store._connection.execute(f"PRAGMA cache_size = {pages}")
            limit(size)
            for done in batches(book, seed):
                tell(done)

    def die_at_byte_of_the_ledger(path, seed, size):
        "Record, and die when the log is moved to the ledger, and that has come to a size."
        with ledger.open(path, timeout=30) as book:
            for done in itertools.islice(batches(book, seed), 20):
                tell(done)
            limit(size)

    def die_at_byte_of_a_recovery(path, size):
        "Open what a crash has left, and die when one of the files has come to a size."
        limit(size)
        with ledger.open(path, timeout=30) as book:
            tell(sum(1 for _ in book.records()))

    def without_room(path, seed, size):
        "Record until there is no room for more, make room, and record again, through the same handle."
        with ledger.open(path, timeout=30) as book:
            limit(size, signal.SIG_IGN)
            try:
                for done in batches(book, seed):
                    tell(done)
            except LedgerError as error:
                limit(None)
                tell(["error", type(error).__name__, str(error)])
            for done in itertools.islice(batches(book, seed + 1), 3):
                tell(done)
            limit(size, signal.SIG_IGN)
        limit(None)

    def tell(something):
        os.write(here, (json.dumps(something) + "\\n").encode())

    with ledger.open(":memory:") as book:  # what is imported only when it is needed is here from now on
        one_batch(book.initiative("clusters"))
    for line in sys.stdin:
        name, arguments, after = json.loads(line)
        there, here = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(there)
            try:
                globals()[name](*arguments)
                os._exit(0)
            except BaseException as error:
                tell(["failed", repr(error)])
            finally:
                os._exit(2)
        os.close(here)
        with open(there) as pipe:
            told = []
            if after is not None:
                count, seconds = after
                told += [pipe.readline() for _ in range(count)]
                time.sleep(seconds)
                os.kill(child, signal.SIGKILL)
            told += pipe.readlines()
        _, status = os.waitpid(child, 0)
        print(json.dumps([[json.loads(one) for one in told], os.waitstatus_to_exitcode(status)]), flush=True)
"""


@pytest.fixture(scope="module")
def stage():
    """Run a part of the program above in a process, and give what it told, and its end.

    With `after` it is killed when it has told so many things, and so many seconds more have gone by.
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STAGE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def run(name, *arguments, after=None):
            process.stdin.write(json.dumps([name, arguments, after]) + "\n")
            process.stdin.flush()
            told, status = json.loads(process.stdout.readline())
            assert status != 2, told
            return told, status

        yield run
        process.stdin.close()


def rows_of(path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return rows_in(connection)


def rows_in(connection):
    return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def notes_in(path):
    """The notes of the batches in a ledger, in order, after it was seen that all in it is whole."""
    with ledger.open(path, timeout=30) as book:
        records = list(book.records())
        versions = {}
        for position, record in enumerate(records, 1):
            versions[record.initiative] = versions.get(record.initiative, 0) + 1
            assert (record.position, record.version) == (position, versions[record.initiative])
            assert record.digest == row_of(record)[-1]
        notes = []
        for _, one in groupby(records, key=lambda record: record.recorded_at):
            batch = list(one)
            notes.append(batch[0].note)
            assert {record.note for record in batch} == {notes[-1]}
            assert len(batch) == int(notes[-1].split()[-1] or 0)
        assert len(set(notes)) == len(notes)
    return notes


def require_derived_rows_are_those_of_the_records(path):
    """The facts, registers and retractions are those that the same records bring about in a new ledger."""
    with ledger.open(path) as book, ledger.open(":memory:") as again:
        copy(book, again)
        for name in book.initiatives():
            club = book.initiative(name)
            assert club.at("2022-01-01") == replay(club.records(), at="2022-01-01")
        assert rows_in(again._store._connection) == rows_of(path)


def require_next_append_works(path, note):
    with ledger.open(path) as book:
        book.initiative("clusters").record(MemberJoined(note, "2021"), note=f"{note} of 1")


# kills


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.long)])
def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(new, stage, kills):
    chance = random.Random(6)
    acknowledged = 0
    for kill in range(kills):
        if kill % 20 == 0:  # a ledger that grows for ever would take ever longer to look through
            path, kept = new(), []
        told, status = stage("record_on_and_on", str(path), kill, after=(chance.randrange(8), chance.uniform(0, 0.01)))
        assert status == -9
        acknowledged += len(told)
        notes = notes_in(path)
        assert notes[: len(kept) + len(told)] == kept + told  # in the order in which they were acknowledged
        assert len(notes) <= len(kept) + len(told) + 1
        require_next_append_works(path, f"after-{kill}")
        kept = [*notes, f"after-{kill} of 1"]
        if kill % 20 == 19:
            require_derived_rows_are_those_of_the_records(path)
    assert acknowledged >= kills


def test_a_kill_before_any_statement_of_a_recording_leaves_nothing_of_it(new, stage):
    path = new()
    require_next_append_works(path, "first")
    before = rows_of(path)
    ends = []
    for place in count():
        (told,), _ = stage("die_at_statement", str(path), place)
        ends.append(told)
        if "COMMIT" in ends:
            break
        assert rows_of(path) == before
    first = len(ends)
    assert rows_of(path) == before
    for place in count(first):
        again = new()
        again.write_bytes(path.read_bytes())
        (told,), _ = stage("die_at_statement", str(again), place)
        ends.append(told)
        rows = rows_of(again)
        if told == "done":
            break
        assert [len(rows[table]) for table in ("records", "retractions")] == [3, 0]  # the batch, and no correction
        require_derived_rows_are_those_of_the_records(again)
    assert [len(rows[table]) for table in ("records", "retractions")] == [5, 1]
    for step in (
        "BEGIN",
        "INSERT INTO records",
        "INSERT INTO registers",
        "INSERT INTO facts",
        "INSERT INTO retr",
        "COMMIT",
    ):
        assert any(one.startswith(step) for one in ends), step


@pytest.mark.parametrize("pages", [2_000, 3])  # with 3 pages of memory much is written long before the end
@pytest.mark.parametrize("step", [50_021, pytest.param(1_003, marks=pytest.mark.long)])
def test_a_kill_at_any_byte_of_the_log_leaves_whole_batches(new, stage, pages, step):
    for size in range(33_000, 250_000, step):  # less would not do for the memory that is shared by readers
        path = new()
        told, status = stage("die_at_byte", str(path), 1, size, pages)
        assert status == -25
        assert notes_in(path) == told
        require_next_append_works(path, "after")
        require_derived_rows_are_those_of_the_records(path)


@pytest.mark.parametrize("step", [80_021, pytest.param(4_001, marks=pytest.mark.long)])
def test_a_kill_while_the_log_is_moved_to_the_ledger_loses_nothing(new, stage, step):
    for size in range(100, 260_000, step):
        path = new()
        told, status = stage("die_at_byte_of_the_ledger", str(path), 1, size)
        assert (status, len(told)) == (-25, 20)
        while_it_is_repaired = {
            stage("die_at_byte_of_a_recovery", str(path), limit)[1] for limit in (0, 4_096, 40_000, size, size + 5_000)
        }
        assert -25 in while_it_is_repaired
        assert notes_in(path) == told
        require_next_append_works(path, "after")
        require_derived_rows_are_those_of_the_records(path)


@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.long)])
def test_a_kill_while_another_process_repairs_loses_nothing(new, stage, kills):
    chance = random.Random(29)
    for kill in range(kills):
        if kill % 20 == 0:
            path, kept = new(), []
        told, _ = stage("record_on_and_on", str(path), kill, after=(8, chance.uniform(0, 0.01)))
        for _ in range(3):  # each finds what the one before it has left
            _, status = stage("open_and_close_again_and_again", str(path), after=(0, chance.uniform(0, 0.01)))
            assert status == -9
        notes = notes_in(path)
        assert notes[: len(kept) + len(told)] == kept + told
        assert len(notes) <= len(kept) + len(told) + 1
        kept = notes
    require_derived_rows_are_those_of_the_records(path)


# kills of what brings many records at once


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A ledger of many batches, open, and a file of its lines."""
    folder = tmp_path_factory.mktemp("source")
    with ledger.open(folder / "source.db") as book:
        for number, size in enumerate([1, 5, 2, 20, 1, 8, 3]):
            club = book.initiative(f"club{number % 2}")
            records = club.record(*(MemberJoined(f"m{number}-{n}", "2021") for n in range(size)), note=f"{size}")
            if number % 3 == 1:
                club.correct(records[0], effective="2020", note="2")
        lines = folder / "lines.jsonl"
        lines.write_text("".join(f"{line}\n" for line in to_lines(book)), "utf-8")
        yield book, lines


def sizes_of_whole_batches(book):
    sizes = [len(list(batch)) for _, batch in groupby(book.records(), key=lambda record: record.recorded_at)]
    return {0, *accumulate(sizes)}


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.long)])
def test_a_kill_while_records_are_imported_leaves_all_of_them_or_nothing_or_whole_batches(new, stage, source, kills):
    book, lines = source
    whole = sizes_of_whole_batches(book)
    assert len(whole) == 10
    chance = random.Random(21)
    ends = set()
    for kill in range(kills):
        path, anew, at_once = new(), bool(kill & 1), bool(kill & 2)
        importing = "take_in", str(path), str(lines), anew, at_once
        if kill & 4:
            lines_read = chance.choice([book.head.size, chance.randrange(1, book.head.size)])
            stage(*importing, after=(lines_read, chance.uniform(0, 0.004)))
        else:
            assert stage(*importing, chance.randrange(8, book.head.size))[1] == -9
        with ledger.open(path) as other:
            found = other.verify().size
            ends.add((at_once, found))
            assert found in ({0, book.head.size} if at_once else whole)
            rest = book.head.size - found
            with lines.open(encoding="utf-8") as file:
                assert other.import_records(from_lines(file), book.head, anew=anew, at_once=at_once) == rest
            assert other.verify(None if anew else book.head).size == book.head.size
            assert [one.event for one in other.records()] == [one.event for one in book.records()]
    assert (True, 0) in ends
    assert any(0 < found < book.head.size for at_once, found in ends if not at_once)


@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=pytest.mark.long)])
def test_a_kill_while_a_backup_is_made_leaves_it_whole_or_nothing_that_is_in_the_way(source, stage, tmp_path, kills):
    book, _ = source
    path = book._store.path
    _, seconds = stage("back_up", path, str(tmp_path / "first.db"))[0]
    chance = random.Random(24)
    for kill in range(kills):
        folder = tmp_path / str(kill)
        folder.mkdir()
        stage("back_up", path, str(folder / "copy.db"), after=(1, chance.uniform(0, 1.2 * seconds)))
        remains = {one.name for one in folder.iterdir()} - {"copy.db"}
        assert not [
            name for name in remains if not re.fullmatch(r"\.ledger-[0-9a-f]{32}\.new(-journal|-wal|-shm)?", name)
        ]
        if (folder / "copy.db").exists():
            with pytest.raises(StoreError, match="something is there already"):
                book.backup(folder / "copy.db")
        else:
            assert book.backup(folder / "copy.db") == book.head
        for name in remains:
            (folder / name).unlink()
        with ledger.open(folder / "copy.db") as copied:
            assert copied.verify(book.head, deep=True) == book.head
            copied.initiative("club0").record(MemberJoined("new", "2022"))
    assert book.verify(deep=True) == book.head


SHEET = "member,name,start,end\n" + "".join(f"m{n},,20{n:02},{'soon' if n % 4 == 1 else ''}\n" for n in range(12))


def require_the_same_end(path, sheet, rejects, whole):
    """A file of rejects is not there, or whole; and a call that is repeated ends as one that nobody killed."""
    assert not rejects.exists() or rejects.read_bytes() == whole
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        begun = [record.id for record in book.records()]
        assert len(begun) in (0, 9)
        assert rejects.exists() or not begun
        done = clusters.record_sheet(spells(sheet, lenient=True), rejects=rejects, source="sheet")
        assert [one.row for one in done.rejected] == [row for row in range(2, 14) if row % 4 == 3]
        assert [record.id for record in (*done.already, *done.records)] == [record.id for record in book.records()]
        assert ([record.id for record in done.already], len(done.already) + len(done.records)) == (begun, 9)
        assert book.verify().size == 9
    assert rejects.read_bytes() == whole
    return bool(begun)


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(SHEET, "utf-8")
    return path


@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=pytest.mark.long)])
def test_a_kill_while_a_sheet_is_recorded_leaves_a_call_that_can_be_repeated(new, stage, sheet, tmp_path, kills):
    first = tmp_path / "first.csv"
    _, seconds = stage("record_sheet", str(new()), str(sheet), str(first))[0]
    chance = random.Random(31)
    for kill in range(kills):
        path, rejects = new(), tmp_path / f"{kill}.csv"
        after = (1, chance.uniform(0, 1.2 * seconds))
        stage("record_sheet", str(path), str(sheet), str(rejects), after=after)
        require_the_same_end(path, sheet, rejects, first.read_bytes())


@pytest.mark.parametrize("step", [23, pytest.param(1, marks=pytest.mark.long)])
def test_a_kill_before_a_statement_of_a_sheet_leaves_a_call_that_can_be_repeated(new, stage, sheet, tmp_path, step):
    first = tmp_path / "first.csv"
    stage("record_sheet", str(new()), str(sheet), str(first))
    written = []  # was the file of rejects there?
    for place in count(step=step):
        path, rejects = new(), tmp_path / f"{place}.csv"
        told, status = stage("record_sheet", str(path), str(sheet), str(rejects), place)
        if status == 0:
            break
        assert (told, status) == (["begun"], -9)
        written.append(rejects.exists())
        assert not require_the_same_end(path, sheet, rejects, first.read_bytes())
    assert written == sorted(written)
    assert {*written} == {False, True}


# a disk that fails


@pytest.mark.parametrize("step", [60_013, pytest.param(1_003, marks=pytest.mark.long)])
def test_a_write_that_fails_is_told_and_the_next_one_works_when_there_is_room(new, stage, step):
    for size in range(33_000, 250_000, step):
        path = new()
        told, status = stage("without_room", str(path), 1, size)
        assert status == 0
        (place,) = (place for place, one in enumerate(told) if one[0] == "error")
        _, kind, message = told.pop(place)
        assert kind == "StoreError"
        assert message.startswith(f"{path}: ")
        assert "nothing of it was written" in message
        assert notes_in(path) == told
        require_derived_rows_are_those_of_the_records(path)

"""Reading only: nothing is created, nothing is written, and no more is needed than the right to read the file."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from contextlib import contextmanager
from pathlib import Path

import pytest

import ledger
from ledger import MemberJoined
from ledger.model.errors import BadInput, NotALedger, ReadOnly, StoreError

BASQUE, HUMBER = MemberJoined("basque", "2021-01-01"), MemberJoined("humber", "2021-01-01")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clusters.db"


def filled(path):
    with ledger.open(path) as book:
        book.initiative("clusters").record(BASQUE)
    return path


def members(book):
    return list(book.initiative("clusters").at("2022-01-01"))


def files_in(folder):
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}


def lasting_in(folder):
    """All but the memory that is shared by those who have a ledger open, and holds nothing of its own."""
    return {name: content for name, content in files_in(folder).items() if not name.endswith("-shm")}


def test_what_is_there_can_be_read_and_not_recorded_in(path):
    before = filled(path).read_bytes()
    with ledger.open(path, read_only=True) as book:
        clusters = book.initiative("clusters")
        assert members(book) == ["basque"]
        assert len(list(book.records())) == len(clusters.history("basque")) == 1
        assert clusters.timeline(ledger.Members()).at("2022-01-01").amount == ledger.exactly(1)
        (record,) = book.records()
        for use in (
            lambda: clusters.record(HUMBER),
            lambda: clusters.record(BASQUE),  # which is told before any rule is asked
            lambda: clusters.record(HUMBER, expected_version=7),
            lambda: clusters.retract(record),
            lambda: clusters.correct(record, effective="2021"),
            lambda: book.import_records([ledger.Record(2, "x", 1, "x", record.recorded_at, BASQUE)]),
        ):
            with pytest.raises(ReadOnly, match="it was opened with read_only=True: open it without, to record in it"):
                use()
    assert path.read_bytes() == before


def test_recording_is_refused_without_waiting_for_another_writer(path):
    with (
        ledger.open(filled(path), timeout=600, read_only=True) as book,
        ledger.open(path) as other,
        other._store.writing("clusters"),
        pytest.raises(ReadOnly),
    ):
        book.initiative("clusters").record(HUMBER)


def test_what_others_record_is_seen(path):
    with ledger.open(filled(path), read_only=True) as book, ledger.open(path) as other:
        line = book.initiative("clusters").timeline(ledger.Members())
        other.initiative("clusters").record(HUMBER)
        assert members(book) == ["basque", "humber"]
        assert line.at("2022-01-01").amount == ledger.exactly(2)


def test_what_a_reader_leaves_beside_a_ledger_hinders_nobody(path):
    with ledger.open(filled(path), read_only=True) as book:
        assert members(book) == ["basque"]
    with ledger.open(path) as book:
        book.initiative("clusters").record(HUMBER)
    assert list(files_in(path.parent)) == [path.name]


def test_not_even_what_a_crash_has_left_in_the_log_is_moved_to_the_file(path):
    left_by_a_crash(filled(path))
    before = lasting_in(path.parent)
    with ledger.open(path, read_only=True) as book:
        assert members(book) == ["basque", "humber"]
    assert lasting_in(path.parent) == before


@pytest.mark.parametrize("name", ["clusters.db", "missing/clusters.db", "?mode=rwc", ":memory:.db"])
def test_where_nothing_is_nothing_is_created(tmp_path, name):
    with pytest.raises(StoreError, match="nothing is there to be read, and with read_only=True nothing is created"):
        ledger.open(tmp_path / name, read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_in_memory_would_have_nothing_to_read():
    with pytest.raises(StoreError, match="a ledger in memory begins empty, and with read_only=True would stay so"):
        ledger.open(":memory:", read_only=True)


@pytest.mark.parametrize("read_only", [None, 1, 0, "yes"])
def test_it_is_said_with_true_or_false(path, read_only):
    with pytest.raises(BadInput, match="must be True or False"):
        ledger.open(path, read_only=read_only)
    assert not path.exists()


def test_what_is_no_ledger_is_refused_and_left_as_it_is(path):
    path.mkdir()
    with pytest.raises(NotALedger, match="it is a folder"):
        ledger.open(path, read_only=True)
    link = path.with_name("link.db")
    link.symlink_to("nowhere.db")
    with pytest.raises(StoreError, match=r"it is a link to nowhere\.db, where nothing is"):
        ledger.open(link, read_only=True)
    empty = path.with_name("empty.db")
    empty.touch()
    with pytest.raises(NotALedger, match="it is an empty file"):
        ledger.open(empty, read_only=True)
    notes = path.with_name("notes.db")
    notes.write_text("joined: basque\n" * 500)
    with pytest.raises(NotALedger, match="it is no SQLite file"):
        ledger.open(notes, read_only=True)
    left = path.with_name("lost.db-wal")
    left.write_bytes(b"the newest records of a ledger that is gone")
    with pytest.raises(NotALedger, match="put the file back"):
        ledger.open(path.with_name("lost.db"), read_only=True)
    assert files_in(path.parent) == {
        "empty.db": b"", "notes.db": b"joined: basque\n" * 500, left.name: left.read_bytes(),
    }  # fmt: skip


# rights: root may read and write whatever the rights are, so here another user reads.


READER = """
    import json, os, sys
    sys.path[:0] = {path!r}
    import ledger
    from ledger.model.errors import LedgerError
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    books = []
    def opened(path, **options):
        books.append(ledger.open(path, timeout=0.1, **options))
    def members():
        return list(books[-1].initiative("clusters").at("2022-01-01"))
    def record():
        return len(books[-1].initiative("clusters").record(ledger.MemberJoined("ohio", "2021")))
    def records():
        return len(list(books[-1].records()))
    def backup(path):
        return books[-1].backup(path).size
    def close():
        books.pop().close()
    for line in sys.stdin:
        name, arguments, options = json.loads(line)
        try:
            answer = globals()[name](*arguments, **options)
        except LedgerError as error:
            answer = type(error).__name__ + ": " + str(error)
        print(json.dumps(answer), flush=True)
"""


class Reader:
    """Somebody else, in a process of their own, who may do only what the rights on files and folders allow."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(READER).format(path=sys.path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __getattr__(self, name):
        def ask(*arguments, **options):
            self._process.stdin.write(json.dumps([name, [str(one) for one in arguments], options]) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

        return ask

    def end(self):
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0


@pytest.fixture(scope="module")
def reader():
    with closing_by_end(Reader()) as reader:
        yield reader


@contextmanager
def closing_by_end(reader):
    try:
        yield reader
    finally:
        reader.end()


@pytest.fixture
def theirs():
    """The path of a ledger in a folder that everybody may enter, unlike those that pytest makes."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    yield filled(folder / "clusters.db")
    for one in (folder, *folder.rglob("*")):
        one.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def writable(path):
    """Lift what the rights forbid for a moment: the tests may be run by somebody who is not root."""
    rights = [(one, one.stat().st_mode) for one in (path.parent, path)]
    for one, _ in rights:
        one.chmod(0o755)
    yield
    for one, mode in reversed(rights):
        one.chmod(mode)


@pytest.mark.parametrize("file", [0o444, 0o644])
def test_a_ledger_at_rest_in_a_folder_that_cannot_be_written_to_can_be_read(theirs, reader, file):
    theirs.chmod(file)
    theirs.parent.chmod(0o555)
    before = files_in(theirs.parent)
    told = reader.opened(theirs)
    assert told.startswith("ReadOnly: ")
    assert "check the rights on the file and on its folder, or open it with read_only=True to read it" in told
    assert reader.opened(theirs, read_only=True) is None
    assert reader.members() == ["basque"]
    assert reader.record().startswith("ReadOnly: ")
    assert reader.records() == 1
    reader.close()
    assert files_in(theirs.parent) == before


def test_a_ledger_whose_file_cannot_be_written_to_can_be_read(theirs, reader):
    theirs.chmod(0o444)
    theirs.parent.chmod(0o777)
    before = theirs.read_bytes()
    for options in {"read_only": True}, {}:
        assert reader.opened(theirs, **options) is None
        assert reader.members() == ["basque"]
        assert reader.record().startswith("ReadOnly: ")
        assert reader.records() == 1
        reader.close()
    assert theirs.read_bytes() == before


def test_what_somebody_else_records_meanwhile_is_read_without_the_right_to_write(theirs, reader):
    with ledger.open(theirs) as book:
        book.initiative("clusters").record(HUMBER)
        theirs.chmod(0o444)
        theirs.parent.chmod(0o555)
        assert reader.opened(theirs, read_only=True) is None
        assert reader.members() == ["basque", "humber"]
        with writable(theirs):
            book.initiative("clusters").record(MemberJoined("ohio", "2021-01-01"))
        assert reader.members() == ["basque", "humber", "ohio"]
        reader.close()
        with writable(theirs):
            pass


def left_by_a_crash(path):
    """Leave a file and its log as a power failure would: nobody has closed it."""
    with ledger.open(path) as book:
        book.initiative("clusters").record(HUMBER)
        crashed = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    for name, content in crashed.items():
        (path.parent / name).write_bytes(content)
    assert set(crashed) == {path.name, f"{path.name}-wal", f"{path.name}-shm"}


def test_what_a_crash_has_left_in_the_log_is_read_where_it_can_be(theirs, reader):
    left_by_a_crash(theirs)
    theirs.chmod(0o444)
    theirs.parent.chmod(0o555)
    before = lasting_in(theirs.parent)
    assert reader.opened(theirs, read_only=True) is None
    assert reader.members() == ["basque", "humber"]
    reader.close()
    assert lasting_in(theirs.parent) == before


def test_what_a_crash_has_left_in_the_log_is_never_passed_over(theirs, reader):
    left_by_a_crash(theirs)
    theirs.with_name(f"{theirs.name}-shm").unlink()
    theirs.parent.chmod(0o555)
    before = files_in(theirs.parent)
    told = reader.opened(theirs, read_only=True)
    assert told.startswith("ReadOnly: ")
    assert "its newest records are in clusters.db-wal, and to read them SQLite must make a file beside it" in told
    assert "copy both to a folder that does, or open the ledger once with the right to write there" in told
    link = Path(tempfile.mkdtemp(dir=theirs.parent.parent)) / "link.db"  # which leads to a log that is elsewhere
    link.parent.chmod(0o755)
    link.symlink_to(theirs)
    assert "its newest records are in" in reader.opened(link, read_only=True)
    assert files_in(theirs.parent) == before
    shutil.rmtree(link.parent)
    with writable(theirs), ledger.open(theirs) as book:
        assert members(book) == ["basque", "humber"]


def test_one_who_cannot_follow_a_writer_is_told_so(theirs, reader):
    theirs.parent.chmod(0o555)
    assert reader.opened(theirs, read_only=True) is None
    assert reader.members() == ["basque"]
    with writable(theirs), ledger.open(theirs) as book:
        book.initiative("clusters").record(HUMBER)
        told = "somebody writes to it, and from here this cannot be followed"
        assert told in reader.members()  # what is new is in the log
    assert told in reader.members()  # or in the file
    reader.close()
    assert reader.opened(theirs, read_only=True) is None
    assert reader.members() == ["basque", "humber"]
    reader.close()


def test_an_answer_is_not_given_if_the_file_was_written_to_while_it_was_read(path, monkeypatch):
    filled(path)
    monkeypatch.setattr(os, "access", lambda *_: False)  # as in a folder that cannot be written to
    with (
        ledger.open(path, read_only=True) as book,
        pytest.raises(StoreError, match="somebody writes to it"),
        book._store.reading(),
    ):
        filled_more(path)
    assert not Path(f"{path}-wal").exists()


def test_a_log_is_read_with_the_memory_beside_it_and_refused_without(path, monkeypatch):
    left_by_a_crash(filled(path))
    monkeypatch.setattr(os, "access", lambda *_: False)  # as in a folder that cannot be written to
    with ledger.open(path, read_only=True) as book:
        assert members(book) == ["basque", "humber"]
    path.with_name(f"{path.name}-shm").unlink()
    with pytest.raises(ReadOnly, match=r"its newest records are in clusters\.db-wal"):
        ledger.open(path, read_only=True)


def filled_more(path):
    with ledger.open(path) as book:
        book.initiative("clusters").record(HUMBER)


def test_a_file_that_cannot_be_read_is_refused_clearly(theirs, reader):
    theirs.chmod(0)
    for folder in 0o777, 0o555:
        theirs.parent.chmod(folder)
        told = reader.opened(theirs, read_only=True)
        assert (
            "it cannot be opened; check the rights on the file, on those of SQLite beside it and on its folder" in told
        )
    theirs.parent.chmod(0)
    assert reader.opened(theirs, read_only=True).split(":")[0] in {"StoreError", "ReadOnly"}


def test_a_ledger_that_cannot_be_written_to_can_be_backed_up(theirs, reader):
    theirs.chmod(0o444)
    theirs.parent.chmod(0o555)
    folder = Path(tempfile.mkdtemp(dir=theirs.parent.parent))
    folder.chmod(0o777)
    assert reader.opened(theirs, read_only=True) is None
    assert "no backup could be written" in reader.backup(theirs.with_name("copy.db"))
    assert reader.backup(folder / "copy.db") == 1
    reader.close()
    with ledger.open(folder / "copy.db", read_only=True) as book:
        assert members(book) == ["basque"]
    shutil.rmtree(folder)

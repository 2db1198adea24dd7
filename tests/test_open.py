"""Opening: what is there is never mistaken for what is not, and never touched when it is no ledger."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

import ledger
from ledger import LedgerError, MemberJoined
from ledger.model.errors import BadInput, NewerFormat, NotALedger, StoreError
from ledger.stores import tree
from ledger.stores.sqlite import file as sqlite_file
from ledger.stores.sqlite.schema import APPLICATION_ID, FORMAT

JOINED = MemberJoined("basque", "2021-01-01")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clusters.db"


def filled(path):
    with ledger.open(path) as book:
        book.initiative("clusters").record(JOINED)
    return path


def members(path):
    with ledger.open(path) as book:
        return list(book.initiative("clusters").at("2022-01-01"))


def with_sql(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def files_in(folder):
    return {one.relative_to(folder): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def refused(path, error=LedgerError):
    """The error with which a path is refused; nothing in the folder may have changed."""
    before = files_in(path.parent)
    with pytest.raises(error) as refusal:
        ledger.open(path)
    assert files_in(path.parent) == before
    assert str(path) in str(refusal.value)
    return str(refusal.value)


# a new ledger


def test_where_nothing_is_a_ledger_is_created_and_kept(path):
    with ledger.open(path) as book:
        assert book.initiatives() == []
        assert list(book.records()) == []
    assert members(filled(path)) == ["basque"]


def test_nothing_but_the_ledger_is_left_in_its_folder(path):
    filled(path)
    assert list(files_in(path.parent)) == [Path("clusters.db")]


def test_a_ledger_in_memory_is_not_kept_and_not_shared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with ledger.open(":memory:") as book, ledger.open(":memory:") as other:
        book.initiative("clusters").record(JOINED)
        assert other.initiatives() == []
    with ledger.open(":memory:") as book:
        assert book.initiatives() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [
    "with space.db", "what?.db", "?mode=ro&x=1", "100%.db", "%20%2f.db", "a#b.db", "España 北京.db", "emoji 👩🏽‍🔬.db",
    "'quoted'.db", '"quoted".db', "a;b&c=d.db", "back\\slash.db", "file:x.db", "-dash.db", "new\nline.db", ".hidden",
    "no-suffix", "~", "e\u0301.db", "\udcff.db", "x" * 255, "é" * 127, ":memory:.db",
])  # fmt: skip
def test_a_file_may_have_any_name(tmp_path, name, monkeypatch):
    # the longest names leave no room for what SQLite keeps beside them
    path = tmp_path / (name[:-8] if len(os.fsencode(name)) > 250 else name)
    assert members(filled(path)) == ["basque"]
    assert list(files_in(tmp_path)) == [path.relative_to(tmp_path)]
    monkeypatch.chdir(tmp_path)
    assert members(path.name) == ["basque"]
    assert members(f"./{path.name}") == ["basque"]


@pytest.mark.parametrize("name", ["x" * 248, "x" * 255, "é" * 124])
def test_a_name_that_leaves_no_room_beside_it_is_refused_before_anything_is_made(tmp_path, name):
    with ledger.open(tmp_path / "short.db") as book:
        for make in ledger.open, book.backup:
            with pytest.raises(StoreError, match="the name is too long, since SQLite keeps files beside it"):
                make(tmp_path / name)
        assert book.backup(tmp_path / name[:123]).size == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(["short.db", name[:123]])


def test_a_folder_may_have_any_name(tmp_path):
    folder = tmp_path / "100% of #1?mode=memory" / "ein Ordner"
    folder.mkdir(parents=True)
    assert members(filled(folder / "clusters.db")) == ["basque"]


def test_a_path_may_be_text_or_a_path_object_and_need_not_be_plain(path):
    filled(path)
    for same in (str(path), path, path.parent / "." / "x" / ".." / path.name):
        (path.parent / "x").mkdir(exist_ok=True)
        assert members(same) == ["basque"]


def test_a_link_leads_to_the_ledger(path):
    link = path.with_name("link.db")
    link.symlink_to(filled(path).name)
    with ledger.open(link) as book, ledger.open(path) as same:
        book.initiative("clusters").record(MemberJoined("humber", "2021"))
        assert len(same.initiative("clusters").at("2022-01-01")) == 2
    assert members(path) == ["basque", "humber"]


def test_a_link_to_nowhere_is_refused_and_nothing_is_created(path):
    path.symlink_to("nowhere.db")
    assert "it is a link to nowhere.db, where nothing is: repair or remove the link" in refused(path, StoreError)
    assert not path.with_name("nowhere.db").exists()


# paths that are none


@pytest.mark.parametrize("path", [
    "", "a\0b", "\0", "\ud800.db", None, 5, 5.0, True, b"clusters.db", ["clusters.db"], object(), Path,
    memoryview(b"x"),
])  # fmt: skip
def test_what_is_no_path_is_refused(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="is no path: give the name of a file as text or a Path"):
        ledger.open(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["postgresql", "postgres"])
def test_the_address_of_a_database_is_no_path(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="the server cannot be reached"):
        ledger.open(f"{kind}://127.0.0.1:1/clusters")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("timeout", ["5", None, -1, -0.001, float("nan"), float("inf"), 1e300, True, 86_401, [5]])
def test_a_timeout_must_be_a_number_of_seconds(timeout, path):
    with pytest.raises(BadInput, match="is no number of seconds from 0 to 86,400"):
        ledger.open(path, timeout=timeout)
    assert not path.exists()


@pytest.mark.parametrize("timeout", [0, 0.5, 86_400])
def test_a_timeout_may_be_zero_a_fraction_or_a_day(timeout, path):
    with ledger.open(path, timeout=timeout) as book:
        book.initiative("clusters").record(JOINED)


@pytest.mark.parametrize("id", ["", " ", "x" * 10_000, "a\nb", "a\0b", "\ud800", "e\u0301", None, 5, b"x", ["x"]])
def test_an_initiative_needs_an_id_that_can_be_one(id):
    with ledger.open(":memory:") as book:
        with pytest.raises(BadInput, match="initiative"):
            book.initiative(id)
        assert book.initiatives() == []


# what is no ledger stays as it is


def test_a_folder_in_place_of_a_file_is_refused(path):
    path.mkdir()
    (path / "inside").write_text("x")
    assert "it is a folder: give the path of a file in it" in refused(path, NotALedger)


@pytest.mark.parametrize("kind", [str, os.fsencode])
def test_the_name_of_a_folder_that_is_not_there_makes_no_file_of_that_name(path, kind):
    with pytest.raises(BadInput):
        ledger.open(kind(f"{path}/"))
    assert not path.exists()


def test_a_socket_in_place_of_a_file_is_refused(path, monkeypatch):
    monkeypatch.chdir(path.parent)  # the name of a socket must be short
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(path.name)
        with pytest.raises(StoreError, match="it is no file that keeps what is written"):
            ledger.open(path)
    assert path.is_socket()


def test_a_pipe_in_place_of_a_file_is_refused(path):
    os.mkfifo(path)
    for read_only in False, True:
        with pytest.raises(NotALedger, match="it is no file that keeps what is written"):
            ledger.open(path, read_only=read_only)
    assert path.is_fifo()


def test_a_missing_folder_is_named_and_not_created(tmp_path):
    path = tmp_path / "missing" / "clusters.db"
    with pytest.raises(StoreError, match=f"there is no folder {path.parent}: create it first"):
        ledger.open(path)
    assert not path.parent.exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="there is no folder"):
        ledger.open(tmp_path / "file" / "clusters.db")
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("content", [
    b"x", b"joined: basque\n" * 500, b"SQLite format 3", b"SQLite format 3\x00", b"\x00" * 4096,
    b"SQLite format 3\x00" + b"\xff" * 5_000, b"SQLite format 3\x00" + b"\x00" * 5_000, b"PK\x03\x04" + b"\x00" * 200,
])  # fmt: skip
def test_a_file_of_another_kind_is_refused(path, content):
    path.write_bytes(content)
    refused(path, StoreError)


def test_an_empty_file_is_refused_and_told_apart(path):
    path.touch()
    assert "it is an empty file, and was left as it is: choose a path where nothing is" in refused(path, NotALedger)


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_another_sqlite_database_is_refused(path, journal):
    with_sql(
        path, f"PRAGMA journal_mode = {journal}", "CREATE TABLE records (position)", "INSERT INTO records VALUES (1)"
    )
    assert "it is not a ledger, and was left as it is" in refused(path, NotALedger)


def test_a_ledger_of_a_newer_format_is_refused(path):
    with_sql(filled(path), f"PRAGMA user_version = {FORMAT + 1}", "DROP TABLE facts")
    message = refused(path, NewerFormat)
    assert f"it has format {FORMAT + 1}, and this library reads up to {FORMAT}: upgrade the library" in message


@pytest.mark.parametrize("version", [0, -1])
def test_a_format_that_no_ledger_has_is_refused(version, path):
    with_sql(filled(path), f"PRAGMA user_version = {version}")
    assert f"its format is {version}, which no ledger has: restore" in refused(path, NotALedger)


@pytest.mark.parametrize("table", ["records", "registers", "facts", "retractions", "heads", "tiles"])
def test_a_ledger_whose_tables_are_gone_is_refused(path, table):
    with_sql(filled(path), "PRAGMA foreign_keys = OFF", f"ALTER TABLE {table} RENAME TO elsewhere")
    said = refused(path, NotALedger)
    assert f"its schema is not that of a ledger, and was left as it is: table '{table}' is gone, " in said
    assert "restore the ledger from a backup" in said


def test_a_database_that_only_says_that_it_is_a_ledger_is_refused(path):
    with_sql(path, f"PRAGMA application_id = {APPLICATION_ID}", "CREATE TABLE t (x)")
    said = refused(path, NotALedger)
    assert "table 'records' is gone, index 'changes_of_members' is gone, index 'replacements' is gone, " in said
    assert " more: restore the ledger from a backup" in said


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DROP TRIGGER records_refuse_update", "trigger 'records_refuse_update' is gone"),
        ("DROP INDEX replacements", "index 'replacements' is gone"),
        ("CREATE TRIGGER spy AFTER INSERT ON facts BEGIN SELECT 1; END", "trigger 'spy' is not a ledger's"),
        ("CREATE VIEW members AS SELECT 1", "view 'members' is not a ledger's"),
        ("CREATE TABLE notes (x)", "table 'notes' is not a ledger's"),
        ("CREATE INDEX bys ON records (source)", "index 'bys' is not a ledger's"),
        ("CREATE VIRTUAL TABLE search USING fts5 (x)", "table 'search' is not a ledger's"),
        ("ALTER TABLE records ADD COLUMN x TEXT", "table 'records' was changed"),
        ("CREATE TRIGGER s AFTER INSERT ON _sqlite_migrations BEGIN SELECT 1; END", "trigger 's' is not a ledger's"),
    ],
)
def test_whatever_was_added_to_the_schema_or_taken_from_it_is_found_and_left_alone(path, statement, found):
    with_sql(filled(path), statement)
    before = path.read_bytes()
    assert found in refused(path, NotALedger)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("name", "text"), [
    ("sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat AS (hex(zeroblob(100000000))))"),
    ("sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat DEFAULT (1))"),
    ("_sqlite_migrations", 'CREATE TABLE "_sqlite_migrations" ("id", "x", "y", "z" CHECK (abs("z") > 0))'),
    ("idx__sqlite_migrations_migration_set_name",
     'CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name" ON "_sqlite_migrations" ("name") WHERE abs(1)'),
])  # fmt: skip
def test_what_others_keep_in_a_ledger_computes_nothing(path, name, text):
    with_sql(filled(path), "ANALYZE")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        many = "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 100) SELECT v FROM n"
        connection.execute(f"INSERT INTO sqlite_stat1 SELECT 'records', NULL, v FROM ({many})")
        connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (text, name))
    for read_only in False, True:
        begun = time.monotonic()
        with pytest.raises(NotALedger, match=f"'{name}' is not a ledger's"):
            ledger.open(path, read_only=read_only)
        assert time.monotonic() - begun < 5  # a hundred times a hundred megabytes take longer


def test_texts_in_another_encoding_are_no_ledger(path):
    filled(path)
    other = path.with_name("other.db")
    with closing(sqlite3.connect(path)) as connection, closing(sqlite3.connect(other)) as target:
        target.execute("PRAGMA encoding = 'UTF-16le'")
        for line in connection.iterdump():
            target.execute(line)
        target.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        target.execute(f"PRAGMA user_version = {FORMAT}")
        target.commit()
    assert "its texts are in UTF-16le, and those of a ledger in UTF-8" in refused(other, NotALedger)


def test_what_sqlite_keeps_to_plan_queries_is_no_damage(path):
    with_sql(filled(path), "ANALYZE")
    with ledger.open(path) as book:
        assert book.head.size > 0


@pytest.mark.parametrize("part", [0, 1, 50, 100, 1_000, 4_095, 4_096, 8_192, 20_000, -4_096])
def test_a_truncated_ledger_is_never_taken_for_a_new_or_a_whole_one(path, part):
    rest = filled(path).read_bytes()[:part]
    path.write_bytes(rest)
    with pytest.raises(StoreError):
        members(path)
    assert path.read_bytes() == rest


def test_a_damaged_schema_is_put_into_words(path):
    content = filled(path).read_bytes()
    for broken in (
        content.replace(b"CREATE TABLE records", b"CREATE TABLE \xff\xff\xff\xff\xff\xff\xff"),
        content.replace(b"CREATE TABLE records", b"CREATE TUBLE records"),
        content.replace(b"tablerecordsrecords", b"tablerec\xffrdsrec\xffrds"),  # SQLite names it in what it says
    ):
        assert broken != content
        path.write_bytes(broken)
        with pytest.raises(StoreError, match="the file is damaged"):
            ledger.open(path)
        assert path.read_bytes() == broken


def test_an_old_sqlite_is_refused_before_anything_is_done(path, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(StoreError, match=r"is too old: a ledger needs 3\.37\.0 or newer"):
        ledger.open(path)
    assert not path.exists()


def test_a_ledger_that_vanishes_while_it_is_opened_is_not_made_anew(path, monkeypatch):
    filled(path)
    open_file = sqlite_file._open

    def too_late(*arguments, **options):
        path.unlink()
        return open_file(*arguments, **options)

    monkeypatch.setattr(sqlite_file, "_open", too_late)
    with pytest.raises(StoreError, match="it cannot be opened"):
        ledger.open(path)
    assert list(path.parent.iterdir()) == []


# rights


AS_NOBODY = """
    import os, sys
    sys.path[:0] = {path!r}
    import ledger
    from ledger import MemberJoined
    from ledger.model.errors import ReadOnly, StoreError
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    path = {file!r}
    def tried(use):
        try:
            return use()
        except StoreError as error:
            return type(error).__name__ + ": " + str(error)
    def opened():
        with ledger.open(path) as book:
            return [tried(lambda: list(book.initiative("clusters").at("2022-01-01"))),
                    tried(lambda: book.initiative("clusters").record(MemberJoined("humber", "2021"))),
                    tried(lambda: len(list(book.records())))]
    print(tried(opened))
"""


@pytest.fixture
def open_to_all():
    """A folder that everybody may enter, unlike those that pytest makes."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o755)
    yield folder
    for one in (folder, *folder.rglob("*")):
        one.chmod(0o755)
    shutil.rmtree(folder)


def as_nobody(file):
    """What one who may not write there is told; root may write everywhere, so it becomes nobody first."""
    code = textwrap.dedent(AS_NOBODY).format(path=sys.path, file=str(file))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_folder_that_cannot_be_written_to_gets_no_new_ledger(open_to_all):
    open_to_all.chmod(0o555)
    told = as_nobody(open_to_all / "clusters.db")
    assert told.startswith("ReadOnly: ")
    assert "and on its folder" in told
    assert list(open_to_all.iterdir()) == []


def test_a_ledger_in_a_folder_that_cannot_be_written_to_is_refused_clearly_and_left_as_it_is(open_to_all):
    path = filled(open_to_all / "clusters.db")
    before = path.read_bytes()
    path.chmod(0o444)
    open_to_all.chmod(0o555)
    told = as_nobody(path)
    assert told.startswith("ReadOnly: ")
    assert "check the rights on the file and on its folder" in told
    assert files_in(open_to_all) == {Path("clusters.db"): before}


def test_a_file_that_cannot_be_written_to_can_still_be_read(open_to_all):
    path = filled(open_to_all / "clusters.db")
    before = path.read_bytes()
    path.chmod(0o444)
    open_to_all.chmod(0o777)
    told = as_nobody(path)
    assert told.startswith("[['basque'], 'ReadOnly: ")
    assert "it cannot be written to; check the rights on the file and on its folder" in told
    assert told.endswith(", 1]\n")
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_read_is_refused_clearly(open_to_all):
    path = filled(open_to_all / "clusters.db")
    path.chmod(0)
    open_to_all.chmod(0o777)
    assert (
        "it cannot be opened; check the rights on the file, on those of SQLite beside it and on its folder"
        in as_nobody(path)
    )


def test_a_folder_that_cannot_be_entered_is_refused_clearly(open_to_all):
    path = filled(open_to_all / "clusters.db")
    open_to_all.chmod(0)
    told = as_nobody(path)
    open_to_all.chmod(0o755)
    assert "Permission denied" in told or "there is no folder" in told or "check the rights" in told
    assert members(path) == ["basque"]


# a new ledger appears whole, however many want it


CREATOR = """
    import sys, ledger
    sys.stdin.readline()
    with ledger.open(sys.argv[1], timeout=30) as book:
        book.initiative("clusters").record(ledger.MemberJoined(sys.argv[2], "2021"))
"""


def test_two_processes_that_create_one_path_at_once_share_one_ledger(path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(CREATOR), path, name],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in ("a", "b", "c")
    ]  # fmt: skip
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert members(path) == ["a", "b", "c"]
    assert list(files_in(path.parent)) == [Path("clusters.db")]


def test_threads_that_create_one_path_at_once_share_one_ledger(path):
    together = threading.Barrier(4)

    def create(name):
        together.wait()
        with ledger.open(path, timeout=30) as book:
            book.initiative("clusters").record(MemberJoined(name, "2021"))

    threads = [threading.Thread(target=create, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert members(path) == list("abcd")
    assert list(files_in(path.parent)) == [Path("clusters.db")]


def test_one_who_was_faster_is_not_overwritten(path, monkeypatch):
    create_tables = sqlite_file._create_tables

    def slowly(connection):
        monkeypatch.undo()
        filled(path)  # somebody else
        create_tables(connection)

    monkeypatch.setattr(sqlite_file, "_create_tables", slowly)
    assert members(path) == ["basque"]
    assert list(files_in(path.parent)) == [Path("clusters.db")]


def no_links(*_, **__):
    raise OSError(1, "Operation not permitted")


def test_a_file_system_without_hard_links_will_do(path, monkeypatch):
    monkeypatch.setattr(os, "link", no_links)
    assert members(filled(path)) == ["basque"]
    assert list(files_in(path.parent)) == [Path("clusters.db")]


def test_one_who_was_faster_is_not_overwritten_without_hard_links_either(path, monkeypatch):
    def no_links_and_slow(*_, **__):
        monkeypatch.undo()
        filled(path)  # somebody else
        no_links()

    monkeypatch.setattr(os, "link", no_links_and_slow)
    assert members(path) == ["basque"]
    assert list(files_in(path.parent)) == [Path("clusters.db")]


class Stop(BaseException):
    """As Ctrl-C is."""


@pytest.mark.parametrize(("error", "told"), [
    (Stop(), Stop), (OSError("the stick was pulled"), StoreError), (sqlite3.OperationalError("no more"), StoreError),
])  # fmt: skip
def test_a_creation_that_fails_leaves_nothing_behind(path, monkeypatch, error, told):
    def fail(_):
        raise error

    monkeypatch.setattr(sqlite_file, "_create_tables", fail)
    with pytest.raises(told) as refusal:
        ledger.open(path)
    assert str(refusal.value).startswith("" if told is Stop else f"{path}: ")
    assert list(path.parent.iterdir()) == []
    monkeypatch.undo()
    assert members(filled(path)) == ["basque"]


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_what_a_lost_ledger_left_behind_is_not_taken_for_a_part_of_a_new_one(path, suffix):
    left = Path(f"{path}{suffix}")
    left.write_bytes(b"the newest records of a ledger that is gone")
    error = refused(path, NotALedger)
    assert f"{left.name} is left of it" in str(error)
    assert "put the file back, or move its remains away first" in str(error)
    assert left.read_bytes() == b"the newest records of a ledger that is gone"
    assert not path.exists()
    left.unlink()
    ledger.open(path).close()


@pytest.mark.parametrize("clock", [5, "now", None])
def test_a_clock_must_be_a_function(clock):
    with pytest.raises(BadInput, match=r"clock=.* is no function that tells the time"):
        ledger.open(":memory:", clock=clock)


def test_handles_show_what_they_are_and_nothing_of_their_insides():
    assert repr(ledger.open(":memory:").initiative("clusters")) == "Initiative(id='clusters')"


def test_somebody_who_records_while_it_is_opened_makes_it_no_damage(path, monkeypatch):
    filled(path)
    with ledger.open(path) as other:
        right = tree.newest_head

        def after_another_record(connection):
            other.initiative("others").record(MemberJoined("meanwhile", "2021"))
            return right(connection)

        monkeypatch.setattr(tree, "newest_head", after_another_record)
        ledger.open(path).close()
        monkeypatch.undo()
        assert other.head.size == len(list(other.records()))

"""What writes a file at a path: whole or not at all, and never over a ledger, whatever its name and what is said."""

import os
import resource
import stat
import subprocess
import sys
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import altair as alt
import pytest
from click.testing import CliRunner

import ledger
from ledger import MemberJoined
from ledger.exchange import Rejected, spells
from ledger.faces.charts import save_chart
from ledger.faces.cli.commands import mledger
from ledger.model.errors import BadInput, StoreError
from ledger.stores.new_file import KEPT_BESIDE, written_whole

DRAWINGS = ("page", "chart")
WRITERS = (*DRAWINGS, "backup", "import")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a ledger, under several names, another database, and files of other kinds."""
    monkeypatch.chdir(tmp_path)
    with ledger.open("h.svg") as book:
        book.initiative("club").record(MemberJoined("ada", "2020"))
        book.backup("other.svg")
    os.symlink("h.svg", "symlink.svg")
    os.link("h.svg", "hardlink.svg")
    Path("old.svg").write_text("old")
    Path("log.svg").write_bytes(b"\x37\x7f\x06\x82 and what SQLite writes in a log")
    Path("journal.svg").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7 and in a journal")
    (tmp_path / "folder.svg").mkdir()
    os.mkfifo("pipe.svg")
    return tmp_path


def contents(folder):
    """What is in it, but for what SQLite leaves there of a ledger that is only read."""
    return {
        one.name: one.read_bytes() if stat.S_ISREG(one.stat().st_mode) else stat.S_IFMT(one.lstat().st_mode)
        for one in folder.iterdir()
        if one.name not in ("h.svg-shm", "h.svg-wal")
    }


def run(*arguments):
    return CliRunner().invoke(mledger, arguments)


def typed(command, out):
    """The command that writes to a path, with all that may be said to make it."""
    if command == "import":
        Path("sheet.csv").write_text("member,start,end\nben,soon,\n")
        return ("import", "h.svg", "members", "sheet.csv", "-c", "name=", "--lenient", "--rejects", out)
    return (command, "h.svg", out, *(["--replace"] if command in DRAWINGS else []))


@pytest.mark.parametrize("command", WRITERS)
@pytest.mark.parametrize(
    "out", ["h.svg", "symlink.svg", "hardlink.svg", "other.svg", "log.svg", "journal.svg", "folder.svg", "pipe.svg"]
)
def test_no_command_writes_over_a_ledger_whatever_its_name_nor_over_what_is_no_file(folder, command, out):
    line = typed(command, out)
    before = contents(folder)
    done = run(*line)
    assert done.exit_code == 1, done.output
    assert done.stderr.startswith(f"Error: {out}: ")
    assert contents(folder) == before


@pytest.mark.parametrize("command", WRITERS)
@pytest.mark.parametrize("suffix", KEPT_BESIDE)
@pytest.mark.parametrize("there", [False, True])
def test_no_command_writes_what_sqlite_would_take_for_a_part_of_a_ledger(folder, command, suffix, there, monkeypatch):
    if command == "chart":  # whose file has one of three endings
        monkeypatch.setattr("ledger.faces.charts._SAVED_WITH", {"svg-wal": {}, "svg-shm": {}, "svg-journal": {}})
    line = typed(command, f"h.svg{suffix}")
    with ledger.open("h.svg") as book:  # for as long as which its own log is there
        book.initiative("club").record(MemberJoined("ben", "2021"))
        if there:
            os.link("h.svg-wal", "linked")
        out = "linked" if there and command in DRAWINGS else f"h.svg{suffix}"
        done = run(*(out if one == f"h.svg{suffix}" else one for one in line))
        assert done.exit_code == 1, done.output
        assert f"{out}: " in done.stderr
        assert book.verify(deep=True).size == 2
    with ledger.open("h.svg") as book:
        assert book.verify(deep=True).size == 2


def test_what_only_sounds_like_a_part_of_a_database_is_a_file_like_any_other(folder):
    assert run("page", "h.svg", "old.svg-wal").exit_code == 0
    assert run("page", "h.svg", "none.svg-wal").exit_code == 0


@pytest.mark.parametrize("command", DRAWINGS)
def test_a_file_that_is_there_is_replaced_only_where_that_is_said(folder, command):
    before = contents(folder)
    done = run(command, "h.svg", "old.svg")
    assert (done.exit_code, done.stderr) == (
        1, "Error: old.svg: something is there already: choose another path, or say --replace\n",
    )  # fmt: skip
    assert contents(folder) == before
    os.chmod("old.svg", 0o640)
    os.symlink("old.svg", "to_old.svg")
    os.symlink("new.svg", "to_new.svg")
    assert run(command, "h.svg", "to_new.svg").exit_code == 1
    for out, real in (("to_old.svg", "old.svg"), ("to_new.svg", "new.svg")):
        assert run(command, "h.svg", out, "--replace").output == ""
        assert Path(out).is_symlink()
        assert b"<svg" in Path(real).read_bytes() or b"<html" in Path(real).read_bytes()
    assert stat.S_IMODE(os.stat("old.svg").st_mode) == 0o640
    assert {*contents(folder)} == {*before, "to_old.svg", "to_new.svg", "new.svg"}


def test_a_chart_is_saved_over_a_file_but_not_over_a_database(folder):
    drawn = alt.Chart().mark_point()
    assert save_chart(drawn, "old.svg") == Path("old.svg")
    with pytest.raises(BadInput, match="something is there already: choose another path, or say replace=True"):
        save_chart(drawn, "old.svg", replace=False)
    for name in ("h.svg", "symlink.svg", "hardlink.svg", "other.svg"):
        with pytest.raises(BadInput, match="nothing ever replaces"):
            save_chart(drawn, name)
    with pytest.raises(BadInput, match="is no path"):
        save_chart(drawn, "")


def test_no_ledger_is_made_that_another_would_take_for_a_part_of_itself(folder):
    for suffix in KEPT_BESIDE:
        with pytest.raises(BadInput, match="would be taken for a part of the database"):
            ledger.open(f"symlink.svg{suffix}")
        with pytest.raises(BadInput, match="would be taken for a part of the database"):
            ledger.open(f"h.svg{suffix.upper()}")
    table = spells(StringIO("member,name,start,end\n"))
    with pytest.raises(BadInput, match="would be taken for a part of the database"):
        table.write_rejects("h.svg-wal", [Rejected(2, ("ada", "", "soon", ""), "no day")])


def test_what_comes_to_be_there_in_between_is_kept(folder):
    def write(path, faster, *, replace):
        with written_whole(path, replace=replace) as file:
            file.write_text("ours")
            os.replace(faster, path)

    Path("theirs").write_text("theirs")
    with pytest.raises(BadInput, match="something is there already"):
        write("new", "theirs", replace=False)
    with pytest.raises(BadInput, match="nothing ever replaces"):
        write("old.svg", "other.svg", replace=True)
    assert Path("new").read_text() == "theirs"
    assert Path("old.svg").read_bytes().startswith(b"SQLite")
    assert not list(folder.glob(".*"))


@contextmanager
def files_no_larger_than(size):
    """Let the system fail as it does where a disk is full."""
    least, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (least, most))


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("command", DRAWINGS)
def test_a_disk_that_is_full_leaves_the_old_file_or_none(folder, command, there):
    out = "full.html"
    if there:
        Path(out).write_text("old")
    before = contents(folder)
    with files_no_larger_than(40_000):  # which is enough for what SQLite writes
        done = run(command, "h.svg", out, "--replace")
    assert (done.exit_code, done.stderr) == (1, f"Error: {out}: File too large\n")
    assert contents(folder) == before


def test_a_failure_to_save_a_chart_is_told_by_its_path(folder):
    with files_no_larger_than(100), pytest.raises(StoreError, match=r"^old\.svg: File too large$"):
        save_chart(alt.Chart().mark_point(), "old.svg")
    assert Path("old.svg").read_text() == "old"


def test_a_page_goes_to_the_standard_output(folder):
    done = run("page", "h.svg", "-")
    assert run("page", "h.svg", "a.html").output == ""
    assert done.stdout.startswith("<!doctype html>")
    assert abs(len(done.stdout_bytes) - os.path.getsize("a.html")) < 10  # but for the moment it was made at
    assert not Path("-").exists()


def test_a_page_is_piped_in_utf_8(folder):
    program = [sys.executable, "-m", "ledger", "page", "h.svg", "-", "--title", "Zoë"]
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(program, capture_output=True, check=True, env=env)
    assert "<title>Zoë".encode() in done.stdout

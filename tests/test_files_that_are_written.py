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
    with ledger.open("h.html") as book:
        book.initiative("club").record(MemberJoined("ada", "2020"))
        book.backup("other.html")
    os.symlink("h.html", "symlink.html")
    os.link("h.html", "hardlink.html")
    Path("old.html").write_text("old")
    Path("log.html").write_bytes(b"\x37\x7f\x06\x82 and what SQLite writes in a log")
    Path("journal.html").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7 and in a journal")
    (tmp_path / "folder.html").mkdir()
    os.mkfifo("pipe.html")
    return tmp_path


def contents(folder):
    """What is in it, but for what SQLite leaves there of a ledger that is only read."""
    return {
        one.name: one.read_bytes() if stat.S_ISREG(one.stat().st_mode) else stat.S_IFMT(one.lstat().st_mode)
        for one in folder.iterdir()
        if one.name not in ("h.html-shm", "h.html-wal")
    }


def run(*arguments):
    return CliRunner().invoke(mledger, arguments)


def typed(command, out):
    """The command that writes to a path, with all that may be said to make it."""
    if command == "import":
        Path("sheet.csv").write_text("member,start,end\nben,soon,\n")
        return ("import", "h.html", "members", "sheet.csv", "-c", "name=", "--lenient", "--rejects", out)
    return (command, "h.html", out, *(["--replace"] if command in DRAWINGS else []))


@pytest.mark.parametrize("command", WRITERS)
@pytest.mark.parametrize(
    "out",
    ["h.html", "symlink.html", "hardlink.html", "other.html", "log.html", "journal.html", "folder.html", "pipe.html"],
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
def test_no_command_writes_what_sqlite_would_take_for_a_part_of_a_ledger(folder, command, suffix, there):
    line = typed(command, f"h.html{suffix}")
    with ledger.open("h.html") as book:  # for as long as which its own log is there
        book.initiative("club").record(MemberJoined("ben", "2021"))
        if there:
            os.link("h.html-wal", "linked.html")
        out = "linked.html" if there and command in DRAWINGS else f"h.html{suffix}"
        done = run(*(out if one == f"h.html{suffix}" else one for one in line))
        assert done.exit_code == (2 if out != "linked.html" and command in DRAWINGS else 1), done.output
        assert out in done.stderr
        with pytest.raises(BadInput, match=r"would be taken for a part of the database|nothing ever replaces"):
            save_chart(alt.Chart().mark_point(), out)
        assert book.verify(deep=True).size == 2
    with ledger.open("h.html") as book:
        assert book.verify(deep=True).size == 2


def test_what_only_sounds_like_a_part_of_a_database_is_a_file_like_any_other(folder):
    for name in ("old.html-wal", "none.html-wal"):
        assert run("backup", "h.html", name).exit_code == 0


@pytest.mark.parametrize(("command", "form"), [("page", "html"), ("chart", "svg")])
def test_a_file_that_is_there_is_replaced_only_where_that_is_said(folder, command, form):
    Path(f"old.{form}").write_text("old")
    before = contents(folder)
    done = run(command, "h.html", f"old.{form}")
    assert (done.exit_code, done.stderr) == (
        1, f"Error: old.{form}: something is there already: choose another path, or say --replace\n",
    )  # fmt: skip
    assert contents(folder) == before
    os.chmod(f"old.{form}", 0o640)
    os.symlink(f"old.{form}", f"to_old.{form}")
    os.symlink(f"new.{form}", f"to_new.{form}")
    assert run(command, "h.html", f"to_new.{form}").exit_code == 1
    for out, real in ((f"to_old.{form}", f"old.{form}"), (f"to_new.{form}", f"new.{form}")):
        assert run(command, "h.html", out, "--replace").output == ""
        assert Path(out).is_symlink()
        assert b"<svg" in Path(real).read_bytes() or b"<html" in Path(real).read_bytes()
    assert stat.S_IMODE(os.stat(f"old.{form}").st_mode) == 0o640
    assert {*contents(folder)} == {*before, f"to_old.{form}", f"to_new.{form}", f"new.{form}"}


def test_a_chart_is_saved_over_a_file_but_not_over_a_database(folder):
    drawn = alt.Chart().mark_point()
    assert save_chart(drawn, "old.html") == Path("old.html")
    with pytest.raises(BadInput, match="something is there already: choose another path, or say replace=True"):
        save_chart(drawn, "old.html", replace=False)
    for name in ("h.html", "symlink.html", "hardlink.html", "other.html"):
        with pytest.raises(BadInput, match="nothing ever replaces"):
            save_chart(drawn, name)
    with pytest.raises(BadInput, match="is no path"):
        save_chart(drawn, "")


def test_no_ledger_is_made_that_another_would_take_for_a_part_of_itself(folder):
    for suffix in KEPT_BESIDE:
        with pytest.raises(BadInput, match="would be taken for a part of the database"):
            ledger.open(f"symlink.html{suffix}")
        with pytest.raises(BadInput, match="would be taken for a part of the database"):
            ledger.open(f"h.html{suffix.upper()}")
    table = spells(StringIO("member,name,start,end\n"))
    with pytest.raises(BadInput, match="would be taken for a part of the database"):
        table.write_rejects("h.html-wal", [Rejected(2, ("ada", "", "soon", ""), "no day")])


def test_what_comes_to_be_there_in_between_is_kept(folder):
    def write(path, faster, *, replace):
        with written_whole(path, replace=replace) as file:
            file.write_text("ours")
            os.replace(faster, path)

    Path("theirs").write_text("theirs")
    with pytest.raises(BadInput, match="something is there already"):
        write("new", "theirs", replace=False)
    with pytest.raises(BadInput, match="nothing ever replaces"):
        write("old.html", "other.html", replace=True)
    assert Path("new").read_text() == "theirs"
    assert Path("old.html").read_bytes().startswith(b"SQLite")
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
        done = run(command, "h.html", out, "--replace")
    assert (done.exit_code, done.stderr) == (1, f"Error: {out}: File too large\n")
    assert contents(folder) == before


def test_a_failure_to_save_a_chart_is_told_by_its_path(folder):
    with files_no_larger_than(100), pytest.raises(StoreError, match=r"^old\.html: File too large$"):
        save_chart(alt.Chart().mark_point(), "old.html")
    assert Path("old.html").read_text() == "old"


def test_a_page_goes_to_the_standard_output(folder):
    done = run("page", "h.html", "-")
    assert run("page", "h.html", "a.html").output == ""
    assert done.stdout.startswith("<!doctype html>")
    assert abs(len(done.stdout_bytes) - os.path.getsize("a.html")) < 10  # but for the moment it was made at
    assert not Path("-").exists()


def test_a_page_is_piped_in_utf_8(folder):
    program = [sys.executable, "-m", "ledger", "page", "h.html", "-", "--title", "Zoë"]
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(program, capture_output=True, check=True, env=env)
    assert "<title>Zoë".encode() in done.stdout

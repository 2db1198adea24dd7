"""Signs of life: before a terminal whoever waits sees what is being done, and nobody else sees anything."""

from __future__ import annotations

import sys
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from shlex import split

import pytest
from click.testing import CliRunner

import ledger
from ledger import InitiativeLaunched, MemberJoined
from ledger.exchange import to_lines
from ledger.faces.cli.commands import mledger
from ledger.faces.cli.progress import at_work

LONG = {
    "page clubs.db a.html": "making the page",
    "chart clubs.db a.svg": "drawing the chart",
    "series clubs.db --from 2020-01-01 --to 2021-01-01": "following the days",
    "revisions clubs.db 2020-12-31": "following what was believed",
    "summary clubs.db": "writing it down",
    "why clubs.db 2019-12-31 2021-01-01": "finding out why",
    "audit clubs.db": "holding the claims against the records",
    "verify clubs.db": "reading the ledger through",
    "backup clubs.db b.db": "copying the ledger, and reading it through",
}
READ = {
    "import clubs.db members club.csv": ("reading club.csv", "recording 2 events"),
    "import clubs.db members -": ("reading the standard input", "recording 2 events"),
    "import clubs.db claims claims.csv --report r --effective 2022-01-01": ("reading claims.csv", "recording 1 claim "),
    "import copy.db records clubs.jsonl": ("reading clubs.jsonl", "recording 2 records"),
    "import copy.db records missing.jsonl": (),
    "record clubs.db json-lines events.jsonl": ("reading events.jsonl", "recording 1 event "),
}


class Terminal(StringIO):
    """A stream before which somebody sits."""

    encoding = "utf-8"

    def isatty(self):
        return True


class OldTerminal(Terminal):
    """One that has few letters."""

    encoding = "ascii"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with ledger.open("clubs.db") as book:
        book.initiative("club").record(InitiativeLaunched("2019", "Clubs"), MemberJoined("ada", "2020-01-01"))
        Path("clubs.jsonl").write_text("".join(f"{line}\n" for line in to_lines(book)))
    with ledger.open("copy.db"):
        pass
    Path("club.csv").write_text("member,name,start,end\nben,,2020,2021\n")
    Path("claims.csv").write_text("measure,amount,at\nmembers,1,2021-12-31\n")
    Path("events.jsonl").write_text('{"type": "member-joined", "member": "zed", "effective": "2020"}\n')
    return tmp_path


def told(line, monkeypatch, stderr):
    """What a command writes to the standard error."""
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(Path("club.csv").read_bytes())))
    with pytest.raises(SystemExit) as ended:
        mledger.main(split(line))
    assert ended.value.code == (1 if "missing" in line else 0)
    return stderr.getvalue()


@pytest.mark.parametrize(("line", "words"), LONG.items())
def test_what_takes_its_time_says_so_before_a_terminal_alone_and_nothing_of_it_stays(line, words, monkeypatch, capsys):
    shown = told(line, monkeypatch, Terminal())
    assert words in shown
    assert shown.endswith("\x1b[1A\x1b[2K")  # up by a line, which is wiped off
    assert words not in capsys.readouterr().out
    for name in "a.html", "a.svg", "b.db":
        Path(name).unlink(missing_ok=True)
    assert told(line, monkeypatch, StringIO()) == ""


@pytest.mark.parametrize(("line", "stages"), READ.items())
def test_the_stages_of_reading_and_recording_are_shown_in_their_order(line, stages, monkeypatch):
    shown = told(line, monkeypatch, Terminal())
    if stages:
        reading, recording = stages
        assert shown.rindex(reading) < shown.index(recording)  # the one has ended when the other begins
    else:
        assert "missing.jsonl: No such file" in shown
    for stage in stages:  # which stay, where others are wiped off
        assert shown.rindex(stage) < shown.rindex("\n")


@pytest.mark.parametrize(("line", "stages"), READ.items())
def test_no_stage_is_shown_where_nobody_sits_unless_it_is_asked_for(line, stages, monkeypatch):
    for option, terminal in ("", StringIO()), ("--no-progress", Terminal()):
        if "missing" not in line:
            assert told(f"{line} {option}", monkeypatch, terminal) == ""
            Path("clubs.db").unlink()
            with ledger.open("clubs.db") as book:
                book.initiative("club").record(InitiativeLaunched("2019", "Clubs"), MemberJoined("ada", "2020-01-01"))
    done = CliRunner().invoke(mledger, split(f"{line} --progress"), input=Path("club.csv").read_bytes())
    for stage in stages:
        assert done.stderr.count(stage) == 1
    assert "\x1b" not in done.stderr


def test_a_terminal_with_few_letters_and_none_at_all_are_no_problem(monkeypatch):
    assert told("verify clubs.db", monkeypatch, OldTerminal()).isascii()
    monkeypatch.setattr(sys, "stderr", None)
    with at_work("nothing to be seen"):
        pass


def test_an_error_is_told_below_the_stage_at_which_it_came_about(monkeypatch):
    Path("bad.jsonl").write_text(f"{Path('clubs.jsonl').read_text()}nonsense\n")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(SystemExit) as ended:
        mledger.main(["import", "copy.db", "records", "bad.jsonl"])
    shown = sys.stderr.getvalue()
    assert ended.value.code == 1
    assert shown.splitlines()[-1].removeprefix("\x1b[?25h").startswith("Error: line 3: 'nonsense\\n' is no JSON")
    with ledger.open("copy.db") as book:
        assert book.head.size == 0


def test_a_file_may_have_any_name(monkeypatch):
    Path("[red]\x1b[31m.csv").write_bytes(Path("club.csv").read_bytes())
    shown = told("import clubs.db members '[red]\x1b[31m.csv'", monkeypatch, Terminal())
    assert "reading [red]\\x1b[31m.csv" in shown

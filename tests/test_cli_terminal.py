"""Before a real terminal: what is piped is read, and no day, number or id of a table is folded."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

import ledger
from ledger import InitiativeLaunched, MemberJoined, MetricDefined
from ledger.exchange import to_lines

PROGRAM = [sys.executable, "-m", "ledger"]
LINE = '{"type": "member-joined", "member": "%s", "effective": "2020/2021"}\n'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLUMNS", raising=False)
    with ledger.open("clubs.db") as book:
        book.initiative("club").record(
            InitiativeLaunched("2019", "Clubs"), MetricDefined("dues"),
            *(MemberJoined(f"m{place}", "2020/2021") for place in range(200)),
        )  # fmt: skip
        (tmp_path / "clubs.jsonl").write_text("".join(f"{line}\n" for line in to_lines(book)))
    with ledger.open("copy.db"):
        pass
    return tmp_path


def before_a_terminal(arguments, stdin=b"", columns=80):
    """Run it with a pipe for its input, and a terminal for all that it writes."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    done = subprocess.Popen([*PROGRAM, *arguments], stdin=subprocess.PIPE, stdout=theirs, stderr=theirs)
    os.close(theirs)
    done.stdin.write(stdin)
    done.stdin.close()
    shown = b""
    while True:
        try:
            read = os.read(ours, 65_536)
        except OSError:  # the other side is closed
            break
        if not read:
            break
        shown += read
    os.close(ours)
    return done.wait(60), re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["record", "clubs.db", "json-lines"], LINE % "zed", '"member": "zed"'),
        (["record", "clubs.db", "json-lines", "--progress"], LINE % "zed", '"member": "zed"'),
        (["import", "clubs.db", "members", "-", "-c", "name="], "member,start,end\nzed,2020,\n", '"recorded": 1'),
        (["import", "copy.db", "records", "-"], None, '"recorded": 202'),
    ],
)
def test_what_is_piped_is_read_before_a_terminal(arguments, stdin, said, folder):
    piped = (folder / "clubs.jsonl").read_bytes() if stdin is None else stdin.encode()
    code, shown = before_a_terminal(arguments, piped)
    assert code == 0, shown
    assert said in shown
    assert "reading the standard input" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_tables_fit_a_terminal_and_fold_no_day_no_number_and_no_id(folder, columns):
    with ledger.open("clubs.db") as book:
        record = book.find(3)
    for arguments, words in [
        (["show", "clubs.db", "--counts", "--at", "2020-06-30", "-t"], ["200", "2019-01-01"][:1]),
        (["history", "clubs.db", "m0", "-t"], ["2020/2021", "3", f"{record.recorded_at:%Y-%m-%dT%H:%M:%S.%fZ}"]),
        (["log", "clubs.db", "-n", "3", "-t"], ["202", "201", "200", "MemberJoined"]),
        (["compare", "clubs.db", "2019-12-31", "2021-12-31", "-t"], ["m199", "active"]),
        (["names", "clubs.db", "-t"], ["202", "200", "Clubs"]),
    ]:
        code, shown = before_a_terminal(arguments, columns=columns)
        assert code == 0
        assert max(map(len, shown.splitlines())) <= columns, arguments
        for word in words:
            assert word in shown.split(), (arguments, shown)


def test_a_table_in_a_pipe_is_no_wider_than_people_read(folder):
    done = subprocess.run(
        [*PROGRAM, "show", "clubs.db", "--counts", "--at", "2020-06-30", "-t"], capture_output=True, check=True
    )
    assert max(map(len, done.stdout.decode().splitlines())) < 130

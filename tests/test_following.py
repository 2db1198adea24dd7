"""Whoever follows a ledger is given each record once, in order, and waits for those that are still to come."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread
from time import sleep

import pytest

import ledger
from ledger import MemberJoined, MemberLeft
from ledger.model.errors import BadInput, LedgerClosed

SOON = 30  # seconds


@pytest.fixture
def book(tmp_path):
    with ledger.open(tmp_path / "clubs.db") as book:
        yield book


def joined(name):
    return MemberJoined(name, "2020-01-01")


def test_it_catches_up_and_goes_on(book, tmp_path):
    book.initiative("chess").record(joined("ada"), joined("ben"))
    book.initiative("go").record(joined("cleo"))
    following = book.follow(idle=SOON)
    assert [next(following).event.member for _ in range(3)] == ["ada", "ben", "cleo"]

    def record_later():
        with ledger.open(tmp_path / "clubs.db") as other:
            for name in "dora", "eve":
                sleep(0.05)
                other.initiative("chess").record(joined(name))

    writer = Thread(target=record_later)
    writer.start()
    assert [next(following).position for _ in range(2)] == [4, 5]
    writer.join()


def test_it_begins_after_a_position_and_ends_when_nothing_comes(book):
    book.initiative("chess").record(joined("ada"), joined("ben"))
    assert [record.position for record in book.follow(after=1, idle=0)] == [2]
    assert list(book.follow(after=2, idle=0.01)) == []


def test_without_an_end_it_asks_again_and_again(book, monkeypatch):
    book.initiative("chess").record(joined("ada"))
    waits = []

    def wait(after, seconds):
        waits.append(seconds)
        if len(waits) == 2:
            book.initiative("chess").record(joined("ben"))
            return True
        return False

    monkeypatch.setattr(book._store, "wait", wait)
    following = book.follow(after=1)
    assert next(following).event.member == "ben"
    assert waits == [3600.0, 3600.0]


@pytest.mark.parametrize("given", [{"after": -1}, {"after": "1"}, {"idle": -1}, {"idle": "1"}, {"idle": True}])
def test_what_is_no_place_or_time_is_refused_at_once(book, given):
    with pytest.raises(BadInput):
        book.follow(**given)


def test_a_ledger_that_is_closed_meanwhile_says_so(book):
    book.initiative("chess").record(joined("ada"))
    following = book.follow(idle=SOON)
    next(following)
    book.close()
    with pytest.raises(LedgerClosed):
        next(following)


def test_the_projection_of_the_guide_works_on_each_record_once_wherever_it_is_killed(book, tmp_path):
    book.initiative("chess").record(joined("ada"))
    book.initiative("go").record(joined("ben"))
    book.initiative("chess").record(MemberLeft("ada", "2021-01-01"))
    guide = (Path(__file__).parents[1] / "examples" / "past_one_file.md").read_text("utf-8")
    (projection,) = re.findall(
        r"^```python\n(import sqlite3\n.*?)\nkeep_up\(\)\n.*?^```$", guide, re.DOTALL | re.MULTILINE
    )
    program = KILLED_ONCE + _killed_at_each(projection) + "\nkeep_up()\n"
    command = [sys.executable, "-c", program, str(tmp_path / "clubs.db")]
    killed = 0
    while (done := subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)).returncode:
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed += 1
    assert killed == 3 * 3 + 2  # before and after its position is kept, and after the commit; and within each joining
    assert done.stdout == "[('chess', 1), ('go', 1)]\n"


KILLED_ONCE = """
import os, signal, sys
from pathlib import Path
import ledger
from ledger import MemberJoined

def die_once(place, position):
    died = Path(f"died-{place}-{position}")
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)

book = ledger.open(sys.argv[1])
"""
"""What a projection is run with, so that it is killed, the first time at each place of each record."""


def _killed_at_each(projection):
    """Let a projection die between any two of the statements that it executes for a record."""
    head, loop, rest = projection.partition("idle=0.1):\n")
    lines, place = [], 0
    for line in rest.splitlines():
        lines.append(line)
        if (
            line.endswith(")")
            and line.startswith("        ")
            and not line.startswith("        " * 2)
            and "print" not in line
        ):
            place += 1
            lines.append(f"{' ' * (len(line) - len(line.lstrip()))}die_once({place}, record.position)")
    assert place == 4
    return head + loop + "\n".join(lines)

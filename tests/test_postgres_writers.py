"""Many writers of one ledger in PostgreSQL, and those who follow them: nothing is lost, and nobody waits for good."""

import random
import subprocess
import sys
from contextlib import contextmanager
from itertools import count, groupby

import pytest

import ledger
from ledger import MemberChanged, MemberJoined, replay
from postgres import a_ledger

SOON = 60  # seconds

RECORD = """
import sys
import ledger
from ledger import MemberJoined

address, name, batches = sys.argv[1:]
with ledger.open(address, timeout=60) as book:
    club = book.initiative(name)
    for number in range(int(batches)):
        club.record(MemberJoined(f"{number}a", "2020"), MemberJoined(f"{number}b", "2020"))
        print(number, flush=True)
"""


@pytest.fixture
def address():
    with a_ledger() as address:
        yield address


@contextmanager
def writers_of(address, names, batches):
    """Processes that each record batches of two, and say which of them were kept."""
    command = [sys.executable, "-c", RECORD, address]
    processes = [subprocess.Popen([*command, name, str(batches)], stdout=subprocess.PIPE, text=True) for name in names]
    try:
        yield processes
    finally:
        for one in processes:
            one.kill()
            one.communicate(timeout=SOON)


@pytest.mark.parametrize("batches", [5, pytest.param(200, marks=pytest.mark.long)])
def test_who_follows_eight_processes_sees_each_record_once_and_in_order(address, batches):
    names = [f"club{number}" for number in range(8)]
    total = len(names) * batches * 2
    with ledger.open(address) as book, writers_of(address, names, batches) as processes:
        seen = []
        for record in book.follow(idle=SOON):
            seen.append(record)
            if len(seen) == total:
                break
        assert [one.wait(SOON) for one in processes] == [0] * len(names)
        assert [record.position for record in seen] == list(range(1, total + 1))
        assert list(book.records()) == seen
        assert book.verify(deep=True).size == total


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.long)])
def test_writers_that_are_killed_leave_whole_batches_and_let_the_others_go_on(address, kills):
    chance = random.Random(7)
    told = {}
    with ledger.open(address, timeout=60) as book, writers_of(address, ["steady"], 10**6):
        for number in range(kills):
            name = f"club{number}"
            with writers_of(address, [name], 10**6) as (doomed,):
                begun = [doomed.stdout.readline() for _ in range(chance.randrange(1, 6))]
                doomed.kill()
                told[name] = len(begun) + len(doomed.stdout.readlines())
            (record,) = book.initiative(f"mine{number}").record(MemberJoined("a", "2020"))
            assert record.version == 1
    with ledger.open(address) as book:
        book.verify(deep=True)
        for name, batches in told.items():
            there = len(list(book.initiative(name).records()))
            assert there in (2 * batches, 2 * batches + 2)  # the last one was kept, or not, before it could be told


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # where it strikes in a destructor
@pytest.mark.parametrize("times", [30, pytest.param(1_000, marks=pytest.mark.long)])
def test_an_interrupt_at_any_moment_leaves_whole_batches_and_no_turn_taken(address, times, interrupted):
    chance = random.Random(31)
    with ledger.open(address) as book, ledger.open(address, timeout=5) as other:
        club = book.initiative("club")
        club.record(MemberJoined("a", "2021"))
        names = count()
        uses = (
            lambda: club.at("2022-01-01"),
            lambda: club.record(*(MemberChanged("a", "2021", name=f"{next(names)}") for _ in range(3)), note="3"),
        )
        for use in uses:  # an interrupt in the middle of an import is not what this is about
            use()
        for number in range(times):
            interrupted(chance.uniform(1e-6, 2e-2), uses[number % 2])
            other.initiative("others").record(MemberJoined(str(number), "2021"))
        club.record(MemberJoined("b", "2021"))
        sizes = [len(list(batch)) for _, batch in groupby(club.records(), key=lambda record: record.recorded_at)]
        assert set(sizes[1:-1]) <= {3}
        assert club.at("2022-01-01") == replay(club.records(), at="2022-01-01")
        book.verify()

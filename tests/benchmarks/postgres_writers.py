"""Writers of ledgers in PostgreSQL, alone and many at once, beside what the server itself can commit.

    python tests/benchmarks/postgres_writers.py [batches] [rounds]

500 batches a writer, and one round, unless said otherwise. Each writer is a process that records batches of one event,
and waits for each to be on the disk. They write to one ledger, each to an initiative of its own or all to the same,
or each to a ledger of its own in the same database.
Beside them stands the least that must be done: the same number of processes that each insert one row and commit. In a
round all of these are run one after the other; what is shown is the median of the rounds, and the longest that any
writer had to wait for one batch. The server's own statistics say how many transactions it committed, and how much
it wrote to its log; the system says how many cores were busy. (How long sessions were at work, of statements that are
sent together the server counts the last one only.)

LEDGER_TEST_POSTGRES names a server; else one is started for the run.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final, NamedTuple

import psutil
import psycopg
from table import print_table

sys.path.insert(0, str(Path(__file__).parents[1]))
import ledger
from ledger import MemberJoined, MetricDefined, MetricUpdated
from postgres import a_ledger, server

WRITERS: Final = (1, 2, 4, 8)
MEMBERS: Final = 20
BARE: Final = "one row and a commit"
STATISTICS: Final = """
SELECT xact_commit, (SELECT wal_bytes FROM pg_stat_wal) FROM pg_stat_database
WHERE datname = current_database()
"""


def record(address: str, number: int, batches: int, ready: Any, longest: Any, shared: str = "") -> None:
    own = f"club{number}"
    members = [f"{own}-{one}" for one in range(MEMBERS)]
    with ledger.open(address, timeout=120) as book:
        club = book.initiative(shared or own)
        club.record(MetricDefined(own, unit="t"), *(MemberJoined(one, "2020-01-01") for one in members))
        ready.wait()
        longest.put(
            waited(
                batches,
                lambda place: club.record(
                    MetricUpdated(own, "2021-01-03", f"{place} t", member=members[place % MEMBERS])
                ),
            )
        )
        ready.wait()


def insert(address: str, number: int, batches: int, ready: Any, longest: Any) -> None:
    with psycopg.connect(address.partition("&ledger=")[0], autocommit=True) as connection:
        ready.wait()
        longest.put(
            waited(batches, lambda place: connection.execute("INSERT INTO bare VALUES (%s, %s)", (number, place)))
        )
        ready.wait()


def waited(batches: int, write: Callable[[int], object]) -> float:
    """Write so many batches, and give the seconds that the slowest of them took."""
    longest = 0.0
    for place in range(batches):
        start = perf_counter()
        write(place)
        longest = max(longest, perf_counter() - start)
    return longest


class Run(NamedTuple):
    """What came of one run, and what the server says of it."""

    speed: float
    longest: float
    commits: float
    busy: float
    log: float


def run(work: Callable[..., None], addresses: Sequence[str], batches: int) -> Run:
    """Let a process work on each address."""
    ready = multiprocessing.Barrier(len(addresses) + 1)
    longest: Any = multiprocessing.SimpleQueue()
    workers = [
        multiprocessing.Process(target=work, args=(address, number, batches, ready, longest))
        for number, address in enumerate(addresses)
    ]
    for one in workers:
        one.start()
    with psycopg.connect(server(), autocommit=True) as connection:
        ready.wait()
        before, idle = connection.execute(STATISTICS).fetchone(), psutil.cpu_times().idle
        start = perf_counter()
        ready.wait()
        seconds = perf_counter() - start
        busy = psutil.cpu_count() - (psutil.cpu_times().idle - idle) / seconds
        for one in workers:
            one.join()
        after = connection.execute(STATISTICS).fetchone()
    commits, log = (float(new - old) for new, old in zip(after or (), before or (), strict=True))
    slowest = max(longest.get() for _ in workers)
    return Run(len(addresses) * batches / seconds, slowest, commits, busy, log / 1e6)


def run_of(kind: str, count: int, batches: int) -> Run:
    """Run so many writers of one kind, on new ledgers."""
    with ExitStack() as stack:
        if kind in WORK:
            addresses = [stack.enter_context(a_ledger())] * count
        else:
            addresses = [stack.enter_context(a_ledger()) for _ in range(count)]
        for address in set(addresses):
            ledger.open(address).close()
        found = run(WORK.get(kind, record), addresses, batches)
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute("TRUNCATE bare")
    return found


WORK: Final[dict[str, Callable[..., None]]] = {
    BARE: insert,
    "one ledger": record,
    "one initiative": partial(record, shared="club"),
}
"""What writers of one ledger do."""


def main(batches: int, rounds: int) -> None:
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (writer int, place int, PRIMARY KEY (writer, place))")
    each = [(kind, count) for kind in (*WORK, "a ledger each") for count in WRITERS]
    found = [[run_of(kind, count, batches) for kind, count in each] for _ in range(rounds)]
    rows = []
    for place, (kind, count) in enumerate(each):
        runs = [one[place] for one in found]
        to_one = median(one[place].speed / one[place - WRITERS.index(count)].speed for one in found)
        rows.append(
            [
                kind,
                str(count),
                f"{median(one.speed for one in runs):,.0f}",
                f"{to_one:.2f}",
                f"{max(one.longest for one in runs) * 1000:,.0f}",
                f"{median(one.commits for one in runs):,.0f}",
                f"{median(one.busy for one in runs):.1f}",
                f"{median(one.log for one in runs):,.1f}",
            ]
        )
    print(f"{os.cpu_count()} cores, batches of one event, {batches:,} a writer, {rounds} rounds")
    columns = [
        "written to",
        "writers",
        "batches/s",
        "to one",
        "longest wait, ms",
        "commits",
        "busy cores",
        "log, MB",
    ]
    print_table(columns, rows, {0})


if __name__ == "__main__":
    main(*(int(given) for given in [*sys.argv[1:], *("500", "1")[len(sys.argv) - 1 :]]))

"""Writers of ledgers in PostgreSQL, alone and many at once, beside what the server itself can commit.

    python tests/benchmarks/postgres_writers.py [batches]      the table; 500 batches a writer unless said otherwise

Each writer is a process that records batches of one event, and waits for each to be on the disk. They write to one
ledger, or each to a ledger of its own in the same database. Beside them stands the least that must be done: the same
number of processes that each insert one row and commit. The server's own statistics say how many transactions it
committed, how long its sessions were at work, and how much it wrote to its log.

LEDGER_TEST_POSTGRES names a server; else one is started for the run.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import psycopg
from table import print_table

sys.path.insert(0, str(Path(__file__).parents[1]))
import ledger
from ledger import MemberJoined, MetricDefined, MetricUpdated
from postgres import a_ledger, server

WRITERS: Final = (1, 2, 4, 8)
MEMBERS: Final = 20
STATISTICS: Final = """
SELECT xact_commit, active_time, (SELECT wal_bytes FROM pg_stat_wal) FROM pg_stat_database
WHERE datname = current_database()
"""


def record(address: str, number: int, batches: int, ready: Any) -> None:
    with ledger.open(address, timeout=120) as book:
        club = book.initiative(f"club{number}")
        club.record(MetricDefined("co2", unit="t"), *(MemberJoined(f"m{one}", "2020-01-01") for one in range(MEMBERS)))
        ready.wait()
        for place in range(batches):
            club.record(MetricUpdated("co2", "2021-01-03", f"{place} t", member=f"m{place % MEMBERS}"))
        ready.wait()


def insert(address: str, number: int, batches: int, ready: Any) -> None:
    with psycopg.connect(address.partition("&ledger=")[0], autocommit=True) as connection:
        ready.wait()
        for place in range(batches):
            connection.execute("INSERT INTO bare VALUES (%s, %s)", (number, place))
        ready.wait()


def run(work: Callable[..., None], addresses: Sequence[str], batches: int) -> tuple[float, list[Any]]:
    """Let a process work on each address; give the seconds it took, and what the server says of it."""
    ready = multiprocessing.Barrier(len(addresses) + 1)
    workers = [
        multiprocessing.Process(target=work, args=(address, number, batches, ready))
        for number, address in enumerate(addresses)
    ]
    for one in workers:
        one.start()
    with psycopg.connect(server(), autocommit=True) as connection:
        ready.wait()
        before = connection.execute(STATISTICS).fetchone()
        start = perf_counter()
        ready.wait()
        seconds = perf_counter() - start
        for one in workers:
            one.join()
        after = connection.execute(STATISTICS).fetchone()
    return seconds, [new - old for new, old in zip(after or (), before or (), strict=True)]


def main(batches: int) -> None:
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (writer int, place int, PRIMARY KEY (writer, place))")
    rows = []
    for kind in ("one row and a commit", "one ledger", "a ledger each"):
        alone = 0.0
        for count in WRITERS:
            with ExitStack() as stack:
                if kind == "one ledger":
                    addresses = [stack.enter_context(a_ledger())] * count
                else:
                    addresses = [stack.enter_context(a_ledger()) for _ in range(count)]
                for address in set(addresses):
                    ledger.open(address).close()
                seconds, (commits, active, wal) = run(insert if "row" in kind else record, addresses, batches)
            speed = count * batches / seconds
            alone = alone or speed
            busy = active / 1000 / seconds
            rows.append(
                [
                    kind,
                    str(count),
                    f"{speed:,.0f}",
                    f"{speed / alone:.2f}",
                    f"{commits:,}",
                    f"{busy:.1f}",
                    f"{float(wal) / 1e6:,.1f}",
                ]
            )
            with psycopg.connect(server(), autocommit=True) as connection:
                connection.execute("TRUNCATE bare")
    print(f"{os.cpu_count()} cores, batches of one event, {batches:,} a writer")
    print_table(["written to", "writers", "batches/s", "to one", "commits", "sessions at work", "log, MB"], rows, {0})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)

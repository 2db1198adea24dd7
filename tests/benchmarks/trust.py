"""Heads, proofs and verification of a large ledger, beside what they would cost without tiles, and beside the limit.

    python tests/benchmarks/trust.py [records]      the table; a million records unless said otherwise

A ledger is written once. Then every question is asked of a ledger that was opened for it, several times, and the
median is given. What it is compared with reads the same file: the whole tree built anew from all digests (as it
would be if no tiles were kept), one row found by its key (the least that SQLite can do), and the digest of every row
computed and compared (the least that can be called verification).
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from table import print_table
from workload import COUNTRIES, METRIC, NAME, UNIT, happenings

import ledger
from ledger import InitiativeLaunched, Ledger, MemberJoined, MetricDefined, MetricUpdated
from ledger.model.events import Event
from ledger.model.heads import TreeHead
from ledger.recording.batch import COLUMNS, digest_of
from ledger.recording.merkle import Tree, root_at
from ledger.stores.rows import quoted

BATCH: Final = 20_000
ROUNDS: Final = 7


def events(count: int) -> Iterator[Event]:
    yield InitiativeLaunched("2004", name=NAME)
    yield MetricDefined(METRIC, unit=UNIT, nonnegative=True)
    for one in happenings(count):
        if one.amount is None:
            yield MemberJoined(one.member, one.day, attributes={"country": one.country or COUNTRIES[0]})
        else:
            yield MetricUpdated(METRIC, one.day, f"{one.amount} {UNIT}", member=one.member)


def written(path: Path, count: int) -> float:
    start = perf_counter()
    with ledger.open(path) as book:
        club = book.initiative("clusters")
        batch: list[Event] = []
        for event in events(count):
            batch.append(event)
            if len(batch) == BATCH:
                club.record(*batch)
                batch = []
        club.record(*batch)
    return perf_counter() - start


def seconds(path: Path, ask: Callable[[Ledger], object], rounds: int = ROUNDS) -> float:
    """Ask a ledger that was just opened, and give the median of how long the answer took."""
    found = []
    for _ in range(rounds):
        with ledger.open(path) as book:
            start = perf_counter()
            ask(book)
            found.append(perf_counter() - start)
    return median(found)


def opening(path: Path) -> float:
    found = []
    for _ in range(ROUNDS):
        start = perf_counter()
        ledger.open(path).close()
        found.append(perf_counter() - start)
    return median(found)


def bare(path: Path, ask: Callable[[sqlite3.Connection], object], rounds: int = ROUNDS) -> float:
    found = []
    for _ in range(rounds):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            start = perf_counter()
            ask(connection)
            found.append(perf_counter() - start)
    return median(found)


def rebuilt(connection: sqlite3.Connection) -> bytes:
    tree = Tree()
    tree.grow(bytes.fromhex(digest) for (digest,) in connection.execute("SELECT digest FROM records ORDER BY position"))
    return tree.root()


def digested(connection: sqlite3.Connection) -> None:
    for row in connection.execute(f"SELECT {quoted(COLUMNS)} FROM records ORDER BY position"):
        if digest_of(row[:-1]) != row[-1]:
            raise SystemExit("a digest is wrong")


def main(count: int) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "large.db"
        print(f"{count:,} records, written in {written(path, count):.1f} s")
        with ledger.open(path) as book:
            head = book.head
            some = count // 3
            old = TreeHead(some, root_at(book._store.tile, some).hex())
        seek = bare(path, lambda one: one.execute("SELECT * FROM records WHERE position = ?", (some,)).fetchone())
        tree = bare(path, rebuilt, 1)
        least = bare(path, digested, 1)
        times = {
            "open, with a look at its end": opening(path),
            "head": seconds(path, lambda book: book.head),
            "proof of a record": seconds(path, lambda book: book.prove(some)),
            "proof of growth": seconds(path, lambda book: book.prove_growth(old)),
            "verify": seconds(path, lambda book: book.verify(head), 1),
            "verify, deep": seconds(path, lambda book: book.verify(head, deep=True), 1),
        }
        lines = [
            [name, f"{took * 1e3:,.2f}", f"{took / seek:,.1f}", f"{tree / took:,.2f}", f"{took / least:,.2f}"]
            for name, took in times.items()
        ]
        header = ["question", "ms", "times one seek", "tree rebuilt is times", "times all digests"]
        print_table(header, lines, {0})
        print(f"one seek {seek * 1e6:,.0f} us, the tree built anew {tree:,.2f} s, all digests {least:,.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)

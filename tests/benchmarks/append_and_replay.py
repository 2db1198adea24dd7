"""Append and replay, beside the raw limit of SQLite and beside the PyPI library `eventsourcing`.

    python tests/benchmarks/append_and_replay.py             the table; about three minutes
    python tests/benchmarks/append_and_replay.py --profile   where the time of our bulk append goes

Every run is a fresh process with a file of its own (replays read one file, written beforehand). The
contestants take turns, and every other round in the opposite order, so each ratio is of neighbours in
time: it is taken round by round, and its median is given. Nothing is printed before all answers were
found equal to one another and to one worked out by hand. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from cProfile import Profile
from functools import partial
from importlib.metadata import version
from pathlib import Path
from pstats import SortKey, Stats
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import ours
from apart import measured_apart
from table import print_table
from watch import Measured, Watch
from workload import expected

PROFILED: Final = {"bulk": ours.bulk, "single": ours.single, "facts": ours.facts, "decoded": ours.decoded}


class Contestant(NamedTuple):
    """One line of the table: who does what, and the parts of it that count."""

    label: str
    module: str
    task: str
    parts: tuple[str, ...]
    flags: tuple[str, ...] = ()
    same_run_as: str = ""  # the label of a contestant whose runs this one shows other parts of


class Group(NamedTuple):
    """Contestants that are compared with each other."""

    title: str
    timed: str
    contestants: tuple[Contestant, ...]


class Ratio(NamedTuple):
    """What is asked for: how many times as fast as another a contestant has to be.

    With `typical`, the medians over single operations are compared: a disk that stalls now and then does
    not show in them.
    """

    group: int
    name: str
    label: str
    against: str
    target: float
    floor: float | None = None
    typical: bool = False


GROUPS: Final = (
    Group(
        "bulk append",
        "from plain values to the commit, one batch: making the events (ours, peer), then record() or save()",
        (
            Contestant("ours", "ours", "bulk", ("events", "append")),
            Contestant("ours, record() alone", "ours", "bulk", ("append",), same_run_as="ours"),
            Contestant("eventsourcing", "peer", "bulk", ("events", "append")),
            Contestant("eventsourcing, save() alone", "peer", "bulk", ("append",), same_run_as="eventsourcing"),
            Contestant("raw executemany", "raw", "bulk", ("append",)),
        ),
    ),
    Group(
        "single append",
        "the same, one event a commit; p50 and p99 are of one such append",
        (
            Contestant("ours", "ours", "single", ("append",)),
            Contestant("eventsourcing", "peer", "single", ("append",)),
            Contestant("raw INSERT", "raw", "single", ("append",)),
        ),
    ),
    Group(
        "full replay",
        "the first question to a file just opened; opening and imports excluded, making the answer comparable too",
        (
            Contestant("ours, at(): facts rows", "ours", "facts", ("replay",)),
            Contestant(
                "ours, at() and total()", "ours", "facts", ("replay", "total"), same_run_as="ours, at(): facts rows"
            ),
            Contestant("ours, every record decoded", "ours", "decoded", ("replay",)),
            Contestant("eventsourcing, as shipped", "peer", "replay", ("replay",)),
            Contestant("eventsourcing, python -O", "peer", "replay", ("replay",), flags=("-O",)),
            Contestant("raw SELECT", "raw", "scan", ("replay",)),
            Contestant("raw SELECT and JSON", "raw", "scan_json", ("replay",)),
        ),
    ),
)

RATIOS: Final = (
    Ratio(0, "bulk append : eventsourcing", "ours", "eventsourcing", 1.0, floor=0.8),
    Ratio(1, "single append : raw", "ours", "raw INSERT", 0.66),
    Ratio(1, "single append : raw, by p50", "ours", "raw INSERT", 0.66, typical=True),
    Ratio(2, "replay of facts : eventsourcing", "ours, at(): facts rows", "eventsourcing, as shipped", 5.0),
    Ratio(2, "replay of facts : eventsourcing -O", "ours, at(): facts rows", "eventsourcing, python -O", 2.0),
    Ratio(2, "decoded replay : eventsourcing", "ours, every record decoded", "eventsourcing, as shipped", 2.0),
)


class Bench:
    """Runs contestants in processes of their own, on files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = 0

    def rounds(self, group: Group, count: int, pairs: int) -> dict[str, list[Measured]]:
        """Let the contestants of a group take turns, so many times."""
        found: dict[str, list[Measured]] = {one.label: [] for one in group.contestants}
        runners = [one for one in group.contestants if not one.same_run_as]
        for turn in range(pairs):
            print(f"{group.title}: round {turn + 1} of {pairs}", file=sys.stderr)
            for one in runners if turn % 2 == 0 else reversed(runners):
                found[one.label].append(self._run(one, count))
        for one in group.contestants:
            if one.same_run_as:
                found[one.label] = found[one.same_run_as]
        return found

    def histories(self, count: int) -> None:
        """Write the histories that replays read."""
        for module in ("ours", "peer"):
            print(f"full replay: writing {count:,} events with {module}", file=sys.stderr)
            measured_apart(module, "write", self._history(module), count)

    def _run(self, one: Contestant, count: int) -> Measured:
        if "replay" in one.parts:
            path = self._history("peer" if one.module == "peer" else "ours")
        else:
            self._files += 1
            path = self._folder / f"{self._files}.db"
        return measured_apart(one.module, one.task, path, count, one.flags)

    def _history(self, module: str) -> Path:
        return self._folder / f"history-{module}.db"


def require_equal_answers(group: Group, runs: dict[str, list[Measured]], count: int) -> None:
    """Hold every answer against the one worked out by hand."""
    right = expected(count)
    for label, many in runs.items():
        for one in many:
            if one["answer"] is not None and one["answer"] != right:
                raise SystemExit(f"{group.title}, {label}: the answer is {one['answer']}, and should be {right}")


def seconds(one: Contestant, runs: Sequence[Measured]) -> list[float]:
    """Give the seconds that count, run by run."""
    return [sum(run["parts"][part] for part in one.parts) for run in runs]


def lines_of(group: Group, runs: dict[str, list[Measured]], count: int) -> Iterator[list[str]]:
    """Give a group's lines of the table."""
    for place, one in enumerate(group.contestants):
        many = runs[one.label]
        times = seconds(one, many)
        rates = [count / time for time in times]
        yield [
            f"{group.title}, {count:,}" if place == 0 else "",
            one.label,
            f"{median(rates):,.0f}",
            f"{min(rates):,.0f}..{max(rates):,.0f}",
            f"{median(times) / count * 1e6:.2f}",
            *(_milliseconds([run[which] for run in many]) for which in ("p50", "p99")),
            f"{median(run['peak'] for run in many):.0f}",
        ]


def _milliseconds(times: Sequence[float | None]) -> str:
    known = [time for time in times if time is not None]
    return f"{median(known) * 1e3:.3f}" if known else ""


def ratio_line(asked: Ratio, group: Group, runs: dict[str, list[Measured]]) -> list[str]:
    """Give a line of the table of ratios."""
    by_label = {one.label: one for one in group.contestants}
    own, other = (
        [run["p50"] or 0.0 for run in runs[label]] if asked.typical else seconds(by_label[label], runs[label])
        for label in (asked.label, asked.against)
    )
    ratios = [theirs / mine for mine, theirs in zip(own, other, strict=True)]
    middle = median(ratios)
    spread = f"{min(ratios):.2f}..{max(ratios):.2f}"
    floor = f" (floor {asked.floor})" if asked.floor else ""
    return [asked.name, f"{middle:.2f}", spread, f">= {asked.target}{floor}", _verdict(asked, middle)]


def _verdict(asked: Ratio, ratio: float) -> str:
    if ratio >= asked.target:
        return "met"
    return "above the floor" if asked.floor and ratio >= asked.floor else "missed"


def compare(folder: Path, counts: Sequence[int], pairs: int) -> None:
    """Run everything, then print the tables."""
    busy_before = os.getloadavg()[0]
    bench = Bench(folder)
    bench.histories(counts[2])
    found = [bench.rounds(group, count, pairs) for group, count in zip(GROUPS, counts, strict=True)]
    for group, runs, count in zip(GROUPS, found, counts, strict=True):
        require_equal_answers(group, runs, count)
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version} (WAL, synchronous=FULL), "
        f"eventsourcing {version('eventsourcing')}, {platform.machine()} {platform.system()}; "
        f"medians of {pairs} rounds.\nAll answers agree. Load of this machine, which has {os.cpu_count()} processors: "
        f"{busy_before:.1f} before, {os.getloadavg()[0]:.1f} after; where others keep it busy, a process that waited "
        "for the\ndisk waits again for a processor, and single appends tell nothing.\n"
    )
    lines = [line for every in zip(GROUPS, found, counts, strict=True) for line in lines_of(*every)]
    header = ["events", "contestant", "events/s", "min..max", "us/event", "p50 ms", "p99 ms", "peak MB"]
    print_table(header, lines, left={0, 1})
    print("\nTimed")
    for group in GROUPS:
        print(f"  {group.title}: {group.timed}")
    print("  raw: rows made beforehand; its SELECTs read position, type and body of the records that we wrote\n")
    ratios = [ratio_line(asked, GROUPS[asked.group], found[asked.group]) for asked in RATIOS]
    print_table(["ratio of speeds", "median", "min..max", "target", ""], ratios, left={0, 4})


def profile(folder: Path, task: str, counts: dict[str, int]) -> None:
    """Print the 20 functions in which one of our runs spends the most time itself."""
    if task in ("facts", "decoded"):
        ours.write(folder / "profile.db", counts[task], Watch())
    ours.warm()
    profiler = Profile()
    PROFILED[task](folder / "profile.db", counts[task], Watch(profiler))
    Stats(profiler).sort_stats(SortKey.TIME).print_stats(20)


def require_full_synchronisation() -> None:
    """Make sure that the peer, which leaves `synchronous` as it is, is as durable as the others."""
    with closing(sqlite3.connect(":memory:")) as connection:
        if connection.execute("PRAGMA synchronous").fetchone()[0] != 2:
            raise SystemExit("this SQLite does not synchronise fully unless told so: the comparison would not be fair")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    number = partial(parser.add_argument, type=int, metavar="N")
    number("--rounds", default=5, help="how often each contestant runs (5; at least 3)")
    number("--bulk", default=10_000, help="events in one batch (10,000)")
    number("--single", default=2_000, help="events in batches of one (2,000)")
    number("--replay", default=100_000, help="events to replay (100,000)")
    parser.add_argument("--folder", help="where to put the files; it must be on a disk, not in memory")
    parser.add_argument(
        "--profile", nargs="?", const="bulk", choices=PROFILED, help="profile one of our runs instead (bulk)"
    )
    given = parser.parse_args()
    if given.rounds < 3:
        parser.error("fewer than 3 rounds say nothing")
    require_full_synchronisation()
    counts = {"bulk": given.bulk, "single": given.single, "facts": given.replay, "decoded": given.replay}
    with TemporaryDirectory(dir=given.folder) as folder:
        if given.profile:
            profile(Path(folder), given.profile, counts)
        else:
            compare(Path(folder), (given.bulk, given.single, given.replay), given.rounds)


if __name__ == "__main__":
    main()

"""Questions about two times, put to a timeline, to `at()`, and to everything else that could answer them.

    python tests/benchmarks/time_travel.py                            all sizes; half an hour
    python tests/benchmarks/time_travel.py --sizes 10000,100000       a few minutes
    python tests/benchmarks/time_travel.py --profile timeline         where the time of ours goes

What happened is told in `travel/history.py`; whoever reads it reads the same values. Every contestant is
a process of its own, made ready beforehand; they take turns, every other round in the opposite order, so
each ratio is of neighbours in time: it is taken round by round, and its median is given. Nothing is printed
before all answers were found equal: every contestant is asked 100 random points (D, K) of each kind, or as
many as it can in --seconds, and the tables say how many. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from cProfile import Profile
from importlib.metadata import version
from pathlib import Path
from pstats import SortKey, Stats
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import memory_at
from apart import measured_apart
from travel import ours, recorded, report
from travel.cold import States
from travel.kept import history_in
from travel.questions import FIGURES, MONTHS, Answer, Question, moments, months, points, registers_in, states
from travel.report import CONTESTANTS, OURS, REFERENCE, STATES, Built, Found, Runs
from travel.served import Served
from watch import Watch

CHECKED: Final = 100  # points of each kind, before any is timed
ASKED: Final = 200  # points in a round: so many that p99 says nothing of the first, which finds all caches cold
STATES_ASKED: Final = 4  # states in a round, of which every other one is of the last day
SERIES_ASKED: Final = 3  # series in a round
STATES_CHECKED: Final = 10


class Limits(NamedTuple):
    """How often to ask, and for how long at most."""

    rounds: int
    seconds: float  # a kind of question may take one contestant


Said = tuple[str, Sequence[Answer]]
"""Who answers, and what."""


def require_equal(questions: Sequence[Question], one: Said, other: Said) -> None:
    """Stop where two answers differ."""
    for question, mine, theirs in zip(questions, one[1], other[1], strict=False):  # who is slow has answered fewer
        if mine != theirs:
            where = str(question)
            told: Sequence[Answer] = (mine, theirs)
            if isinstance(mine, list) and isinstance(theirs, list):
                months = zip(MONTHS, mine, theirs, strict=True)
                where, told = next((f"{where}, {month}", [a, b]) for month, a, b in months if a != b)
            raise SystemExit(f"{where}: {one[0]} says {told[0]}, and {other[0]} says {told[1]}")


class Turns:
    """Lets contestants take turns, and holds their answers against each other's."""

    def __init__(self, count: int, served: Mapping[str, Served], limits: Limits) -> None:
        self._count = count
        self._served = served
        self._limits = limits
        self.checked: dict[tuple[str, str], int] = {}

    def check(self, questions: Sequence[Question]) -> Answer:
        """Ask everyone, the reference for as long as it takes, and give the answer to the first question."""
        kind = questions[0].kind
        print(f"{self._count:,} events: comparing answers, {kind}", file=sys.stderr)
        right = self._served[REFERENCE].ask(questions, float("inf"))["answers"]
        for label, one in self._able(kind):
            answers = right if label == REFERENCE else one.ask(questions, self._limits.seconds)["answers"]
            require_equal(questions, (label, answers), (REFERENCE, right))
            self.checked[kind, label] = len(answers)
        return right[0]

    def timed(self, rounds: Sequence[Sequence[Question]], without: str = "") -> Runs:
        """Ask everyone, round by round."""
        kind = rounds[0][0].kind
        able = [(label, one) for label, one in self._able(kind) if label != without]
        found: Runs = {label: [] for label, _ in able}
        spent: dict[str, float] = defaultdict(float)
        seconds = self._limits.seconds / len(rounds)
        for turn, questions in enumerate(rounds):
            print(f"{self._count:,} events: {kind}, round {turn + 1} of {len(rounds)}", file=sys.stderr)
            replies = {}
            for label, one in able if turn % 2 == 0 else reversed(able):
                if spent[label] < self._limits.seconds:
                    reply = replies[label] = one.ask(questions, seconds)
                    found[label].append(reply["times"])
                    spent[label] += sum(reply["times"])
                else:
                    found[label].append([])
            other = max(replies, key=lambda label: len(replies[label]["answers"]))
            for label, reply in replies.items():
                require_equal(questions, (label, reply["answers"]), (other, replies[other]["answers"]))
        return found

    def _able(self, kind: str) -> list[tuple[str, Served]]:
        return [(label, one) for label, one in self._served.items() if kind in one.ready["kinds"]]


def asked(count: int, folder: Path, limits: Limits) -> Found:
    """Ask all contestants everything, of a history of one size."""
    with ExitStack() as stack:
        served = {}
        for label, where in CONTESTANTS.items():
            print(f"{count:,} events: making {label} ready", file=sys.stderr)
            served[label] = stack.enter_context(Served(label, where, folder, count))
        turns = Turns(count, served, limits)
        for kind in FIGURES:
            turns.check(points(kind, count, CHECKED, seed=1))
        turns.check([months(count)])
        registers = {
            name: registers_in(turns.check(states(count, known, STATES_CHECKED)))
            for name, known in moments(count).items()
        }
        rounds = range(limits.rounds)
        figures = {
            kind: turns.timed([points(kind, count, ASKED, seed=2 + turn) for turn in rounds]) for kind in FIGURES
        }
        series = turns.timed([[months(count)] * SERIES_ASKED] * limits.rounds)
        whole = {
            name: turns.timed([states(count, known, STATES_ASKED)] * limits.rounds, without=REFERENCE)
            for name, known in moments(count).items()
        }
        ready = {label: one.ready for label, one in served.items()}
    return Found(count, figures, series, whole, registers, ready, turns.checked, built(count, folder))


def built(count: int, folder: Path) -> Built:
    """Build the timeline of the total in fresh processes."""
    print(f"{count:,} events: building a timeline", file=sys.stderr)
    path = folder / recorded.FILE
    runs = [measured_apart("travel.ours", "build", path, count) for _ in range(3)]
    kept = measured_apart("travel.ours", "allocated", path, count)
    return Built(
        count,
        ours.bearing(path),
        [run["parts"]["build"] for run in runs],
        [run["weights"]["rss after"] - run["weights"]["rss before"] for run in runs],
        kept["weights"]["kept"],
    )


def grown(folders: Mapping[int, Path], limits: Limits) -> dict[str, dict[int, list[list[float]]]]:
    """Put the same kinds of questions to our own timelines and states of all sizes, which take turns."""
    found: dict[str, dict[int, list[list[float]]]] = defaultdict(lambda: {count: [] for count in folders})
    with ExitStack() as stack:
        lines, whole = (
            {
                count: stack.enter_context(Served(label, CONTESTANTS[label], folder, count))
                for count, folder in folders.items()
            }
            for label in (OURS, STATES)
        )
        for turn in range(limits.rounds):
            print(f"all sizes: round {turn + 1} of {limits.rounds}", file=sys.stderr)
            sizes = list(folders)[:: 1 if turn % 2 == 0 else -1]
            for kind in FIGURES:
                for count in sizes:
                    questions = points(kind, count, ASKED, seed=-turn)
                    found[kind][count].append(lines[count].ask(questions, limits.seconds)["times"])
            for name in moments(sizes[0]):
                for count in sizes:
                    questions = states(count, moments(count)[name], STATES_ASKED)
                    found[name][count].append(whole[count].ask(questions, limits.seconds / limits.rounds)["times"])
    return found


def compare(folder: Path, sizes: Sequence[int], limits: Limits) -> None:
    """Run everything, then print the tables."""
    busy_before = os.getloadavg()[0]
    folders = {count: history_in(folder, count) for count in sizes}
    found = [asked(count, folders[count], limits) for count in sizes]
    growth = grown(folders, limits)
    print(f"{sizes[-1]:,} events: the memory of at()", file=sys.stderr)
    memory = max(more for _, more in memory_at.megabytes(folders[sizes[-1]], sizes[-1]).values())
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{', '.join(f'{name} {version(name)}' for name in ('duckdb', 'polars', 'eventsourcing'))}, "
        f"{platform.machine()} {platform.system()}; {limits.rounds} rounds.\nAll answers agree. Load of this machine, "
        f"which has {os.cpu_count()} processors: {busy_before:.1f} before, {os.getloadavg()[0]:.1f} after."
    )
    report.print_all(found, growth, memory)


def profile(folder: Path, what: str, count: int) -> None:
    """Print the 20 functions in which something of ours spends the most time itself."""
    place = history_in(folder, count, peers=False)
    ours.warm()
    profiler = Profile()
    if what == "building":
        ours.build(place / recorded.FILE, count, Watch(profiler))
    else:
        one = ours.Timelines(place, count) if what == "timeline" else States(place, count)
        many = points("total", count, 10_000, seed=1) if what == "timeline" else states(count, count, 5)
        for question in many:
            ask = one.prepare(question)
            profiler.runcall(ask)
    Stats(profiler).sort_stats(SortKey.TIME).print_stats(20)


def sizes_of(text: str) -> list[int]:
    """Read numbers of events."""
    return sorted({int(one.replace("_", "")) for one in text.split(",")})


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes",
        type=sizes_of,
        default=[10_000, 100_000, 1_000_000],
        metavar="N,N",
        help="events (10,000 to a million)",
    )
    parser.add_argument("--repeats", type=int, default=10, metavar="N", help="rounds of questions (10; at least 3)")
    parser.add_argument(
        "--seconds", type=float, default=20.0, metavar="S", help="that one kind of question may take a contestant (20)"
    )
    parser.add_argument("--folder", type=Path, help="where to keep the histories, for another time; on a disk")
    parser.add_argument(
        "--profile", nargs="?", const="timeline", choices=("timeline", "building", "state"), help="profile ours instead"
    )
    given = parser.parse_args()
    if given.repeats < 3:
        parser.error("fewer than 3 rounds say nothing")
    with TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        if given.profile:
            profile(folder, given.profile, given.sizes[-1])
        else:
            compare(folder, given.sizes, Limits(given.repeats, given.seconds))


if __name__ == "__main__":
    main()

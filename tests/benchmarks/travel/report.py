"""What was found, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from statistics import median, quantiles
from typing import Final, NamedTuple, TypeAlias

from table import print_table

from travel import memory
from travel.questions import FIGURES, SERIES, moments
from travel.served import Ready

OURS: Final = "ours, timeline"
SEEKS: Final = "SQLite seeks"
DUCKDB: Final = "DuckDB"
REFERENCE: Final = "dict fold"
STATES: Final = "ours, at()"
BARE: Final = "bare SQL seeks"

CONTESTANTS: Final = {
    OURS: "travel.ours:Timelines",
    SEEKS: "travel.on_sqlite:Seeks",
    "SQLite ROW_NUMBER": "travel.on_sqlite:RowNumber",
    DUCKDB: "travel.on_duckdb:ArgMax",
    "polars": "travel.on_polars:GroupBy",
    REFERENCE: "travel.naive:Fold",
    "ledger.replay": "travel.naive:Replay",
    "eventsourcing": "travel.on_eventsourcing:ReadAll",
    STATES: "travel.cold:States",
    BARE: "travel.cold:BareSeeks",
}
"""Who answers, and where that is written."""

Rounds: TypeAlias = list[list[float]]
"""The seconds of each answer, round by round; a round is empty for who had no time left."""

Runs: TypeAlias = dict[str, Rounds]
"""The same, contestant by contestant."""


class Built(NamedTuple):
    """What it takes to build the timeline of the total."""

    events: int
    bearing: int  # events that it has to look at: values of the metric, joinings, leavings
    seconds: list[float]
    resident: list[float]  # MB more than before
    kept: float  # MB of what Python allocated


class Found(NamedTuple):
    """Everything that was found out about a history of one size."""

    events: int
    figures: dict[str, Runs]  # by kind
    series: Runs
    states: dict[str, Runs]  # by moment
    registers: dict[str, int]  # of members, that hold something on the last day; by moment
    ready: dict[str, Ready]
    checked: dict[tuple[str, str], int]  # questions that were answered before any was timed
    built: Built


class Target(NamedTuple):
    """What is asked for, and what was found, by size; sizes that it does not speak of are left out."""

    name: str
    at_most: bool
    limit: float
    found: dict[int, float]

    @property
    def met(self) -> bool:
        """Is it met, by all that was found?"""
        return all(value <= self.limit if self.at_most else value >= self.limit for value in self.found.values())


class Ratio(NamedTuple):
    """How many times as long one takes as another, in the same rounds."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, one: Rounds, other: Rounds) -> Ratio:
        """Compare the medians of each round in which both had time."""
        every = [median(mine) / median(theirs) for mine, theirs in zip(one, other, strict=True) if mine and theirs]
        return cls(median(every), min(every), max(every))

    def cells(self) -> list[str]:
        """Give it as two cells of a table."""
        return [_short(self.middle), f"{_short(self.least)}..{_short(self.most)}"]


def print_all(found: Sequence[Found], growth: Mapping[str, Mapping[int, Rounds]], megabytes: float) -> None:
    """Print the tables, and the targets last."""
    header = ["events", "contestant", "median us", "p99 us", "times ours", "min..max", "compared", "timed"]
    for kind, title in FIGURES.items():
        print(f"\n{title}\n")
        print_table(header, [line for one in found for line in _contest(one, one.figures[kind], kind)], {1})
    print('\n240 months of Total("co2"), known now\n')
    print_table(header, [line for one in found for line in _contest(one, one.series, SERIES)], {1})
    print(
        "\n  p99 is the longest where fewer than 100 were timed, and over few rounds the first of each shows. Replay\n"
        "  and eventsourcing read everything for every question: of a long history they get what there is time for.\n"
    )
    print("The whole state at D of a file just opened, imports and opening excluded\n")
    header = ["events", "known at", "registers", "day", "ours ms", "p99 ms", "bare seeks ms", "ours : bare", "min..max"]
    print_table(header, [line for one in found for line in _states(one)], {1, 3})
    print('\nBuilding the timeline of Total("co2") from the file\n')
    per = ("us/event", "us/bearing", "bytes/event", "bytes/bearing")
    header = ["events", "bearing on it", "seconds", *per, "resident MB"]
    print_table(header, [_built(one.built) for one in found], set())
    print("\nMaking ready: ours four timelines from the file, the others from plain values, eventsourcing nothing\n")
    lines = [
        [f"{one.events:,}", label, f"{ready['seconds']:.2f}", f"{ready['megabytes']:.0f}"]
        for one in found
        for label, ready in one.ready.items()
        if label not in (STATES, BARE)
    ]
    print_table(["events", "contestant", "seconds", "resident MB more"], lines, {1})
    print("\nTargets\n")
    counts = [one.events for one in found]
    header = ["what", "target", *(f"{count:,}" for count in counts), ""]
    print_table(header, [_target(one, counts) for one in _targets(found, growth, megabytes)], {0, len(header) - 1})


def _contest(found: Found, runs: Runs, kind: str) -> Iterator[list[str]]:
    for place, (label, rounds) in enumerate(runs.items()):
        times = list(chain.from_iterable(rounds))
        yield [
            f"{found.events:,}" if place == 0 else "",
            label,
            _short(median(times) * 1e6),
            _short(_p99(times) * 1e6),
            *(["", ""] if label == OURS else Ratio.of(rounds, runs[OURS]).cells()),
            str(found.checked[kind, label]),
            str(len(times)),
        ]


def _states(found: Found) -> Iterator[list[str]]:
    for place, (moment, runs) in enumerate(found.states.items()):
        for turn, day in enumerate(("last", "any")):
            own, bare = ([times[turn::2] for times in runs[label]] for label in (STATES, BARE))
            mine, theirs = ([time for times in rounds for time in times] for rounds in (own, bare))
            if not mine:
                continue
            yield [
                f"{found.events:,}" if place == turn == 0 else "",
                moment if turn == 0 else "",
                f"{found.registers[moment]:,}" if turn == 0 else "",
                day,
                _short(median(mine) * 1e3),
                _short(_p99(mine) * 1e3),
                _short(median(theirs) * 1e3),
                *Ratio.of(own, bare).cells(),
            ]


def _built(one: Built) -> list[str]:
    seconds = median(one.seconds)
    return [
        f"{one.events:,}",
        f"{one.bearing:,}",
        f"{seconds:.2f}",
        *(f"{seconds / count * 1e6:.2f}" for count in (one.events, one.bearing)),
        *(f"{one.kept * 2**20 / count:.0f}" for count in (one.events, one.bearing)),
        f"{median(one.resident):.0f}",
    ]


def _targets(found: Sequence[Found], growth: Mapping[str, Mapping[int, Rounds]], megabytes: float) -> Iterator[Target]:
    for label, limit in ((DUCKDB, 100), (SEEKS, 50)):
        for kind in FIGURES:
            times = {one.events: Ratio.of(one.figures[kind][label], one.figures[kind][OURS]).middle for one in found}
            yield Target(f"{label} : timeline.at, {kind}", at_most=False, limit=limit, found=times)
    for kind in FIGURES:
        yield Target(f"timeline.at : with a tenth of the events, {kind}", True, 2.5, _growth(growth[kind]))
    times = {one.events: Ratio.of(one.series[DUCKDB], one.series[OURS]).middle for one in found}
    yield Target("DuckDB ASOF JOIN : timeline.series", at_most=False, limit=50, found=times)
    for what, all_of_them in (("event", True), ("event that bears on it", False)):
        counts = {one.events: one.events if all_of_them else one.built.bearing for one in found}
        spent = {one.events: median(one.built.seconds) / counts[one.events] * 1e6 for one in found}
        yield Target(f"building, us an {what}", at_most=True, limit=8, found=spent)
        kept = {one.events: one.built.kept * 2**20 / counts[one.events] for one in found}
        yield Target(f"building, bytes an {what}", at_most=True, limit=120, found=kept)
    largest = found[-1]
    for moment, runs in largest.states.items():
        ratio = Ratio.of(runs[STATES], runs[BARE]).middle
        yield Target(f"at() : bare seeks, {moment}", at_most=True, limit=3, found={largest.events: ratio})
    for moment in moments(largest.events):
        last = dict(list(_growth(growth[moment]).items())[-1:])
        yield Target(f"at() : with a tenth of the events, {moment}", at_most=True, limit=1.5, found=last)
        for (
            count,
            ratio,
        ) in last.items():  # of a short history the first hundredth has brought fewer members, and fewer values
            more = found[-1].registers[moment] / found[-2].registers[moment]
            name = f"at() : with a tenth of the events, {moment}, a register"
            yield Target(name, at_most=True, limit=1.5, found={count: ratio / more})
    yield Target("at(), resident MB more than imported", True, memory.TARGET, {largest.events: megabytes})


def _growth(by_size: Mapping[int, Rounds]) -> dict[int, float]:
    """Say how many times as long it takes as with a tenth of the events, where that was measured too."""
    return {
        more: Ratio.of(by_size[more], by_size[less]).middle for less, more in pairwise(by_size) if more == 10 * less
    }


def _target(one: Target, counts: Iterable[int]) -> list[str]:
    sign = "<=" if one.at_most else ">="
    values = [_short(one.found[count]) if count in one.found else "" for count in counts]
    verdict = ("met" if one.met else "missed") if one.found else "not measured"
    return [one.name, f"{sign} {one.limit:g}", *values, verdict]


def _p99(times: Sequence[float]) -> float:
    return quantiles(times, n=100)[98] if len(times) >= 100 else max(times)


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"

"""What a lake costs as it grows: one question of 10 to 10,000 initiatives, on DuckDB and on two workers of Spark.

    python tests/benchmarks/lake_growth.py                    all of it; 5 to 20 minutes
    python tests/benchmarks/lake_growth.py --sizes 10,1000 --engines duckdb,bare
    python tests/benchmarks/lake_growth.py --only export      what writing a lake takes; --only folders: see below

Each initiative has about 1,000 facts. The lakes are made straight as files, and before anything is timed the smallest
is made both ways: recorded and exported as users do, it holds the same rows. Each engine is asked in processes of its
own, once cold and three times warm; times are medians of the warm ones. `cores` are the seconds that cores worked: on a
machine that others use too they say more than the time does. Beside them stands the least that must be done: to read
the bytes of the same files, and to decode the columns that are needed and add one of them up.

It needs what the tests need, and a Java for Spark (at least version 17).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Final

sys.path.append(str(Path(sys.prefix) / "apart"))

from growth import made
from growth.history import FIRST_INSTANT, METRIC, record_all
from table import print_table

import ledger
from ledger import MetricUpdated, relations

HERE: Final = Path(__file__).parent
SIZES: Final = (10, 100, 1_000, 10_000)
ENGINES: Final = ("bare", "duckdb", "spark")
FACTS: Final = 1_048
"""Of an initiative, on the average of its shapes."""

EXPORTED: Final = 112
"""Initiatives whose export is timed: 100,000 records."""

QUESTIONS: Final = (
    ("bare", "read", "bytes of the files"),
    ("bare", "decoded", "columns decoded, one summed"),
    ("duckdb", "totals", "totals, DuckDB"),
    ("duckdb", "series", "series of 12 months, DuckDB"),
    ("spark", "totals", "totals, Spark"),
)


def say(what: str) -> None:
    print(what, file=sys.stderr)


def asked(engine: str, folder: Path, notes: Path) -> Mapping[str, Any]:
    """Ask in a process of its own; what Spark has to say on the way goes to a file."""
    own = notes / f"{engine}-{folder.name}"
    own.mkdir()
    command = [sys.executable, "-m", "growth.asked", engine, str(folder), str(own)]
    with (notes / f"{own.name}.txt").open("w") as noise:
        done = subprocess.run(command, cwd=HERE, stdout=subprocess.PIPE, stderr=noise, text=True, check=False)
    if done.returncode:
        sys.exit(f"{engine} failed on {folder.name}:\n{Path(noise.name).read_text('utf-8')[-3_000:]}")
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


def grow(folder: Path, work: Path, sizes: Sequence[int], engines: Sequence[str]) -> None:
    """Make lakes of all sizes, ask them, and print the tables."""
    require_right(folder, work, sizes[0])
    found: dict[int, dict[str, Mapping[str, Any]]] = {}
    for count in sizes:
        place = lake_in(folder, count)
        found[count] = {}
        for engine in engines:
            say(f"{count:,} initiatives: asking {engine}")
            found[count][engine] = asked(engine, place, work)
            say(json.dumps(found[count][engine]))
    require_equal(found)
    agreed = " Both engines say the same." if {"duckdb", "spark"} <= {*engines} else ""
    print(
        f"Python {platform.python_version()}, "
        f"{', '.join(f'{name} {version(name)}' for name in ('duckdb', 'pyspark', 'ibis-framework', 'pyarrow'))}; "
        f"{os.cpu_count()} processors, load {os.getloadavg()[2]:.1f}.{agreed}\n"
    )
    print_times(found)
    print()
    print_growth(found)


def require_right(folder: Path, work: Path, count: int) -> None:
    """Stop if the files that are made are not those that the library writes."""
    say(f"{count:,} initiatives: recorded and exported as users do")
    right = work / "right"
    right.mkdir()
    made.recorded(right, count)
    made.require_same(lake_in(folder, count), right)


def lake_in(folder: Path, count: int) -> Path:
    """Make a lake, or take the one that is there."""
    place = folder / f"lake-{count}"
    if not place.exists():
        say(f"{count:,} initiatives: made as files")
        place.mkdir()
        made.make(place, count)
    return place


def require_equal(found: Mapping[int, Mapping[str, Mapping[str, Any]]]) -> None:
    """Stop where two engines give different totals."""
    for count, engines in found.items():
        answers = {name: one["totals"]["answer"] for name, one in engines.items() if "totals" in one}
        if len({json.dumps(answer) for answer in answers.values()}) > 1:
            sys.exit(f"{count:,} initiatives: they say different things: {answers}")


def print_times(found: Mapping[int, Mapping[str, Mapping[str, Any]]]) -> None:
    lines = []
    for engine, question, name in QUESTIONS:
        for count, engines in found.items():
            if engine in engines:
                one, all_of_it = engines[engine][question], engines[engine]
                peaks = all_of_it.get("peaks") or {"": all_of_it["peak of series" if question == "series" else "peak"]}
                exchanged = all_of_it.get("exchanged")
                lines.append(
                    [
                        name, f"{count:,}", f"{count * FACTS:,}", f"{one['cold']:.2f}", f"{median(one['warm']):.2f}",
                        f"{median(one['work']):.2f}",
                        " + ".join(f"{peak:,.0f} {what}".strip() for what, peak in peaks.items()),
                        f"{exchanged:.1f}" if exchanged is not None else "",
                    ]
                )  # fmt: skip
    print_table(
        ["what", "initiatives", "facts", "cold, s", "warm, s", "cores, s", "peak MB", "exchanged MB"], lines, {0}
    )


def print_growth(found: Mapping[int, Mapping[str, Mapping[str, Any]]]) -> None:
    """Print how many times as much each ten times as many facts took."""
    lines = []
    for engine, question, name in QUESTIONS:
        for (few, before), (many, after) in pairwise(found.items()):
            if engine in before:
                ratios = [
                    median(after[engine][question][what]) / max(median(before[engine][question][what]), 0.001)
                    for what in ("warm", "work")
                ]
                lines.append([name, f"{few:,} -> {many:,}", f"{many / few:.0f}", *(f"{ratio:.1f}" for ratio in ratios)])
    print_table(["what", "initiatives", "facts, times", "warm, times", "cores, times"], lines, {0, 1})


def export(folder: Path) -> None:
    """Print what it takes to record, to write a lake first, and to write what one batch adds to it."""
    lake = folder / "exported"
    with ledger.open(folder / "clubs.db", clock=lambda: made.LATER) as book:
        lines = []

        def timed(name: str, work: Any) -> None:
            say(name)
            start, before = perf_counter(), process_time()
            work()
            lines.append([name, f"{perf_counter() - start:.1f}", f"{process_time() - before:.1f}"])

        timed(f"recorded, {EXPORTED} initiatives", lambda: record_all(book, range(EXPORTED)))
        size = book.head.size
        timed(f"first export, {size:,} records", lambda: book.to_parquet(lake))
        value = MetricUpdated(METRIC, "2021-12-31", "7 t", member="member-001")
        book.initiative("initiative-0000007").record(value, recorded_at=FIRST_INSTANT.replace(year=2029))
        timed("export of one record more", lambda: book.to_parquet(lake))
        timed("export of nothing new", lambda: book.to_parquet(lake))
    print_table(["what", "s", "cores, s"], lines, {0})
    facts = EXPORTED * FACTS
    sizes = {table: sum(Path(path).stat().st_size for path in paths) for table, paths in relations.files(lake).items()}
    sizes = {"the ledger, one file": (folder / "clubs.db").stat().st_size, **sizes, "the lake": sum(sizes.values())}
    print()
    print_table(
        ["what", "MB", "bytes a fact"],
        [[name, f"{size / 1e6:.1f}", f"{size / facts:.1f}"] for name, size in sizes.items()],
        {0},
    )


def folders(folder: Path, work: Path, count: int) -> None:
    """Print what a folder for each initiative would cost to read, beside 16 partitions."""
    import duckdb
    import pyarrow.parquet as pq

    place, apart = lake_in(folder, count), work / "folders"
    ours = relations.files(place)["values"]
    say(f"{count:,} initiatives: a folder each")
    theirs: list[str] = []
    for path in ours:
        rows = pq.read_table(path)
        for id, start, length in _runs(rows["initiative"].to_pylist()):
            own = apart / f"initiative={id}"
            own.mkdir(parents=True)
            pq.write_table(
                rows.slice(start, length).drop_columns("initiative"), own / "values.parquet", compression="zstd"
            )
            theirs.append(str(own / "values.parquet"))
    lines = []
    for name, source, paths in (
        (f"16 partitions ({len(ours)} files)", f"{ours}", ours),
        (f"a folder each ({len(theirs):,} files)", f"'{apart}/*/*.parquet', hive_partitioning = true", theirs),
    ):
        asks = (
            f"SELECT initiative, sum(low) FROM read_parquet({source}) "
            f"WHERE to_position IS NULL AND metric = '{METRIC}' "
            "AND day_from <= DATE '2015-06-30' AND (day_to > DATE '2015-06-30' OR day_to IS NULL) GROUP BY ALL"
        )
        times, works = [], []
        for _ in range(4):
            start, before = perf_counter(), process_time()
            duckdb.connect().sql(asks).fetchall()
            times.append(perf_counter() - start)
            works.append(process_time() - before)
        size = sum(Path(path).stat().st_size for path in paths) / 1e6
        lines.append([name, f"{size:.0f}", f"{times[0]:.2f}", f"{median(times[1:]):.2f}", f"{median(works[1:]):.2f}"])
    print_table(["values in", "MB", "cold, s", "warm, s", "cores, s"], lines, {0})


def _runs(ids: Sequence[str]) -> list[tuple[str, int, int]]:
    """Give each id of a sorted list, where it begins and how often it is there."""
    starts = [place for place, id in enumerate(ids) if place == 0 or ids[place - 1] != id]
    return [(ids[start], start, end - start) for start, end in pairwise([*starts, len(ids)])]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), metavar="N,N", help="initiatives")
    parser.add_argument("--engines", default=",".join(ENGINES), metavar="A,B", help="of bare, duckdb and spark")
    parser.add_argument("--only", choices=("growth", "export", "folders"), help="one of the three parts")
    parser.add_argument("--folder", type=Path, help="where to keep the lakes, for another time; on a disk")
    given = parser.parse_args()
    sizes = sorted({int(one.replace("_", "")) for one in given.sizes.split(",")})
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        folder = (given.folder or work / "lakes").absolute()
        folder.mkdir(exist_ok=True)
        if given.only in (None, "growth"):
            grow(folder, work, sizes, given.engines.split(","))
        if given.only in (None, "export"):
            export(work)
        if given.only in (None, "folders"):
            folders(folder, work, sizes[-1])


if __name__ == "__main__":
    main()

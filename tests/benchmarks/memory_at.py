"""How much memory `at()` takes, above the interpreter with the library imported.

    python tests/benchmarks/memory_at.py                 a file of 1,000,000 events is written first: two minutes
    python tests/benchmarks/memory_at.py --folder kept   it is kept there, and found again

Every state is asked of a fresh process, for the last day and as known at three moments, and its members
are counted. Compared are the most that was ever resident, and what was before the file was opened. What
the operating system keeps of a file is not counted: it is not the process's. Target: at most 100 MB.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from apart import measured_apart
from table import print_table
from travel.kept import history_in
from travel.memory import TARGET, TASKS
from travel.recorded import FILE


def megabytes(place: Path, count: int) -> dict[str, tuple[float, float]]:
    """Give, for each moment, what was resident once the library was imported, and how much more at most."""
    found = {}
    for moment, task in TASKS.items():
        measured = measured_apart("travel.memory", task.__name__, place / FILE, count)
        imported = measured["weights"]["imported"]
        found[moment] = imported, measured["peak"] - imported
    return found


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, metavar="N", help="how many (1,000,000)")
    parser.add_argument("--folder", type=Path, help="where to keep the file")
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        place = history_in(given.folder or Path(temporary), given.events, peers=False)
        found = megabytes(place, given.events)
    lines = [
        [f"{given.events:,}", moment, f"{imported:.0f}", f"{more:.0f}", "met" if more <= TARGET else "missed"]
        for moment, (imported, more) in found.items()
    ]
    print_table(["events", "known at", "imported MB", "at() MB more", f"<= {TARGET} MB"], lines, left={1, 4})


if __name__ == "__main__":
    main()

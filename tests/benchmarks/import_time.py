"""How long `import ledger` takes, beside importing what it stands on: attrs, cattrs and sqlite-utils.

    python tests/benchmarks/import_time.py

Every import is timed in a fresh interpreter; the two take turns. Bytecode is kept in a folder of this
run, so both are measured as after an installation. Target: at most 1.3 times.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

TARGET: Final = 1.3
OURS: Final = "import ledger"
BASE: Final = "import attrs, cattrs.preconf.msgspec, sqlite_utils"


def milliseconds(statement: str, bytecode: str) -> float:
    """Time a statement in a fresh interpreter, which keeps its bytecode in that folder."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    timed = f"from time import perf_counter as now; start = now(); {statement}; print(now() - start)"
    command = [sys.executable, "-c", timed]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout) * 1e3


def alternate(rounds: int) -> tuple[list[float], list[float]]:
    """Time both imports so many times; they take turns in going first."""
    own: list[float] = []
    base: list[float] = []
    turns = [(OURS, own), (BASE, base)]
    with TemporaryDirectory() as bytecode:
        for statement, _ in turns:  # the first import compiles, and fills the cache of the file system
            milliseconds(statement, bytecode)
        for _ in range(rounds):
            for statement, times in turns:
                times.append(milliseconds(statement, bytecode))
            turns.reverse()
    return own, base


def line(name: str, times: Sequence[float]) -> str:
    """Give one line of the table."""
    return f"{name:<52}{median(times):>8.1f}{f'{min(times):.1f}..{max(times):.1f}':>18}"


def main() -> None:
    """Read the command line, time, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21, metavar="N", help="imports of each (21; at least 15)")
    rounds = parser.parse_args().rounds
    if rounds < 15:
        parser.error("fewer than 15 rounds say nothing")
    own, base = alternate(rounds)
    ratio = median(own) / median(base)
    print(f"{'import':<52}{'ms':>8}{'min..max':>18}")
    print(line(OURS, own))
    print(line(BASE, base))
    print(f"\nratio of medians {ratio:.2f}, target <= {TARGET}: {'met' if ratio <= TARGET else 'missed'}")


if __name__ == "__main__":
    main()

"""Fuzz the readers of what comes from outside: `python tests/fuzz/run.py`, or with the name of one target.

Each target runs for `--seconds`, 300 unless told otherwise, in a process of its own, led by what of the library an
input makes run (atheris, on libFuzzer). It begins with the seeds in `corpus/`, which the ordinary tests run too. A
finding stops its target: the input that made it is kept in the folder that is named, and its error is printed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import mkdtemp

HERE = Path(__file__).parent
NAMES = ("body", "lines", "spells", "values", "claims", "when", "quantity", "measure", "head", "proof")
BETWEEN = "\n%%%\n"  # seeds in a file of them
MEMORY = 1_024  # megabytes
LENGTH = 8_192  # bytes of an input


def seeds(name: str) -> list[bytes]:
    """Give the seeds of a target."""
    return (
        (HERE / "corpus" / f"{name}.txt")
        .read_text("utf-8")
        .rstrip("\n")
        .replace("\\0", "\0")
        .encode()
        .split(BETWEEN.encode())
    )


def fuzz(name: str, seconds: int, folder: Path) -> None:
    """Run one target in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["ledger"]):
        from targets import TARGETS, check

    begun = folder / "corpus"
    begun.mkdir()
    for place, seed in enumerate(seeds(name)):
        (begun / f"seed{place}").write_bytes(seed)
    options = {"max_total_time": seconds, "timeout": 10, "rss_limit_mb": MEMORY, "max_len": LENGTH}
    limits = [f"-{option}={most}" for option, most in options.items()]
    atheris.Setup(
        [sys.argv[0], *limits, f"-artifact_prefix={folder}/", str(begun)], lambda data: check(TARGETS[name], data)
    )
    atheris.Fuzz()


def main() -> int:
    """Run the targets that are asked for, one after the other; give how many of them found something."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="target", help=f"of {', '.join(NAMES)}; all of them if none is named"
    )
    parser.add_argument("--seconds", type=int, default=300, help="for each target")
    parser.add_argument("--folder", type=Path, help="run the one target in this process, and keep findings here")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"no target is called {', '.join(unknown)}")
    if asked.folder:
        fuzz(asked.names[0], asked.seconds, asked.folder)
    found = 0
    for name in asked.names or NAMES:
        folder = Path(mkdtemp(prefix=f"fuzz-{name}-"))
        command = [sys.executable, __file__, name, "--seconds", str(asked.seconds), "--folder", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        runs = re.search(r"^Done (\d+) runs in (\d+) second", done.stderr, re.MULTILINE)
        if done.returncode == 0 and runs:
            print(f"{name}: {int(runs[1]):,} inputs in {runs[2]} seconds, no finding", flush=True)
        else:
            found += 1
            print(f"{name}: a finding, kept in {folder}\n{done.stdout}{done.stderr}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())

"""Work in a process of its own, whose memory and speed nothing else has a part in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from watch import Measured

HERE: Final = Path(__file__).parent


def measured_apart(module: str, task: str, path: Path, count: int, flags: Sequence[str] = ()) -> Measured:
    """Run one task of one contestant by `run_one.py`, and give what it measured."""
    command = [sys.executable, *flags, str(HERE / "run_one.py"), module, task, str(path), str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: Measured = json.loads(done.stdout)
    return measured

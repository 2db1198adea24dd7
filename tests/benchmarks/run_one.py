"""Run one task of one contestant in a process of its own, and print what was measured as JSON.

Arguments: ours, peer or raw; the name of a function in it; a file; the number of events.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from watch import Watch


def main() -> None:
    """Run what the command line says."""
    contestant, task, path, count = sys.argv[1:]
    module = import_module(contestant)
    module.warm()
    watch = Watch()
    found = getattr(module, task)(Path(path), int(count), watch)
    print(json.dumps(watch.measured(found)))


if __name__ == "__main__":
    main()

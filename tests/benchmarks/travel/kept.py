"""The files of a history: written once, and found again where they were kept."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from apart import measured_apart

import ledger
from travel import history, recorded


def history_in(folder: Path, count: int, *, peers: bool = True) -> Path:
    """Give the folder with the files of a history: what is there and still the same is not written again."""
    place = folder / f"{count}-{_fingerprint()}"
    place.mkdir(parents=True, exist_ok=True)
    _write(place, history.FACTS, count, "travel.history")
    _write(place, recorded.FILE, count, "travel.recorded")
    if peers:
        _write(place, "eventsourcing.db", count, "travel.on_eventsourcing")
    return place


def _write(place: Path, name: str, count: int, module: str) -> None:
    done = place / f"{name}.done"
    if done.exists():
        return
    for rest in place.glob(f"{name}*"):  # of a run that was broken off
        rest.unlink()
    print(f"{count:,} events: writing {name}", file=sys.stderr)
    start = perf_counter()
    measured_apart(module, "write", place / name, count)
    done.write_text(f"written in {perf_counter() - start:.1f} seconds\n", "utf-8")


def _fingerprint() -> str:
    """Give what the files depend on: how the history is told, and how the library writes it down."""
    library = Path(ledger.__file__).parent
    writing = [*library.glob("recording/*.py"), *library.glob("stores/sqlite/*.py"), library / "model" / "facts.py"]
    told = Path(__file__).parent
    sources = [*sorted(writing), told / "history.py", told / "recorded.py"]
    return sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()[:12]

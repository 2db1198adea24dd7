"""Our `at()` in a process that has done nothing else, not even warmed up, to see what memory it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from watch import Watch

import ledger
from travel.history import LAST_DAY
from travel.questions import moments
from travel.recorded import INITIATIVE

TARGET: Final = 100  # MB


def warm() -> None:
    """Do nothing: what loads on first use counts."""


def now(path: Path, count: int, watch: Watch) -> None:
    """As known now."""
    _at(path, moments(count)["now"], watch)


def middle(path: Path, count: int, watch: Watch) -> None:
    """As known when half of the events were recorded."""
    _at(path, moments(count)["the middle"], watch)


def early(path: Path, count: int, watch: Watch) -> None:
    """As known when a hundredth of the events was recorded."""
    _at(path, moments(count)["the first hundredth"], watch)


TASKS: Final = {"now": now, "the middle": middle, "the first hundredth": early}


def _at(path: Path, known: int, watch: Watch) -> None:
    watch.weigh("imported")
    with ledger.open(path) as book:
        state = book.initiative(INITIATIVE).at(LAST_DAY, known)
        state.count()

"""Waiting until somebody has recorded, where nobody says so: by looking again."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

LOOK_FIRST: Final = 0.001
LOOK_AT_LAST: Final = 0.25
"""Seconds between two looks: at first, and when nothing has happened for a while."""


def looked_for(position: Callable[[], int], after: int, seconds: float) -> bool:
    """Look until the newest record is past a position, and tell whether it was before so many seconds were over.

    >>> looked_for(lambda: 7, after=6, seconds=0), looked_for(lambda: 7, after=7, seconds=0)
    (True, False)
    """
    until, pause = monotonic() + seconds, LOOK_FIRST
    while position() <= after:
        left = until - monotonic()
        if left <= 0:
            return False
        sleep(min(pause, left))
        pause = min(2 * pause, LOOK_AT_LAST)
    return True

"""A clock that stands still, so that what is recorded in a test is recorded at the same instants each time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from ledger.model.errors import BadWhen, shown
from ledger.model.when import instant, instant_text

FIRST_INSTANT: Final = datetime(2024, 1, 1, tzinfo=UTC)
"""Where clocks and histories of tests begin."""

_SPAN: Final = r"([1-9]\d{0,6}) ((?:microsecond|second|minute|hour|day|week)s?)"


class FrozenClock:
    """A clock that stands still until it is set or advanced, to open a ledger with.

    >>> import ledger
    >>> clock = FrozenClock("2024-01-01T09:00:00Z")
    >>> with ledger.open(":memory:", clock=clock) as book:
    ...     _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
    ...     clock.advance("2 hours")
    ...     _ = book.initiative("club").record(ledger.MemberJoined("ben", "2021"))
    ...     [str(record.recorded_at.time()) for record in book.records()]
    ['09:00:00', '11:00:00']
    """

    def __init__(self, now: datetime | str = FIRST_INSTANT) -> None:
        self._now = instant(now)

    def __call__(self) -> datetime:
        """Give its instant, in UTC."""
        return self._now

    def set(self, now: datetime | str) -> None:
        """Set it to an aware instant or its RFC 3339 text, earlier ones too; raises `BadWhen`."""
        self._now = instant(now)

    def advance(self, by: timedelta | str) -> None:
        """Put it forward by some time: a `timedelta`, or a text such as `1 day`, `2 hours`, `1 microsecond`.

        A text is a whole number and weeks, days, hours, minutes, seconds or microseconds. Raises `BadWhen`, also for
        a way back, which `set` goes, and past the year 9999.
        """
        span = by if isinstance(by, timedelta) else _span(by)
        if span < timedelta(0):
            raise BadWhen(f"a clock is not advanced by {span}, which is a way back: set it to the earlier instant")
        try:
            self._now += span
        except OverflowError:
            raise BadWhen(f"{shown(by)} after {instant_text(self._now)} lies past the year 9999") from None

    def __repr__(self) -> str:
        return f"FrozenClock({instant_text(self._now)!r})"


def _span(text: object) -> timedelta:
    found = re.fullmatch(_SPAN, text, re.ASCII) if isinstance(text, str) else None
    if not found:
        raise BadWhen(f"{shown(text)} is no span of time: give a timedelta, or a text such as '1 day' or '2 hours'")
    number, unit = found.groups()
    return timedelta(**{f"{unit.removesuffix('s')}s": int(number)})

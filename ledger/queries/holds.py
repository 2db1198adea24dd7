"""Where a claim would hold: on which nearby day, or on which other basis, a figure that was contradicted agrees.

A wrong figure is often a right one of another day, of before the last ones joined, or of the suspended too. Between
two days on which a fact can begin to hold nothing changes, so that of each stretch the nearest day is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import Final, TypeVar

from attrs import evolve

from ledger.model.errors import Overlapping
from ledger.model.events import Claim
from ledger.model.figures import Figure
from ledger.model.measures import Distinct, Joined, Measure, Members, Total, singles_of
from ledger.model.periods import back

T = TypeVar("T")

REACH: Final = timedelta(days=1_826)
"""How far from its own day a claim is tried on others: five years either way, with one leap day."""

BASES_MAX: Final = 24
"""The nearest days whose members are tried: each costs the reading of a state."""

TRIED_MAX: Final = 100
"""How many days are tried where each must be read from the ledger, in milliseconds."""

ONE_DAY: Final = timedelta(days=1)


def nearest_day(
    claim: Claim, at: date, changes: Iterable[date], answer: Callable[[date], Figure], most: int | None = None
) -> date | None:
    """Give the day within `REACH` of a claim's own on which it would be confirmed, the earlier of two as near.

    `changes` are the days on which the figure can become another one. None where the claim holds on no such day, or
    on none of the `most` nearest ones.

    >>> from ledger.model.measures import Members
    >>> from ledger.model.state import replay
    >>> nearest_day(Claim(Members(), "1"), date(2023, 1, 20), [], lambda day: replay([], at=day).count()) is None
    True
    """
    for day in stretches(at, changes)[:most]:
        if abs(day - at) > REACH:
            return None
        if _holds(claim, answer, day):
            return day
    return None


def stretches(at: date, changes: Iterable[date]) -> list[date]:
    """Give the nearest day of each stretch of days without a change, but for that of the day itself, near ones first.

    >>> [str(day) for day in stretches(date(2023, 1, 20), [date(2023, 1, 20), date(2023, 2, 1)])]
    ['2023-01-19', '2023-02-01']
    """
    near = {day if day > at else day - ONE_DAY for day in changes if day > date.min}
    return sorted(near, key=lambda day: (abs(day - at), day))


def days_of_change(measure: Measure, windows: Iterable[tuple[date, date]]) -> set[date]:
    """Give every day on which a measure's figure can become another, from the windows of the facts it looks at.

    Those are the ends of the windows, the day since which a joining counts, and the days on which values become
    too old.
    """
    ends = {end for window in windows for end in window}
    found = set(ends)
    for single in singles_of(measure):
        if isinstance(single, Joined):
            found.add(single.since)
        elif isinstance(single, Total) and single.within is not None:
            found |= {day for end in ends if (day := too_old_from(end, single.within)) is not None}
    return found


def too_old_from(since: date, period: str) -> date | None:
    """Give the first day on which what began to hold on a day lies further back than a period; None past the calendar.

    >>> too_old_from(date(2021, 1, 31), "1 month"), too_old_from(date.max, "1 day")
    (datetime.date(2021, 3, 1), None)
    """
    # `back` never falls as the day goes on, so the first day can be found by halving
    low, high = since.toordinal(), date.max.toordinal()
    if back(date.max, period) <= since:
        return None
    while low < high:
        middle = (low + high) // 2
        if back(date.fromordinal(middle), period) > since:
            high = middle
        else:
            low = middle + 1
    return date.fromordinal(low)


def other_bases(measure: Measure) -> Iterator[Measure]:
    """Give the same measure on other bases than another day's members: the suspended too or not, parts or wholes.

    >>> list(other_bases(Members()))
    [Members(where=(), suspended=True)]
    """
    if isinstance(measure, Members | Distinct | Total):
        yield evolve(measure, suspended=not measure.suspended)
    if isinstance(measure, Total):
        yield from (evolve(measure, overlap=one) for one in ("parts", "whole") if one != measure.overlap)


def other_days(measure: Measure, at: date, changes: Iterable[date]) -> Iterator[Total]:
    """Give the total over the members of other days: the 24 nearest to the claim's own, and the last one of all.

    Those of the last day are the members of today, over whom so many figures of the past are published.
    """
    if isinstance(measure, Total) and measure.members_at is None:
        near = stretches(at, changes)
        for day in dict.fromkeys([*near[:BASES_MAX], *([max(near)] if near else [])]):
            yield evolve(measure, members_at=day)


def first_to_hold(claim: Claim, measures: Iterable[Measure], answer: Callable[[Measure], Figure]) -> Measure | None:
    """Give the first of these measures by which a claim would be confirmed; None where there is none."""
    return next((measure for measure in measures if _holds(claim, answer, measure)), None)


def _holds(claim: Claim, answer: Callable[[T], Figure], asked: T) -> bool:
    try:
        return claim.amount.contains(answer(asked).envelope)
    except Overlapping:  # there is no answer
        return False

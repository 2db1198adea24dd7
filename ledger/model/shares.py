"""Shares: what part one figure is of another."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

from attrs import evolve

from ledger.model.errors import BadInput
from ledger.model.exact import ONE, ZERO, Exact, divide
from ledger.model.figures import Figure, Figures, Support
from ledger.model.measures import By, Grouping, Joined, Measure, Members, Share, Total
from ledger.model.outcomes import Counting
from ledger.model.quantity import Quantity


def within_group(measure: Counting, by: By, group: str | None) -> Counting:
    """Give the measure of one group alone: the same filter, and the values of that group.

    >>> from ledger.model.measures import Members
    >>> within_group(Members(), "country", "Spain")
    Members(where=(('country', ('Spain',)),), suspended=False)
    """
    attribute, values = (by.attribute, by.values_of(group)) if isinstance(by, Grouping) else (by, (group,))
    where = dict(measure.where)
    passing = where.get(attribute, values)
    return evolve(measure, where={**where, attribute: [value for value in values if value in passing]})


def lies_within(part: Measure, whole: Measure) -> bool:
    """Does whoever counts for one measure, on any day, count for the other as well, with the same value?

    >>> from ledger.model.measures import Joined, Members
    >>> lies_within(Joined("2023-01-20"), Members()), lies_within(Members(suspended=True), Members())
    (True, False)
    >>> lies_within(Joined("2023-01-20"), Joined("2023-01-01")), lies_within(Members(), Joined("2023-01-01"))
    (True, False)
    """
    if isinstance(part, Total) and isinstance(whole, Total):
        # which of a member and its parts is left out hangs on who else counts
        if whole.overlap != "refuse" or evolve(part, where=whole.where, suspended=whole.suspended) != whole:
            return False
    elif not isinstance(part, Members | Joined) or not isinstance(whole, Members | Joined):
        return False
    passing = dict(part.where)
    if not all(name in passing and set(passing[name]) <= set(values) for name, values in whole.where):
        return False
    if isinstance(whole, Joined):
        return isinstance(part, Joined) and whole.since <= part.since
    return isinstance(part, Joined) or part.suspended <= whole.suspended


def share_of(measure: Share, part: Figure, whole: Figure, *, nonnegative: bool, within: Share | None = None) -> Figure:
    """Give the share that one figure is of another, of the same day; raises `WrongDimension`.

    `nonnegative` says that nobody adds less than nothing to either: then what lies within the whole is at most all
    of it, although each figure's own bounds would allow more. The figures of a group are `within` its own measures.
    """
    asked = within or measure
    most = ONE if nonnegative and lies_within(asked.part, asked.whole) else None
    return Figure(
        measure=measure,
        at=whole.at,
        amount=_ratio(part.amount, whole.amount, most),
        envelope=_ratio(part.envelope, whole.envelope, most),
        basis=whole.basis,
        complete=part.complete and whole.complete,
        has_value=part.has_value and whole.has_value,
        support=partial(_support_of_share, part, whole),
    )


def shares_of(
    measure: Share,
    parts: Figures,
    wholes: Figures,
    *,
    by: By,
    nobody: Callable[[Measure], Figure],
    nonnegative: bool,
) -> Figures:
    """Give the share of each group; where only one figure has a group, nobody counts in that of the other."""
    figures = {
        group: (parts.get(group) or nobody(measure.part), wholes.get(group) or nobody(measure.whole))
        for group in sorted({*parts, *wholes}, key=in_order)
    }
    shares = {
        group: share_of(measure, part, whole, nonnegative=nonnegative, within=_within_group(measure, by, group))
        for group, (part, whole) in figures.items()
    }
    return Figures(measure, shares)


def _within_group(measure: Share, by: By, group: str | None) -> Share:
    part, whole = cast("Counting", measure.part), cast("Counting", measure.whole)
    try:
        return Share(within_group(part, by, group), within_group(whole, by, group))
    except BadInput:  # a filter leaves nothing of the group
        return measure


def in_order(group: str | None) -> tuple[bool, str]:
    """Give what groups are sorted by: those without one come last."""
    return group is None, group or ""


def _support_of_share(part: Figure, whole: Figure) -> Support:
    missing = {*part.missing, *whole.missing}
    possibly = {*part.possibly_missing, *whole.possibly_missing} - missing
    return Support(
        members=whole.members,
        reporting=tuple(member for member in whole.reporting if member not in missing | possibly),
        missing=tuple(sorted(missing)),
        possible_members=whole.possible_members,
        possibly_missing=tuple(sorted(possibly)),
        oldest=min((day for day in (part.oldest, whole.oldest) if day is not None), default=None),
    )


def _ratio(part: Quantity, whole: Quantity, limit: Exact | None) -> Quantity:
    """Divide two amounts, up to a limit; where the whole can be zero or of either sign, nothing is known."""
    (low, high), (least, most) = part.base, whole.base
    part.meets(whole)  # raises WrongDimension
    if least is None or least <= 0 or low is None:
        return Quantity(None, None)
    lowest = divide(low, least) if low < 0 else ZERO if most is None else divide(low, most)
    if high is None:
        return Quantity(lowest, limit)
    highest = divide(high, least) if high >= 0 else ZERO if most is None else divide(high, most)
    return Quantity(lowest, highest if limit is None else min(highest, limit))

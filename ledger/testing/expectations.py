"""What a state is expected to be, held against what it is: every difference, with the records behind it.

members
  expected  ada, ben
  found     ada
  ben is among `former`:
    #2 2021-03-15 MemberJoined ben
    #3 2023-01-01 MemberLeft ben
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from attrs import frozen

from ledger.model.errors import BadInput, shown
from ledger.model.facts import Register
from ledger.model.figures import Figure
from ledger.model.measures import Measure, Members, Value
from ledger.model.members import contents
from ledger.model.quantity import Quantity, exactly
from ledger.model.wording import measure_of, worded
from ledger.testing.evidence import Evidence, set_in

Amount: TypeAlias = Quantity | str | int
"""An expected amount: a quantity, its text such as `451 Mt/year` or `8..17`, or a whole number."""


@frozen
class Difference:
    """One thing that is not as expected, and in lines what that rests on."""

    what: str
    expected: str
    found: str
    behind: list[str]

    def __str__(self) -> str:
        """Say it in lines, under a heading."""
        return "\n".join([self.what, *set_in([f"expected  {self.expected}", f"found     {self.found}", *self.behind])])


def of_members(evidence: Evidence, view: str, expected: Iterable[str]) -> Iterator[Difference]:
    """Compare who is in a view of the state, such as `members` or `former`."""
    yield from _of_ids(view, expected, getattr(evidence.state, view), evidence.on_member)


def of_reports(evidence: Evidence, view: str, expected: Iterable[str]) -> Iterator[Difference]:
    """Compare which reports are in a view of the state, `reports` or `possible_reports`."""
    yield from _of_ids(view, expected, getattr(evidence.state, view), evidence.on_report)


def of_missing(evidence: Evidence, metric: str, expected: Iterable[str]) -> Iterator[Difference]:
    """Compare of whom a total certainly has no value."""
    found = evidence.state.total(metric).missing
    yield from _of_ids(f"missing of {metric}", expected, found, lambda member: evidence.on_values(metric, member))


def of_measure(evidence: Evidence, asked: Measure | str, expected: Amount | None) -> Iterator[Difference]:
    """Compare the amount of a figure. None expects no value, which a `Value` can have; a text is a measure in words.

    A `Value` that is missing, or may be, equals no amount; a total is compared over the values that there are.
    Raises `BadInput` for what is no measure and no amount, and what `InitiativeState.measure` does.
    """
    measure = measure_of(asked) if isinstance(asked, str) else asked
    figure = evidence.state.measure(measure)
    if expected is None and not isinstance(measure, Value):
        raise BadInput(f"{worded(measure)} is expected to be None, and only the value of a metric can be missing")
    wanted = None if expected is None else _amount(expected)
    found = _amounts(figure)
    if found == [wanted]:
        return
    behind = evidence.behind(measure)
    if wanted is not None and wanted.dimension != figure.amount.dimension:
        behind.insert(
            0,
            f"in {wanted.unit or 'plain numbers'} and in {figure.amount.unit or 'plain numbers'}: "
            "their units measure different things",
        )
    told = " or ".join(map(_told, found)) if isinstance(measure, Value) else str(figure)
    what = "count" if measure == Members() else worded(measure)
    yield Difference(what, _told(wanted), told, behind)


def of_attributes(evidence: Evidence, member: str, expected: Mapping[str, str | None]) -> Iterator[Difference]:
    """Compare the attributes of a member that are named, also of one who may be a member or was one; None is none."""
    for name, wanted in expected.items():
        register = Register("member", member, "attribute", name)
        found = contents(evidence.state.registers.of(register))
        if found != (wanted,):
            behind = evidence.on(register) or evidence.on_member(member)
            told = " or ".join(text or "none" for text in found)
            yield Difference(f"{name} of {member}", wanted or "none", told, behind)


def _of_ids(
    what: str, expected: Iterable[str], found: Iterable[str], behind: Callable[[str], list[str]]
) -> Iterator[Difference]:
    if isinstance(expected, str) or not isinstance(expected, Iterable):
        raise BadInput(f"{what}={shown(expected)} must name ids in a list, each of them as text; [] is none at all")
    wanted, there = set(expected), set(found)
    if wanted != there:
        lines = [line for id in [*sorted(wanted - there), *sorted(there - wanted)] for line in behind(id)]
        yield Difference(what, _row(wanted), _row(there), lines)


def _row(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids)) or "none"


def _amounts(figure: Figure) -> list[Quantity | None]:
    """Give the amount of a figure and, where a single value may be missing, None beside it or instead."""
    if not isinstance(figure.measure, Value):
        return [figure.amount]
    if figure.missing:
        return [None]
    return [figure.amount] if figure.complete else [figure.amount, None]


def _amount(expected: object) -> Quantity:
    if isinstance(expected, int) and not isinstance(expected, bool):
        return exactly(expected)
    if isinstance(expected, str | Quantity):
        return Quantity.of(expected)
    raise BadInput(f"{shown(expected)} is no exact amount: write a text such as '0.3 Mt' or '8..17', or a whole number")


def _told(amount: Quantity | None) -> str:
    return "no value" if amount is None else str(amount)

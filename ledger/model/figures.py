"""Figures: the answers to measures, and what each of them rests on."""

from __future__ import annotations

from datetime import date

from attrs import field, frozen

from ledger.model.measures import Measure
from ledger.model.quantity import Quantity
from ledger.model.records import RecordRef


@frozen
class Figure:
    """A measure's answer: an amount, and what it rests on.

    `amount` is over the values that exist. `members` names the certain ones, `reporting` those of them
    whose value is certain, `missing` those who certainly have none; `possible_members` may count or not,
    and of `possibly_missing` the value may be missing. `envelope` is the amount with every missing value
    taken as anything that it can be. `oldest` is the earliest day on which something that the amount
    rests on can have begun to hold, and `basis` the day whose members were counted.
    """

    measure: Measure
    at: date
    amount: Quantity
    envelope: Quantity
    members: tuple[str, ...] = ()
    reporting: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    possible_members: tuple[str, ...] = ()
    possibly_missing: tuple[str, ...] = ()
    oldest: date | None = None
    basis: date = field(kw_only=True)

    @property
    def complete(self) -> bool:
        """Is no value missing, not even possibly?"""
        return not self.missing and not self.possibly_missing

    def __str__(self) -> str:
        """Give the amount, and how many report where not all do."""
        if self.complete:
            return str(self.amount)
        return f"{self.amount} ({len(self.reporting)} of {len(self.members)} report)"


@frozen
class Contribution:
    """What one member adds to a figure, and the records that say so.

    `amount` runs from the least to the most that it adds; `values` are the attribute values with which it
    counts in a `Distinct`. `certain`: it surely counts. `missing`: its value is, or may be, missing.
    """

    member: str
    amount: Quantity
    certain: bool
    missing: bool
    values: tuple[str, ...]
    records: tuple[RecordRef, ...]

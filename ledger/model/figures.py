"""Figures: the answers to measures, and what each of them rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property

from attrs import field, frozen

from ledger.model.measures import Measure
from ledger.model.quantity import Quantity
from ledger.model.records import RecordRef
from ledger.model.wording import headed


@frozen
class Support:
    """What a figure rests on: who counts, whose value is missing, and the earliest day it speaks of."""

    members: tuple[str, ...] = ()
    reporting: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    possible_members: tuple[str, ...] = ()
    possibly_missing: tuple[str, ...] = ()
    oldest: date | None = None


def _read(support: Support | Callable[[], Support]) -> Support:
    return support if isinstance(support, Support) else support()


@frozen(slots=False)  # its cached property lives beside its fields
class Figure:
    """A measure's answer: an amount, and what it rests on.

    `amount` is over the values that exist. `envelope` is the amount with every missing value taken as
    anything that it can be. `at` is the day asked, and `basis` the day whose members were counted.

    What it rests on is read when it is first asked for, where a timeline answered.
    """

    measure: Measure
    at: date
    amount: Quantity
    envelope: Quantity
    basis: date
    complete: bool
    """Is no value missing, not even possibly?"""
    _support: Support | Callable[[], Support] = field(repr=False, eq=_read)

    @cached_property
    def support(self) -> Support:
        """All that the figure rests on, at once."""
        return _read(self._support)

    @property
    def members(self) -> tuple[str, ...]:
        """The certain members."""
        return self.support.members

    @property
    def reporting(self) -> tuple[str, ...]:
        """Those of the certain members whose value is certain."""
        return self.support.reporting

    @property
    def missing(self) -> tuple[str, ...]:
        """Those of the certain members who certainly have no value."""
        return self.support.missing

    @property
    def possible_members(self) -> tuple[str, ...]:
        """Those who may count, and may not."""
        return self.support.possible_members

    @property
    def possibly_missing(self) -> tuple[str, ...]:
        """Those whose value may be missing."""
        return self.support.possibly_missing

    @property
    def oldest(self) -> date | None:
        """The earliest day on which something that the amount rests on can have begun to hold."""
        return self.support.oldest

    def to(self, unit: str) -> Figure:
        """Express the same figure in another unit of its dimension, exactly; raises `WrongDimension`."""
        return Figure(
            self.measure,
            self.at,
            self.amount.to(unit),
            self.envelope.to(unit),
            self.basis,
            self.complete,
            self._support,
        )

    def to_row(self) -> dict[str, object]:
        """Give one row of plain values: days are dates, ends are exact numbers, and None where they are open.

        `members` counts those who certainly count, and `reporting` those of them whose value is certain; the others
        are named.
        """
        return {
            "measure": headed(self.measure),
            "at": self.at,
            "basis": self.basis,
            "low": self.amount.low,
            "high": self.amount.high,
            "unit": self.amount.unit,
            "complete": self.complete,
            "members": len(self.members),
            "reporting": len(self.reporting),
            "missing": list(self.missing),
            "possible_members": list(self.possible_members),
            "possibly_missing": list(self.possibly_missing),
            "envelope_low": self.envelope.low,
            "envelope_high": self.envelope.high,
            "oldest": self.oldest,
        }

    def __reduce__(self) -> tuple[type[Figure], tuple[object, ...]]:
        return Figure, (
            self.measure,
            self.at,
            self.amount,
            self.envelope,
            self.basis,
            self.complete,
            self.support,
        )

    def __str__(self) -> str:
        """Give the amount, and how many report where not all do."""
        if self.complete:
            return str(self.amount)
        return f"{self.amount} ({len(self.reporting)} of {len(self.members)} report)"


def rows_of(answer: Figure | Mapping[str | None, Figure]) -> list[dict[str, object]]:
    """Give a row for a figure or, where it was asked by groups, for each of them, with its `group` before it.

    >>> from ledger.model.state import replay
    >>> rows_of(replay([], at="2024-01-01").count())[0]["high"]
    Decimal('0')
    """
    if isinstance(answer, Figure):
        return [answer.to_row()]
    return [{"group": group, **figure.to_row()} for group, figure in answer.items()]


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

"""Figures: the answers to measures, and what each of them rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Self

from attrs import field, frozen

from ledger.model.exact import Exact
from ledger.model.measures import Measure
from ledger.model.quantity import Quantity
from ledger.model.records import RecordRef
from ledger.model.tables import Keyed, Row, Rows, Tabular


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
class Figure(Tabular):
    """A measure's answer: an amount, and what it rests on.

    `amount` is over the values that exist. `envelope` is the amount with every missing value taken as
    anything that it can be. `at` is the day asked, and `basis` the day whose members were counted.

    What it rests on is read when it is first asked for, where a timeline answered. It is a table with one row.
    """

    measure: Measure
    at: date
    amount: Quantity
    envelope: Quantity
    basis: date
    complete: bool
    """Is no value missing, not even possibly?"""
    has_value: bool = field(repr=False)
    """Does any of the values exist that it is made of? Where none does, and some is missing, its amount is no zero, and
    says nothing. A count always has one."""
    _support: Support | Callable[[], Support] = field(repr=False, eq=_read)

    @cached_property
    def support(self) -> Support:
        """All that the figure rests on, at once."""
        return _read(self._support)

    @property
    def ends(self) -> tuple[Exact | None, Exact | None]:
        """The least and the most of the amount: None where it is open, and both where no value exists."""
        return (self.amount.low, self.amount.high) if self.has_value else (None, None)

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
            self.has_value,
            self._support,
        )

    def __reduce__(self) -> tuple[type[Figure], tuple[object, ...]]:
        return Figure, (
            self.measure,
            self.at,
            self.amount,
            self.envelope,
            self.basis,
            self.complete,
            self.has_value,
            self.support,
        )

    def __str__(self) -> str:
        """Give the amount, and how many report where not all do."""
        if self.complete:
            return str(self.amount)
        return f"{self.amount} ({len(self.reporting)} of {len(self.members)} report)"


class Figures(Keyed[str | None, Figure]):
    """The figures of one measure by groups: by the value of an attribute or its group, None for those without one.

    `measure` is what was asked of each group. It is a table with a row for each.
    """

    __slots__ = ("measure",)

    def __init__(self, measure: Measure, figures: Mapping[str | None, Figure]) -> None:
        super().__init__(figures)
        self.measure = measure


@frozen
class Contribution(Row):
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


class Contributions(Rows[Contribution]):
    """What each member that counts, or may count, adds to a figure; a table with a row for each.

    `measure` is what was explained, on the day `at`.
    """

    __slots__ = ("at", "measure")

    def __init__(self, measure: Measure, at: date, contributions: Iterable[Contribution]) -> None:
        super().__init__(contributions)
        self.measure, self.at = measure, at

    def _with(self, items: tuple[Contribution, ...]) -> Self:
        return type(self)(self.measure, self.at, items)

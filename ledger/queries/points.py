"""Points in both times: a day of the world, and the moment by which it was known."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeAlias

from attrs import field, frozen

from ledger.model.errors import BadInput, shown
from ledger.model.records import KnownAt, known_at_of
from ledger.model.when import day, instant_text


def _day(value: date | str) -> date:
    return day(value)


def _known_at(value: KnownAt) -> datetime | int | None:
    return known_at_of(value)


@frozen
class Point:
    """A day, and the moment of knowledge (inclusive) at which it is looked at; None is all there is.

    >>> print(Point("2022-12-31", known_at="2023-06-01T02:00:00+02:00"))
    2022-12-31 known at 2023-06-01T00:00:00.000000Z
    """

    day: date = field(converter=_day)
    known_at: datetime | int | None = field(default=None, converter=_known_at)

    def __str__(self) -> str:
        if self.known_at is None:
            return str(self.day)
        moment = instant_text(self.known_at) if isinstance(self.known_at, datetime) else f"position {self.known_at}"
        return f"{self.day} known at {moment}"


PointLike: TypeAlias = Point | date | str | tuple[date | str, KnownAt]
"""A point, as given: a day as known now, or a pair of a day and a moment of knowledge."""


def point_of(value: PointLike) -> Point:
    """Read a point: a day, or a pair of a day and a moment of knowledge.

    Raises `BadWhen` for a day that is not exact or a naive instant, `BadInput` for what is no point at all.

    >>> point_of("2022-12-31") == point_of(("2022-12-31", None)) == Point("2022-12-31")
    True
    """
    if isinstance(value, Point):
        return value
    if isinstance(value, date | str):
        return Point(value)
    if not isinstance(value, tuple) or len(value) != 2:
        raise BadInput(
            f"{shown(value)} is no point: give a day such as '2022-12-31', or a pair of a day and a moment of "
            "knowledge, as in ('2022-12-31', '2023-06-01T00:00:00Z')"
        )
    return Point(*value)

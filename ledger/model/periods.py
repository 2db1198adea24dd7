"""Periods: how far back a value may lie, as in "within 2 years"."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import Final

from ledger.model.errors import BadWhen, shown

_UNITS: Final = {"day": (0, 1), "week": (0, 7), "month": (1, 0), "year": (12, 0)}  # in months, and in days
_PERIOD: Final = r"([1-9]\d{0,4}) (day|week|month|year)s?"


def period_of(text: object) -> str:
    """Bring a period into the one form that equal texts share: `90 days`, `4 weeks`, `18 months`, `2 years`.

    A whole number from 1 to 99,999, a blank, and a unit. Raises `BadWhen`.

    >>> period_of("1 years"), period_of("18 months")
    ('1 year', '18 months')
    """
    found = re.fullmatch(_PERIOD, text, re.ASCII) if isinstance(text, str) else None
    if not found:
        raise BadWhen(f"{shown(text)} is no period: write '2 years', '18 months', '4 weeks' or '90 days'")
    number, name = found.groups()
    return f"{number} {name}" if number == "1" else f"{number} {name}s"


def back(day: date, period: str) -> date:
    """Give the day that lies a period before another; the first day there is, where that would be earlier still.

    A month before the 31st is the last day of a shorter month.

    >>> back(date(2024, 3, 31), "1 month"), back(date(2024, 2, 29), "2 years")
    (datetime.date(2024, 2, 29), datetime.date(2022, 2, 28))
    """
    number, name = period_of(period).split(" ")
    months, days = (int(number) * one for one in _UNITS[name.removesuffix("s")])
    if days:
        return day - timedelta(days=min(days, (day - date.min).days))
    year, month = divmod(12 * day.year + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1])) if year >= 1 else date.min

"""Jsonable: what a result has, as JSON can say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ledger.model.exact import Exact
from ledger.model.when import instant_text


def jsonable(value: object, number: Callable[[Exact], object]) -> Any:
    """Give what JSON can say of a value: days and instants as texts, and exact numbers as `number` gives them.

    >>> jsonable({"at": date(2023, 1, 20), "low": Decimal("0.1"), "missing": ("ada",)}, str)
    {'at': '2023-01-20', 'low': '0.1', 'missing': ['ada']}
    """
    if isinstance(value, Mapping):
        return {str(name): jsonable(one, number) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(one, number) for one in value]
    if isinstance(value, Decimal | Fraction):
        return number(value)
    if isinstance(value, datetime):
        return instant_text(value)
    return value.isoformat() if isinstance(value, date) else value

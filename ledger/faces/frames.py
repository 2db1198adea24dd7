"""Frames: a result as a table of Arrow, which polars, pandas, DuckDB and others read.

    text                          string
    integer                       int64
    exact number                  decimal128(38, 9); of counts decimal128(38, 0)
    day                           date32
    instant                       timestamp, microseconds in UTC
    flag                          bool
    list of texts                 list<string>
    what JSON makes of more       string: a text as it is, else its JSON

An empty table has the types of a full one; of members it lacks the attributes, which are those that any of them has.

Numbers are not rounded: where one of a column needs more places, the column has as many, of 38 digits in all. Beyond,
`BadQuantity` is raised: Arrow has a decimal of more digits, but polars and DuckDB do not read it. `to_rows()` gives
such numbers too. Only what has no finite decimal, such as a third, is rounded: to the places of its column, half to
even.

What is missing or open is null, and never zero.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from typing import Any, Final

from ledger.faces.columns import (
    DAY,
    FLAG,
    FRAMES,
    INSTANT,
    INTEGER,
    NUMBER,
    PLAIN,
    TEXT,
    TEXTS,
)
from ledger.faces.tables import Table, table_of
from ledger.model.errors import BadQuantity, MissingExtra
from ledger.model.exact import Exact

PLACES: Final = 9
"""The places after the point that a number has at least, unless it is a count."""

_DIGITS: Final = 38  # of a decimal128
_EXACT: Final = Context(prec=_DIGITS, traps=[Inexact])


def stream_of(result: object, requested_schema: object = None) -> object:
    """Give a result as an Arrow stream, as the Arrow PyCapsule interface wants it.

    Raises `MissingExtra` where pyarrow is not installed, and `BadQuantity` for a number of more than 38 digits.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - only data frames need it
    except ImportError as error:
        raise MissingExtra("a data frame", "pyarrow", "arrow") from error
    frame = _frame(table_of(result), pa)
    return frame.__arrow_c_stream__(requested_schema)


def _frame(table: Table, pa: Any) -> Any:
    things = list(table.things)
    names, arrays = [], []
    for column in table.shown(FRAMES):
        names.append(column.name)
        values: list[Any] = [column.of(thing) for thing in things]
        if column.type == NUMBER:
            arrays.append(_numbers(column.name, values, 0 if table.whole else PLACES, pa))
        else:
            plain = [_text(value) for value in values] if column.type == PLAIN else values
            arrays.append(pa.array(plain, _TYPES[column.type](pa)))
    return pa.Table.from_arrays(arrays, names=names)


_TYPES: Final[dict[str, Callable[[Any], Any]]] = {
    TEXT: lambda pa: pa.string(),
    INTEGER: lambda pa: pa.int64(),
    DAY: lambda pa: pa.date32(),
    INSTANT: lambda pa: pa.timestamp("us", "UTC"),
    FLAG: lambda pa: pa.bool_(),
    TEXTS: lambda pa: pa.list_(pa.string()),
    PLAIN: lambda pa: pa.string(),
}


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _numbers(name: str, values: Sequence[Exact | None], least: int, pa: Any) -> Any:
    places = max([least, *(_places(value) for value in values if isinstance(value, Decimal))])
    # as whole numbers of the last place; only a fraction without an end is rounded
    scaled = [None if value is None else round(Fraction(value) * 10**places) for value in values]
    longest = max((abs(value) for value in scaled if value is not None), default=0)
    if longest >= 10**_DIGITS:
        raise BadQuantity(
            f"{name!r} takes more than the {_DIGITS} digits that a number of a data frame has at most, {places} of "
            "them after the point: ask for it in another unit, or read it with to_rows()"
        )
    decimals = [None if value is None else Decimal(value).scaleb(-places, _EXACT) for value in scaled]
    return pa.array(decimals, pa.decimal128(_DIGITS, places))


def _places(value: Decimal) -> int:
    """Say how many places after the point a number has, but for zeros at its end."""
    _, digits, exponent = value.as_tuple()
    zeros = next((place for place, digit in enumerate(reversed(digits)) if digit), len(digits))
    return max(0, -zeros - int(exponent))

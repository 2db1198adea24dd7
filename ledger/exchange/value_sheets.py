"""Amounts from CSV files: one in each row, or several in columns of their own, ready to be recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any, Final, TypeVar

from attrs import Attribute, field, frozen

from ledger.exchange.sheets import (
    File,
    IfThere,
    Row,
    Sheet,
    must_be_there,
    opened,
    require_columns,
    require_delimiter,
    require_flag,
    require_names,
    those_there,
)
from ledger.exchange.tables import Table
from ledger.model.errors import BadInput, BadQuantity, BadWhen, shown
from ledger.model.events import QUALITIES, Event, MetricUpdated
from ledger.model.fields import id_field, require_id
from ledger.model.quantity import Quantity
from ledger.model.readings import amount_of, reading_of
from ledger.model.units import unit as known_unit
from ledger.model.when import When

T = TypeVar("T")

_UNIT: Final = IfThere("unit")
_READING: Final = IfThere("reading")
_PERIOD: Final = IfThere("period")
_QUALITY: Final = IfThere("quality")


def _optional_when(value: When | date | str | None) -> When | None:
    return None if value is None else When.of(value)


def _known(_: object, __: Attribute[Any], value: object) -> None:
    known_unit(value)  # type: ignore[arg-type]  # what is no text is refused with a unit that is not known


def values(
    file: File,
    *,
    member: str | None = "member",
    metric: str = "metric",
    effective: str = "effective",
    amount: str = "amount",
    unit: str | None = _UNIT,
    reading: str | None = _READING,
    period: str | None = _PERIOD,
    quality: str | None = _QUALITY,
    delimiter: str | None = ",",
    lenient: bool = False,
) -> Table[Event]:
    r"""Read a CSV file in which each row is one amount of one metric, and give its events, in its order.

    `file` is a path (of UTF-8, with or without a byte order mark) or an open text file. Its first row names the
    columns. `member`, `metric`, `effective` and `amount` say which ones are meant, and must be there. The other four
    are read if the file has a column of that name; one that the caller names must be there, and None passes it over.
    All other columns are passed over.

    - `member`: its id. **Where the cell is blank the amount is that of the initiative as a whole**; `member=None`
      says so of all of them.
    - `effective`: the day from which the amount holds, rough or exact, as everywhere.
    - `amount`: as it is typed: `12.5 Mt/year`, `15..20 percent`, `>= 2.7e6 people`. `unit` is its unit, where it has
      none. A blank one is refused: it could be missing, or zero.
    - `reading`: how a printed number is meant, as in `ledger.model.readings`: `rounded`, `at least`, `about 2%`.
    - `period`: the time that the amount speaks of. `quality`: reported (as a blank is read), estimated or modelled.

    Metrics are defined first, by a `MetricDefined`. `Initiative.record_sheet` records the events, and once only,
    however often the file is read.

    Raises `BadInput` with all that is wrong, by row and column, and `OSError` for a file that cannot be opened. With
    `lenient=True` a row that is wrong is set aside in `rejected` of what is given.

    >>> from io import StringIO
    >>> text = "member,metric,effective,amount,unit\nbasque,co2,2022-06-30,12.5,Mt/year\n,jobs,2023,>= 2700,\n"
    >>> for event in values(StringIO(text)):
    ...     print(event.member, event.metric, event.effective, event.amount)
    basque co2 2022-06-30 12.5 Mt/year
    None jobs 2023 >= 2700
    """
    needed = {"metric": metric, "effective": effective, "amount": amount}
    optional = {"member": member, "unit": unit, "reading": reading, "period": period, "quality": quality}
    with _opened(file, needed, optional, delimiter, lenient=lenient) as (sheet, rows, there):
        read = [(row[0], event) for row in rows for event in sheet.value(row, there)]
    return sheet.table(read)


@frozen
class Amounts:
    """What a column of amounts holds: the metric, the unit where no cell has one, and the date where no row has one.

    >>> Amounts("co2", "Mt/year", effective="1990").effective
    When('1990')
    """

    metric: str = field(validator=id_field)
    unit: str = field(default="", validator=_known)
    effective: When | None = field(default=None, converter=_optional_when)


def wide_values(
    file: File,
    columns: Mapping[str, Amounts],
    *,
    member: str | None = "member",
    effective: str = "effective",
    delimiter: str | None = ",",
    lenient: bool = False,
) -> Table[Event]:
    r"""Read a CSV file whose rows hold several amounts, in a column for each metric or for each year.

    `columns` says of each column of amounts what stands in it; all others are passed over. Where these have no date,
    the column `effective` holds that of the row. A blank cell among amounts says nothing; a row without any amount is
    refused. `member`, and all else, is as for `values`.

    >>> from io import StringIO
    >>> text = "code,1990,2019\nAUT,17.0,18.1\nBEL,32.9,\n"
    >>> years = {year: Amounts("co2", "Mt/year", year) for year in ("1990", "2019")}
    >>> for event in wide_values(StringIO(text), years, member="code"):
    ...     print(event.member, event.effective, event.amount)
    AUT 1990 17.0 Mt/year
    AUT 2019 18.1 Mt/year
    BEL 1990 32.9 Mt/year
    """
    if not isinstance(columns, Mapping) or not columns or not all(isinstance(one, Amounts) for one in columns.values()):
        raise BadInput(
            f"columns={shown(columns)} does not say what stands in each column of amounts, as in "
            "{'co2_mt': Amounts('co2', 'Mt/year')}"
        )
    dated = all(one.effective is not None for one in columns.values())
    needed = {f"columns[{shown(column)}]": column for column in columns} | ({} if dated else {"effective": effective})
    with _opened(file, needed, {"member": member}, delimiter, lenient=lenient) as (sheet, rows, there):
        read = [(row[0], event) for row in rows for event in sheet.values(row, there, columns)]
    return sheet.table(read)


@contextmanager
def _opened(
    file: File, needed: Mapping[str, str], optional: Mapping[str, str | None], delimiter: str | None, *, lenient: bool
) -> Iterator[tuple[_ValueSheet, Iterator[Row], dict[str, str | None]]]:
    """Open a sheet, and give its rows and, by option, the columns that are there."""
    require_delimiter(delimiter)
    require_flag(lenient, "lenient", "what is wrong is refused or set aside")
    require_names(needed, optional)
    label, lines = opened(file)
    sheet = _ValueSheet(label, lenient, delimiter)
    options = {**needed, **optional}
    with lines as read:
        rows = sheet.rows(read)
        names = next(rows, (0, {}))[1]
        require_columns(label, names, must_be_there(options), "member='code'", optional)
        yield sheet, rows, those_there(label, names, options)


class _ValueSheet(Sheet):
    """A sheet whose rows hold amounts."""

    def value(self, row: Row, columns: Mapping[str, str | None]) -> Iterator[MetricUpdated]:
        """Read a row of one amount, and give its event; none if something is wrong with it, which is noted."""

        def read(what: str, reads: Callable[[str], T]) -> T | None:
            return self.read(row, columns[what], lambda cell: reads(cell.strip()))

        member = read("member", _member)
        metric = read("metric", lambda cell: require_id(cell, "the metric"))
        effective = read("effective", _date)
        period = read("period", lambda cell: When.of(cell) if cell else None)
        quality = read("quality", _quality)
        unit = read("unit", lambda cell: known_unit(cell).text)
        reading = read("reading", _reading)
        amount = read("amount", lambda cell: _amount(cell, unit or "", reading or ""))
        if row[0] not in self.problems and metric and effective and quality:
            event = read("amount", lambda _: MetricUpdated(metric, effective, amount, member, period, quality))
            yield from [event] if event else []

    def values(
        self, row: Row, columns: Mapping[str, str | None], amounts: Mapping[str, Amounts]
    ) -> Iterator[MetricUpdated]:
        """Read a row of several amounts, and give their events; what is wrong with it is noted."""
        number, cells = row
        member = self.read(row, columns["member"], lambda cell: _member(cell.strip()))
        day = None
        if "effective" in columns:
            day = self.read(row, columns["effective"], lambda cell: _date(cell.strip()))
        written = [column for column in amounts if cells[column].strip()]
        if not written:
            self.note(number, f"row {number} has no amount in any of its columns: write one, or remove the row")
        for column in written:
            one = amounts[column]
            amount = self.read(row, column, partial(_amount, unit=one.unit))
            when = one.effective or day
            if amount is not None and when is not None:
                yield MetricUpdated(one.metric, when, amount, member)


def _member(cell: str) -> str | None:
    return require_id(cell, "the member") if cell else None


def _date(cell: str) -> When:
    if not cell:
        raise BadWhen("it is blank: write the date, roughly where it is not known (2021, 2020/2022, [..2019])")
    return When.of(cell)


def _quality(cell: str) -> str:
    if cell and cell not in QUALITIES:
        raise BadInput(f"{shown(cell)} is none of {', '.join(QUALITIES)}: write one, or leave it blank for reported")
    return cell or QUALITIES[0]


def _reading(cell: str) -> str:
    reading_of(cell)
    return cell


def _amount(cell: str, unit: str, reading: str = "") -> Quantity:
    if not cell.strip():
        raise BadQuantity("it is blank: write the amount, or remove the row; what is not known is missing by itself")
    return amount_of(cell, unit, reading)

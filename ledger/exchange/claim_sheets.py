"""Claims from CSV files: a table of published figures, ready for a report that can be audited."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, TypeVar

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
from ledger.model.errors import BadInput, BadWhen, shown
from ledger.model.events import Claim
from ledger.model.fields import require_prose
from ledger.model.measures import MEASURES, Measure
from ledger.model.readings import amount_of, reading_of
from ledger.model.units import unit as known_unit
from ledger.model.when import day
from ledger.model.wording import measure_of

T = TypeVar("T")

_UNIT: Final = IfThere("unit")
_READING: Final = IfThere("reading")
_DEFINITION: Final = IfThere("definition")
_TEXT: Final = IfThere("text")


def claims(
    file: File,
    *,
    measure: str = "measure",
    amount: str = "amount",
    at: str | None = "at",
    unit: str | None = _UNIT,
    reading: str | None = _READING,
    definition: str | None = _DEFINITION,
    text: str | None = _TEXT,
    measures: Mapping[str, Measure] | None = None,
    delimiter: str | None = ",",
    lenient: bool = False,
) -> Table[Claim]:
    r"""Read a CSV file in which each row is one published figure, and give its claims, in its order.

    `file` is a path (of UTF-8, with or without a byte order mark) or an open text file. Its first row names the
    columns. `measure`, `amount` and `at` say which ones are meant, and must be there; `at=None` says that every
    figure speaks of the day of its report. The other four are read if the file has a column of that name; one that
    the caller names must be there, and None passes it over. All other columns are passed over.

    - `measure`: in words, as in `ledger.model.wording`: `members where country is Spain`, `total co2`. Published
      tables have labels of their own, and only people know what they mean: `measures` says it, as in
      `measures={"countries": Distinct("country")}`, and what it names is not read in words.
    - `amount`: as it is printed: `451 Mt/year`, `451`, `>= 2.7e6 people`. `unit` is its unit, where it has none.
    - `reading`: how the printed number is meant, as in `ledger.model.readings`: `exactly`, `rounded`, `at least`,
      `more than`, `at most`, `less than` or `about 2%`; of `451 Mt`, `rounded` makes 450.5..451.5 Mt. Where it is
      blank, the amount is as typed: `451 Mt` is exactly that.
    - `at`: the exact day that the figure speaks of; blank if that is the day of the report.
    - `definition`, the meaning that the report gives to the figure (none if it is blank), and `text`, a few words
      to find it by, are kept as they are. Where no column is read as the text, it is the place of the claim, such as
      `claims.csv, row 5`, so that whatever is said of it later leads back there; the folder is left out.

    Raises `BadInput` with all that is wrong, by row and column, and `OSError` for a file that cannot be opened. With
    `lenient=True` a row that is wrong is set aside in `rejected` of what is given, which `write_rejects` writes down.

    >>> from io import StringIO
    >>> from ledger.model.measures import Distinct
    >>> from ledger.model.wording import worded
    >>> lines = "measure,amount,unit,reading,at\ncountries,9,,,2023-01-20\ntotal co2,451,Mt/year,rounded,\n"
    >>> for claim in claims(StringIO(lines), measures={"countries": Distinct("country")}):
    ...     print(worded(claim.measure), "|", claim.amount, "|", claim.at)
    distinct country | 9 | 2023-01-20
    total co2 | 450.5..451.5 Mt/year | None
    """
    require_delimiter(delimiter)
    require_flag(lenient, "lenient", "what is wrong is refused or set aside")
    labels = _labels(measures)
    needed = {"measure": measure, "amount": amount}
    optional = {"at": at, "unit": unit, "reading": reading, "definition": definition, "text": text}
    require_names(needed, optional)
    label, lines = opened(file)
    sheet = _ClaimSheet(label, lenient, delimiter)
    with lines as read:
        rows = sheet.rows(read)
        names = next(rows, (0, {}))[1]
        require_columns(label, names, must_be_there({**needed, **optional}), "amount='claimed'", optional)
        there = those_there(label, names, {**needed, **optional})
        found = [(row[0], sheet.claim(row, there, labels)) for row in rows]
    return sheet.table((row, claim) for row, claim in found if claim is not None)


class _ClaimSheet(Sheet):
    """A sheet whose rows are claims."""

    @property
    def name(self) -> str:
        """The name of the file without its folder, as text that can be recorded."""
        return os.path.basename(self.label).encode("utf-8", "replace").decode("utf-8").replace("\0", "?")

    def claim(self, row: Row, columns: Mapping[str, str | None], labels: Mapping[str, Measure]) -> Claim | None:
        """Read one row; None if something is wrong with it, which is noted."""

        def read(what: str, reads: Callable[[str], T]) -> T | None:
            return self.read(row, columns[what], reads)

        measure = read("measure", lambda cell: _measure(cell.strip(), labels))
        at = read("at", lambda cell: _day(cell.strip()))
        unit = read("unit", lambda cell: known_unit(cell.strip()).text)
        reading = read("reading", _reading)
        definition = read("definition", lambda cell: require_prose(cell, "the definition") if cell.strip() else None)
        place = f"{self.name}, row {row[0]}" if columns["text"] is None else ""
        text = read("text", lambda cell: require_prose(place or cell, "the text"))
        amount = read("amount", lambda cell: amount_of(cell, unit or "", reading or ""))
        if measure is None or amount is None or text is None:
            return None
        return read("amount", lambda _: Claim(measure, amount, at, definition, text))


def _labels(given: Mapping[str, Measure] | None) -> Mapping[str, Measure]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(
        isinstance(label, str) and isinstance(measure, MEASURES) for label, measure in given.items()
    ):
        raise BadInput(
            f"measures={shown(given)} is no mapping of labels to measures, as in {{'countries': Distinct('country')}}"
        )
    return given


def _measure(cell: str, labels: Mapping[str, Measure]) -> Measure:
    if cell in labels:
        return labels[cell]
    try:
        return measure_of(cell)
    except BadInput as error:
        raise BadInput(
            f"{shown(cell)} is no label that was explained, and no measure in words either: say what it means "
            f"(its label), or write it in words ({error})"
        ) from None


def _reading(cell: str) -> str:
    reading_of(cell)
    return cell


def _day(cell: str) -> date | None:
    try:
        return day(cell) if cell else None
    except BadWhen as error:
        raise BadWhen(
            f"{error}; a claim is compared with one day, so write the day that the figure speaks of, "
            "or leave the cell blank if that is the day of the report"
        ) from None

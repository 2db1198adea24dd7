"""CSV files, read row by row: what is wrong with any of them is told at once, by row and column."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TextIO, TypeAlias, TypeVar

from attrs import define, field

from ledger.exchange.bounded import each_of
from ledger.model.errors import BadInput, listed, near_names, shown
from ledger.model.limits import COLUMNS_MAX, ID_MAX, ROWS_MAX, SHEET_LINE_MAX

T = TypeVar("T")
File: TypeAlias = str | os.PathLike[str] | TextIO
Row: TypeAlias = tuple[int, dict[str, str]]  # its number, counted as a spreadsheet does, and its cells by column

PROBLEMS_MAX: Final = 20  # of a file, as far as they are told
ENOUGH: Final = 1_000  # problems, and the rest of the file is not read


class IfThere(str):
    """The name of a column that is read if there is one: a default. What a caller names must be there."""

    __slots__ = ()


@define
class Sheet:
    """A CSV file while it is read, and what is wrong with it."""

    label: str
    problems: list[str] = field(factory=list)

    def rows(self, lines: Iterable[str], delimiter: str) -> Iterator[Row]:
        """Read the rows that are not blank, the first one as the header; cells are as typed, names are stripped.

        A row of another length is noted as a problem and passed over. Where a thousand things are wrong, reading
        stops. Raises `BadInput` for what is no CSV, and for a file that is larger than `ledger.model.limits` says.
        """
        header: list[str] = []
        reader = csv.reader(_without_mark(each_of(lines, SHEET_LINE_MAX, self.label)), delimiter=delimiter, strict=True)
        number = 0
        try:
            for number, cells in enumerate(reader, 1):
                if number > ROWS_MAX + 1:
                    raise BadInput(f"{self.label}: it has more than {ROWS_MAX:,} rows: read it in parts")
                if len(self.problems) >= ENOUGH:
                    return
                if not any(map(str.strip, cells)):
                    continue
                if not header:
                    header = _header(self.label, [cell.strip() for cell in cells])
                if len(cells) == len(header):
                    yield number, dict(zip(header, cells, strict=True))
                else:
                    self.problems.append(
                        f"row {number} has {len(cells)} cells, and {len(header)} columns are named: "
                        "quote a cell that holds a delimiter, and write every cell, blank or not"
                    )
        except (csv.Error, UnicodeError) as error:
            # a file is decoded many rows at a time, so what cannot be may stand far below
            below = " or below" if isinstance(error, UnicodeError) else ""
            raise BadInput(
                f"{self.label}, in row {number + 1}{below}: {error}: save it as a CSV file in UTF-8, "
                "and open it as text"
            ) from None

    def read(self, row: Row, column: str | None, reads: Callable[[str], T]) -> T | None:
        """Read one cell, as typed, or an empty one where there is no such column; what is wrong with it is noted."""
        number, cells = row
        try:
            return reads("" if column is None else cells[column])
        except BadInput as error:
            self.problems.append(f"row {number}, column {_named(column)}: {error}")
            return None

    def require_no_problems(self) -> None:
        """Raise `BadInput` with whatever is wrong with the rows."""
        count = len(self.problems)
        if count:
            rest = f"{count - PROBLEMS_MAX} more" if count < ENOUGH else "many more, and it was not read to its end"
            more = f"\n  and {rest}" if count > PROBLEMS_MAX else ""
            lines = "".join(f"\n  {problem}" for problem in self.problems[:PROBLEMS_MAX])
            raise BadInput(f"{self.label}: nothing was read, for {count} reason{'s' * (count > 1)}:{lines}{more}")


def opened(file: File) -> tuple[str, AbstractContextManager[Iterable[str]]]:
    """Open a path (of UTF-8, with or without a byte order mark) or take an open text file; give its name with it.

    Raises `BadInput` for what is neither, and `OSError` for a path that cannot be opened.
    """
    if isinstance(file, str | os.PathLike):
        if "\0" in os.fspath(file):
            raise BadInput(f"{shown(file)} is no path: no file can have that name")
        return os.fspath(file), open(file, encoding="utf-8", newline="")  # the caller closes it
    if not hasattr(file, "read"):
        raise BadInput(f"{shown(file)} is no CSV file: give its path, or open it as text")
    if getattr(file, "closed", False):
        raise BadInput(f"{shown(file)} is closed: give its path, or open it anew")
    return str(getattr(file, "name", "the CSV file")), nullcontext(file)


def require_delimiter(delimiter: object) -> None:
    """Raise `BadInput` for what cannot stand between cells."""
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n ':
        raise BadInput(f"delimiter={shown(delimiter)} is not one sign between cells, such as ',' or ';' or a tab")


def require_names(needed: Mapping[str, object], optional: Mapping[str, object]) -> None:
    """Raise `BadInput` where an option that names a column does not; an optional one may be None."""
    given = {what: column for what, column in optional.items() if column is not None}
    for what, column in (*needed.items(), *given.items()):
        if not isinstance(column, str) or not column:
            hint = f", or {what}=None where there is none" if what in optional else ""
            raise BadInput(f"{what}: {shown(column)} is no name of a column: give one as the first row has it{hint}")


def require_columns(label: str, columns: Iterable[str], wanted: Iterable[object], example: str) -> None:
    """Raise `BadInput` for columns that the first row does not name; `example` is an option that would name one."""
    named = [column for column in columns if column]
    missing = [column for column in wanted if column != "" and column not in named]
    if missing:
        near = [near for column in missing for near in near_names(str(column), named)]
        hint = f" Did you mean {' or '.join(map(shown, near))}?" if near else ""
        raise BadInput(
            f"{label}: there is no column {_listed(missing)}; its first row names {_listed(named) or 'none'}."
            f"{hint} Say which column is which, as in {example}, or which sign is between them, as in delimiter=';'"
        )


def must_be_there(options: Mapping[str, str | None]) -> list[str]:
    """Give the columns that options name, less those that are read only if they are there."""
    return [column for column in options.values() if column is not None and not isinstance(column, IfThere)]


def those_there(label: str, columns: Collection[str], options: Mapping[str, str | None]) -> dict[str, str | None]:
    """Give each option's column, None for one that is read only if it is there and is not.

    Raises `BadInput` where a default one would be passed over for the case of its name.
    """
    alike_named = {column.lower(): column for column in columns}
    there = dict(options)
    for what, column in options.items():
        if isinstance(column, IfThere) and column not in columns:
            there[what] = None
            alike = alike_named.get(column.lower())
            if alike is not None and alike not in options.values():
                raise BadInput(
                    f"{label}: there is a column {shown(alike)}, and {shown(column)} is looked for: "
                    f"say {what}={shown(alike)}, or {what}=None to leave it out"
                )
    return there


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    # a byte order mark is the first sign of a file; elsewhere it is part of a cell
    first = True
    for line in lines:
        # what is no text the reader refuses
        yield line.removeprefix("\ufeff") if first and isinstance(line, str) else line
        first = False


def _named(column: str | None) -> str:
    return repr(column) if column is not None and len(column) <= ID_MAX else shown(column)


def _listed(columns: Iterable[object]) -> str:
    return listed(list(map(shown, columns)), PROBLEMS_MAX)


def _header(label: str, columns: list[str]) -> list[str]:
    if len(columns) > COLUMNS_MAX:
        raise BadInput(f"{label}: its first row names {len(columns):,} columns; at most {COLUMNS_MAX:,} are read")
    twice = [column for column, count in Counter(columns).items() if column and count > 1]
    if twice:
        raise BadInput(f"{label}: the columns {_listed(twice)} are named twice: rename one of each")
    return columns

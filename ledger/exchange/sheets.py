"""CSV files, read row by row: what is wrong with any of them is told at once, by row and column."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, islice
from types import MappingProxyType
from typing import Final, TextIO, TypeAlias, TypeVar

from attrs import define, field

from ledger.exchange.bounded import OTHER_ENCODING, each_of, undecodable
from ledger.exchange.tables import MARK, REJECT_COLUMNS, UTF_8, Rejected, Table
from ledger.model.errors import PROBLEMS_MAX, BadInput, listed, near_names, problems_in, shown
from ledger.model.limits import COLUMNS_MAX, ID_MAX, ROWS_MAX, SHEET_LINE_MAX

T = TypeVar("T")
File: TypeAlias = str | os.PathLike[str] | TextIO
Row: TypeAlias = tuple[int, dict[str, str]]  # its number, counted as a spreadsheet does, and its cells by column

COMMA: Final = ","
ENOUGH: Final = 1_000  # problems, and the rest of a file is not read that is refused
_ESCAPED: Final = re.compile("[\udc80-\udcff]")  # bytes that are no text, as Python lets them in
_QUOTED: Final = re.compile('"[^"]*"')


class IfThere(str):
    """The name of a column that is read if there is one: a default. What a caller names must be there."""

    __slots__ = ()


@define
class Sheet:
    """A CSV file while it is read, and what is wrong with it; a lenient one sets aside what another one refuses."""

    label: str
    lenient: bool = False
    delimiter: str | None = ","
    """What stands between cells; None until the first row has told it."""
    columns: tuple[str, ...] = ()
    cells: dict[int, tuple[str, ...]] = field(factory=dict)
    problems: dict[int, list[str]] = field(factory=dict)
    """By the number of a row, what is wrong with it, as far as it is told; `count` counts all."""
    count: int = 0
    whole: bool = True
    marked: bool = False
    """Does the file begin with a byte order mark?"""
    encoding: str = UTF_8

    def rows(self, lines: Iterable[str]) -> Iterator[Row]:
        """Read the rows that are not blank, the first one as the header; cells are as typed, names are stripped.

        What a file of rejects says of its rows is passed over. A row of another length is noted as a problem and
        passed over. Where a thousand things are wrong, reading stops, but for a lenient sheet. Raises `BadInput` for
        what is no CSV, and for a file that is larger than `ledger.model.limits` says.
        """
        self.encoding = getattr(lines, "encoding", None) or UTF_8  # a text in memory has none
        read = self._without_mark(_decoded(each_of(lines, SHEET_LINE_MAX, self.label), self.encoding))
        number, aside = 0, frozenset[int]()
        try:
            delimiter, read = (self.delimiter, read) if self.delimiter else _delimited(read)
            self.delimiter = delimiter
            for number, typed in enumerate(csv.reader(read, delimiter=delimiter, strict=True), 1):
                if number > ROWS_MAX + 1:
                    raise BadInput(f"{self.label}: it has more than {ROWS_MAX:,} rows: read it in parts")
                if self.count >= ENOUGH and not self.lenient:
                    self.whole = False
                    return
                if not self.columns:
                    aside = _places_of_rejects(typed)
                cells = [cell for place, cell in enumerate(typed) if place not in aside] if aside else typed
                if not any(map(str.strip, cells)):
                    continue
                if self.columns:
                    self.cells[number] = tuple(cells)
                else:
                    self.columns = tuple(_header(self.label, [cell.strip() for cell in cells]))
                if len(cells) == len(self.columns):
                    yield number, dict(zip(self.columns, cells, strict=True))
                else:
                    self.note(
                        number,
                        f"row {number} has {len(cells)} cells, and {len(self.columns)} columns are named: "
                        "quote a cell that holds a delimiter, and write every cell, blank or not",
                    )
        except (csv.Error, UnicodeError) as error:
            # a file that the caller opened is decoded many rows at a time, so what cannot be may stand far below
            below = " or below" if isinstance(error, UnicodeError) else ""
            why = undecodable(error) if isinstance(error, UnicodeError) else str(error)
            raise BadInput(
                f"{self.label}, in row {number + 1}{below}: {why}: save it as a CSV file in UTF-8, or {OTHER_ENCODING}"
            ) from None

    def read(self, row: Row, column: str | None, reads: Callable[[str], T]) -> T | None:
        """Read one cell, as typed, or an empty one where there is no such column; what is wrong with it is noted."""
        number, cells = row
        try:
            return reads("" if column is None else cells[column])
        except BadInput as error:
            self.note(number, f"row {number}, column {_named(column)}: {error}")
            return None

    def note(self, row: int, problem: str) -> None:
        """Note what is wrong with a row, in words that name it; of one row no more than can be told."""
        self.count += 1
        of_row = self.problems.setdefault(row, [])
        if len(of_row) <= PROBLEMS_MAX:
            of_row.append(problem)

    def table(self, found: Iterable[tuple[int, T]]) -> Table[T]:
        """Give what was found in the rows that are sound, each with the number of its row.

        Raises `BadInput` with whatever is wrong with the others, but for a lenient sheet, which sets them aside.
        """
        if self.problems and not self.lenient:
            told = list(islice(chain.from_iterable(self.problems.values()), PROBLEMS_MAX))
            raise BadInput(problems_in(self.label, "read", told, self.count, whole=self.whole))
        sound = [(row, one) for row, one in found if row not in self.problems]
        return Table(
            self.label,
            self.delimiter or COMMA,
            self.columns,
            tuple(one for _, one in sound),
            tuple(row for row, _ in sound),
            tuple(Rejected(row, self.cells[row], reason_of(self.problems[row])) for row in sorted(self.problems)),
            self.cells,
            self.marked,
            self.encoding,
        )

    def _without_mark(self, lines: Iterable[str]) -> Iterator[str]:
        # a byte order mark is the first sign of a file; elsewhere it is part of a cell
        first = True
        for line in lines:
            if first and isinstance(line, str):  # what is no text the reader refuses
                self.marked = line.startswith(MARK)
                yield line.removeprefix(MARK)
            else:
                yield line
            first = False


def reason_of(problems: Sequence[str]) -> str:
    """Put what is wrong with one row in one cell, which must not be longer than a cell may be."""
    return "; ".join(problems[:PROBLEMS_MAX]) + "; and more" * (len(problems) > PROBLEMS_MAX)


def opened(file: File) -> tuple[str, AbstractContextManager[Iterable[str]]]:
    """Open a path (of UTF-8, with or without a byte order mark) or take an open text file; give its name with it.

    Raises `BadInput` for what is neither, and `OSError` for a path that cannot be opened.
    """
    if isinstance(file, str | os.PathLike):
        if "\0" in os.fspath(file):
            raise BadInput(f"{shown(file)} is no path: no file can have that name")
        # what is no UTF-8 is let in here and refused where its row is known; the caller closes the file
        return os.fspath(file), open(file, encoding="utf-8", errors="surrogateescape", newline="")
    if not hasattr(file, "read"):
        raise BadInput(f"{shown(file)} is no CSV file: give its path, or open it as text")
    if getattr(file, "closed", False):
        raise BadInput(f"{shown(file)} is closed: give its path, or open it anew")
    return str(getattr(file, "name", "the CSV file")), nullcontext(file)


def require_delimiter(delimiter: object) -> None:
    """Raise `BadInput` for what cannot stand between cells; None is whatever the first row has there."""
    if delimiter is None:
        return
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n ':
        raise BadInput(f"delimiter={shown(delimiter)} is not one sign between cells, such as ',' or ';' or a tab")


def _delimited(lines: Iterator[str]) -> tuple[str, Iterator[str]]:
    """Find what stands between the cells of the first row: a comma, or where there is none a semicolon or a tab."""
    read, first = [], ""
    for line in lines:
        read.append(line)
        first = _QUOTED.sub("", line) if isinstance(line, str) else ""  # what is no text the reader refuses
        if first.strip():
            break
    counts = {sign: first.count(sign) for sign in (COMMA, ";", "\t")}
    found = COMMA if counts[COMMA] else max(counts, key=counts.__getitem__)
    return found, chain(read, lines)


def require_flag(value: object, what: str, why: str) -> None:
    """Raise `BadInput` for what is neither True nor False."""
    if not isinstance(value, bool):
        raise BadInput(f"{what}={shown(value)} must be True or False: {why}")


def require_names(needed: Mapping[str, object], optional: Mapping[str, object]) -> None:
    """Raise `BadInput` where an option that names a column does not; an optional one may be None."""
    given = {what: column for what, column in optional.items() if column is not None}
    for what, column in (*needed.items(), *given.items()):
        if not isinstance(column, str) or not column:
            hint = f", or {what}=None where there is none" if what in optional else ""
            raise BadInput(f"{what}: {shown(column)} is no name of a column: give one as the first row has it{hint}")


def require_columns(
    label: str,
    columns: Iterable[str],
    wanted: Iterable[object],
    example: str,
    optional: Mapping[str, str | None] = MappingProxyType({}),
) -> None:
    """Raise `BadInput` for columns that the first row does not name; `example` is an option that would name one.

    Those of `optional` can be left out.
    """
    named = [column for column in columns if column]
    missing = [column for column in wanted if column != "" and column not in named]
    if missing:
        near = [near for column in missing for near in near_names(str(column), named)]
        hint = f" Did you mean {' or '.join(map(shown, near))}?" if near else ""
        without = [f"{what}=None" for what, column in optional.items() if column in missing]
        none = f"; where there is none, say {' and '.join(without)}" if without else ""
        raise BadInput(
            f"{label}: there is no column {_listed(missing)}; its first row names {_listed(named) or 'none'}."
            f"{hint} Say which column is which, as in {example}{none}; or which sign is between them, as in "
            "delimiter=';'"
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


def _named(column: str | None) -> str:
    return repr(column) if column is not None and len(column) <= ID_MAX else shown(column)


def _listed(columns: Iterable[object]) -> str:
    return listed(list(map(shown, columns)), PROBLEMS_MAX)


def _decoded(lines: Iterable[str], encoding: str) -> Iterator[str]:
    for line in lines:
        if isinstance(line, str) and not line.isascii() and _ESCAPED.search(line):
            try:
                line.encode(encoding, "surrogateescape").decode(encoding)
            except UnicodeError as error:
                raise csv.Error(undecodable(error, encoding)) from None  # of this row, not of one below
        yield line


def _places_of_rejects(header: list[str]) -> frozenset[int]:
    names = [cell.strip() for cell in header]
    both = all(column in names for column in REJECT_COLUMNS)
    return frozenset(place for place, name in enumerate(names) if both and name in REJECT_COLUMNS)


def _header(label: str, columns: list[str]) -> list[str]:
    if len(columns) > COLUMNS_MAX:
        raise BadInput(f"{label}: its first row names {len(columns):,} columns; at most {COLUMNS_MAX:,} are read")
    twice = [column for column, count in Counter(columns).items() if column and count > 1]
    if twice:
        raise BadInput(f"{label}: the columns {_listed(twice)} are named twice: rename one of each")
    return columns

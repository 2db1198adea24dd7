"""What a CSV file holds: what was read of it, each with its row, and the rows that were set aside, with the reason."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar, overload

from attrs import define, field, frozen

from ledger.model.errors import BadInput
from ledger.stores.new_file import failing, move, name_of, unfinished_for

T_co = TypeVar("T_co", covariant=True)

REJECT_COLUMNS: Final = ("reject_row", "reject_reason")
"""The first two columns of a file of rejects. Where a sheet has both, they are no part of what it says."""

UTF_8: Final = "utf-8"

MARK: Final = "\ufeff"
"""The byte order mark, by which some programs, such as Excel, know a file that is in UTF-8."""

_NO_CELLS: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType({})


@frozen
class Rejected:
    """A row that was set aside: its number, counted as a spreadsheet does, its cells as typed, and the reason."""

    row: int
    cells: tuple[str, ...]
    reason: str


@frozen(eq=False, repr=False)
class Table(Sequence[T_co]):
    r"""What was read of a CSV file: a sequence that remembers the row of each, and the rows that were set aside.

    It equals a list of the same. `rows` holds the number of the row of each, `rejected` what was set aside. Each row
    of the file that is not blank stands in one of the two, and in one alone.

    >>> from io import StringIO
    >>> from ledger.exchange import spells
    >>> table = spells(StringIO("member,name,start,end\nada,,2019,\nben,,soon,\n"), lenient=True)
    >>> len(table), table.rows, [rejected.row for rejected in table.rejected]
    (1, (2,), [3])
    """

    label: str
    delimiter: str
    columns: tuple[str, ...]
    read: tuple[T_co, ...]
    rows: tuple[int, ...]
    rejected: tuple[Rejected, ...] = ()
    cells: Mapping[int, tuple[str, ...]] = field(default=_NO_CELLS)
    """By the number of a row, its cells as typed."""
    marked: bool = False
    """Does the file begin with a byte order mark?"""
    encoding: str = UTF_8
    """In which encoding the file was read."""

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T_co]: ...
    def __getitem__(self, index: int | slice) -> T_co | Sequence[T_co]:
        return self.read[index]

    def __len__(self) -> int:
        return len(self.read)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Table):
            return (self.read, self.rejected) == (other.read, other.rejected)
        return list(self.read) == other if isinstance(other, list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as of a list, which it may be equal to

    def __repr__(self) -> str:
        return f"<{self.label}: {len(self.read)} read of it, {len(self.rejected)} rows set aside>"

    def with_aside(self, reasons: Mapping[int, str]) -> tuple[Rejected, ...]:
        """Give all that is set aside, in order of rows, when these rows are set aside too, each with its reason."""
        more = [Rejected(row, self.cells[row], reason) for row, reason in reasons.items()]
        return tuple(sorted([*self.rejected, *more], key=lambda rejected: rejected.row))

    def write_rejects(self, path: str | os.PathLike[str], rejected: Iterable[Rejected] | None = None) -> bool:
        """Write the rows that were set aside to a new CSV file, or other rows of this table that are `rejected`.

        It has the columns of the sheet, its delimiter, and before them `reject_row`, the number of the row, and
        `reject_reason`. These two are passed over when the file is read: so it can be mended and read again, by the
        same options. It is in the encoding of the sheet, with a byte order mark where that has one, so it opens in a
        spreadsheet as that did; and it appears whole or not at all. What no file can hold, such as a half of a
        character, or what the encoding has no sign for, is written as an escape. A file that holds the same rows
        already, for whatever reasons, is left as it is: then False is given, else True.

        Raises `BadInput` where anything else is at the path, and `StoreError` where it cannot be written.
        """
        target = Path(name_of(path))
        advice = "choose another name, in a folder that can be written to"
        with failing(lambda why: f"{target}: {why}: {advice}"), unfinished_for(target) as unfinished:
            with open(unfinished, "x", encoding=self.encoding, errors="backslashreplace", newline="") as file:
                file.write(MARK * self.marked)
                writer = csv.writer(file, delimiter=self.delimiter)
                writer.writerow([*REJECT_COLUMNS, *self.columns])
                for one in self.rejected if rejected is None else rejected:
                    writer.writerow([one.row, one.reason, *one.cells])
            if move(unfinished, target):
                return True
            if not _hold_the_same(unfinished, target, self.delimiter, self.encoding):
                raise _taken(target)
            return False


def _path(given: str | os.PathLike[str] | None) -> Path | None:
    return None if given is None else Path(name_of(given))


@define
class RejectsFile:
    r"""The file of the rows of a table that are set aside; a context manager around the recording of the others.

    Where that fails, a file that was written is taken away again: it is there only if the others are recorded. A path
    of None is no file, and nothing is written.

    >>> from ledger.exchange import spells
    >>> from io import StringIO
    >>> with RejectsFile(spells(StringIO("member,name,start,end\nada,,2019,\n")), None) as aside:
    ...     aside.write([])
    """

    table: Table[object]
    path: Path | None = field(converter=_path)
    written: bool = field(default=False, init=False)

    def write(self, rejected: Sequence[Rejected]) -> None:
        """Write these rows; raises `BadInput` where something else is there, also if there are none."""
        if self.path is None:
            return
        if rejected:
            self.written = self.table.write_rejects(self.path, rejected)
        elif os.path.lexists(self.path):
            raise _taken(self.path)

    def __enter__(self) -> RejectsFile:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is not None and self.path is not None and self.written:
            self.path.unlink(missing_ok=True)


def _hold_the_same(one: Path, other: Path, delimiter: str, encoding: str) -> bool:
    """Do two files of rejects hold the same rows, whatever the reasons?

    Where the ledger has grown in between, a reason names the record that was another row of the sheet before.
    """
    if not other.is_file():  # to open a pipe would wait for somebody to write to it
        return False
    pairs = zip_longest(*(_without_reasons(path, delimiter, encoding) for path in (one, other)))
    try:
        return all(row == found for row, found in pairs)
    except (ValueError, csv.Error):  # it is no text, or no file of rejects
        return False


def _without_reasons(path: Path, delimiter: str, encoding: str) -> Iterator[list[str]]:
    with open(path, encoding=encoding, newline="") as file:
        for row, _, *cells in csv.reader(file, delimiter=delimiter):
            yield [row, *cells]


def _taken(path: Path) -> BadInput:
    return BadInput(f"{path}: something is there already, and no file of rejects overwrites it: choose another path")

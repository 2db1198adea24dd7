"""A table for people: columns of cells under a header and a line, or where it would be too wide, row by row.

It looks as rich's own table does, which takes milliseconds for each row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest
from typing import Final, TypeAlias

_Row: TypeAlias = Sequence[str]

_BETWEEN: Final = "   "  # two columns
_TEXT_LEAST: Final = 16  # signs in a line of a cell that is folded: fewer cannot be read
_LEAST: Final = 2  # which a sign of some scripts needs


def drawn(
    header: _Row,
    rows: Sequence[_Row],
    *,
    right: Collection[int],
    line: str,
    most: int | None,
    bold: bool = False,
) -> Iterator[str]:
    """Give the lines of a table of at most so many signs in width, or as wide as it needs to be.

    The cells of the columns whose numbers are in `right` stand to the right. `line` is the sign of the line under the
    header, which may be `bold` on a terminal. Cells are folded between words only: a day, a number or an id stays in
    one piece. Where that is not enough, columns in which nothing stands are left out; and where the table is still too
    wide, each row stands by itself, with a line for each of its fields in which something stands.

    >>> table = ["id", "dues"], [["ada", "120"], ["ben", "5"]]
    >>> print(*drawn(*table, right={1}, line="-", most=None), sep="\\n")
    id    dues
    ----------
    ada    120
    ben      5
    >>> print(*drawn(*table, right={1}, line="-", most=9), sep="\\n")
    id:   ada
    dues: 120
    <BLANKLINE>
    id:   ben
    dues: 5
    """
    every = range(len(header))
    filled = [place for place in every if any(row[place] for row in rows)]
    for places in every, filled:
        head, *cells = [[row[place] for place in places] for row in (header, *rows)]
        widths = _widths([head, *cells], most)
        if widths is not None:
            to_the_right = {place for place, before in enumerate(places) if before in right}
            yield from _as_table(head, cells, widths, to_the_right, line=line, bold=bold)
            return
    yield from _one_by_one(header, rows, most or 0, bold=bold)


def _widths(rows: Sequence[_Row], most: int | None) -> list[int] | None:
    """Give the width of each column, narrowing the widest ones until all fit; None where that cannot be."""
    from rich.cells import cell_len  # noqa: PLC0415 - it takes a tenth of a second, and few commands need it

    columns = list(zip(*rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    if most is None:
        return widths
    words = [max(cell_len(word) for cell in column for word in (cell.split() or [""])) for column in columns]
    least = [max(word, min(width, _TEXT_LEAST)) for word, width in zip(words, widths, strict=True)]
    room = most - len(_BETWEEN) * (len(widths) - 1)

    def narrowed(limit: int) -> list[int]:
        return [max(few, min(many, limit)) for few, many in zip(least, widths, strict=True)]

    limit = bisect_right(range(max(widths, default=0) + 1), room, key=lambda limit: sum(narrowed(limit))) - 1
    return narrowed(limit) if limit >= 0 else None


def _as_table(
    header: _Row, rows: Sequence[_Row], widths: Sequence[int], right: Collection[int], *, line: str, bold: bool
) -> Iterator[str]:
    head, *others = ([_folded(cell, width) for cell, width in zip(row, widths, strict=True)] for row in (header, *rows))
    yield from (_bold(one) if bold else one for one in _lines(head, widths, right))
    yield line * (sum(widths) + len(_BETWEEN) * (len(widths) - 1))
    for row in others:
        yield from _lines(row, widths, right)


def _one_by_one(header: _Row, rows: Sequence[_Row], most: int, *, bold: bool) -> Iterator[str]:
    from rich.cells import cell_len  # noqa: PLC0415 - as above

    names = [f"{name}:" for name in header]
    width = max(_LEAST, min(max(map(cell_len, names)), most * 2 // 3))
    for place, row in enumerate(rows):
        if place:
            yield ""
        for name, cell in zip(names, row, strict=True):
            folded = _folded(name, width), _folded(cell, max(_LEAST, most - width - 1))
            for part, shown in zip_longest(*folded, fillvalue="") if cell else ():
                blank = " " * (width - cell_len(part))
                yield f"{_bold(part) if bold and part else part}{blank} {shown}".rstrip()


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


def _folded(cell: str, width: int) -> list[str]:
    from rich.cells import cell_len  # noqa: PLC0415 - as above

    if cell_len(cell) <= width:
        return [cell]
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    return [part.plain for part in Text(cell).wrap(Console(), width, overflow="fold")]


def _lines(cells: Sequence[Sequence[str]], widths: Sequence[int], right: Collection[int]) -> Iterator[str]:
    from rich.cells import cell_len  # noqa: PLC0415 - as above

    for parts in zip_longest(*cells, fillvalue=""):
        blanks = (" " * (width - cell_len(part)) for part, width in zip(parts, widths, strict=True))
        placed = (
            f"{blank}{part}" if place in right else f"{part}{blank}"
            for place, (part, blank) in enumerate(zip(parts, blanks, strict=True))
        )
        yield _BETWEEN.join(placed).rstrip()

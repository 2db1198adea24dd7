"""A table for people: columns of cells under a header and a line, folded where they would be too wide.

It looks as rich's own table does, which takes milliseconds for each row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest
from typing import Final

_BETWEEN: Final = "   "  # two columns
_LEAST: Final = 2  # which a sign of some scripts needs


def drawn(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Collection[int],
    line: str,
    most: int | None,
    bold: bool = False,
) -> Iterator[str]:
    """Give the lines of a table of at most so many signs in width, or as wide as it needs to be.

    The cells of the columns whose numbers are in `right` stand to the right. `line` is the sign of the line under the
    header, which may be `bold` on a terminal.

    >>> print(*drawn(["id", "dues"], [["ada", "120"], ["ben", "5"]], right={1}, line="-", most=None), sep="\\n")
    id    dues
    ----------
    ada    120
    ben      5
    """
    from rich.cells import cell_len  # noqa: PLC0415 - it takes a tenth of a second, and few commands need it

    widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]
    if most is not None:
        widths = _fitting(widths, most - len(_BETWEEN) * (len(widths) - 1))
    head, *others = ([_folded(cell, width) for cell, width in zip(row, widths, strict=True)] for row in (header, *rows))
    yield from (f"\x1b[1m{one}\x1b[0m" if bold else one for one in _lines(head, widths, right))
    yield line * (sum(widths) + len(_BETWEEN) * (len(widths) - 1))
    for row in others:
        yield from _lines(row, widths, right)


def _fitting(widths: Sequence[int], room: int) -> list[int]:
    """Narrow the widest columns until all of them fit, to the same width as far as that goes."""
    fitting = list(widths)
    narrow_first = sorted(range(len(widths)), key=widths.__getitem__)
    for left, place in zip(range(len(widths), 0, -1), narrow_first, strict=True):
        fitting[place] = min(widths[place], max(_LEAST, room // left))
        room -= fitting[place]
    return fitting


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

"""Bridges: from one figure to another, in lines that sum exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import frozen

from ledger.model.errors import listed
from ledger.model.exact import Exact, number_text
from ledger.model.measures import Simple
from ledger.model.tables import Tabular
from ledger.model.wording import headed

OPENING: Final = "opening"
CLOSING: Final = "closing"
_NAMED_MAX = 4  # subjects of one line that are named in the table


@frozen
class Line:
    """One line of a bridge: the ends of a figure or, of any other kind, by how much they change.

    An end is None where it is open, or where the change of one of the subjects is. `note` is the day of a
    figure and, where values are missing, how many report.
    """

    kind: str
    low: Exact | None
    high: Exact | None
    subjects: tuple[str, ...] = ()
    note: str = ""


@frozen
class Bridge(Tabular):
    """A measure at one point, what changed it, and the measure at another point.

    In each column the lines between sum exactly to the closing less the opening, unless one of them is open.
    It is a table with a row for each line.
    """

    measure: Simple
    unit: str
    lines: tuple[Line, ...]

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    @property
    def title(self) -> str:
        """The measure in words, and its unit."""
        title = headed(self.measure)
        return f"{title}, in {self.unit}" if self.unit else title

    def __str__(self) -> str:
        """Give a table in plain text; one column where every number is certain, else the low and the high ends."""
        columns = [[_cell(line, line.low) for line in self], [_cell(line, line.high) for line in self]]
        headings = ["low", "high"]
        if columns[0] == columns[1] and all(line.low is not None for line in self):
            columns, headings = columns[:1], [""]
        titles = ["", *(line.kind for line in self)]
        notes = ["", *(line.note or listed(line.subjects, _NAMED_MAX) for line in self)]
        aligned = [_aligned(titles, right=False)]
        aligned += [_aligned([heading, *column]) for heading, column in zip(headings, columns, strict=True)]
        rows = ["  ".join(cells).rstrip() for cells in zip(*aligned, notes, strict=True)]
        return "\n".join([self.title, *(row for row in rows if row)])


def signed(change: Exact | None) -> str:
    """Write a change with its sign.

    >>> from decimal import Decimal
    >>> signed(Decimal(3)), signed(Decimal("-0.5")), signed(Decimal(0)), signed(None)
    ('+3', '-0.5', '0', 'open')
    """
    if change is None:
        return "open"
    return f"+{number_text(change)}" if change > 0 else number_text(change)


def _cell(line: Line, end: Exact | None) -> str:
    if line.kind in (OPENING, CLOSING):
        return "open" if end is None else number_text(end)
    return signed(end)


def _aligned(cells: list[str], *, right: bool = True) -> list[str]:
    width = max(map(len, cells))
    return [cell.rjust(width) if right else cell.ljust(width) for cell in cells]

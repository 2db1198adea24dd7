"""Bridges: from one figure to another, in lines that sum exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import asdict, frozen

from ledger.model.exact import Exact, number_text
from ledger.model.measures import Distinct, Joined, Measure, Share, Simple, Total, Value

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
class Bridge:
    """A measure at one point, what changed it, and the measure at another point.

    In each column the lines between sum exactly to the closing less the opening, unless one of them is open.
    """

    measure: Simple
    unit: str
    lines: tuple[Line, ...]

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def to_rows(self) -> list[dict[str, object]]:
        """Give one row of plain values for each line, for a data frame or a CSV file."""
        return [{**asdict(line, recurse=False), "unit": self.unit, "subjects": list(line.subjects)} for line in self]

    def __str__(self) -> str:
        """Give a table in plain text; one column where every number is certain, else the low and the high ends."""
        columns = [[_cell(line, line.low) for line in self], [_cell(line, line.high) for line in self]]
        headings = ["low", "high"]
        if columns[0] == columns[1] and all(line.low is not None for line in self):
            columns, headings = columns[:1], [""]
        titles = ["", *(line.kind for line in self)]
        notes = ["", *(line.note or _names(line.subjects) for line in self)]
        aligned = [_aligned(titles, right=False)]
        aligned += [_aligned([heading, *column]) for heading, column in zip(headings, columns, strict=True)]
        rows = ["  ".join(cells).rstrip() for cells in zip(*aligned, notes, strict=True)]
        title = title_of(self.measure)
        return "\n".join([f"{title}, in {self.unit}" if self.unit else title, *(row for row in rows if row)])


def title_of(measure: Measure) -> str:
    """Name a measure as a heading would.

    >>> from ledger.model.measures import Members
    >>> spanish = Members({"country": "Spain"})
    >>> for measure in Total("co2", {"country": ["Spain", None]}), Joined("2023-01-20"), Share(spanish, Members()):
    ...     print(title_of(measure))
    Total co2 where country is none or Spain
    Joined since 2023-01-20
    Share of Members where country is Spain in Members
    >>> title_of(Total("co2", members_at="2020-02-01", overlap="parts", within="2 years", suspended=True))
    'Total co2 of the members of 2020-02-01, with the suspended, without wholes, within 2 years'
    """
    name = type(measure).__name__
    if isinstance(measure, Share):
        return f"{name} of {title_of(measure.part)} in {title_of(measure.whole)}"
    if isinstance(measure, Value):
        return f"{name} {measure.metric}" + (f" of {measure.member}" if measure.member is not None else "")
    if isinstance(measure, Joined):
        name += f" since {measure.since}"
    elif isinstance(measure, Distinct):
        name += f" {measure.attribute}"
    elif isinstance(measure, Total):
        name += f" {measure.metric}"
        name += "" if measure.members_at is None else f" of the members of {measure.members_at}"
    filters = [f"{what} is {' or '.join(value or 'none' for value in values)}" for what, values in measure.where]
    name += f" where {' and '.join(filters)}" if filters else ""
    name += ", with the suspended" if not isinstance(measure, Joined) and measure.suspended else ""
    if isinstance(measure, Total):
        name += {"parts": ", without wholes", "whole": ", without parts"}.get(measure.overlap, "")
        name += "" if measure.within is None else f", within {measure.within}"
    return name


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


def _names(subjects: tuple[str, ...]) -> str:
    if len(subjects) <= _NAMED_MAX + 1:  # "and 1 more" would save nothing
        return ", ".join(subjects)
    return f"{', '.join(subjects[:_NAMED_MAX])} and {len(subjects) - _NAMED_MAX} more"


def _aligned(cells: list[str], *, right: bool = True) -> list[str]:
    width = max(map(len, cells))
    return [cell.rjust(width) if right else cell.ljust(width) for cell in cells]

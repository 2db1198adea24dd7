"""Notebook: a result as a small table in HTML, which a notebook shows by itself.

It is made for reading: columns that are empty, or that only programs need, are left out, and so is what is beyond the
first rows. Colours are the notebook's own, light or dark. Whatever comes from the ledger is text. To show a result
never fails: where it cannot be read any more, the reason stands in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import singledispatch
from html import escape
from itertools import islice
from typing import Any, Final

from attrs import evolve

from ledger.faces.columns import DAY, FLAG, INSTANT, INTEGER, NOTEBOOKS, NUMBER, PLAIN, Column
from ledger.faces.markup import plain
from ledger.faces.tables import table_of
from ledger.model.errors import LedgerError, listed
from ledger.model.exact import number_text
from ledger.model.figures import Contributions, Figure, Figures
from ledger.model.measures import By, Grouping, Measure
from ledger.model.members import Member, Roll
from ledger.model.state import InitiativeState
from ledger.model.tables import Row
from ledger.model.when import instant_text
from ledger.model.wording import headed
from ledger.queries.bridge import Bridge
from ledger.queries.changes import Changes
from ledger.queries.conflicts import Conflicts
from ledger.queries.findings import Finding, Findings
from ledger.queries.history import HistoryEntries
from ledger.queries.series import Revisions, Series
from ledger.queries.why import Why

ROWS_MAX: Final = 20
"""The rows that are shown."""
_TEXT_MAX: Final = 200  # characters of a cell
_NAMES_MAX: Final = 5  # of a list in a cell

_TABLE: Final = "border-collapse:collapse"
_LINE: Final = "border-bottom:1px solid rgba(128,128,128,.35)"
_CELL: Final = "padding:.2em .8em;vertical-align:top;text-align:"  # on each, since notebooks have styles of their own
_RIGHT: Final = frozenset({NUMBER, INTEGER})
_UNBROKEN: Final = frozenset({NUMBER, INTEGER, DAY, INSTANT, FLAG})


def html_of(result: object) -> str:
    """Write a result as HTML: a heading, a table, and how many rows are not shown."""
    try:
        return _written(result)
    except LedgerError as error:
        return f"<p>{_safe(type(result).__name__)}: {_safe(str(error))}</p>"


def _written(result: object) -> str:
    table = table_of(_without_implied(result) if isinstance(result, Changes) else result)
    things = iter(table.things)
    first = list(islice(things, ROWS_MAX))
    columns = [(column, [_cell(column, thing) for thing in first]) for column in table.shown(NOTEBOOKS)]
    columns = [(column, cells) for column, cells in columns if any(cells)]
    head = "".join(f"<th style='{_style(column)}'>{_safe(column.name)}</th>" for column, _ in columns)
    styles = [_style(column) for column, _ in columns]
    rows = [
        "".join(f"<td style='{style}'>{cell}</td>" for style, cell in zip(styles, row, strict=True))
        for row in zip(*(cells for _, cells in columns), strict=True)
    ]
    head, *body = (f"<tr style='{_LINE}'>{row}</tr>" for row in [head, *rows])
    drawn = f"<table style='{_TABLE}'><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>" if rows else ""
    return f"<div><p><strong>{_safe(_heading(result))}</strong></p>{drawn}{_rest(result, things)}</div>"


def _without_implied(changes: Changes) -> Changes:
    return evolve(changes, all=tuple(change for change in changes if not change.implied))


def _rest(result: object, things: Iterator[Any]) -> str:
    if isinstance(result, Series):  # whose rows are not counted by groups, since all figures would have to be made
        more = next(things, None) is not None
        return f"<p>The first {ROWS_MAX} rows, of {_counted(len(result), 'day')}.</p>" if more else ""
    rest = sum(1 for _ in things)
    return f"<p>{_counted(rest, 'more row')}, not shown.</p>" if rest else ""


def _cell(column: Column, thing: object) -> str:
    value = column.of(thing)
    if value is None:
        return "open" if column.type == NUMBER else ""
    if isinstance(value, Decimal | Fraction):
        return _safe(number_text(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return _safe(instant_text(value))
    if column.type == PLAIN and isinstance(value, list):
        return _safe(" or ".join("nothing" if one is None else _said(one) or "none" for one in value))
    return _safe(_said(value))


def _said(value: object) -> str:
    """Write a value in words: lists and objects without the marks of JSON."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_said(one)}" for name, one in value.items() if one not in (None, "", [], {}))
    if isinstance(value, list) and any(one is not None for one in value):
        return listed(["-" if one is None else _said(one) for one in value], _NAMES_MAX)
    return "" if isinstance(value, list) else str(value)


def _safe(text: str) -> str:
    line = plain(text)
    return escape(line if len(line) <= _TEXT_MAX else f"{line[:_TEXT_MAX]}\u2026")


def _style(column: Column) -> str:
    unbroken = ";white-space:nowrap" if column.type in _UNBROKEN else ""
    return f"{_CELL}{'right' if column.type in _RIGHT else 'left'}{unbroken}"


@singledispatch
def _heading(result: Any) -> str:
    """Say in a line what a result is; of what is no more than several things, how many there are."""
    return _counted(len(result), _THINGS[type(result)])


_THINGS: Final = {Conflicts: "conflict", HistoryEntries: "record"}


@_heading.register
def _of_state(state: InitiativeState) -> str:
    """Count the certain members, and the others if there are any."""
    others = [f"{len(roll)} {roll.status}" for roll in (state.possible_members, state.suspended) if roll]
    return ", ".join([f"{state.name}, {state.at}: {_counted(len(state), 'member')}", *others])


@_heading.register
def _of_roll(roll: Roll) -> str:
    return _counted(len(roll), f"{roll.status} member")


@_heading.register
def _of_figure(figure: Figure) -> str:
    return f"{headed(figure.measure)}, {figure.at}: {figure}"


@_heading.register
def _of_figures(figures: Figures) -> str:
    days = {figure.at for figure in figures.values()}
    return ", ".join([headed(figures.measure), *map(str, days), _counted(len(figures), "group")])


@_heading.register(Series)
def _of_series(series: Series[Any]) -> str:
    days = f", {series.days[0]} to {series.days[-1]}" if series.days else ", no days"
    return f"{_asked(series.measure, series.by)}{days}"


@_heading.register(Revisions)
def _of_revisions(revisions: Revisions[Any]) -> str:
    return f"{_asked(revisions.measure, revisions.by)}, {revisions.at}: {_counted(len(revisions), 'belief')}"


@_heading.register
def _of_changes(changes: Changes) -> str:
    return str(changes).partition("\n")[0] + ("" if changes else ": nothing changed")


@_heading.register
def _of_why(why: Why) -> str:
    opening, closing = (f"{figure} on {figure.at}" for figure in (why.opening, why.closing))
    return f"{headed(why.measure)}: from {opening} to {closing}"


@_heading.register
def _of_bridge(bridge: Bridge) -> str:
    return bridge.title


@_heading.register
def _of_contributions(parts: Contributions) -> str:
    return f"{headed(parts.measure)}, {parts.at}: {_counted(len(parts), 'member')}"


@_heading.register(Row)
def _of_one(thing: Row) -> str:
    """Name what is no more than a row, by its class: the row says all of it."""
    return type(thing).__name__


@_heading.register
def _of_member(member: Member) -> str:
    return member.name


@_heading.register
def _of_finding(finding: Finding) -> str:
    return f"{headed(finding.measure)}, {finding.at}: {finding.verdict}"


@_heading.register
def _of_findings(findings: Findings) -> str:
    verdicts = Counter(finding.verdict for finding in findings)
    said = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    return _counted(len(findings), "claim") + (f": {said}" if said else "")


def _asked(measure: Measure, by: By | None) -> str:
    return headed(measure) + ("" if by is None else f", by {by.attribute if isinstance(by, Grouping) else by}")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"

"""Cells: what a reader sees of a value in a row of a page, and where it leads.

All that comes from the ledger is text. Only addresses of pages become links to elsewhere, and only in columns that may
hold one: in a name they would be the words of somebody else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Final, TypeAlias

from ledger.faces.datasette.pages import PAGES
from ledger.faces.markup import linked, plain

Value: TypeAlias = str | int | float | None
Row: TypeAlias = Mapping[str, Value]

_MARKED: Final = ("status", "verdict")
_FLAGS: Final = ("complete", "restated")
_ENDS: Final = ("low", "high", "envelope_low", "envelope_high")
_MAY_LINK: Final = ("source",)
MEMBERS_SHOWN: Final = 12
"""Members that a cell names at once."""


def cell(row: Row, column: str, value: Value) -> str:
    """Give a value as HTML. The row may be that of any query: where it lacks what a link needs, there is none.

    >>> cell({"initiative": "club", "member": "a&b"}, "member", "a&b")
    '<a href="/ledger/history?initiative=club&amp;member=a%26b">a&amp;b</a>'
    >>> cell({"initiative": "club", "name": "<b>"}, "name", "<b>")
    '&lt;b&gt;'
    """
    if value is None:
        return "open" if column in _ENDS and _of(row, "problem") is None else ""
    if column in _FLAGS:
        return "yes" if value else "no"
    if column in _MARKED:
        return f'<span class="{escape(str(value)).replace(" ", "-")}">{_text(value)}</span>'
    if column in _MAY_LINK:
        return linked(str(value), "html")
    return _SHOWN.get(column, _plainly)(row, str(value))


def _of(row: Row, column: str) -> Value:
    return row[column] if column in row.keys() else None  # noqa: SIM118 - a row of SQLite iterates over its values


def _text(value: object) -> str:
    return escape(plain(str(value)))


def _plainly(row: Row, value: str) -> str:
    del row
    return _text(value)


def _link(page: str, asked: Mapping[str, Value], text: str) -> str:
    address = PAGES[page].address({name: None if one is None else str(one) for name, one in asked.items()})
    return f'<a href="{escape(address)}">{_text(text)}</a>'


def _member(row: Row, id: str) -> str:
    return _link("history", {"initiative": _of(row, "initiative"), "member": id}, id)


def _members(row: Row, ids: str) -> str:
    """Lead to each of several members; where they are many, only their number is shown until it is clicked."""
    found = _json(ids)
    if not isinstance(found, list):
        return _text(ids)
    links = ", ".join(_member(row, str(id)) for id in found)
    many = f"<details><summary>{len(found)} members</summary>{links}</details>"
    return many if len(found) > MEMBERS_SHOWN else links


def _report(row: Row, id: str) -> str:
    return _link("history", {"initiative": _of(row, "initiative"), "report": id}, id)


def _day(row: Row, at: str) -> str:
    """Lead from a claim to the figures of its day."""
    if _of(row, "verdict") is None:
        return _text(at)
    return _link("figures", {name: _of(row, name) for name in ("initiative", "measure", "at", "known_at")}, at)


def _measure(row: Row, words: str) -> str:
    """Lead from the figure of a day to its timeline."""
    if _of(row, "reporting") is None:
        return _text(words)
    return _link("timeline", {name: _of(row, name) for name in ("initiative", "measure", "known_at")}, words)


def _named(row: Row, text: str) -> str:
    """Write out an object of JSON, a line for each of its names."""
    found = _json(text)
    return _lines(found) if isinstance(found, dict) else _plainly(row, text)


def _lines(found: Mapping[str, object]) -> str:
    lines = [f"<dt>{_text(name)}</dt><dd>{_value(value)}</dd>" for name, value in found.items() if value is not None]
    return f"<dl>{''.join(lines)}</dl>" if lines else ""


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _value(value: object) -> str:
    """Say a value of JSON in words: an attribute that was taken away is one of those inside, and has none."""
    if isinstance(value, dict):
        return "<br>".join(f"{_text(name)}: {_value(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        apart = "<br>" if any(isinstance(one, dict | list) for one in value) else ", "
        return apart.join(map(_value, value))
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return linked(str(value), "html")


_SHOWN: Final[Mapping[str, Callable[[Row, str], str]]] = {
    "member": _member,
    "missing": _members,
    "possible_members": _members,
    "possibly_missing": _members,
    "report": _report,
    "at": _day,
    "measure": _measure,
    "attributes": _named,
    "says": _named,
}

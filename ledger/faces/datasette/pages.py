"""Pages: queries with a name, a title and boxes, each of which asks one function of the ledger.

They are written as Datasette's own configuration, which its versions 0.65 (`metadata`) and 1.0 (`config`) both read.
Each row ends with what was asked, `initiative` and `known_at`, so that a cell can lead on; the pages do not show these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from attrs import frozen

from ledger.queries.timeline import CHANGE, STEPS

DATABASE: Final = "ledger"
"""What the file is called in addresses, whatever its name is."""

ASKED: Final = ("initiative", "known_at")
"""Columns that say what was asked."""


@frozen
class Box:
    """What can be typed: the parameter, its label, which form is accepted, an example, and what there is to choose."""

    name: str
    label: str
    hint: str
    example: str = ""
    options: tuple[str, ...] = ()


@frozen
class Page:
    """One query: its name in the address, its title, what it says, its boxes and its SQL."""

    name: str
    title: str
    description: str
    boxes: tuple[Box, ...]
    sql: str
    needed: tuple[str, ...] = ()
    """Boxes of which one must be filled in before there is an answer."""

    def is_asked(self, given: Mapping[str, str | None]) -> bool:
        """Is enough filled in for an answer?

        >>> PAGES["history"].is_asked({"initiative": "club", "member": " "}), PAGES["members"].is_asked({})
        (False, True)
        """
        return not self.needed or any((given.get(name) or "").strip() for name in self.needed)

    def address(self, asked: Mapping[str, str | None]) -> str:
        """Give the address of this page within the server, with as much of what was asked as it has boxes for.

        >>> PAGES["members"].address({"initiative": "a b", "at": "2022-12-31", "measure": "members"})
        '/ledger/members?initiative=a+b&at=2022-12-31'
        """
        given = {box.name: value for box in self.boxes if (value := asked.get(box.name))}
        return f"/{DATABASE}/{self.name}" + (f"?{urlencode(given)}" if given else "")


_INITIATIVE: Final = Box("initiative", "Initiative", "Its id. Empty: the only one, where there is one.", "chess-club")
_AT: Final = Box("at", "At the end of", "A day, year-month-day. Empty: today (UTC).", "2022-12-31")
_KNOWN_AT: Final = Box(
    "known_at", "As known at", "An instant with its zone, or a position in the ledger. Empty: now.",
    "2023-06-01T12:00:00Z",
)  # fmt: skip
_MEASURE: Final = Box(
    "measure", "Measure", "In words. Empty: the members, and each metric.", "total co2 where country is Spain"
)
_BY: Final = Box("by", "By", "An attribute: a figure for each of its values. Empty: one for all.", "country")


def _columns(*names: str) -> str:
    return ",\n  ".join(f"value ->> '{name}' as \"{name}\"" for name in names)


def _query(function: str, boxes: Iterable[Box], columns: str, needed: Iterable[str]) -> str:
    names = [box.name for box in boxes]
    asked = ", ".join(f':{name} as "{name}"' for name in ASKED if name in names)
    answer = f"{function}({', '.join(f':{name}' for name in names)})"
    one_of = " || ".join(f":{name}" for name in needed)
    rows = f"iif(trim({one_of}) = '', '[]', {answer})" if one_of else answer
    return f"select\n  {columns},\n  {asked}\nfrom json_each({rows})"


def _page(
    name: str, title: str, description: str, function: str, boxes: tuple[Box, ...], columns: str,
    needed: tuple[str, ...] = (),
) -> Page:  # fmt: skip
    return Page(name, title, description, boxes, _query(function, boxes, columns, needed), needed)


_RANGE: Final = ("low", "high", "unit")

_ALL: Final = (
    _page(
        "figures", "Figures",
        "How many members, and what their values add up to: at the least and at the most, and how many report.",
        "ledger_figures", (_INITIATIVE, _MEASURE, _BY, _AT, _KNOWN_AT),
        _columns(
            "measure", "group", *_RANGE, "problem", "reporting", "members", "complete", "envelope_low", "envelope_high",
            "oldest", "missing", "possible_members", "possibly_missing", "at",
        ),
    ),
    _page(
        "members", "Members",
        "Who is certainly a member on that day, who may be, and who is suspended.",
        "ledger_members", (_INITIATIVE, _AT, _KNOWN_AT),
        ",\n  ".join([
            "value ->> 'id' as \"member\"",
            _columns("name", "status", "since", "part_of"),
            "json_remove(value, '$.id', '$.name', '$.status', '$.since', '$.part_of', '$.uncertain') as \"attributes\"",
            _columns("uncertain"),
        ]),
    ),
    _page(
        "timeline", "Timeline",
        "One figure along the days. Between two days on which anything changes it stays the same.",
        "ledger_series",
        (
            _INITIATIVE,
            Box("measure", "Measure", "In words. Empty: the members.", "total co2 where country is Spain"),
            _BY,
            Box("start", "From", "A day. Empty: the first one on which anything changes.", "2021-01-01"),
            Box("end", "To", "A day. Empty: today (UTC).", "2023-12-31"),
            Box(
                "every", "Every", "Empty: each day on which anything changes or, where they are many, a longer step.",
                "month", (*STEPS, CHANGE),
            ),
            _KNOWN_AT,
        ),
        _columns("at", "group", *_RANGE, "complete"),
    ),
    _page(
        "claims", "Claims",
        "What reports claimed, held against the replay of the day they speak of.",
        "ledger_audit",
        (_INITIATIVE, Box("report", "Report", "Its id. Empty: all of them.", "annual-report-2022"), _KNOWN_AT),
        _columns("report", "measure", "at", "claimed", "verdict", "figure", "sentence", "envelope", "restated", "text"),
    ),
    _page(
        "history", "History",
        "Every record on a member, a metric or a report, in order of effect, also those taken back.",
        "ledger_history",
        (
            _INITIATIVE,
            Box("member", "Member", "Its id.", "ada"),
            Box("metric", "Metric", "Its id: the values of that member, or of all.", "co2"),
            Box("report", "Report", "Its id, without a member and a metric.", "annual-report-2022"),
        ),
        _columns("effective", "event", "says", "source", "recorded_at", "retracted_by", "replaced_by", "id"),
        ("member", "metric", "report"),
    ),
)  # fmt: skip

PAGES: Final[Mapping[str, Page]] = {page.name: page for page in _ALL}
"""All pages by name, in the order in which they are named."""


def configuration(title: str) -> dict[str, Any]:
    """Give what Datasette is to be told of a ledger: its title, and the pages as queries of its one database."""
    queries = {
        page.name: {
            "sql": page.sql,
            "title": page.title,
            "description": page.description,
            "params": [box.name for box in page.boxes],
            "hide_sql": True,
        }
        for page in PAGES.values()
    }
    return {"title": title, "databases": {DATABASE: {"title": title, "queries": queries}}}

"""The time machine: an initiative on one page, on any day and as known at any moment, in one file.

All answers were worked out by the library, and stand in the page as rectangles of days and moments (`traced`,
`packed`). Its script finds the one that is asked for, and draws. It knows nothing of events.

What it works out itself is this, of the members whose standing and values it was given: how many are certain, possible
and suspended; how many of each group are certain, and how many possible; and below a total how many report, of how many
it is uncertain, and of when the oldest value is. To give these would take more room than all else together. Tests hold
each of them against the library, in a browser.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from datetime import date, datetime
from hashlib import sha256
from importlib.resources import files
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from ledger.faces.markup import marked_safe, plain, rendered
from ledger.faces.packed import packed
from ledger.faces.phrases import OVERLAPS, Names, quoted
from ledger.faces.traced import traced
from ledger.model.errors import BadEvent, BadInput, Unknown, UnknownAttribute, UnknownInitiative, UnknownMetric, shown
from ledger.model.fields import require_line
from ledger.model.heads import TreeHead
from ledger.model.measures import Measure, Total, Value
from ledger.model.state import heard
from ledger.model.when import instant_text
from ledger.queries.unfolding import Unfolding

if TYPE_CHECKING:
    from ledger.initiative import Initiative

TITLE_MAX: Final = 500

SCRIPTS: Final = ("lookup", "choice", "people", "chart", "start")
"""The parts of the page's script, each of which uses what stands before it."""


@frozen
class Page:
    """All that stands in the page. What is `marked_safe` is markup, style, script or data of our own; all else text."""

    title: str
    supporters: str
    known: str
    made: str
    head: TreeHead
    moments: str
    style: Any
    script: Any
    data: Any
    policy: str


def page(
    initiative: Initiative,
    head: TreeHead,
    now: datetime,
    metrics: Iterable[str] | None,
    by: str | Iterable[str] | None,
    title: str | None,
) -> str:
    """Write the time machine of an initiative; see `Initiative.page`, which is the way to it.

    All is as known at the head, so that others may record meanwhile.
    """
    style, script = marked_safe(_ours("page.css")), marked_safe(_script())
    heading = None if title is None else require_title(title)
    records = list(takewhile(lambda record: record.position <= head.size, initiative.records()))
    if not records:  # what was recorded a moment ago is not in the head
        raise UnknownInitiative(initiative.id)
    state = initiative.at(date.max, head.size)
    names = Names.of(state)
    facts = heard(records, None, retracted=True).facts
    given = {key.name for key in facts if (key.subject, key.aspect) == ("member", "attribute")}
    every = {key.name if key.aspect == "metric" else key.id for key in facts if key.aspect in ("metric", "definition")}
    told = _chosen(metrics, every, "metrics", UnknownMetric)
    groups = _chosen(by, given, "by", UnknownAttribute)
    found = traced(initiative, records, told, groups, names)
    measures = [(measure, _said(measure, names)) for measure in found.figures]
    more = {"today": now.date().toordinal(), "attributes": [plain(one) for one in groups], "grouped": by is not None}
    return rendered(
        "page",
        "html",
        Page(
            title=heading or state.name,
            supporters=", ".join(map(quoted, state.supporters)),
            known=instant_text(records[-1].recorded_at),
            made=instant_text(now.replace(microsecond=0)),
            head=head,
            moments=_moments(found.unfolding),
            style=style,
            script=script,
            data=marked_safe(packed(found, measures, more)),
            policy=_policy(style, script),
        ),
    )


def require_title(title: object) -> str:
    """Give back the title of a page; raises `BadInput` for what could be no name either."""
    try:
        line = require_line(title, "title", TITLE_MAX)
    except BadEvent as error:
        raise BadInput(f"title={shown(title)} is no title: {error}") from error
    if not line:
        raise BadInput("title='' is no title: give a text, or leave it out for the name of the initiative")
    return line


def _chosen(asked: Iterable[str] | str | None, known: Iterable[str], what: str, unknown: type[Unknown]) -> list[str]:
    """Give the names that somebody wants told, in that order; all that are known where nobody said."""
    every = sorted(known)
    if asked is None:
        return every
    if not isinstance(asked, Iterable):
        raise BadInput(f"{what}={shown(asked)} is no list of names: give them as in {what}=['co2', 'jobs']")
    chosen: list[str] = []
    for name in [asked] if isinstance(asked, str) else asked:
        if name not in every:
            raise unknown(name, every)
        if name not in chosen:
            chosen.append(name)
    return chosen


def _said(measure: Measure, names: Names) -> dict[str, object]:
    if isinstance(measure, Total | Value):
        basis = "sum over the members" if isinstance(measure, Total) else "as stated for all"
        kind = "total" if isinstance(measure, Total) else "value"
        overlap = {}
        if isinstance(measure, Total) and measure.overlap != "refuse":
            basis, overlap = f"{basis}, {OVERLAPS[measure.overlap]}", {"overlap": measure.overlap}
        title = plain(names.metric(measure.metric))
        return {"kind": kind, "metric": measure.metric, "title": title, "basis": basis, **overlap}
    return {"kind": "members", "title": "Members", "basis": ""}


def _moments(unfolding: Unfolding) -> str:
    """Say how many moments are told apart, where these are not all."""
    if len(unfolding.moments) == unfolding.batches:
        return ""
    return (
        f"Of {unfolding.batches:,} moments at which something was recorded, {len(unfolding.moments):,} can be chosen; "
        "what was recorded between two of them shows from the later one on."
    )


def _policy(style: str, script: str) -> str:
    """Let a browser load nothing, and run and apply what stands in the page alone."""
    own = f"style-src {_hash(style)}; script-src {_hash(script)}"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}'"


def _script() -> str:
    """Put the parts of the script together, so that none of its names is seen from outside."""
    parts = "\n".join(_ours(f"page/{part}.js") for part in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


def _ours(name: str) -> str:
    return (files("ledger.faces") / "templates" / name).read_text("utf-8").strip()

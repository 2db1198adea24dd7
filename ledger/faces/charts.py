"""Charts: one measure over time, drawn as altair draws.

A figure holds from its day until something changes, so lines go in steps. What is uncertain is a band between the
least and the most it can be. An end that nothing bounds has no place on an axis: there the band fades away to the edge.
Where a figure would say nothing there is a gap. What is drawn, and every text that is shown, was worked out before
(`charted`); the chart holds no more than that.

Every text from the ledger is text in the chart too, wherever it is shown or saved.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ledger.faces.charted import Charted, charted
from ledger.faces.markup import plain
from ledger.faces.phrases import Names
from ledger.model.errors import BadInput, MissingExtra, shown
from ledger.model.measures import ByLike, Grouping, Measure
from ledger.model.records import KnownAt, known_at_of
from ledger.model.when import instant_text
from ledger.queries.findings import Finding
from ledger.queries.timeline import Timeline
from ledger.stores.new_file import require_place, written_whole

if TYPE_CHECKING:
    import altair as alt

    from ledger.initiative import Initiative

WIDTH: Final = 640
HEIGHT: Final = 320
SIDE_MAX: Final = 10_000
"""The greatest width and height, in pixels."""

_SAVED_WITH: Final[dict[str, dict[str, Any]]] = {
    "png": {"format": "png", "scale_factor": 2},
    "svg": {"format": "svg"},
    "html": {"format": "html"},
}

_CHARSET: Final = '<meta charset="UTF-8">'
_HEAD: Final = '<meta name="viewport" content="width=device-width, initial-scale=1">'
"""By which a page is as wide as the screen of whoever reads it."""


def chart(
    initiative: Initiative,
    measure: Measure,
    *,
    by: ByLike | None = None,
    start: date | str | None = None,
    end: date | str | None = None,
    known_at: KnownAt = None,
    reports: bool = True,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> alt.LayerChart:
    """Draw a measure of an initiative; see `Initiative.chart`."""
    line = initiative.timeline(measure, by=by)
    state = initiative.at(date.max, known_at)
    findings = initiative.audit(known_at=known_at) if reports and by is None else ()
    return chart_of(
        line,
        start,
        end,
        known_at=known_at,
        width=width,
        height=height,
        names=Names.of(state),
        findings=findings,
        of=state.name,
    )


def chart_of(
    line: Timeline[Any],
    start: date | str | None,
    end: date | str | None,
    *,
    known_at: KnownAt,
    width: int,
    height: int,
    names: Names | None = None,
    findings: Iterable[Finding] = (),
    of: str = "",
) -> alt.LayerChart:
    """Draw a timeline; see `Timeline.chart`. `of` is what the measure is of, and `findings` are those to mark."""
    _require_altair()
    _require_side("width", width)
    _require_side("height", height)
    names = names or Names({}, {})
    seen = charted(line, start, end, known_at, names, findings, width)
    from ledger.faces.drawn import drawn  # noqa: PLC0415 - it needs altair

    return drawn(seen, line.measure, _heading(line, names), _subtitles(seen, of, known_at), width, height)


def save_chart(drawn: alt.TopLevelMixin, path: str | os.PathLike[str], *, replace: bool = True) -> Path:
    """Save a chart as PNG (at twice its size, for sharp screens), SVG or HTML, by the end of its path; give the path.

    Nothing is asked of a network, neither now nor by the HTML file when it is opened: the programs that draw it stand
    in it, which take most of a megabyte. A chart of a measure fits a phone there. The file appears whole or not at all.
    One that is there is replaced, unless `replace` is False; a database, such as a ledger, never is, whatever its name.
    Raises `BadInput` for these and for another format, `MissingExtra` where vl-convert is not installed, and
    `StoreError`, which is an `OSError`, where the file cannot be written: then what was there stays.
    """
    written = require_place(path, replace=replace)
    format = written.suffix.lower().removeprefix(".")
    if format not in _SAVED_WITH:
        raise BadInput(f"a chart is saved as one of {', '.join(_SAVED_WITH)}: {shown(str(path))} ends in none of them")
    try:
        import vl_convert  # noqa: F401, PLC0415 - only to save a chart
    except ImportError as error:
        raise MissingExtra("to save a chart", "vl-convert-python", "charts") from error
    with written_whole(written, replace=replace) as unfinished:
        if format == "html":
            unfinished.write_text(_page_of(drawn), "utf-8")
        else:
            drawn.save(str(unfinished), **_SAVED_WITH[format])
    return written


def _page_of(drawn: alt.TopLevelMixin) -> str:
    """Write a chart as a page; one of ours takes the width of its screen, where that is narrower than itself."""
    from ledger.faces.drawn import fitting  # noqa: PLC0415 - it needs altair

    narrow, width = fitting(drawn)
    page: str = narrow.to_html(inline=True)
    return page.replace(_CHARSET, f"{_CHARSET}{_HEAD}<style>#vis {{ max-width: {width} }}</style>", 1)


def _require_altair() -> None:
    try:
        import altair  # noqa: F401, PLC0415 - only charts need it
    except ImportError as error:
        raise MissingExtra("a chart", "altair", "charts") from error


def _require_side(name: str, side: object) -> None:
    if type(side) is not int or not 0 < side <= SIDE_MAX:
        raise BadInput(f"{name}={shown(side)} is no size of a chart: give pixels, from 1 to {SIDE_MAX:,}")


# what stands above it


def _heading(line: Timeline[Any], names: Names) -> str:
    by = line.by
    if by is None:
        return names.measure(line.measure)
    return f"{names.measure(line.measure)}, by {by.attribute if isinstance(by, Grouping) else by}"


def _subtitles(seen: Charted, of: str, known_at: KnownAt) -> list[str]:
    """Say what it is of and as known when, and what each way of drawing that is used means."""
    moment = known_at_of(known_at)
    known = f"at position {moment}" if isinstance(moment, int) else f"on {instant_text(moment)}" if moment else ""
    told = [", ".join(filter(None, [plain(of), known and f"as known {known}"]))]
    steps = seen.shown
    if any(step.is_band or step.rests for step in steps):
        told.append("Shaded: from the least to the most that it can be.")
    if any(step.most is None or step.least is None for step in steps):
        told.append("Fading away: there is no bound on that side, or values are missing.")
    if len(steps) < len(seen.steps):
        told.append("No line: nothing is known.")
    if seen.thinned is not None:
        told.append(f"{seen.thinned:,} steps are too many to see: the extremes of each pixel are drawn.")
    if seen.unplaced:
        told.append(f"{seen.unplaced} claims in a unit of another kind are not marked.")
    return [one for one in told if one]

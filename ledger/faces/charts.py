"""Charts: one measure over time, drawn as altair draws.

A figure holds from its day until something changes, so lines go in steps. What is uncertain is a band between the
least and the most it can be. An end that nothing bounds has no place on an axis: there the band fades away to the edge.
Where a figure would say nothing there is a gap. What is drawn, and every text that is shown, was worked out before
(`charted`); the chart holds no more than that.

Every text from the ledger is text in the chart too, wherever it is shown or saved.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from ledger.faces.charted import NO_GROUP, ONE_DAY, Charted, Mark, Step, charted
from ledger.faces.markup import plain
from ledger.faces.phrases import Names
from ledger.model.errors import BadInput, MissingExtra, shown
from ledger.model.measures import ByLike, Distinct, Grouping, Joined, Measure, Members, Share
from ledger.model.records import KnownAt, known_at_of
from ledger.model.when import instant_text
from ledger.queries.checks import CONFIRMED, CONTRADICTED, NOT_COMPARABLE, UNVERIFIABLE
from ledger.queries.findings import Finding
from ledger.queries.timeline import Timeline

if TYPE_CHECKING:
    import altair as alt

    from ledger.initiative import Initiative

WIDTH: Final = 640
HEIGHT: Final = 320
SIDE_MAX: Final = 10_000
"""The greatest width and height, in pixels."""

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#767676")
"""Those of Okabe and Ito, which nearly everybody can tell apart, but for its yellow, too pale for a line."""
DASHES: Final = ([1, 0], [8, 3], [2, 2], [8, 3, 2, 3])
"""The strokes of the first eight groups, of the next eight, and so on: there are more groups than colours."""
VERDICTS: Final = {
    CONFIRMED: ("#009E73", "circle"),
    CONTRADICTED: ("#D55E00", "cross"),
    UNVERIFIABLE: ("#E69F00", "triangle-up"),
    NOT_COMPARABLE: ("#767676", "square"),
}
"""The colour and the shape of each verdict."""

EMBEDDED: Final = {"embedOptions": {"actions": {"export": True, "source": False, "compiled": False, "editor": False}}}
"""What a browser offers beside a chart: to save it, and nothing that leads elsewhere."""
LOOK: Final[dict[str, Any]] = {
    "view": {"stroke": None},
    "axis": {"labelFontSize": 12, "titleFontSize": 13, "titleFontWeight": "normal", "gridColor": "#e4e4e4"},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 240},
    "title": {"fontSize": 16, "subtitleFontSize": 12, "subtitleColor": "#555555", "subtitlePadding": 6, "offset": 14},
}

HEADROOM: Final = 1.25  # of the highest number, so that there is room in which to fade away
_SAVED_WITH: Final[dict[str, dict[str, Any]]] = {
    "png": {"format": "png", "scale_factor": 2},
    "svg": {"format": "svg"},
    "html": {"format": "html", "inline": True},
}
TOLD: Final = ("joined", "left", "uncertain")
_TITLES: Final = {
    "group": "Group",
    "days": "Days",
    "amount": "Amount",
    "joined": "Newly counted",
    "left": "No longer counted",
    "uncertain": "May count",
    "day": "Claimed for",
    "source": "Source",
    "claimed": "Claim",
    "verdict": "Verdict",
    "found": "Found",
}
_OPENS_A_TAG: Final = re.compile(r"<(?=[/!?A-Za-z])")
SHORT: Final = 120  # days: of fewer, each tick tells a whole date
SHORT_TICKS: Final = 6
_MIDNIGHT: Final = date(1970, 1, 1).toordinal()
_DAY: Final = 86_400_000  # in milliseconds


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
    return _drawn(seen, line, _heading(line, names), _subtitles(seen, of, known_at), width, height)


def save_chart(drawn: alt.TopLevelMixin, path: str | os.PathLike[str]) -> Path:
    """Save a chart as PNG (at twice its size, for sharp screens), SVG or HTML, by the end of its path; give the path.

    Nothing is asked of a network, neither now nor by the HTML file when it is opened: the programs that draw it stand
    in it, which take most of a megabyte. A file that is there is replaced. Raises `BadInput` for another format,
    `MissingExtra` where vl-convert is not installed, and `OSError` where the file cannot be written.
    """
    written = Path(path)
    format = written.suffix.lower().removeprefix(".")
    if format not in _SAVED_WITH:
        raise BadInput(f"a chart is saved as one of {', '.join(_SAVED_WITH)}: {shown(str(path))} ends in none of them")
    try:
        import vl_convert  # noqa: F401, PLC0415 - only to save a chart
    except ImportError as error:
        raise MissingExtra("to save a chart", "vl-convert-python", "charts") from error
    drawn.save(str(written), **_SAVED_WITH[format])
    return written


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
    steps = seen.steps
    if any(_is_band(step) or _rest(step) for step in steps):
        told.append("Shaded: from the least to the most that it can be.")
    if any(step.most is None or step.least is None for step in steps):
        told.append("Fading away: there is no bound on that side, or values are missing.")
    if not _is_whole(seen):
        told.append("No line: nothing is known.")
    if seen.thinned is not None:
        told.append(f"{seen.thinned:,} steps are too many to see: the extremes of each pixel are drawn.")
    if seen.unplaced:
        told.append(f"{seen.unplaced} claims in a unit of another kind are not marked.")
    return [one for one in told if one]


def _is_whole(seen: Charted) -> bool:
    """Has each line a step on every day?"""
    days = sum((step.until - step.at).days for step in seen.steps)
    return days == len(seen.groups) * ((seen.last - seen.first).days + 1)


# what is drawn


def _drawn(
    seen: Charted, line: Timeline[Any], heading: str, subtitles: Sequence[str], width: int, height: int
) -> alt.LayerChart:
    import altair as alt  # noqa: PLC0415 - only charts need it

    low, high = _span(seen)
    x = alt.X("at:T", title=None, axis=_days_axis(seen), scale=_time(seen))
    counted = isinstance(line.measure, Members | Joined | Distinct)
    y = alt.Y(
        "y:Q",
        title=_safe(_unit_of(line.measure, seen.unit)) or None,
        scale=alt.Scale(domain=[low, high], nice=True),
        axis=alt.Axis(tickMinStep=1, format=",d") if counted else alt.Axis(),
    )
    layers = []
    for place, group in enumerate(seen.groups):
        steps = [step for step in seen.steps if step.group == group]
        layers += _under(steps, COLOURS[place % len(COLOURS)], x, y, height)
    colour, dash = _colour(seen), _dash(seen)
    for kind, thickness in ((True, 2.5), (False, 1)):
        points = list(_lines(seen, exact=kind))
        if points:
            layers.append(
                alt.Chart(alt.InlineData(values=points))
                .mark_line(interpolate="step-after", strokeWidth=thickness, strokeJoin="miter")
                .encode(x=x, y=y, detail="run:N", color=colour, strokeDash=dash)
            )
    layers += _targets(seen, x, y, height)
    layers += _marks(seen, x, y, height)
    if not layers:
        layers.append(alt.Chart(alt.InlineData(values=[])).mark_rule().encode(x=x, y=y))
    chars = max(width // 9, 20)
    title = alt.TitleParams(
        text=[_safe(one) for one in wrap(heading, chars)],
        subtitle=[_safe(one) for told in subtitles for one in wrap(told, width // 6)],
        anchor="start",
    )
    whole = alt.layer(*layers).properties(
        width=width, height=height, title=title, background="white", usermeta=EMBEDDED, description=_safe(heading)
    )
    configured: alt.LayerChart = whole.configure(**LOOK)
    return configured


def _safe(text: str) -> str:
    """Part each `<` from what would make it a tag, by an invisible joiner.

    Altair writes all texts of a chart into a script of its page as they are, where `</script>` would end it.
    """
    return _OPENS_A_TAG.sub("<\N{WORD JOINER}", text)


def _unit_of(measure: Measure, unit: str) -> str:
    if isinstance(measure, Members | Joined):
        return "members"
    if isinstance(measure, Distinct):
        return "different values"
    return unit or ("share" if isinstance(measure, Share) else "")


def _place(day: date) -> int:
    """Say where a day begins, in the milliseconds of UTC that a browser counts in."""
    return (day.toordinal() - _MIDNIGHT) * _DAY


def _days_axis(seen: Charted) -> alt.Axis:
    import altair as alt  # noqa: PLC0415 - only charts need it

    if (seen.last - seen.first).days > SHORT:
        return alt.Axis(grid=False)
    return alt.Axis(grid=False, format="%Y-%m-%d", tickCount=SHORT_TICKS, labelFlush=False)


def _time(seen: Charted) -> alt.Scale:
    import altair as alt  # noqa: PLC0415 - only charts need it

    return alt.Scale(type="utc", domain=[_place(seen.first), _place(seen.last) + _DAY], nice=False)


def _span(seen: Charted) -> tuple[float, float]:
    """Say which numbers the axis spans: zero, and all that is drawn, with room where there is no bound."""
    of_steps = [(step.low, step.high, step.least, step.most) for step in seen.steps]
    of_marks = [(mark.low, mark.high) for mark in seen.marks]
    numbers = [0.0, *(end for ends in (*of_steps, *of_marks) for end in ends if end is not None)]
    low, high = min(numbers), max(numbers)
    if low == high:
        high = 1.0
    room = (HEADROOM - 1) * (high - low)
    opens_down = any(step.least is None for step in seen.steps) or any(mark.low is None for mark in seen.marks)
    opens_up = any(step.most is None for step in seen.steps) or any(mark.high is None for mark in seen.marks)
    return low - room if opens_down else low, high + room if opens_up else high


def _is_band(step: Step) -> bool:
    return step.low is not None and step.high is not None and step.low != step.high


def _rest(step: Step) -> list[tuple[float, float]]:
    """Give what the missing values could add, where that is bounded: a band above the amount, and one below it."""
    above = [(step.high, step.most)] if step.high is not None and step.most is not None else []
    below = [(step.least, step.low)] if step.low is not None and step.least is not None else []
    return [(one, other) for one, other in above + below if one != other]


def _colour(seen: Charted) -> Any:
    import altair as alt  # noqa: PLC0415 - only charts need it

    if seen.groups == (NO_GROUP,):
        return alt.value(COLOURS[0])
    labels = [_safe(group) for group in seen.groups]
    scale = alt.Scale(domain=labels, range=[COLOURS[place % len(COLOURS)] for place in range(len(labels))])
    return alt.Color("group:N", title=None, scale=scale, legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=3))


def _dash(seen: Charted) -> Any:
    import altair as alt  # noqa: PLC0415 - only charts need it

    if len(seen.groups) <= len(COLOURS):
        return alt.value(DASHES[0])
    labels = [_safe(group) for group in seen.groups]
    dashes = [DASHES[place // len(COLOURS) % len(DASHES)] for place in range(len(labels))]
    return alt.StrokeDash("group:N", title=None, scale=alt.Scale(domain=labels, range=dashes))


def _runs(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Give the steps that follow each other without a gap."""
    run: list[Step] = []
    for step in steps:
        if run and (run[-1].until != step.at or run[-1].group != step.group):
            yield run
            run = []
        run.append(step)
    if run:
        yield run


def _lines(seen: Charted, *, exact: bool) -> Iterator[dict[str, Any]]:
    """Give the points of all lines: of what is exact, or else of the bounds."""
    number = 0
    for end in ("low",) if exact else ("low", "high"):
        has_it = [step for step in seen.steps if step.exact == exact and getattr(step, end) is not None]
        for run in _runs(has_it):
            number += 1
            line = {"run": number, "group": _safe(run[0].group)}
            points = [(step.at, getattr(step, end)) for step in run]
            for at, y in [*points, (run[-1].until, points[-1][1])]:
                yield {**line, "at": _place(at), "y": y}


def _under(steps: Sequence[Step], colour: str, x: alt.X, y: alt.Y, height: int) -> list[alt.Chart]:
    """Draw what lies under the lines of one group: bands, and what fades away."""
    import altair as alt  # noqa: PLC0415 - only charts need it

    bands = [
        {"run": number, "at": _place(at), "y": step.low, "y2": step.high}
        for number, run in enumerate(_runs(filter(_is_band, steps)))
        for at, step in [*((step.at, step) for step in run), (run[-1].until, run[-1])]
    ]
    rests = [{**_stretch(step), "y": one, "y2": other} for step in steps for one, other in _rest(step)]
    up = [{**_stretch(step), "y": _first(step.high, step.low)} for step in steps if step.most is None]
    down = [{**_stretch(step), "y": _first(step.low, step.high)} for step in steps if step.least is None]
    drawn = []
    if bands:
        area = alt.Chart(alt.InlineData(values=bands)).mark_area(
            interpolate="step-after", color=colour, opacity=0.25, clip=True
        )
        drawn.append(area.encode(x=x, y=y, y2="y2:Q", detail="run:N"))
    if rests:
        rest = alt.Chart(alt.InlineData(values=rests)).mark_rect(color=colour, opacity=0.12, clip=True)
        drawn.append(rest.encode(x=x, x2="until:T", y=y, y2="y2:Q"))
    for rows, from_below, edge in ((up, 1, 0), (down, 0, height)):
        if rows:
            stops = [
                alt.GradientStop(offset=0, color=_faint(colour, 0.4)),
                alt.GradientStop(offset=1, color=_faint(colour, 0)),
            ]
            fading = alt.LinearGradient(gradient="linear", x1=0, x2=0, y1=from_below, y2=1 - from_below, stops=stops)
            fade = alt.Chart(alt.InlineData(values=rows)).mark_rect(color=fading, clip=True)
            drawn.append(fade.encode(x=x, x2="until:T", y=y, y2=alt.value(edge)))
    return drawn


def _stretch(step: Step) -> dict[str, Any]:
    return {"at": _place(step.at), "until": _place(step.until)}


def _first(*ends: float | None) -> float:
    return next(end for end in ends if end is not None)


def _faint(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _targets(seen: Charted, x: alt.X, y: alt.Y, height: int) -> list[alt.Chart]:
    """Lay an invisible target over each step, that tells all of it to whoever points there."""
    import altair as alt  # noqa: PLC0415 - only charts need it

    grouped = seen.groups != (NO_GROUP,)
    rows = [
        {
            **_stretch(step),
            "y": _first(step.high, step.low),
            "days": _days(step),
            "amount": _safe(step.text),
            **{name: _safe(getattr(step, name)) for name in ("group", *TOLD)},
        }
        for step in seen.steps
    ]
    told = [name for name in ("group", "days", "amount", *TOLD) if any(row[name] for row in rows)]
    tooltip = [alt.Tooltip(f"{name}:N", title=_TITLES[name]) for name in told]
    if not rows:
        return []
    chart = alt.Chart(alt.InlineData(values=rows))
    if grouped:
        return [chart.mark_rule(strokeWidth=12, opacity=0, clip=True).encode(x=x, x2="until:T", y=y, tooltip=tooltip)]
    whole = chart.mark_rect(opacity=0, clip=True)
    return [whole.encode(x=x, x2="until:T", y=alt.value(0), y2=alt.value(height), tooltip=tooltip)]


def _days(step: Step) -> str:
    last = step.until - ONE_DAY
    return step.at.isoformat() if last == step.at else f"{step.at} to {last}"


def _marks(seen: Charted, x: alt.X, y: alt.Y, height: int) -> list[alt.Chart]:
    """Mark each claim: a point for its known end, and a rule over all that it claims."""
    import altair as alt  # noqa: PLC0415 - only charts need it

    if not seen.marks:
        return []
    verdicts = [verdict for verdict in VERDICTS if any(mark.verdict == verdict for mark in seen.marks)]
    colours, shapes = zip(*(VERDICTS[verdict] for verdict in verdicts), strict=True)
    legend = alt.Legend(orient="bottom", symbolSize=110, symbolStrokeWidth=1.5, offset=16)
    colour = alt.Color(
        "verdict:N", title="Claims", scale=alt.Scale(domain=verdicts, range=list(colours)), legend=legend
    )
    shape = alt.Shape("verdict:N", title="Claims", scale=alt.Scale(domain=verdicts, range=list(shapes)), legend=legend)
    names = ("source", "claimed", "verdict", "found")
    tooltip = [alt.Tooltip(f"{name}:N", title=_TITLES[name]) for name in ("day", *names)]
    rows = [
        {
            "at": _place(mark.at) + _DAY // 2,
            "y": _first(mark.low, mark.high),
            "y2": mark.high,
            "day": mark.at.isoformat(),
            **{name: _safe(getattr(mark, name)) for name in names},
        }
        for mark in seen.marks
    ]
    drawn = []
    for of, edge in _rules(seen.marks, rows):
        rule = alt.Chart(alt.InlineData(values=of)).mark_rule(strokeWidth=2, clip=True)
        ends = alt.Y2("y2:Q") if edge is None else alt.value(edge * height)
        drawn.append(rule.encode(x=x, y=y, y2=ends, color=colour))
    point = alt.Chart(alt.InlineData(values=rows)).mark_point(
        filled=True, size=110, opacity=1, stroke="white", strokeWidth=1
    )
    return [*drawn, point.encode(x=x, y=y, color=colour, shape=shape, tooltip=tooltip)]


def _rules(marks: Sequence[Mark], rows: Sequence[dict[str, Any]]) -> Iterator[tuple[list[dict[str, Any]], int | None]]:
    """Give the claims of more than one number, with the edge that they reach: 0 for the top, 1 for the bottom."""
    of = list(zip(marks, rows, strict=True))
    between = [row for mark, row in of if mark.low is not None and mark.high is not None and mark.low != mark.high]
    up = [row for mark, row in of if mark.high is None]
    down = [row for mark, row in of if mark.low is None]
    edges: list[tuple[list[dict[str, Any]], int | None]] = [(between, None), (up, 0), (down, 1)]
    yield from (one for one in edges if one[0])

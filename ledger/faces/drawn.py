"""Drawn: the layers of a chart, from the bands below to the marks on top, in altair's words.

Import this where altair is known to be installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from math import ceil, floor
from textwrap import wrap
from typing import Any, Final

import altair as alt
from attrs import field, frozen

from ledger.faces.charted import ONE_DAY, Charted, Mark, Step
from ledger.model.measures import Distinct, Joined, Measure, Members, Share
from ledger.queries.checks import CONFIRMED, CONTRADICTED, NOT_COMPARABLE, UNVERIFIABLE

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

HEADROOM: Final = 0.25  # of what is spanned, so that there is room in which to fade away
BESIDE: Final = 80  # pixels, about, of what stands beside a drawing
A_DATE: Final = 70  # pixels: where they stand closer, those of a page would hide each other's years
LEFT_OF: Final = 40  # pixels, of a sign in a legend and what is left free
NARROW: Final = 340  # pixels, for texts and legends that have room on a phone
LETTER: Final = 6  # pixels, about
TITLE_LETTER: Final = 9
TOLD: Final = ("joined", "left", "uncertain")
OF_A_CLAIM: Final = ("source", "claimed", "verdict", "found")
TITLES: Final = {
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
SHORT: Final = 300  # days: of fewer, each tick tells a whole date
SHORT_TICKS: Final = 6
FEW: Final = 9  # numbers on an axis
_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAY: Final = 86_400_000  # in milliseconds


@frozen
class Sheet:
    """What the layers are drawn on: the axes, the height in pixels, and the rows of all layers, by name.

    The rows are given to altair at last and at once: with each layer it would look at all of them again.
    """

    x: alt.X
    y: alt.Y
    height: int
    rows: dict[str, list[dict[str, Any]]] = field(factory=dict)

    def layer(self, rows: Iterable[dict[str, Any]]) -> alt.Chart:
        """Begin a layer of these rows."""
        name = f"rows-{len(self.rows) + 1}"
        self.rows[name] = list(rows)
        return alt.Chart(alt.NamedData(name=name))


def drawn(
    seen: Charted, measure: Measure, heading: str, subtitles: Iterable[str], width: int, height: int
) -> alt.LayerChart:
    """Draw what was worked out, below a heading and what explains it."""
    sheet = _sheet(seen, measure, height)
    layers = [*_under(seen, sheet), *_lines(seen, sheet), *_targets(seen, sheet), *_marks(seen.marks, sheet)]
    title = _titled([safe(heading)], [safe(told) for told in subtitles], width)
    whole = alt.layer(*(layers or [sheet.layer([]).mark_rule().encode(x=sheet.x, y=sheet.y)])).properties(
        width=width, height=height, title=title, background="white", usermeta=EMBEDDED, description=safe(heading)
    )
    chart: alt.LayerChart = whole.configure(**LOOK)
    chart.datasets = sheet.rows
    return chart


def _titled(heading: Iterable[str], subtitles: Iterable[str], width: int) -> alt.TitleParams:
    return alt.TitleParams(
        text=[one for told in heading for one in wrap(told, max(width // TITLE_LETTER, 20))],
        subtitle=[one for told in subtitles for one in wrap(told, max(width // LETTER, 20))],
        anchor="start",
    )


def fitting(chart: alt.TopLevelMixin) -> tuple[alt.TopLevelMixin, str]:
    """Draw the same for a page, as wide as the room there, with texts and legends for a phone; and how wide at most.

    What was not drawn here stays as it is.
    """
    if not (isinstance(chart, alt.LayerChart) and isinstance(chart.width, int) and chart.usermeta == EMBEDDED):
        return chart, "none"
    narrow: alt.LayerChart = chart.copy(deep=["config", "title"])
    narrow.width = "container"
    narrow.autosize = alt.AutoSizeParams(type="fit-x", contains="padding")
    narrow.title = _titled([" ".join(chart.title.text)], chart.title.subtitle, NARROW)
    narrow.config.axisX = {"tickCount": {"expr": f"ceil(width / {A_DATE})"}}
    narrow.config.legend = {**LOOK["legend"], "orient": "bottom", "columns": 2, "labelLimit": NARROW // 2 - LEFT_OF}
    return narrow, f"{chart.width + BESIDE}px"


def safe(text: str) -> str:
    r"""Part each `<` from what would make it a tag, by an invisible joiner.

    Altair writes all texts of a chart into a script of its page as they are, where `</script>` would end it.

    >>> safe("</script>, a < b")
    '<\u2060/script>, a < b'
    """
    return _OPENS_A_TAG.sub("<\N{WORD JOINER}", text)


# the axes


def _sheet(seen: Charted, measure: Measure, height: int) -> Sheet:
    days = alt.Axis(grid=False)
    if (seen.last - seen.first).days <= SHORT:
        days = alt.Axis(grid=False, format="%Y-%m-%d", tickCount=SHORT_TICKS)
    span = alt.Scale(type="utc", domainMin=_place(seen.first), domainMax=_place(seen.last + ONE_DAY), nice=False)
    low, high = _span(seen)
    return Sheet(
        alt.X("at:T", title=None, axis=days, scale=span),
        alt.Y(
            "y:Q",
            title=safe(_unit_of(measure, seen.unit)) or None,
            scale=alt.Scale(domain=[low, high], nice=True),
            axis=_numbers(low, high) if isinstance(measure, Members | Joined | Distinct) else alt.Axis(),
        ),
        height,
    )


def _numbers(low: float, high: float) -> alt.Axis:
    """Give the axis of a count: there are no halves, which few numbers would be parted into."""
    few = list(range(floor(low), ceil(high) + 1))
    return alt.Axis(format=",d", values=few) if len(few) <= FEW else alt.Axis(format=",d", tickMinStep=1)


def _unit_of(measure: Measure, unit: str) -> str:
    if isinstance(measure, Members | Joined):
        return "members"
    if isinstance(measure, Distinct):
        return "different values"
    return unit or ("share" if isinstance(measure, Share) else "")


def _place(day: date) -> int:
    """Say where a day begins, in the milliseconds of UTC that a browser counts in."""
    return (day.toordinal() - _EPOCH) * _DAY


def _span(seen: Charted) -> tuple[float, float]:
    """Say which numbers the axis spans: zero, and all that is drawn, with room where there is no bound."""
    ends = [(step.least, step.low, step.high, step.most) for step in seen.shown]
    ends += [(mark.low, mark.low, mark.high, mark.high) for mark in seen.marks]
    numbers = [0.0, *(end for four in ends for end in four if end is not None)]
    low, high = min(numbers), max(numbers)
    if low == high:
        high = 1.0
    room = HEADROOM * (high - low)
    opens_down, opens_up = any(four[0] is None for four in ends), any(four[-1] is None for four in ends)
    return low - room if opens_down else low, high + room if opens_up else high


# what lies under the lines: bands, and what fades away


def _under(seen: Charted, sheet: Sheet) -> Iterator[alt.Chart]:
    for place, group in enumerate(seen.groups):
        steps = [step for step in seen.shown if step.group == group]
        colour = COLOURS[place % len(COLOURS)]
        yield from _bands(steps, colour, sheet)
        yield from _fading(steps, colour, sheet)


def _bands(steps: Sequence[Step], colour: str, sheet: Sheet) -> Iterator[alt.Chart]:
    bands = [
        {"run": number, "at": _place(at), "y": step.low, "y2": step.high}
        for number, run in enumerate(_runs([step for step in steps if step.is_band]))
        for at, step in [*((step.at, step) for step in run), (run[-1].until, run[-1])]
    ]
    if bands:
        band = sheet.layer(bands).mark_area(interpolate="step-after", color=colour, opacity=0.25, clip=True)
        yield band.encode(x=sheet.x, y=sheet.y, y2="y2:Q", detail="run:N")
    rests = [{**_stretch(step), "y": one, "y2": other} for step in steps for one, other in step.rests]
    if rests:
        rest = sheet.layer(rests).mark_rect(color=colour, opacity=0.12, clip=True)
        yield rest.encode(x=sheet.x, x2="until:T", y=sheet.y, y2="y2:Q")


def _fading(steps: Sequence[Step], colour: str, sheet: Sheet) -> Iterator[alt.Chart]:
    up = [{**_stretch(step), "y": _first(step.high, step.low)} for step in steps if step.most is None]
    down = [{**_stretch(step), "y": _first(step.low, step.high)} for step in steps if step.least is None]
    for rows, begins, edge in ((up, 1, 0), (down, 0, sheet.height)):
        if rows:
            stops = [alt.GradientStop(offset=place, color=_faint(colour, 0.4 * (1 - place))) for place in (0, 1)]
            gradient = alt.LinearGradient(gradient="linear", x1=0, x2=0, y1=begins, y2=1 - begins, stops=stops)
            fade = sheet.layer(rows).mark_rect(color=gradient, clip=True)
            yield fade.encode(x=sheet.x, x2="until:T", y=sheet.y, y2=alt.value(edge))


def _stretch(step: Step) -> dict[str, Any]:
    return {"at": _place(step.at), "until": _place(step.until)}


def _first(*ends: float | None) -> float:
    return next(end for end in ends if end is not None)


def _faint(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


# the lines


def _lines(seen: Charted, sheet: Sheet) -> Iterator[alt.Chart]:
    """Draw what is exact in a thick line, and bounds in thin ones."""
    labels = [safe(group) for group in seen.groups]
    colour: Any = alt.value(COLOURS[0])
    dash: Any = alt.value(DASHES[0])
    if seen.is_grouped and labels:
        colours = [COLOURS[place % len(COLOURS)] for place in range(len(labels))]
        dashes = [DASHES[place // len(COLOURS) % len(DASHES)] for place in range(len(labels))]
        legend = alt.Legend(symbolType="stroke", symbolStrokeWidth=2.5, symbolSize=500)
        colour = alt.Color("group:N", title=None, scale=alt.Scale(domain=labels, range=colours), legend=legend)
        dash = alt.StrokeDash("group:N", title=None, scale=alt.Scale(domain=labels, range=dashes), legend=legend)
    for is_exact, thickness in ((True, 2.5), (False, 1)):
        points = list(_points(seen, is_exact=is_exact))
        if points:
            line = sheet.layer(points).mark_line(interpolate="step-after", strokeWidth=thickness, strokeJoin="miter")
            yield line.encode(x=sheet.x, y=sheet.y, detail="run:N", color=colour, strokeDash=dash)


def _points(seen: Charted, *, is_exact: bool) -> Iterator[dict[str, Any]]:
    steps = [step for step in seen.shown if step.exact == is_exact]
    lows = [step for step in steps if step.low is not None]
    highs = [step for step in steps if step.high is not None and step.high != step.low]
    number = 0
    for end, has_it in (("low", lows), ("high", highs)):
        for run in _runs(has_it):
            number += 1
            points = [(step.at, getattr(step, end)) for step in run]
            for at, y in [*points, (run[-1].until, points[-1][1])]:
                yield {"run": number, "group": safe(run[0].group), "at": _place(at), "y": y}


def _runs(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Give the steps that follow each other without a gap."""
    run: list[Step] = []
    for step in steps:
        if run and (run[-1].until, run[-1].group) != (step.at, step.group):
            yield run
            run = []
        run.append(step)
    if run:
        yield run


# what is told to whoever points there


def _targets(seen: Charted, sheet: Sheet) -> Iterator[alt.Chart]:
    """Lay an invisible target over each step, that tells all of it."""
    steps = seen.shown if seen.is_grouped else seen.steps
    rows = [
        {
            **_stretch(step),
            "y": 0.0 if step.is_gap else _first(step.high, step.low),
            # between two steps that are drawn there are others, where some were left out
            "days": str(step.at) if seen.thinned else _days(step),
            "amount": safe(step.text),
            **{name: safe(getattr(step, name)) for name in ("group", *TOLD)},
        }
        for step in steps
    ]
    told = [name for name in ("group", "days", "amount", *TOLD) if any(row[name] for row in rows)]
    tooltip = [alt.Tooltip(f"{name}:N", title=TITLES[name]) for name in told]
    if rows and seen.is_grouped:  # lines stand above each other
        target = sheet.layer(rows).mark_rule(strokeWidth=12, opacity=0, clip=True)
        yield target.encode(x=sheet.x, x2="until:T", y=sheet.y, tooltip=tooltip)
    elif rows:
        whole = sheet.layer(rows).mark_rect(opacity=0, clip=True)
        yield whole.encode(x=sheet.x, x2="until:T", y=alt.value(0), y2=alt.value(sheet.height), tooltip=tooltip)


def _days(step: Step) -> str:
    last = step.until - ONE_DAY
    return str(step.at) if last == step.at else f"{step.at} to {last}"


# claims


def _marks(marks: Sequence[Mark], sheet: Sheet) -> Iterator[alt.Chart]:
    """Mark each claim: a point for its known end, and a rule over all that it claims, to the edge if that is open."""
    if not marks:
        return
    verdicts = [verdict for verdict in VERDICTS if any(mark.verdict == verdict for mark in marks)]
    colours, shapes = zip(*(VERDICTS[verdict] for verdict in verdicts), strict=True)
    legend = alt.Legend(orient="bottom", symbolSize=110, symbolStrokeWidth=1.5, offset=16)
    colour = alt.Color("verdict:N", title="Claims", scale=alt.Scale(domain=verdicts, range=[*colours]), legend=legend)
    shape = alt.Shape("verdict:N", title="Claims", scale=alt.Scale(domain=verdicts, range=[*shapes]), legend=legend)
    tooltip = [alt.Tooltip(f"{name}:N", title=TITLES[name]) for name in ("day", *OF_A_CLAIM)]
    rows = [(mark, _claimed(mark)) for mark in marks]
    between = [row for mark, row in rows if mark.low is not None and mark.high is not None and mark.low != mark.high]
    up = [row for mark, row in rows if mark.high is None]
    down = [row for mark, row in rows if mark.low is None]
    for several, end in ((between, alt.Y2("y2:Q")), (up, alt.value(0)), (down, alt.value(sheet.height))):
        if several:
            rule = sheet.layer(several).mark_rule(strokeWidth=2, clip=True)
            yield rule.encode(x=sheet.x, y=sheet.y, y2=end, color=colour)
    points = sheet.layer(row for _, row in rows)
    point = points.mark_point(filled=True, size=110, opacity=1, stroke="white", strokeWidth=1)
    yield point.encode(x=sheet.x, y=sheet.y, color=colour, shape=shape, tooltip=tooltip)


def _claimed(mark: Mark) -> dict[str, Any]:
    told = {name: safe(getattr(mark, name)) for name in OF_A_CLAIM}
    noon = _place(mark.at) + _DAY // 2  # its day begins where a step does
    return {"at": noon, "y": _first(mark.low, mark.high), "y2": mark.high, "day": str(mark.at), **told}

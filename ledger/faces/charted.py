"""Charted: what a chart of one measure shows, step by step, worked out by the library; nothing is drawn here.

Between two days on which nothing changes a figure is the same, so a chart is made of steps: from a day on, until
another. Where no value exists, or nothing bounds a figure, the step is a gap. Numbers become floats here, for the
places where they are drawn; what a reader is told of them are the exact texts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from math import inf, isfinite
from typing import Any, Final

from attrs import evolve, frozen

from ledger.faces.markup import plain
from ledger.faces.phrases import Names, labelled, source_of
from ledger.model.errors import BadInput, WrongDimension, listed
from ledger.model.exact import ZERO, Exact
from ledger.model.figures import Figure, Support
from ledger.model.measures import Measure, Share, Value
from ledger.model.quantity import Quantity
from ledger.model.records import KnownAt
from ledger.model.when import day
from ledger.queries.findings import Finding
from ledger.queries.series import by_group
from ledger.queries.timeline import Timeline

NAMING_MAX: Final = 60_000
"""Who counts is read from the ledger for each step, some microseconds a member: no more members than this in all."""

NAMED_MAX: Final = 20  # in one list
ONE_DAY: Final = timedelta(days=1)
MARGIN: Final = 25  # of the time from the first change to the last one, this part is shown beside them
MARGIN_MIN: Final = 15  # days
NO_GROUP: Final = ""
NOTHING: Final = "nothing is known"
ENDS: Final = ("low", "high", "least", "most")


@frozen
class Step:
    """One stretch of days with one figure: from `at` up to the day before `until`.

    `low` and `high` are the ends of the amount, over the values that exist; `least` and `most` those of the envelope,
    in which a missing value can be anything. Each is None where it is open, and all are where it is a gap.
    `exact`: it can be nothing else. The names of members tell who counts from `at` on, who does no longer, and who may.
    """

    group: str
    at: date
    until: date
    low: float | None
    high: float | None
    least: float | None
    most: float | None
    exact: bool
    text: str
    joined: str = ""
    left: str = ""
    uncertain: str = ""

    @property
    def is_gap(self) -> bool:
        """Is nothing known of the figure: does no value exist, or does nothing bound it?"""
        return self.low is None and self.high is None

    @property
    def is_band(self) -> bool:
        """Are there bounds, and apart from each other?"""
        return self.low is not None and self.high is not None and self.low != self.high

    @property
    def rests(self) -> list[tuple[float, float]]:
        """What missing values could make of the amount, above it and below it, where that is bounded."""
        above = [(self.high, self.most)] if self.high is not None and self.most is not None else []
        below = [(self.least, self.low)] if self.low is not None and self.least is not None else []
        return [(one, other) for one, other in above + below if one != other]


@frozen
class Mark:
    """A claim on its day: the ends of what was claimed, None where they are open, and what was found of it."""

    at: date
    low: float | None
    high: float | None
    verdict: str
    claimed: str
    source: str
    found: str


@frozen
class Charted:
    """All that a chart shows of a measure from its `first` day to its `last` one, inclusive.

    `groups` are their labels, in order; a chart that is not grouped has the one label "". `thinned` says of how many
    steps those here are a part, where not all can be told apart at the width of the chart; else it is None.
    `unplaced` counts the claims of the same measure whose unit is of another kind.
    """

    first: date
    last: date
    unit: str
    groups: tuple[str, ...]
    steps: tuple[Step, ...]
    marks: tuple[Mark, ...]
    thinned: int | None
    unplaced: int

    @property
    def is_grouped(self) -> bool:
        """Is there a line for each group?"""
        return self.groups != (NO_GROUP,)

    @property
    def shown(self) -> tuple[Step, ...]:
        """The steps that are no gaps."""
        return tuple(step for step in self.steps if not step.is_gap)


def charted(
    line: Timeline[Any],
    start: date | str | None,
    end: date | str | None,
    known_at: KnownAt,
    names: Names,
    findings: Iterable[Finding],
    width: int,
) -> Charted:
    """Work out what a chart shows, as known at a moment; `width` is how many steps can be told apart.

    Raises `BadInput` where there are no days to show, and what `Timeline.series` and its figures raise.
    """
    claims = [finding for finding in findings if line.by is None and finding.measure == line.measure]
    every_change = line.series(date.min, date.max, every="change", known_at=known_at)
    first, last = _days(start, end, [*every_change.days, *(claim.at for claim in claims)])
    series = every_change.between(first, last)
    answers = [dict(by_group(answer)) for answer in series]
    labels = _labels({group for answer in answers for group in answer}, grouped=line.by is not None)
    many = len(names.members) or sum(len(_all_counted(figure)) for figure in answers[-1].values())
    naming = len(answers) * len(labels) * many <= NAMING_MAX
    unit = next((figure.amount.unit for answer in answers for figure in answer.values()), "")
    found = []
    for group, label in labels.items():
        figures = [
            answer.get(group) or _nobody(line.measure, at, unit)
            for at, answer in zip(series.days, answers, strict=True)
        ]
        found.append(_steps(series.days, figures, last, label, names, naming=naming))
    steps = [step for one in found for step in _thinned(one, first, last, width)]
    every = sum(map(len, found))
    placed = [_mark(claim, unit) for claim in claims if first <= claim.at <= last]
    marks = tuple(mark for mark in placed if mark is not None)
    return Charted(
        first=first,
        last=last,
        unit=unit,
        groups=tuple(labels.values()),
        steps=tuple(steps),
        marks=marks,
        thinned=every if len(steps) < every else None,
        unplaced=len(placed) - len(marks),
    )


def _days(start: date | str | None, end: date | str | None, eventful: Iterable[date]) -> tuple[date, date]:
    """Give the first and the last day to show: those given, or around all on which there is a change or a claim."""
    if start is None or end is None:
        shown = [one for one in eventful if date.min < one < date.max]
        if not shown:
            raise BadInput("nothing is known to have changed on any day: say from when to when to draw (start, end)")
        margin = max((max(shown) - min(shown)).days // MARGIN, MARGIN_MIN)
        first = date.fromordinal(max(min(shown).toordinal() - margin, 1)) if start is None else day(start)
        last = (
            date.fromordinal(min(max(shown).toordinal() + margin, date.max.toordinal() - 1))
            if end is None
            else day(end)
        )
    else:
        first, last = day(start), day(end)
    if first > last:
        raise BadInput(f"a chart from {first} to {last} has no days: give a start that is not after the end")
    return first, min(last, date.max - ONE_DAY)


def _nobody(measure: Measure, at: date, unit: str) -> Figure | None:
    """Give the figure of a group in which nobody can count: a count, or a sum, of nothing; no share of it."""
    if isinstance(measure, Share):
        return None
    nothing = Quantity.computed(ZERO, ZERO, unit)
    return Figure(measure, at, nothing, nothing, at, complete=True, has_value=True, support=Support())


def _labels(groups: Iterable[str | None], *, grouped: bool) -> dict[str | None, str]:
    """Give each group the text by which a reader knows it; a chart that is not grouped has one without."""
    return labelled(groups) if grouped else {None: NO_GROUP}


def _steps(
    days: Sequence[date], figures: Sequence[Figure | None], last: date, label: str, names: Names, *, naming: bool
) -> list[Step]:
    """Give a step for each stretch of days on which one group has one figure."""
    steps: list[Step] = []
    before: Figure | None = None
    for at, until, figure in zip(days, [*days[1:], last + ONE_DAY], figures, strict=True):
        told = _told(before if at > days[0] else figure, figure, names) if naming else {}
        step = Step(group=label, at=at, until=until, **_shown(figure, naming=naming), **told)
        if steps and step == evolve(steps[-1], at=at, until=until, joined="", left=""):
            steps[-1] = evolve(steps[-1], until=until)
        else:
            steps.append(step)
        before = figure
    return steps


def _shown(figure: Figure | None, *, naming: bool) -> dict[str, Any]:
    if figure is None or figure.ends == (None, None):
        return {**dict.fromkeys(ENDS), "exact": False, "text": NOTHING}
    amount, envelope = figure.amount, figure.envelope
    places = map(_drawn, (amount.low, amount.high, envelope.low, envelope.high))
    # to say how many report takes reading who does
    text = str(figure) if naming or figure.complete else f"{amount} (values are missing)"
    return {**dict(zip(ENDS, places, strict=True)), "exact": figure.complete and amount.exact, "text": text}


def _drawn(number: Exact | None) -> float | None:
    """Say where a number is drawn."""
    if number is None:
        return None
    try:
        place = float(number)
    except OverflowError:
        place = inf
    if not isfinite(place):
        raise BadInput("a number of more than 308 digits is too large to be drawn")
    return place


def _told(before: Figure | None, now: Figure | None, names: Names) -> dict[str, Any]:
    """Name those who count from now on, those who did and do not, and those who may."""
    was, is_now = _counted(before), _counted(now)
    return {
        "joined": _named([one for one in is_now if one not in set(was)], names),
        "left": _named([one for one in was if one not in set(is_now)], names),
        "uncertain": "" if now is None else _named(now.possible_members, names),
    }


def _counted(figure: Figure | None) -> tuple[str, ...]:
    return () if figure is None or isinstance(figure.measure, Value) else figure.members


def _all_counted(figure: Figure) -> tuple[str, ...]:
    return figure.members + figure.possible_members


def _named(ids: Sequence[str], names: Names) -> str:
    return listed([names.member(one) for one in ids], NAMED_MAX)


def _thinned(steps: Sequence[Step], first: date, last: date, width: int) -> Sequence[Step]:
    """Leave out what cannot be seen: of all steps that begin in one column, the first, the last and the extremes stay.

    None is changed, but that each lasts until the next one that stays, and tells nobody's names.
    """
    if len(steps) <= 2 * width:
        return steps
    days = (last - first).days + 1
    columns: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for place, step in enumerate(steps):
        is_open = tuple(getattr(step, end) is None for end in ENDS)
        columns[(step.at - first).days * width // days, step.exact, *is_open].append(place)
    staying: set[int] = set()
    for places in columns.values():
        staying |= {places[0], places[-1]}
        for end in ENDS:
            if getattr(steps[places[0]], end) is not None:
                ends = partial(_end_of, steps, end)
                staying |= {min(places, key=ends), max(places, key=ends)}
    kept = sorted(staying)
    return [
        evolve(steps[place], until=steps[following - 1].until, joined="", left="", uncertain="")
        for place, following in pairwise([*kept, len(steps)])
    ]


def _end_of(steps: Sequence[Step], end: str, place: int) -> float:
    found: float = getattr(steps[place], end)
    return found


def _mark(finding: Finding, unit: str) -> Mark | None:
    """Give the mark of a claim; None where its unit is of another kind than that of the figures."""
    try:
        amount = finding.amount.to(unit)
    except WrongDimension:
        return None
    return Mark(
        at=finding.at,
        low=_drawn(amount.low),
        high=_drawn(amount.high),
        verdict=finding.verdict,
        claimed=plain(finding.claim.text) or str(finding.amount),
        source=_source(finding),
        found=plain(finding.sentence),
    )


def _source(finding: Finding) -> str:
    if finding.report is not None:
        return plain(finding.report)
    return "" if finding.record is None else source_of(finding.record)

"""Summary: an initiative on one day as a short document, fit for an annual report.

It says nothing that the ledger does not: figures stand beside what they rest on, rough days stay rough, and
the moment of knowledge is named, so that the same document can be made again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from attrs import frozen

from ledger.faces.changed import Changed, changed
from ledger.faces.claimed import Claimed, claimed
from ledger.faces.markup import rendered, require_format
from ledger.faces.phrases import (
    NO_FIGURE,
    Names,
    amount_of,
    coverage_of,
    quoted,
    reason_of,
    since_of,
    source_of,
    standing_of,
)
from ledger.model.errors import BadInput, shown
from ledger.model.events import ReportPublished
from ledger.model.measures import By, ByLike, Measure, Members, Total, Value, by_of
from ledger.model.members import Member
from ledger.model.records import KnownAt
from ledger.model.state import InitiativeState
from ledger.model.when import instant_text
from ledger.queries.points import Point, PointLike, point_of

if TYPE_CHECKING:
    from ledger.initiative import Initiative


@frozen
class Row:
    """One figure: what, how much, how many report, the oldest day it rests on, and what it could be."""

    what: str
    amount: str
    coverage: str
    oldest: str = ""
    envelope: str = ""


@frozen
class Entry:
    """A member: its name, its id where that is another, and what is to be said of it."""

    name: str
    id: str
    note: str


@frozen
class Group:
    """Members who share a value of an attribute, with their number; `possibly` names those who may."""

    title: str
    count: str
    entries: tuple[Entry, ...]
    possibly: str


@frozen
class Page:
    """All that the document says, in the order in which it says it."""

    name: str
    at: str
    known: str
    closed: str
    supporters: str
    figures: tuple[Row, ...]
    count: str
    groups: tuple[Group, ...]
    possible: tuple[Entry, ...]
    suspended: tuple[Entry, ...]
    changed: Changed | None
    reports: tuple[str, ...]
    claimed: tuple[Claimed, ...]
    sources: tuple[tuple[str, int], ...]

    @property
    def incomplete(self) -> bool:
        """Is there a figure that could be another if missing values were known?"""
        return any(row.envelope for row in self.figures)

    @property
    def explained(self) -> bool:
        """Is there a claim of which more is to be said than that it holds?"""
        return any(claim.why for claim in self.claimed)


_NEAR: Final = 1_000  # records that are read through, and not leapt over


def summary(
    initiative: Initiative,
    at: date | str,
    known_at: KnownAt = None,
    *,
    since: PointLike | None = None,
    by: ByLike | None = None,
    measures: Iterable[Measure] | None = None,
    format: str = "markdown",
) -> str:
    """Write a short document on an initiative: see `Initiative.summary`, which is the way to it."""
    require_format(format)
    asked = None if measures is None else _asked(measures)
    before = None if since is None else _point(since, known_at)
    state = initiative.at(at, known_at)
    earlier = None if before is None else initiative.at(before.day, before.known_at)
    names = Names.of(state) if earlier is None else Names.of(state, earlier)
    asked = tuple(usual(state)) if asked is None else asked
    page = Page(
        name=state.name,
        at=state.at.isoformat(),
        known=_known(initiative, state),
        closed={True: "is closed", False: "", None: "may be closed"}[state.closed],
        supporters=", ".join(map(quoted, state.supporters)),
        figures=tuple(_row(measure, state, names) for measure in asked),
        count=str(state.count()),
        groups=tuple(_groups(state, None if by is None else by_of(by), names)),
        possible=tuple(_entry(member, standing=True) for member in state.possible_members.values()),
        suspended=tuple(_entry(member, standing=len(member.statuses) > 1) for member in state.suspended.values()),
        changed=None if earlier is None else _changed(initiative, earlier, state, known_at, asked),
        reports=tuple(_reports(state)),
        claimed=_claimed(initiative, state, known_at, names),
        sources=_sources(state),
    )
    return rendered("summary", format, page)


def _point(since: PointLike, known_at: KnownAt) -> Point:
    # a day alone is looked at with the knowledge of the document, so that what differs is the world
    return Point(since, known_at) if isinstance(since, date | str) else point_of(since)


def _asked(measures: object) -> tuple[Measure, ...]:
    if not isinstance(measures, Iterable) or isinstance(measures, str):
        raise BadInput(f"measures={shown(measures)} is no list: give measures as in [Members(), Total('co2')]")
    return tuple(measures)  # each is looked at when it is asked


def usual(state: InitiativeState) -> Iterator[Measure]:
    """Give what is asked of a state where nothing else is: counts, and each metric in the ways in which it has values.

    >>> from ledger.model.state import replay
    >>> list(usual(replay([], at="2024-01-01"))) == [Members()]
    True
    """
    yield Members()
    if state.suspended:
        yield Members(suspended=True)
    of_members, of_all = (
        {key.name for key in state.registers.cells if key.aspect == "metric" and key.subject == subject}
        for subject in ("member", "initiative")
    )
    for metric, definition in state.metrics.items():
        if definition.additive and (metric in of_members or metric not in of_all):
            yield Total(metric)
        if metric in of_all:
            yield Value(metric)


def _changed(
    initiative: Initiative,
    before: InitiativeState,
    after: InitiativeState,
    known_at: KnownAt,
    measures: tuple[Measure, ...],
) -> Changed:
    return changed(before, initiative.at(before.at, known_at), after, _known(initiative, before), measures)


def _claimed(initiative: Initiative, state: InitiativeState, known_at: KnownAt, names: Names) -> tuple[Claimed, ...]:
    told = {("report", "published"), ("initiative", "metric")}
    if not any((key.subject, key.aspect) in told for key in state.registers.cells):
        return ()  # an audit would be of later days alone

    def state_at(day: date, then: datetime | None) -> InitiativeState:
        return initiative.at(day, known_at if then is None else then)

    return claimed(initiative.audit(known_at=known_at), state, names, state_at)


def _row(measure: Measure, state: InitiativeState, names: Names) -> Row:
    try:
        figure = state.measure(measure)
    except NO_FIGURE as error:
        return Row(names.measure(measure), "no total", reason_of(error, names))
    oldest = "" if figure.oldest is None else "unknown" if figure.oldest == date.min else str(figure.oldest)
    envelope = "" if figure.complete else str(figure.envelope)
    return Row(names.measure(measure), amount_of(figure), coverage_of(figure, names), oldest, envelope)


def _known(initiative: Initiative, state: InitiativeState) -> str:
    """Give the instant of the newest record that was known."""
    if not state.version:
        return ""
    after = max(state.registers.refs, default=1) - 1  # what the state rests on is not later than that record
    while True:
        first = next(initiative.records(after=after))
        left = state.version - first.version
        if left <= _NEAR:
            break
        after = first.position + left - 1  # positions grow by no less than versions do
    newest = next(record for record in initiative.records(after=after) if record.version == state.version)
    return instant_text(newest.recorded_at)


def _groups(state: InitiativeState, by: By | None, names: Names) -> Iterator[Group]:
    if by is None:
        yield Group("", "", tuple(_entry(member) for member in state.members.values()), "")
        return
    figures, attribute = state.count(by=by), by if isinstance(by, str) else by.attribute
    for value, figure in figures.items():
        entries = tuple(_entry(state[id]) for id in figure.members)
        possibly = ", ".join(names.member(id) for id in figure.possible_members)
        yield Group(f"without {attribute}" if value is None else value, str(figure), entries, possibly)
    placed = {id for figure in figures.values() for id in figure.members}
    if others := tuple(_entry(member) for id, member in state.members.items() if id not in placed):
        yield Group(f"{attribute} not certain", str(len(others)), others, "")


def _entry(member: Member, *, standing: bool = False) -> Entry:
    words = [standing_of(member)] if standing else []
    if since := since_of(member):
        words.append(f"if a member, {since}" if standing else since)
    return Entry(member.name, "" if member.id == member.name else member.id, "; ".join(words))


def _reports(state: InitiativeState) -> Iterator[str]:
    for reports, doubt in ((state.reports, ""), (state.possible_reports, ", possibly not published by then")):
        for id, report in sorted(reports.items(), key=_by_day):
            yield f"{report.effective}: {_titled(id, report)}{doubt}"


def _by_day(item: tuple[str, ReportPublished]) -> tuple[date, date, str]:
    id, report = item
    return report.effective.earliest, report.effective.latest, id


def _titled(id: str, report: ReportPublished) -> str:
    title = report.title or id
    where = f", {report.url}" if report.url else ""
    return f"{title} ({report.kind}){where}"


def _sources(state: InitiativeState) -> tuple[tuple[str, int], ...]:
    counted = Counter(source_of(ref) for ref in state.registers.refs.values())
    return tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

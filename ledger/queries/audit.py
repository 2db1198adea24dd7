"""The audit: every published claim, held against the replay of its day, by what was known then and by what is now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from datetime import date, datetime
from functools import cache, cached_property, lru_cache, partial
from typing import Final, NamedTuple, TypeAlias, cast

from attrs import evolve, field, frozen

from ledger.model.errors import (
    BadInput,
    NotAdditive,
    Unknown,
    UnknownAttribute,
    UnknownMember,
    UnknownMetric,
    UnknownReport,
    WrongDimension,
    shown,
)
from ledger.model.events import Claim, MetricDefined, ReportPublished
from ledger.model.facts import Register, metric_of
from ledger.model.fields import require_id
from ledger.model.figures import Figure
from ledger.model.measures import Measure, Members, Simple, Total, Value, attributes_of, singles_of
from ledger.model.parts import NOTHING, Ends, hull, total_of
from ledger.model.quantity import Quantity
from ledger.model.records import RecordRef
from ledger.model.registers import Registers
from ledger.model.state import InitiativeState
from ledger.queries.checks import CONTRADICTED, Check, changed_by, check
from ledger.queries.findings import Finding, Findings
from ledger.queries.holds import TRIED_MAX, days_of_change, first_to_hold, nearest_day, other_bases, other_days
from ledger.queries.log import PART_OF, Log, Wanted, standing, state_of
from ledger.queries.timeline import Timeline
from ledger.queries.why import Why, why

Moment: TypeAlias = datetime | int | None
"""A moment of knowledge, as `known_at_of` reads it."""

STATES_MAX: Final = 32  # kept at a time; the claims of a report are mostly of one day


class Stated(NamedTuple):
    """Where a claim is stated: by which record, by which report and where in it, and since when that was known."""

    record: RecordRef | None = None
    report: str | None = None
    place: int = 0
    known_at: datetime | None = None


@frozen(eq=False, repr=False, slots=False)  # its cached property lives beside its fields
class Audit:
    """The audit of one initiative, as known at a moment. Each state is read once, however many claims ask for it."""

    initiative: str
    log: Log
    known_at: Moment
    _state: Callable[[date, Moment], InitiativeState] = field(init=False)
    _line: Callable[[Measure], Timeline[Figure]] = field(init=False)
    _windows: Callable[[Wanted], set[tuple[date, date]]] = field(init=False)
    _perimeter: Callable[[Wanted, date], Registers] = field(init=False)
    _counted: Callable[[Members, Wanted, date], tuple[tuple[str, ...], tuple[str, ...]]] = field(init=False)

    @_state.default
    def _read_once(self) -> Callable[[date, Moment], InitiativeState]:
        return lru_cache(STATES_MAX)(self._read)

    @_line.default
    def _made_once(self) -> Callable[[Measure], Timeline[Figure]]:
        return lru_cache(STATES_MAX)(partial(Timeline, self.initiative, self.log))

    @_windows.default
    def _listed_once(self) -> Callable[[Wanted], set[tuple[date, date]]]:
        return lru_cache(STATES_MAX)(self._read_windows)

    @_perimeter.default
    def _gathered_once(self) -> Callable[[Wanted, date], Registers]:
        return lru_cache(2 * STATES_MAX)(self._read_perimeter)

    @_counted.default
    def _counted_once(self) -> Callable[[Members, Wanted, date], tuple[tuple[str, ...], tuple[str, ...]]]:
        return lru_cache(8 * STATES_MAX)(self._count)

    def of_reports(self, names: Iterable[str], report: str | None = None) -> Findings:
        """Audit the claims of the reports known that have these names, or of that one alone, in order of record.

        A claim of a value of the initiative as a whole is held against the members' total as well. Raises
        `UnknownReport`, and `BadEvent` for what cannot be the id of one.
        """
        if report is not None:
            require_id(report, "report")
        registers = {name: Register("report", name, "published") for name in names}
        _, found = self.log.registers(self.initiative, date.max, self.known_at, Wanted((), tuple(registers.values())))
        facts = {name: found.of(register).candidates for name, register in registers.items()}
        known = {name: candidates[-1].fact for name, candidates in facts.items() if candidates}
        if report is not None and report not in known:
            gone = "it was retracted" if self.known_at is None else "it was retracted, or recorded later than that"
            raise UnknownReport(report, known, gone if report in registers else "")
        asked = [fact for name, fact in known.items() if report in (None, name)]
        findings: list[Finding] = []
        for fact in sorted(asked, key=lambda fact: fact.position):
            event = cast("ReportPublished", fact.value)  # nothing else is written to the register of a report
            findings += self._of_report(event, found.refs[fact.position], fact.rank)
        return Findings(findings)

    def of_values(self, metrics: Iterable[str]) -> Findings:
        """Hold the values of these metrics that are stated for the initiative as a whole against the members' totals.

        Each on the day from which it certainly holds, if its metric can be totalled and it was neither withdrawn nor
        retracted.
        """
        additive = [metric for metric in metrics if _can_be_totalled(metric, self._definitions)]
        wanted = Wanted((), tuple(metric_of(metric, None) for metric in additive))
        with self.log.news(self.initiative, 0, wanted) as news:
            said = [(fact, register.name) for register, fact in standing(news, self.known_at) if fact[4] is not None]
        refs = self.log.refs({position for (_, position, *_), _ in said})
        findings = []
        for (rank, position, _, latest, text, _, _), metric in said:
            claim = claim_of_value(metric, str(text), latest)
            stated = Stated(refs[position], known_at=self._first_known(rank))
            against = held_against(claim, self._definitions, is_recorded=True)
            findings += [self._finding(claim, measure, latest, stated) for measure in against]
        return Findings(findings)

    def of_claims(self, claims: Iterable[tuple[Claim, date]]) -> Findings:
        """Audit claims that are not recorded, each of a day. Raises `NotAdditive`."""
        findings: list[Finding] = []
        for index, (claim, at) in enumerate(claims):
            for single in singles_of(claim.measure):
                definition = self._definitions.get(single.metric) if isinstance(single, Total) else None
                if definition is not None and not definition.additive:
                    raise NotAdditive(
                        f"{_named(index, claim)}: metric {definition.metric!r} is not additive, so it has no total: "
                        "claim a Value of it"
                    )
            findings += self._of_claim(claim, at, Stated(place=index))
        return Findings(findings)

    def _of_report(self, report: ReportPublished, record: RecordRef, rank: int) -> Iterator[Finding]:
        known_at = self._first_known(rank)
        for index, claim in enumerate(report.claims):
            at = report.effective.earliest if claim.at is None else claim.at
            yield from self._of_claim(claim, at, Stated(record, report.report, index, known_at))

    def _of_claim(self, claim: Claim, at: date, stated: Stated) -> Iterator[Finding]:
        for measure in held_against(claim, self._definitions):
            yield self._finding(claim, measure, at, stated)

    def _finding(self, claim: Claim, measure: Measure, at: date, stated: Stated) -> Finding:
        now = check(claim, self._state(at, self.known_at), measure)
        then = None if stated.known_at is None else check(claim, self._state(at, stated.known_at), measure)
        contradicted = now.verdict == CONTRADICTED
        restated = then is not None and not then.agrees(now)
        return Finding(
            initiative=self.initiative,
            report=stated.report,
            index=stated.place,
            record=stated.record,
            claim=claim,
            measure=measure,
            at=at,
            when_published=then,
            now=now,
            why=() if then is None else tuple(self._why(measure, at, stated.known_at, then, now)),
            holds_at=self._holds_at(claim, measure, at) if contradicted else None,
            holds_as=self._holds_as(claim, measure, at) if contradicted else None,
            changed_by=self._changed_by(measure, at, stated.known_at) if restated else (),
            first_known=stated.known_at,
        )

    def _why(self, measure: Measure, at: date, known_at: Moment, then: Check, now: Check) -> Iterator[Why]:
        if then.agrees(now) or then.figure is None or now.figure is None:
            return
        before, after = self._state(at, known_at), self._state(at, self.known_at)
        for single in singles_of(measure):
            try:
                yield why(single, before, after, after)
            except WrongDimension:  # the metric has come to be defined in another one: no effects lead there
                continue

    def _changed_by(self, measure: Measure, at: date, known_at: Moment) -> tuple[RecordRef, ...]:
        return changed_by(measure, self._state(at, known_at), self._state(at, self.known_at))

    # where a contradicted claim would hold

    def _holds_at(self, claim: Claim, measure: Measure, at: date) -> date | None:
        line = self._line(measure)
        changes = days_of_change(measure, self._windows(Wanted.by(measure)))
        most = TRIED_MAX if _is_read_day_by_day(measure) else None
        return nearest_day(claim, at, changes, lambda day: line.at(day, self.known_at), most)

    def _holds_as(self, claim: Claim, measure: Measure, at: date) -> Measure | None:
        wanted = Wanted.by(measure)
        of_members = Wanted(tuple(one for one in wanted.aspects if one[0] != "metric"), wanted.registers)
        version, registers = self.log.registers(self.initiative, at, self.known_at, wanted)
        # the totals of many claims are tried over the members of the same days
        state = InitiativeState(self.initiative, at, version, registers, partial(self._perimeter, of_members))
        found = first_to_hold(claim, other_bases(measure), state.measure)
        if found is not None or not isinstance(measure, Total):
            return found
        changes = days_of_change(evolve(measure, within=None), self._windows(of_members))
        tried: Iterable[Total] = other_days(measure, at, changes)
        if not self._windows(Wanted((PART_OF,), ())):
            adds = cache(state.question.if_counted(measure))
            tried = (one for one in tried if claim.amount.contains(self._sum(one, state, of_members, adds)))
        return first_to_hold(claim, tried, state.measure)

    def _sum(self, total: Total, state: InitiativeState, wanted: Wanted, adds: Callable[[str], Ends]) -> Quantity:
        """Add up the values of the members of another day: what only the few totals that fit are then measured for."""
        counted = Members(total.where, suspended=total.suspended)
        certain, possible = self._counted(counted, wanted, total.members_at or state.at)
        ends = [adds(member) for member in certain]
        ends += [hull([NOTHING, adds(member)]) for member in possible]
        return state.question.scale(total).quantity(total_of(ends))

    # what is read

    @cached_property
    def _definitions(self) -> Mapping[str, MetricDefined]:
        return self._state(date.max, self.known_at).metrics

    def _first_known(self, rank: int) -> datetime:
        """Say when a record was recorded or, of a replacement, the first record of its line, whose rank it has."""
        return self.log.ref(self.initiative, rank).recorded_at

    def _read(self, at: date, known_at: Moment) -> InitiativeState:
        return state_of(self.log, self.initiative, at, known_at)

    def _read_perimeter(self, wanted: Wanted, day: date) -> Registers:
        return self.log.registers(self.initiative, day, self.known_at, wanted)[1]

    def _count(self, measure: Members, wanted: Wanted, day: date) -> tuple[tuple[str, ...], tuple[str, ...]]:
        state = InitiativeState(self.initiative, day, 0, self._perimeter(wanted, day))
        figure = state.measure(measure)
        return figure.members, figure.possible_members

    def _read_windows(self, wanted: Wanted) -> set[tuple[date, date]]:
        """Give the windows of all facts that were ever recorded of some registers; more of them do no harm."""
        with self.log.news(self.initiative, 0, wanted) as news:
            return {(earliest, latest) for _, (_, _, earliest, latest, _, _, _) in news.facts}


def held_against(claim: Claim, metrics: Mapping[str, MetricDefined], *, is_recorded: bool = False) -> Iterator[Measure]:
    """Give the measures that a claim is held against, by how metrics are defined: of each there is a finding.

    These are its own and, for a value of the initiative as a whole that can be totalled, the members' total. A value
    that is recorded as such is what its own measure answers, and is held against the total alone.

    >>> jobs = {"jobs": MetricDefined("jobs", "people")}
    >>> [type(one).__name__ for one in held_against(Claim(Value("jobs"), "100 people"), jobs)]
    ['Value', 'Total']
    """
    measure = claim.measure
    if not is_recorded:
        yield measure
    if isinstance(measure, Value) and measure.member is None and _can_be_totalled(measure.metric, metrics):
        yield Total(measure.metric)


def _can_be_totalled(metric: str, metrics: Mapping[str, MetricDefined]) -> bool:
    return metric in metrics and metrics[metric].additive


def claim_of_value(metric: str, amount: str, at: date) -> Claim:
    """Give the claim that a value makes that is stated for the initiative as a whole, from a day on."""
    return Claim(Value(metric), Quantity.parse(amount), at=at)


def given_claims(claims: object, report: object = None) -> list[tuple[Claim, date]]:
    """Give each claim that somebody wants audited with its day; raises `BadInput` for what is none, or has none.

    >>> from ledger.model.measures import Members
    >>> given_claims([Claim(Members(), "17", at="2023-01-20")])[0][1]
    datetime.date(2023, 1, 20)
    """
    if report is not None:
        raise BadInput(f"report={shown(report)} and claims were given: audit a report that is recorded, or claims")
    if isinstance(claims, Set) or not isinstance(claims, Iterable):  # the claims of a set would have no places
        raise BadInput(f"claims must be several Claims in a list or a tuple, not {type(claims).__name__}")
    found = []
    for index, claim in enumerate(claims):
        if not isinstance(claim, Claim):
            raise BadInput(f"claim {index}: a Claim was expected, not {type(claim).__name__}")
        if claim.at is None:
            raise BadInput(f"claim {index} is of no day, and no report gives it one: name it, as in at='2023-01-20'")
        found.append((claim, claim.at))
    return found


def require_names(claims: Iterable[tuple[Claim, date]], known: Mapping[str, Collection[str]]) -> None:
    """Raise `UnknownMetric`, `UnknownMember` or `UnknownAttribute` for a name under which nothing was ever recorded.

    `known` holds the names recorded, of each `metric`, `member` and `attribute`.
    """
    for index, (claim, _) in enumerate(claims):
        for single in singles_of(claim.measure):
            for error, subject, names in _names_in(single):
                for name in names:
                    if name not in known[subject]:
                        raise error(name, known[subject], _named(index, claim))


def _is_read_day_by_day(measure: Measure) -> bool:
    """Is it a total that a timeline has no sums of?"""
    return any(isinstance(single, Total) and single.within is not None for single in singles_of(measure))


def _named(index: int, claim: Claim) -> str:
    return f"claim {index} ({shown(claim.text)})" if claim.text else f"claim {index}"


def _names_in(measure: Simple) -> Iterator[tuple[type[Unknown], str, list[str]]]:
    if isinstance(measure, Total | Value):
        yield UnknownMetric, "metric", [measure.metric]
    if isinstance(measure, Value):
        yield UnknownMember, "member", [measure.member] if measure.member is not None else []
    yield UnknownAttribute, "attribute", attributes_of(measure)

"""Published: what an audit finds of all that is claimed, at any moment of knowledge.

Claims are those of reports, and the values that are stated for the initiative as a whole. What each of them is held
against is what `Initiative.audit` holds it against at that moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from ledger.faces.claimed import what_of, why_of
from ledger.faces.markup import is_address, plain
from ledger.faces.phrases import Names, days_of, source_of
from ledger.model.errors import WrongDimension
from ledger.model.events import Claim, ReportPublished
from ledger.model.facts import INITIATIVE_STATUS, Register, definition_of
from ledger.model.measures import Measure, Total, Value, singles_of
from ledger.model.quantity import Quantity
from ledger.model.records import RecordRef
from ledger.queries.audit import claim_of_value, held_against
from ledger.queries.checks import Check, check
from ledger.queries.findings import Finding
from ledger.queries.planes import STILL
from ledger.queries.tracks import NEVER
from ledger.queries.unfolding import Unfolding

if TYPE_CHECKING:
    from ledger.initiative import Initiative
    from ledger.model.state import InitiativeState

STATED: Final = "Stated for the initiative as a whole"
"""The title above the values that are, which no report need have published."""
PARTED: Final = "\0"  # which is in no text of a ledger
STATES_MAX: Final = 32  # kept at a time: the claims of a report are mostly of one day


class Verdict(NamedTuple):
    """What was found of a claim, as known from one moment on up to another (0: still).

    `before` is the verdict when it was published, where that was another one. `why` is parted at the amounts in it, so
    that these are put as all others of a page: each second piece is one. `amount` is what was claimed, in the unit of
    the figure; empty where that is of another kind.
    """

    since: int
    until: int
    verdict: str
    before: str
    why: tuple[str, ...]
    amount: str


class Promise(NamedTuple):
    """A claim and one measure that it is held against: in words, how much, for which day (its ordinal), by whom.

    `source` is empty where a report makes the claim. Of moments at which it is not held against that measure, nothing
    is `found`.
    """

    measure: Measure
    what: str
    amount: str
    at: int
    source: str
    found: tuple[Verdict, ...]


class Published(NamedTuple):
    """A report as known from one moment on up to another (0: still), and its claims.

    `url` is empty where it is no address of a page. `day` is the ordinal of the first day on which it can have
    appeared, and `when` all that is known of that. What is stated for the initiative as a whole is put as the claims of
    one more, which never appeared.
    """

    since: int
    until: int
    title: str
    kind: str
    url: str
    when: str
    day: int
    claims: tuple[Promise, ...]


class Statement(NamedTuple):
    """A claim of a day as it stands from one moment on up to another (0: still).

    `rank` is that of the record that states it: the version of the first one of a line of corrections. `source` is
    empty where a report makes the claim.
    """

    claim: Claim
    at: date
    since: int
    until: int
    rank: int
    source: str = ""


class Reports:
    """All that is claimed of an initiative, as checked at any moment; `records` are there by position."""

    def __init__(self, initiative: Initiative, names: Names, records: Mapping[int, RecordRef]) -> None:
        self._initiative = initiative
        self._names = names
        self._records = records
        self._state = lru_cache(STATES_MAX)(initiative.at)

    def claims(self, unfolding: Unfolding) -> list[tuple[date, frozenset[str]]]:
        """Give the day of each claim, and the metrics that it rests on."""
        every = (*_of_reports(unfolding), *self._recorded(unfolding))
        return [(one.at, _metrics(one.claim)) for one in every]

    def published(self, unfolding: Unfolding) -> list[Published]:
        """Tell of each report, and of the values stated for the initiative as a whole, with what was found of each."""
        touched = _Touched(unfolding)
        told = [
            Published(
                since=since,
                until=until,
                title=plain(event.title) or fact_id,
                kind=plain(event.kind),
                url=event.url if is_address(event.url) else "",
                when=days_of(event.effective.earliest, event.effective.latest),
                day=event.effective.earliest.toordinal(),
                claims=tuple(self._promises(unfolding, touched, _claims(event, since, until, rank))),
            )
            for since, until, (fact_id, rank), event in _standing(unfolding)
        ]
        recorded = tuple(self._promises(unfolding, touched, self._recorded(unfolding)))
        if recorded:
            first = min(verdict.since for promise in recorded for verdict in promise.found)
            told.append(Published(first, STILL, STATED, "", "", "", NEVER, recorded))
        return told

    def _recorded(self, unfolding: Unfolding) -> Iterator[Statement]:
        """Give the values of the initiative as a whole, each as a claim of the day from which on it certainly holds."""
        for register in sorted(key for key in unfolding.facts if (key.subject, key.aspect) == ("initiative", "metric")):
            for (rank, position, _, latest, text, _, _), since, until in unfolding.standing(register):
                if text is not None:
                    claim = claim_of_value(register.name, str(text), latest)
                    yield Statement(claim, latest, since, until, rank, source_of(self._records[position]))

    def _promises(self, unfolding: Unfolding, touched: _Touched, statements: Iterable[Statement]) -> Iterator[Promise]:
        for one in statements:
            for measure, found in self._found(unfolding, touched, one).items():
                what = what_of(one.claim, measure, self._names)
                yield Promise(measure, what, str(one.claim.amount), one.at.toordinal(), one.source, tuple(found))

    def _found(self, unfolding: Unfolding, touched: _Touched, one: Statement) -> Mapping[Measure, Sequence[Verdict]]:
        """Say what is found by each measure that a claim comes to be held against."""
        every: dict[Measure, list[Verdict]] = defaultdict(list)
        published: dict[Measure, Check] = {}
        then = self._state(one.at, unfolding.position_of(one.rank))
        for moment, following in pairwise([*sorted(touched.moments(one)), one.until]):
            position = unfolding.moments[moment - 1].position
            defined = self._state(one.at, position).metrics
            for measure in held_against(one.claim, defined, is_recorded=bool(one.source)):
                if measure not in published:
                    published[measure] = check(one.claim, then, measure)
                told, found = self._verdict(one, measure, published[measure], position), every[measure]
                if found and found[-1] == told._replace(since=found[-1].since, until=moment):
                    found[-1] = found[-1]._replace(until=following)
                else:
                    found.append(told._replace(since=moment, until=following))
        return every

    def _verdict(self, one: Statement, measure: Measure, published: Check, position: int) -> Verdict:
        state = self._state(one.at, position)
        now = check(one.claim, state, measure)
        finding = Finding(self._initiative.id, None, 0, None, one.claim, measure, one.at, published, now)

        def state_at(day: date, known: datetime | None) -> InitiativeState:
            return self._state(day, position if known is None else known)

        return Verdict(
            since=0,
            until=STILL,
            verdict=now.verdict,
            before="" if published.verdict == now.verdict else published.verdict,
            why=tuple(why_of(finding, state, self._names, state_at, _parted).split(PARTED)),
            amount=_in_unit_of(now, one.claim),
        )


class _Touched:
    """The moments at which something else may be found, or told, of a claim."""

    def __init__(self, unfolding: Unfolding) -> None:
        self._unfolding = unfolding
        self._registers: dict[frozenset[str], list[Register]] = {}
        self._on: dict[tuple[date, frozenset[str]], set[int]] = {}

    def moments(self, one: Statement) -> set[int]:
        """Give these, of the moments from the first to the last one at which the claim stands.

        Who is missing can change where the amount does not: so each register counts that figure or words rest on. These
        are the same for a value of the initiative as a whole and for the members' total.
        """
        singles = singles_of(one.claim.measure)
        metrics = _metrics(one.claim)
        bases = {single.members_at for single in singles if isinstance(single, Total) and single.members_at is not None}
        every = {moment for day in (one.at, *bases) for moment in self._on_day(day, metrics)}
        for metric in metrics:
            every |= self._unfolding.moments_of(definition_of(metric))
        until = one.until or NEVER
        return {one.since, *(moment for moment in every if one.since < moment < until)}

    def _on_day(self, day: date, metrics: frozenset[str]) -> set[int]:
        """Give the moments at which anything on members or these metrics becomes another thing on a day."""
        if metrics not in self._registers:
            self._registers[metrics] = [one for one in self._unfolding.facts if _rests_on(one, metrics)]
        if (day, metrics) not in self._on:
            self._on[day, metrics] = self._unfolding.moments_on(day, self._registers[metrics])
        return self._on[day, metrics]


def _of_reports(unfolding: Unfolding) -> Iterator[Statement]:
    for since, until, (_, rank), event in _standing(unfolding):
        yield from _claims(event, since, until, rank)


def _standing(unfolding: Unfolding) -> Iterator[tuple[int, int, tuple[str, int], ReportPublished]]:
    """Give each report as it stands from one moment up to another, with its id and its rank."""
    for register in sorted(key for key in unfolding.facts if key.subject == "report"):
        moments = sorted(unfolding.moments_of(register))
        for since, until in pairwise([*moments, STILL]):
            fact = unfolding.last(register, since)
            if fact is not None:
                yield since, until, (register.id, fact[0]), cast("ReportPublished", fact[4])


def _rests_on(register: Register, metrics: frozenset[str]) -> bool:
    if register.aspect == "metric":
        return register.name in metrics
    return register.subject == "member" or register == INITIATIVE_STATUS


def _claims(event: ReportPublished, since: int, until: int, rank: int) -> Iterator[Statement]:
    """Give the claims with their days, which are the report's own where none is named."""
    return (Statement(one, one.at or event.effective.earliest, since, until, rank) for one in event.claims)


def _metrics(claim: Claim) -> frozenset[str]:
    return frozenset(one.metric for one in singles_of(claim.measure) if isinstance(one, Total | Value))


def _parted(amount: str) -> str:
    return f"{PARTED}{amount}{PARTED}"


def _in_unit_of(now: Check, claim: Claim) -> str:
    unit = claim.amount.unit if now.figure is None else now.figure.amount.unit
    try:
        amount = claim.amount.to(unit)
    except WrongDimension:
        return ""
    return str(Quantity.computed(amount.low, amount.high, unit))  # as a figure prints, and not as it was typed

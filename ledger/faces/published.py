"""Published: the reports of an initiative and their claims, with what was found of each at any moment of knowledge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from ledger.faces.claimed import why_of
from ledger.faces.markup import is_address, plain
from ledger.faces.phrases import Names, days_of
from ledger.model.errors import WrongDimension
from ledger.model.events import Claim, ReportPublished
from ledger.model.facts import INITIATIVE_STATUS, Register, definition_of
from ledger.model.measures import Measure, Total, Value, singles_of
from ledger.model.quantity import Quantity
from ledger.queries.checks import Check, check
from ledger.queries.findings import Finding
from ledger.queries.planes import STILL
from ledger.queries.unfolding import Unfolding

if TYPE_CHECKING:
    from ledger.initiative import Initiative
    from ledger.model.state import InitiativeState

PARTED: Final = "\0"  # which is in no text of a ledger
STATES_MAX: Final = 32  # kept at a time: the claims of a report are mostly of one day


class Claimed(NamedTuple):
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
    """A claim: what it measures, in words too, how much, the ordinal of its day, and what was found of it."""

    measure: Measure
    what: str
    amount: str
    at: int
    found: tuple[Claimed, ...]


class Published(NamedTuple):
    """A report as known from one moment on up to another (0: still), and its claims.

    `url` is empty where it is no address of a page. `day` is the ordinal of the first day on which it can have
    appeared, and `when` all that is known of that.
    """

    since: int
    until: int
    title: str
    kind: str
    url: str
    when: str
    day: int
    claims: tuple[Promise, ...]


class Reports:
    """The reports of an initiative, and their claims as checked at any moment."""

    def __init__(self, initiative: Initiative, names: Names) -> None:
        self._initiative = initiative
        self._names = names
        self._state = lru_cache(STATES_MAX)(initiative.at)
        self._touched: dict[tuple[int, date, frozenset[str]], set[int]] = {}

    def checks(self, unfolding: Unfolding) -> int:
        """Say how many checks it takes to tell what was found at every moment."""
        return sum(
            len(self._moments(unfolding, claim.measure, at, since, until))
            for since, until, _, event in _standing(unfolding)
            for claim, at in _claims(event)
        )

    def published(self, unfolding: Unfolding) -> list[Published]:
        """Tell of each report, and of what was found of its claims."""
        return [
            Published(
                since=since,
                until=until,
                title=plain(event.title) or fact_id,
                kind=plain(event.kind),
                url=event.url if is_address(event.url) else "",
                when=days_of(event.effective.earliest, event.effective.latest),
                day=event.effective.earliest.toordinal(),
                claims=tuple(self._promise(unfolding, claim, at, since, until, rank) for claim, at in _claims(event)),
            )
            for since, until, (fact_id, rank), event in _standing(unfolding)
        ]

    def _promise(self, unfolding: Unfolding, claim: Claim, at: date, since: int, until: int, rank: int) -> Promise:
        published = self._check(claim, at, unfolding.position_of(rank))
        moments = sorted(self._moments(unfolding, claim.measure, at, since, until))
        found: list[Claimed] = []
        for moment, following in pairwise([*moments, until]):
            position = unfolding.moments[moment - 1].position
            told = self._claimed(claim, at, published, position)._replace(since=moment, until=following)
            if found and found[-1][2:] == told[2:]:
                found[-1] = found[-1]._replace(until=following)
            else:
                found.append(told)
        what = self._names.measure(claim.measure) + (f" ({plain(claim.text)})" if plain(claim.text) else "")
        return Promise(claim.measure, what, str(claim.amount), at.toordinal(), tuple(found))

    def _claimed(self, claim: Claim, at: date, published: Check, position: int) -> Claimed:
        now = self._check(claim, at, position)
        finding = Finding(self._initiative.id, None, 0, None, claim, claim.measure, at, published, now)

        def state_at(day: date, then: datetime | None) -> InitiativeState:
            return self._state(day, position if then is None else then)

        return Claimed(
            since=0,
            until=STILL,
            verdict=now.verdict,
            before="" if published.verdict == now.verdict else published.verdict,
            why=tuple(why_of(finding, self._state(at, position), self._names, state_at, _parted).split(PARTED)),
            amount=_in_unit_of(now, claim),
        )

    def _check(self, claim: Claim, at: date, position: int) -> Check:
        return check(claim, self._state(at, position))

    def _moments(self, unfolding: Unfolding, measure: Measure, at: date, since: int, until: int) -> set[int]:
        """Give the moments, of those from one to another, at which something else may be found, or told, of a claim.

        Who is missing can change where the amount does not: so each register counts that figure or words rest on.
        """
        singles = singles_of(measure)
        metrics = frozenset(single.metric for single in singles if isinstance(single, Total | Value))
        bases = {single.members_at for single in singles if isinstance(single, Total) and single.members_at is not None}
        every = {moment for day in (at, *bases) for moment in self._touching(unfolding, day, metrics)}
        for metric in metrics:
            every |= unfolding.moments_of(definition_of(metric))
        return {since, *(moment for moment in every if since < moment and (until == STILL or moment < until))}

    def _touching(self, unfolding: Unfolding, day: date, metrics: frozenset[str]) -> set[int]:
        """Give the moments at which anything on members or these metrics becomes another thing on a day."""
        key = (len(unfolding.moments), day, metrics)
        if key not in self._touched:
            self._touched[key] = unfolding.moments_on(day, [one for one in unfolding.facts if _rests_on(one, metrics)])
        return self._touched[key]


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


def _claims(event: ReportPublished) -> Iterator[tuple[Claim, date]]:
    """Give the claims with their days, which are the report's own where none is named."""
    return ((claim, claim.at or event.effective.earliest) for claim in event.claims)


def _parted(amount: str) -> str:
    return f"{PARTED}{amount}{PARTED}"


def _in_unit_of(now: Check, claim: Claim) -> str:
    unit = claim.amount.unit if now.figure is None else now.figure.amount.unit
    try:
        amount = claim.amount.to(unit)
    except WrongDimension:
        return ""
    return str(Quantity.computed(amount.low, amount.high, unit))  # as a figure prints, and not as it was typed

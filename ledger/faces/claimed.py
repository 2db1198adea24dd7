"""Claimed: what had been claimed by the day of a document, and whether it holds, as the audit found it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Final, TypeAlias

from attrs import frozen

from ledger.faces.markup import plain
from ledger.faces.phrases import NO_VALUE, Names, amount_of, coverage_of, reason_of, source_of
from ledger.model.errors import NotAdditive, Overlapping
from ledger.model.events import Claim, MetricDefined
from ledger.model.figures import Figure
from ledger.model.measures import Distinct, Measure, Members, Total, Value, singles_of
from ledger.model.state import InitiativeState
from ledger.model.units import unit as unit_of
from ledger.queries.checks import CONFIRMED, CONTRADICTED, NOT_COMPARABLE, UNVERIFIABLE
from ledger.queries.findings import Finding
from ledger.queries.reasons import QUOTED_MAX

StateAt: TypeAlias = Callable[[date, datetime | None], InitiativeState]
"""Gives the state of a day, as known at an instant, or else as the document knows it."""

_RESTATED: Final = "restated"
_ORDER: Final = (CONTRADICTED, _RESTATED, UNVERIFIABLE, NOT_COMPARABLE, CONFIRMED)


@frozen
class Claimed:
    """A claim: what, how much, for which day and by whom; what was found of it; and why, unless it simply holds."""

    what: str
    amount: str
    at: str
    by: str
    verdict: str
    why: str


def claimed(
    findings: Iterable[Finding], state: InitiativeState, names: Names, state_at: StateAt
) -> tuple[Claimed, ...]:
    """Tell the findings on what a state holds, first those that somebody should look into.

    These are the claims of reports certainly published by its day, and the values of the initiative as a whole that
    hold on it. Others are left out: what was published later, and values that others have followed.
    """
    titles = _titles(state)
    told = [one for one in findings if _is_held(one, state)]
    return tuple(_told(one, titles, _Reasons(one, state, names, state_at)) for one in sorted(told, key=_place))


def _is_held(finding: Finding, state: InitiativeState) -> bool:
    if finding.record is None or finding.record.position not in state.registers.refs:
        return False
    # what may have been published, or may hold by then, is in the registers too
    return finding.at <= state.at if finding.report is None else finding.report in state.reports


def _place(finding: Finding) -> int:
    return _ORDER.index(_RESTATED if finding.restated and finding.verdict != CONTRADICTED else finding.verdict)


def _titles(state: InitiativeState) -> dict[str, str]:
    titles = {id: report.title or id for id, report in state.reports.items()}
    bearers = Counter(titles.values())
    return {id: title if bearers[title] == 1 or title == id else f"{title} ({id})" for id, title in titles.items()}


def _told(finding: Finding, titles: dict[str, str], reasons: _Reasons) -> Claimed:
    claim, verdict, names = finding.claim, finding.verdict, reasons.names
    what = what_of(claim, finding.measure, names)
    by = "" if finding.report is None else titles[finding.report]
    if finding.report is None and finding.record is not None:
        by = source_of(finding.record)
    return Claimed(
        what=what,
        amount=str(finding.amount),
        at=finding.at.isoformat(),
        by=by,
        verdict=f"{verdict}, {_RESTATED}" if finding.restated else verdict,
        why=_why(finding, reasons),
    )


def what_of(claim: Claim, measure: Measure, names: Names) -> str:
    """Say what is claimed, in the claim's own words too, and what it is held against where that is something else."""
    what = names.measure(claim.measure)
    if plain(claim.text):
        what += f" ({_cited(claim.text)})"
    return what if measure == claim.measure else f"{what}, held against: {names.measure(measure)}"


def why_of(
    finding: Finding, state: InitiativeState, names: Names, state_at: StateAt, amount: Callable[[str], str] = str
) -> str:
    """Say why a claim is found to be what it is, unless it simply holds; `state` may be of any day.

    `amount` says how the amounts in it are put, which are there as they print.
    """
    return _why(finding, _Reasons(finding, state, names, state_at, amount))


def _why(finding: Finding, reasons: _Reasons) -> str:
    return " ".join(reasons) if finding.restated or finding.verdict != CONFIRMED else ""


@frozen
class _Reasons:
    """Why a claim is found to be what it is, in sentences: what, how much, when and by whom stand beside them."""

    finding: Finding
    state: InitiativeState
    names: Names
    state_at: StateAt
    amount: Callable[[str], str] = str

    def __iter__(self) -> Iterator[str]:
        finding, figure, then = self.finding, self.finding.figure, self.finding.when_published
        if finding.verdict == NOT_COMPARABLE:
            yield self._not_comparable()
        elif figure is None:
            yield from self._overlapping()
        else:
            settled = figure.complete and not figure.possible_members
            yield f"{self._found(figure)}{'' if settled else f'; {coverage_of(figure, self.names)}'}."
        if would_hold := [*_would_hold(finding)]:
            yield f"It would hold {' or '.join(would_hold)}."
        if then is not None and finding.restated:
            found = "no figure" if then.figure is None else self._found(then.figure)
            changed = f"; what has been recorded since changes {who}" if (who := self._changed()) else ""
            yield f"When it was published it was {then.verdict}, {found}{changed}."

    def _found(self, figure: Figure) -> str:
        amount = amount_of(figure, self.finding.amount.unit)
        return f"{NO_VALUE if amount == NO_VALUE else self.amount(amount)} found"

    def _not_comparable(self) -> str:
        """Say what keeps the two apart. A definition has no day, so that the document's state knows it."""
        measure, claim, defined = self.finding.measure, self.finding.claim, self.state.metrics
        of_metrics = [one for one in singles_of(measure) if isinstance(one, Total | Value)]
        for one in of_metrics:
            if one.metric not in defined:
                return f"No metric {one.metric} is defined."
        if any(isinstance(one, Total) and not defined[one.metric].additive for one in of_metrics):
            return f"It {reason_of(NotAdditive(), self.names)}."
        if len({unit_of(_unit(one, defined)).dimension for one in singles_of(measure)}) > 1:
            return "Its part is measured in a unit of another kind than its whole."
        unit = _unit(measure, defined)
        if claim.amount.dimension != unit_of(unit).dimension:
            return f"It is measured in {unit or 'plain numbers'}, and not in {claim.amount.unit or 'plain numbers'}."
        texts = {one.metric: defined[one.metric].definition for one in of_metrics}
        here = [
            f"{self.names.metric(metric)} is defined {f'as {_cited(text)}' if text else 'in no words'}"
            for metric, text in texts.items()
        ]
        return f"The claim means {_cited(claim.definition or '')}; here {' and '.join(here) or 'members are counted'}."

    def _overlapping(self) -> Iterator[str]:
        try:
            self.state_at(self.finding.at, None).measure(self.finding.measure)
        except Overlapping as error:
            reason = reason_of(error, self.names)
            yield f"It {reason}. The claim must say whether the parts are added up or the wholes."

    def _changed(self) -> str:
        """Name those whose records have changed the figure since it was published."""
        members: dict[str, None] = {}
        values: dict[str, None] = {}
        for why in self.finding.why:
            if not (isinstance(why.measure, Value) and why.measure.member is None):
                held = values if isinstance(why.measure, Distinct) else members
                held.update({effect.subject: None for effect in why.effects if effect.subject is not None})
        said = [self._names_of(members).some([*members])] if members else []
        said += [f"who has {Names({}, {}).some([*values])}"] if values else []
        return " and ".join(said)

    def _names_of(self, members: Iterable[str]) -> Names:
        """Name members, also those of whom all that was recorded was taken back: by what was known of them then."""
        if all(member in self.names.members for member in members):
            return self.names
        parts = [effect.before for why in self.finding.why for effect in why.effects if effect.before is not None]
        then = max((ref.recorded_at for part in parts for ref in part.records), default=None)
        return Names.of(self.state, self.state_at(self.finding.at, then))


def _unit(measure: Measure, defined: Mapping[str, MetricDefined]) -> str:
    return defined[measure.metric].unit if isinstance(measure, Total | Value) else ""


def _cited(text: str) -> str:
    line = plain(text)
    return f'"{line}"' if len(line) <= QUOTED_MAX else f'"{line[:QUOTED_MAX]}..."'


def _would_hold(finding: Finding) -> Iterator[str]:
    """Say on which day a contradicted claim would hold, and on which other basis."""
    held, asked = finding.holds_as, finding.measure
    if finding.holds_at is not None:
        yield f"on {finding.holds_at}"
    if isinstance(held, Total) and isinstance(asked, Total) and held.members_at != asked.members_at:
        yield f"over the members of {held.members_at}"
    elif isinstance(held, Total) and isinstance(asked, Total) and held.overlap != asked.overlap:
        yield f"for {'parts without their wholes' if held.overlap == 'parts' else 'wholes without their parts'}"
    elif isinstance(held, Members | Distinct | Total):
        yield f"{'with' if held.suspended else 'without'} the suspended"

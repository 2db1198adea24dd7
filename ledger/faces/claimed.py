"""Claimed: what had been claimed by the day of a document, and whether it holds, as the audit found it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from attrs import frozen

from ledger.faces.phrases import Names, amount_of, coverage_of, source_of
from ledger.model.state import InitiativeState
from ledger.queries.checks import CONFIRMED, CONTRADICTED, NOT_COMPARABLE, UNVERIFIABLE
from ledger.queries.findings import Finding

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


def claimed(findings: Iterable[Finding], state: InitiativeState, names: Names) -> tuple[Claimed, ...]:
    """Tell the findings on what a state holds, first those that somebody should look into.

    These are the claims of reports certainly published by its day, and the values of the initiative as a whole that
    hold on it. Others are left out: what was published later, and values that others have followed.
    """
    titles = _titles(state)
    told = [one for one in findings if _is_held(one, state)]
    return tuple(_told(one, titles, names) for one in sorted(told, key=_place))


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


def _told(finding: Finding, titles: dict[str, str], names: Names) -> Claimed:
    claim, verdict = finding.claim, finding.verdict
    what = names.measure(claim.measure)
    if finding.measure != claim.measure:
        what += f", held against: {names.measure(finding.measure)}"
    by = "" if finding.report is None else titles[finding.report]
    if finding.report is None and finding.record is not None:
        by = source_of(finding.record)
    return Claimed(
        what=what,
        amount=str(finding.amount),
        at=finding.at.isoformat(),
        by=by,
        verdict=f"{verdict}, {_RESTATED}" if finding.restated else verdict,
        why="" if verdict == CONFIRMED and not finding.restated else _why(finding, names),
    )


def _why(finding: Finding, names: Names) -> str:
    """Say what was found, in fewer words than the finding itself: who counts stands elsewhere in the document."""
    figure = finding.figure
    found = finding.now.reason
    if figure is not None and finding.verdict != NOT_COMPARABLE:
        coverage = "" if figure.complete and not figure.possible_members else f"; {coverage_of(figure, names)}"
        found = f"{amount_of(figure)} found{coverage}."
    return " ".join(filter(None, [found, finding.would_hold, finding.was]))

"""Rules of claims: a report may claim any amount, but of something that can be asked for.

What was claimed is kept as it was published, right or wrong. But a claim that names what nobody ever recorded
could never be compared with anything: that is a slip of the pen, and is refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ledger.model.errors import Violation, near_names, shown
from ledger.model.events import ReportPublished
from ledger.model.facts import status_of
from ledger.model.measures import Distinct, Measure, Total, Value, singles_of
from ledger.recording.metric_rules import NOT_DEFINED, definition_at, undefined
from ledger.recording.proposal import Proposal
from ledger.recording.status_rules import NEVER_A_MEMBER

Named: TypeAlias = tuple[str, str]
"""What a measure names: a `metric`, the metric of a `total`, a `member` or an `attribute`, and its name."""


def claims(proposal: Proposal) -> Iterator[Violation]:
    """Refuse claims of what is not known when the report is recorded, and of totals of what has none."""
    if not proposal.touched("published"):
        return
    known: set[Named] = set()  # what a batch of many reports would otherwise look up for each of them
    for index, entry in enumerate(proposal.batch):
        if isinstance(entry.event, ReportPublished):
            yield from _claims_of(proposal, index, entry.event, known)


def _claims_of(proposal: Proposal, index: int, report: ReportPublished, known: set[Named]) -> Iterator[Violation]:
    named: dict[Named, list[int]] = defaultdict(list)
    for place, claim in enumerate(report.claims):
        for one in dict.fromkeys(_named_by(claim.measure)):
            named[one].append(place)
    for one, places in named.items():
        if one in known:
            continue
        kind, name = one
        wrong = _RULES[kind](proposal, name, index)
        if wrong is not None:
            code, reason, words = wrong
            yield proposal.refuse(code, index, f"{{claim}}: {reason}", claim=_claim(report, places), **words)
        elif kind == "attribute" and not proposal.retracted:
            known.add(one)


def _named_by(measure: Measure) -> Iterator[Named]:
    for one in singles_of(measure):
        if isinstance(one, Total | Value):
            yield "metric", one.metric
        if isinstance(one, Total):
            yield "total", one.metric
        if isinstance(one, Distinct):
            yield "attribute", one.attribute
        if not isinstance(one, Value):
            yield from (("attribute", name) for name, _ in one.where)
        elif one.member is not None:
            yield "member", one.member


def _claim(report: ReportPublished, places: Sequence[int]) -> str:
    """Say which claim of the report it is, and of how many more it is true."""
    text = report.claims[places[0]].text
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f"report {report.report!r}, claim {places[0]}{f' ({shown(text)})' if text else ''}{more}"


_Wrong: TypeAlias = tuple[str, str, Mapping[str, Any]] | None
"""The code, the reason and its words; None where nothing is wrong."""


def _metric(proposal: Proposal, metric: str, index: int) -> _Wrong:
    if definition_at(proposal, metric, index) is None:
        return "unknown-metric", NOT_DEFINED, undefined(proposal, metric)
    return None


def _total(proposal: Proposal, metric: str, index: int) -> _Wrong:
    defined = definition_at(proposal, metric, index)
    if defined is None or defined.additive:
        return None
    reason = "metric {metric!r} is not additive, so it has no total: claim a Value of it, or check the name"
    return "not-additive", reason, {"metric": metric}


def _member(proposal: Proposal, member: str, index: int) -> _Wrong:
    known = proposal.latest(status_of(member), index) is not None
    return None if known else ("unknown-member", NEVER_A_MEMBER, {"member": member})


def _attribute(proposal: Proposal, attribute: str, index: int) -> _Wrong:
    if _is_given(proposal, attribute, index):
        return None
    written = {one.name for one in proposal.history.registers(subject="member", aspect="attribute")}
    known = sorted(name for name in written | proposal.given.keys() if _is_given(proposal, name, index))
    near = " or ".join(map(repr, near_names(attribute, known)))
    reason = (
        "no member was ever given an attribute {attribute!r}: {hint}record what gives it first, or check the name "
        "(known: {known})"
    )
    hint = f"did you mean {near}? " if near else ""
    words = {"attribute": attribute, "hint": hint, "known": ", ".join(known[:10]) or "none"}
    return "unknown-attribute", reason, words


_RULES: Mapping[str, Callable[[Proposal, str, int], _Wrong]] = {
    "metric": _metric,
    "total": _total,
    "member": _member,
    "attribute": _attribute,
}


def _is_given(proposal: Proposal, attribute: str, index: int) -> bool:
    """Is there a member to whom a record that stands when the event at `index` is recorded gave it?"""
    if proposal.given.get(attribute, index) < index:
        return True
    registers = proposal.history.registers(subject="member", aspect="attribute", name=attribute)
    return any(fact.value is not None for register in registers for fact in proposal.before(register, index))


def claimed_by(proposal: Proposal) -> Mapping[Named, set[int]]:
    """Give, by what is named in the claims of reports that stand after the batch, the positions of these reports."""
    claimed: dict[Named, set[int]] = defaultdict(set)
    for register in dict.fromkeys([*proposal.history.registers(subject="report"), *proposal.touched("published")]):
        for fact in proposal.after(register):
            for claim in fact.value.claims if isinstance(fact.value, ReportPublished) else ():
                for named in _named_by(claim.measure):
                    claimed[named].add(fact.position)
    return claimed

"""What is refused: a batch is held against the history it would become part of.

Only what is certainly wrong is refused, and then all of it at once. Earlier events of a batch count for
the later ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ledger.model.events import MemberChanged, MetricDefined, MetricUpdated, RecordRetracted, ReportPublished
from ledger.model.facts import Fact, Register, definition_of, status_of, window_of
from ledger.model.measures import Measure, Share, Total, Value
from ledger.model.quantity import Quantity
from ledger.model.units import unit
from ledger.recording.proposal import Entry, History, Proposal, Violation
from ledger.recording.status_rules import closings, statuses


def violations(batch: Sequence[Entry], history: History) -> list[Violation]:
    """Give every reason why the batch must be refused, in the order of its events; none, if it may be written."""
    proposal = Proposal(batch, history)
    found = [
        *_retractions(proposal),  # first, since the others look at what would be left
        *statuses(proposal),
        *closings(proposal),
        *_metrics(proposal),
        *_definitions(proposal),
        *_members(proposal),
        *_reports(proposal),
        *_still_needed(proposal),
    ]
    return sorted(found, key=lambda violation: violation.index)


def _retractions(proposal: Proposal) -> Iterator[Violation]:
    for index, entry in enumerate(proposal.batch):
        if not isinstance(entry.event, RecordRetracted):
            continue
        id = entry.event.record
        record = proposal.history.record(id)
        if record is None:
            reason = "no record {id!r} belongs to this initiative: look its id up in records()"
            yield proposal.refuse("unknown-record", index, reason, id=id)
        elif isinstance(record.event, RecordRetracted):
            reason = "record {id} is itself a retraction, and retractions are final: record the fact anew"
            yield proposal.refuse("retracted-retraction", index, reason, id=id)
        elif proposal.history.is_retracted(record.position) or record.position in proposal.retracted:
            reason = "record {id} has been retracted already: nothing is left to do"
            yield proposal.refuse("already-retracted", index, reason, id=id)
        else:
            proposal.retracted[record.position] = record, index


def _metrics(proposal: Proposal) -> Iterator[Violation]:
    """Refuse values and claims of metrics that are not defined, and values that do not fit the definition."""
    for index, entry in enumerate(proposal.batch):
        event = entry.event
        if isinstance(event, MetricUpdated):
            defined = _definition(proposal, event.metric, index)
            if defined is None:
                yield _undefined(proposal, index, event.metric)
            elif event.amount is not None:
                yield from _value_fits(proposal, index, event, event.amount, defined)
        elif isinstance(event, ReportPublished):
            for metric in dict.fromkeys(metric for claim in event.claims for metric in _metrics_of(claim.measure)):
                if _definition(proposal, metric, index) is None:
                    yield _undefined(proposal, index, metric)


def _definition(proposal: Proposal, metric: str, index: int) -> MetricDefined | None:
    fact = proposal.latest(definition_of(metric), index)
    return fact.value if fact is not None and isinstance(fact.value, MetricDefined) else None


def _undefined(proposal: Proposal, index: int, metric: str) -> Violation:
    known = sorted(register.id for register in proposal.history.registers(subject="metric"))
    reason = "metric {metric!r} is not defined: record a MetricDefined first, or check the name (known: {known})"
    return proposal.refuse("unknown-metric", index, reason, metric=metric, known=", ".join(known[:10]) or "none")


def _value_fits(
    proposal: Proposal, index: int, event: MetricUpdated, amount: Quantity, defined: MetricDefined
) -> Iterator[Violation]:
    words: dict[str, Any] = {
        "amount": amount.text,
        "metric": event.metric,
        "unit": defined.unit or "plain numbers",
    }
    if unit(amount.unit).dimension != unit(defined.unit).dimension:
        reason = (
            "{amount!r} is no amount of metric {metric!r}, which is measured in {unit}: give it in a unit like that"
        )
        yield proposal.refuse("wrong-dimension", index, reason, **words)
    elif defined.nonnegative and amount.low is not None and amount.low < 0:
        reason = (
            "{amount!r} reaches below zero, and metric {metric!r} is defined as never negative: raise the lower end"
        )
        yield proposal.refuse("negative", index, reason, **words)


def _metrics_of(measure: Measure) -> Iterator[str]:
    if isinstance(measure, Share):
        yield from _metrics_of(measure.part)
        yield from _metrics_of(measure.whole)
    elif isinstance(measure, Total | Value):
        yield measure.metric


def _definitions(proposal: Proposal) -> Iterator[Violation]:
    """Refuse a definition that would give another meaning to values that exist."""
    for register in proposal.touched("definition"):
        # one that this batch retracts still says what the values were measured in
        every = [*proposal.history_of(register), *proposal.written.get(register, ())]
        first, *others = [(fact, fact.value) for fact in every if isinstance(fact.value, MetricDefined)]
        for fact, other in others:
            own = proposal.index_of(fact.position)
            changed = _changed(first[1], other)
            value = _a_value_of(proposal, register.id) if changed and own is not None else None
            if own is not None and value is not None:
                reason = "metric {metric!r} has values (by {clash}), so {changed} cannot change: define another metric"
                yield proposal.refuse("definition-fixed", own, reason, value, metric=register.id, changed=changed)


def _changed(before: MetricDefined, after: MetricDefined) -> str:
    changes = {
        "the dimension of its unit": unit(before.unit).dimension != unit(after.unit).dimension,
        "additive": before.additive != after.additive,
        "nonnegative": before.nonnegative != after.nonnegative,
    }
    return " and ".join(what for what, changed in changes.items() if changed)


def _a_value_of(proposal: Proposal, metric: str) -> Fact | None:
    for register in proposal.history.registers(aspect="metric", name=metric):
        if found := proposal.after(register):
            return found[0]
    for event, position, rank, said in proposal.batch:
        if isinstance(event, MetricUpdated) and event.metric == metric:
            return Fact(rank, position, *window_of(event), said[0].value)
    return None


def _members(proposal: Proposal) -> Iterator[Violation]:
    """Refuse to say something of a member that nobody ever recorded as one."""
    for index, entry in enumerate(proposal.batch):
        event = entry.event
        member = event.member if isinstance(event, MetricUpdated | MemberChanged) else None
        if member is not None and proposal.latest(status_of(member), index) is None:
            reason = "{member!r} has never been a member: record the joining first, or check the id"
            yield proposal.refuse("unknown-member", index, reason, member=member)


def _reports(proposal: Proposal) -> Iterator[Violation]:
    for register in proposal.touched("published"):
        published = sorted(proposal.after(register), key=lambda fact: fact.position)
        for fact in published[1:]:
            own = proposal.index_of(fact.position)
            if own is not None:
                reason = "report {report!r} was published already, by {clash}: give this one another id"
                yield proposal.refuse("duplicate-report", own, reason, published[0], report=register.id)


def _still_needed(proposal: Proposal) -> Iterator[Violation]:
    """Refuse to retract the only joining of a member, or definition of a metric, on which other records rest."""
    for register, index in proposal.emptied.items():
        if register.aspect not in ("status", "definition") or proposal.after(register):
            continue
        resting = sorted(_speaking_of(proposal, register))
        if resting:
            names = [proposal.named(position) for position in resting[:5]]
            more = f" and {len(resting) - 5} more" if len(resting) > 5 else ""
            reason = (
                "{records} speak of {subject} {id!r}: retract them in the same batch, or correct this record instead"
            )
            words: dict[str, Any] = {
                "subject": register.subject,
                "id": register.id,
                "records": ", ".join(names) + more,
            }
            yield proposal.refuse("still-needed", index, reason, **words)


def _speaking_of(proposal: Proposal, register: Register) -> set[int]:
    """Give the positions of the facts that say something of a member, or are values of a metric."""
    if register.subject == "initiative":
        return set()
    if register.subject == "member":
        others = proposal.history.registers(subject="member", id=register.id)
        said = {entry.position for entry in proposal.batch if getattr(entry.event, "member", None) == register.id}
    else:
        others = proposal.history.registers(aspect="metric", name=register.id)
        said = {entry.position for entry in proposal.batch if getattr(entry.event, "metric", None) == register.id}
    return {fact.position for other in others for fact in proposal.after(other)} | said

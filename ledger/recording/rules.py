"""What is refused: a batch is held against the history it would become part of.

Only what is certainly wrong is refused, and then all of it at once. Earlier events of a batch count for
the later ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ledger.model.errors import Violation
from ledger.model.events import (
    MemberChanged,
    MemberJoined,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.facts import Fact, Register, definition_of, status_of, window_of
from ledger.model.measures import Measure, Share, Total, Value
from ledger.model.quantity import Quantity
from ledger.model.units import unit
from ledger.recording.proposal import Entry, History, Proposal
from ledger.recording.status_rules import closings, statuses

RETRACTIONS_ARE_FINAL: Final = "record {id} is itself a retraction, and retractions are final: record the fact anew"


def violations(batch: Sequence[Entry], history: History) -> list[Violation]:
    """Give every reason why the batch must be refused, in the order of its events; none, if it may be written."""
    proposal = Proposal(batch, history)
    found = [
        *_retractions(proposal),  # first, since the others look at what would be left
        *_metrics(proposal),
        *_members(proposal),
    ]
    if proposal.written or proposal.emptied:  # most batches are values only, and touch nothing that has rules
        found += [
            *statuses(proposal),
            *closings(proposal),
            *_definitions(proposal),
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
            yield proposal.refuse("retracted-retraction", index, RETRACTIONS_ARE_FINAL, id=id)
        elif proposal.history.is_retracted(record.position) or record.position in proposal.retracted:
            reason = (
                "record {id} has been retracted already: nothing is left to do, "
                "unless another record replaces it and is wrong too: then retract or correct that one"
            )
            yield proposal.refuse("already-retracted", index, reason, id=id)
        else:
            proposal.retracted[record.position] = record, index


def _metrics(proposal: Proposal) -> Iterator[Violation]:
    """Refuse values and claims of metrics that are not defined, and values that do not fit the definition."""
    settled: dict[str, MetricDefined] = {}  # what a large batch would otherwise look up for every event
    for index, entry in enumerate(proposal.batch):
        event = entry.event
        if isinstance(event, MetricUpdated):
            defined = settled.get(event.metric) or _definition(proposal, event.metric, index)
            if (
                defined is not None
                and event.metric not in settled
                and proposal.settled(definition_of(event.metric), index)
            ):
                settled[event.metric] = defined
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
    return (one.metric for one in _parts(measure) if isinstance(one, Total | Value))


def _parts(measure: Measure) -> tuple[Measure, ...]:
    return (measure.part, measure.whole) if isinstance(measure, Share) else (measure,)


def _definitions(proposal: Proposal) -> Iterator[Violation]:
    """Refuse to define a metric in another way, or to fall back on another way, once it has values."""
    undone: dict[Register, set[int]] = defaultdict(set)
    for record, index in proposal.retracted.values():
        if isinstance(record.event, MetricDefined):
            register = definition_of(record.event.metric)
            if not proposal.refilled(register, index):  # else its replacement is judged, and nothing in between
                undone[register].add(index)
    for register in proposal.touched("definition"):
        in_force = proposal.latest(register, 0)
        defined = {fact.position - proposal.batch[0].position for fact in proposal.written.get(register, ())}
        for index in sorted(defined | undone[register]):
            now = proposal.latest(register, index + 1)
            changed = _changed(in_force, now)
            value = _a_value_of(proposal, register.id, before=proposal.batch[index].position) if changed else None
            if now is not None and value is not None:
                yield _definition_fixed(proposal, index, changed, now, value)
            else:  # one that is retracted, with none after it, still says what the values were measured in
                in_force = now or in_force


def _definition_fixed(proposal: Proposal, index: int, changed: str, now: Fact, value: Fact) -> Violation:
    event = proposal.batch[index].event
    if isinstance(event, MetricDefined):
        reason = "metric {metric!r} has values (by {clash}), so {changed} cannot change: define another metric"
        return proposal.refuse("definition-fixed", index, reason, value, metric=event.metric, changed=changed)
    reason = (
        "without it the metric would be as {clash} defines it, which changes {changed}, and it has values "
        "(by {value}): {way_out}"
    )
    words = {"changed": changed, "value": proposal.named(value.position), "way_out": _way_out(proposal, index)}
    return proposal.refuse("definition-fixed", index, reason, now, **words)


def _changed(one: Fact | None, other: Fact | None) -> str:
    before, after = one and one.value, other and other.value
    if not isinstance(before, MetricDefined) or not isinstance(after, MetricDefined):
        return ""
    changes = {
        "the dimension of its unit": unit(before.unit).dimension != unit(after.unit).dimension,
        "additive": before.additive != after.additive,
        "nonnegative": before.nonnegative != after.nonnegative,
    }
    return " and ".join(what for what, changed in changes.items() if changed)


def _a_value_of(proposal: Proposal, metric: str, before: int) -> Fact | None:
    for register in proposal.history.registers(aspect="metric", name=metric):
        if found := proposal.after(register):
            return found[0]
    for event, position, rank, said in proposal.batch:
        if isinstance(event, MetricUpdated) and event.metric == metric and position < before:
            return Fact(rank, position, *window_of(event), said[0].value)
    return None


def _members(proposal: Proposal) -> Iterator[Violation]:
    """Refuse to say something of a member, or to name as a whole one, that nobody ever recorded as one."""
    known: set[str | None] = {None, ""}
    for index, entry in enumerate(proposal.batch):
        event = entry.event
        named = [event.member] if isinstance(event, _OF_MEMBERS) else []
        if isinstance(event, _WITH_WHOLES):
            named.append(event.part_of)
        if isinstance(event, ReportPublished):
            named += [one.member for claim in event.claims for one in _parts(claim.measure) if isinstance(one, Value)]
        for member in named:
            if member in known:
                continue
            status = status_of(member or "")
            if proposal.latest(status, index) is None:
                reason = "{member!r} has never been a member: record the joining first, or check the id"
                yield proposal.refuse("unknown-member", index, reason, member=member)
            elif status not in proposal.emptied:
                known.add(member)


_OF_MEMBERS = (MetricUpdated, MemberChanged)
_WITH_WHOLES = (MemberJoined, MemberChanged)


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
            reason = "{records} speak of {subject} {id!r}: {way_out}"
            words: dict[str, Any] = {
                "way_out": _way_out(proposal, index),
                "subject": register.subject,
                "id": register.id,
                "records": ", ".join(names) + more,
            }
            yield proposal.refuse("still-needed", index, reason, **words)


def _way_out(proposal: Proposal, index: int) -> str:
    """Say what to do about records that rest on the one that the event at `index` retracts."""
    if proposal.is_replaced(index):
        return "let its replacement speak of the same, or retract those first"
    return "retract those in the same batch, or correct this record instead"


def _speaking_of(proposal: Proposal, register: Register) -> set[int]:
    """Give the positions of what speaks of a member, or names it as a whole; or of the values of a metric."""
    history, id = proposal.history, register.id
    if register.subject == "initiative":
        return set()
    if register.subject == "metric":
        values = history.registers(aspect="metric", name=id)
        said = {entry.position for entry in proposal.batch if getattr(entry.event, "metric", None) == id}
        return said | {fact.position for value in values for fact in proposal.after(value)}
    own = history.registers(subject="member", id=id)
    parts = history.registers(subject="member", aspect="part_of")
    said = {
        entry.position
        for entry in proposal.batch
        if id in (getattr(entry.event, "member", None), getattr(entry.event, "part_of", None))
    }
    said |= {fact.position for other in own for fact in proposal.after(other)}
    return said | {fact.position for part in parts for fact in proposal.after(part) if fact.value == id}

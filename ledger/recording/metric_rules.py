"""Rules of metrics: values need a definition and must fit it, and what they mean does not change under them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from ledger.model.errors import Violation
from ledger.model.events import MetricDefined, MetricUpdated
from ledger.model.facts import Fact, Register, definition_of, window_of
from ledger.model.quantity import Quantity
from ledger.model.units import unit
from ledger.recording.proposal import Proposal

NOT_DEFINED: Final = (
    "metric {metric!r} is not defined: record a MetricDefined first, or check the name (known: {known})"
)


def values(proposal: Proposal) -> Iterator[Violation]:
    """Refuse values of metrics that are not defined, and values that do not fit the definition."""
    settled: dict[str, MetricDefined] = {}  # what a large batch would otherwise look up for every event
    for index, entry in enumerate(proposal.batch):
        event = entry.event
        if not isinstance(event, MetricUpdated):
            continue
        defined = settled.get(event.metric) or definition_at(proposal, event.metric, index)
        if defined is not None and event.metric not in settled and proposal.settled(definition_of(event.metric), index):
            settled[event.metric] = defined
        if defined is None:
            yield proposal.refuse("unknown-metric", index, NOT_DEFINED, **undefined(proposal, event.metric))
        elif event.amount is not None:
            yield from _value_fits(proposal, index, event, event.amount, defined)


def definition_at(proposal: Proposal, metric: str, index: int) -> MetricDefined | None:
    """Give the definition of a metric that is in force when the event at `index` is recorded."""
    fact = proposal.latest(definition_of(metric), index)
    return fact.value if fact is not None and isinstance(fact.value, MetricDefined) else None


def undefined(proposal: Proposal, metric: str) -> dict[str, Any]:
    """Give the words of `NOT_DEFINED`."""
    known = sorted(register.id for register in proposal.history.registers(subject="metric"))
    return {"metric": metric, "known": ", ".join(known[:10]) or "none"}


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


def definitions(proposal: Proposal) -> Iterator[Violation]:
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
    words = {"changed": changed, "value": proposal.named(value.position), "way_out": proposal.way_out(index)}
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

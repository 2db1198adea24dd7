"""What each event says: facts, each a value written to one register.

This is the one place where events become facts. Replay, the store's rows, the SQL views and every
index read facts, never events, so they cannot come to differ about what an event means.

    register                          written by                          value
    (initiative, status)              launched, closed                    that verb
    (initiative, name)                launched, changed                   the name
    (initiative, supporters)          launched, changed                   the names, one a line
    (initiative, attribute, X)        launched, changed                   text, None when taken away
    (member M, status)                joined, left, suspended, reinstated that verb
    (member M, joined)                joined                              "joined"
    (member M, name)                  joined, changed                     the name
    (member M, part_of)               joined, changed                     a member's id, None for no longer
    (member M, attribute, X)          joined, changed                     text, None when taken away
    (member M, metric, X)             updated                             the amount as typed, None if withdrawn
    (initiative, metric, X)           updated                             likewise
    (metric X, definition)            defined                             the event
    (report R, published)             published                           the event
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import singledispatch
from typing import Final, NamedTuple, TypeAlias

from ledger.model.events import (
    Event,
    InitiativeChanged,
    InitiativeClosed,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.exact import Exact

FactValue: TypeAlias = str | MetricDefined | ReportPublished | None

LAUNCHED: Final = "launched"
CLOSED: Final = "closed"
JOINED: Final = "joined"
REINSTATED: Final = "reinstated"
SUSPENDED: Final = "suspended"
LEFT: Final = "left"

ACTIVE: Final = frozenset({JOINED, REINSTATED})
"""The verbs after which a member is an active one."""


class Register(NamedTuple):
    """The key under which facts replace one another: of whom or what, and which aspect of it."""

    subject: str  # initiative, member, metric or report
    id: str  # of the member, metric or report; empty for the initiative itself
    aspect: str
    name: str = ""  # of the attribute or the metric


class Fact(NamedTuple):
    """One thing that one record says, on the register it stands in.

    `earliest` and `latest` are the window in which it began to hold. `low` and `high` are an amount in
    the base unit of its dimension. `rank` orders the facts of a register; equal ranks go by position.
    """

    rank: int
    position: int
    earliest: date
    latest: date
    value: FactValue
    low: Exact | None = None
    high: Exact | None = None


class Said(NamedTuple):
    """A fact before it is written down: the register, and what the event says of it."""

    register: Register
    value: FactValue
    low: Exact | None = None
    high: Exact | None = None


INITIATIVE_STATUS: Final = Register("initiative", "", "status")


def status_of(member: str) -> Register:
    """Give the register of a member's status."""
    return Register("member", member, "status")


def metric_of(metric: str, member: str | None) -> Register:
    """Give the register of a metric's value: a member's or, for None, the initiative's."""
    return (
        Register("initiative", "", "metric", metric) if member is None else Register("member", member, "metric", metric)
    )


def attribute_of(member: str, name: str) -> Register:
    """Give the register of a member's attribute."""
    return Register("member", member, "attribute", name)


def definition_of(metric: str) -> Register:
    """Give the register of a metric's definition."""
    return Register("metric", metric, "definition")


ALWAYS: Final = (date.min, date.min)
"""The window of what holds for all days."""


def window_of(event: Event) -> tuple[date, date]:
    """Give the first and last day on which the facts of an event can have begun to hold."""
    when = getattr(event, "effective", None)
    return ALWAYS if when is None else (when.earliest, when.latest)


@singledispatch
def facts_of(event: Event) -> tuple[Said, ...]:
    """Say what an event says: its facts, pure and in a fixed order.

    >>> [said.value for said in facts_of(MemberLeft("basque", "2024-01-01"))]
    ['left']
    """
    raise TypeError(f"{type(event).__name__} is no event of the ledger")


@facts_of.register
def _(event: InitiativeLaunched) -> tuple[Said, ...]:
    return (
        Said(INITIATIVE_STATUS, LAUNCHED),
        *_described("initiative", "", event),
        *_supporters(event.supporters),
    )


@facts_of.register
def _(event: InitiativeChanged) -> tuple[Said, ...]:
    return *_described("initiative", "", event), *_supporters(event.supporters)


@facts_of.register
def _(event: InitiativeClosed) -> tuple[Said, ...]:  # noqa: ARG001 - only that it happened is a fact
    return (Said(INITIATIVE_STATUS, CLOSED),)


@facts_of.register
def _(event: MemberJoined) -> tuple[Said, ...]:
    return (
        Said(Register("member", event.member, "status"), JOINED),
        Said(Register("member", event.member, "joined"), JOINED),
        *_described("member", event.member, event),
        *_part_of(event),
    )


@facts_of.register
def _(event: MemberLeft) -> tuple[Said, ...]:
    return (Said(status_of(event.member), LEFT),)


@facts_of.register
def _(event: MemberSuspended) -> tuple[Said, ...]:
    return (Said(status_of(event.member), SUSPENDED),)


@facts_of.register
def _(event: MemberReinstated) -> tuple[Said, ...]:
    return (Said(status_of(event.member), REINSTATED),)


@facts_of.register
def _(event: MemberChanged) -> tuple[Said, ...]:
    return *_described("member", event.member, event), *_part_of(event)


@facts_of.register
def _(event: MetricDefined) -> tuple[Said, ...]:
    return (Said(definition_of(event.metric), event),)


@facts_of.register
def _(event: MetricUpdated) -> tuple[Said, ...]:
    register = metric_of(event.metric, event.member)
    if event.amount is None:
        return (Said(register, None),)
    low, high = event.amount.base
    return (Said(register, event.amount.text, low, high),)


@facts_of.register
def _(event: ReportPublished) -> tuple[Said, ...]:
    return (Said(Register("report", event.report, "published"), event),)


@facts_of.register
def _(event: RecordRetracted) -> tuple[Said, ...]:  # noqa: ARG001 - it takes facts away, and says none
    return ()


def _described(
    subject: str, id: str, event: InitiativeLaunched | InitiativeChanged | MemberJoined | MemberChanged
) -> Iterator[Said]:
    if event.name is not None:
        yield Said(Register(subject, id, "name"), event.name)
    attributes: Mapping[str, str | None] = event.attributes
    for name, value in attributes.items():
        yield Said(Register(subject, id, "attribute", name), value)


def _supporters(names: tuple[str, ...] | None) -> Iterator[Said]:
    if names is not None:
        yield Said(Register("initiative", "", "supporters"), "\n".join(names))


def _part_of(event: MemberJoined | MemberChanged) -> Iterator[Said]:
    if event.part_of is not None:
        yield Said(Register("member", event.member, "part_of"), event.part_of or None)

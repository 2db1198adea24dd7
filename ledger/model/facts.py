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

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

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


PlainFact: TypeAlias = tuple[int, int, date, date, FactValue, Exact | None, Exact | None]
"""What a `Fact` is made of. In bulk facts are kept as such tuples, which cost the garbage collector nothing."""


class Said(NamedTuple):
    """A fact before it is written down: the register, and what the event says of it."""

    register: Register
    value: FactValue
    low: Exact | None = None
    high: Exact | None = None


INITIATIVE_STATUS: Final = Register("initiative", "", "status")


@lru_cache(maxsize=65_536)  # a history writes to the same registers over and over
def status_of(member: str) -> Register:
    """Give the register of a member's status."""
    return Register("member", member, "status")


@lru_cache(maxsize=65_536)  # a history writes to the same registers over and over
def metric_of(metric: str, member: str | None) -> Register:
    """Give the register of a metric's value: a member's or, for None, the initiative's."""
    return (
        Register("initiative", "", "metric", metric) if member is None else Register("member", member, "metric", metric)
    )


def attribute_of(member: str, name: str) -> Register:
    """Give the register of a member's attribute."""
    return Register("member", member, "attribute", name)


@lru_cache(maxsize=65_536)  # a history writes to the same registers over and over
def part_of(member: str) -> Register:
    """Give the register of what a member is part of."""
    return Register("member", member, "part_of")


def definition_of(metric: str) -> Register:
    """Give the register of a metric's definition."""
    return Register("metric", metric, "definition")


ALWAYS: Final = (date.min, date.min)
"""The window of what holds for all days."""


def window_of(event: Event) -> tuple[date, date]:
    """Give the first and last day on which the facts of an event can have begun to hold."""
    when = getattr(event, "effective", None)
    return ALWAYS if when is None else (when.earliest, when.latest)


def facts_of(event: Event) -> tuple[Said, ...]:
    """Say what an event says: its facts, pure and in a fixed order.

    >>> [said.value for said in facts_of(MemberLeft("basque", "2024-01-01"))]
    ['left']
    """
    return _SAYS[type(event)](event)


def _launched(event: InitiativeLaunched) -> tuple[Said, ...]:
    return Said(INITIATIVE_STATUS, LAUNCHED), *_described("initiative", "", event), *_supporters(event.supporters)


def _initiative_changed(event: InitiativeChanged) -> tuple[Said, ...]:
    return *_described("initiative", "", event), *_supporters(event.supporters)


def _closed(_: InitiativeClosed) -> tuple[Said, ...]:
    return (Said(INITIATIVE_STATUS, CLOSED),)


def _joined(event: MemberJoined) -> tuple[Said, ...]:
    return (
        Said(status_of(event.member), JOINED),
        Said(Register("member", event.member, "joined"), JOINED),
        *_described("member", event.member, event),
        *_part_of(event),
    )


def _left(event: MemberLeft) -> tuple[Said, ...]:
    return (Said(status_of(event.member), LEFT),)


def _suspended(event: MemberSuspended) -> tuple[Said, ...]:
    return (Said(status_of(event.member), SUSPENDED),)


def _reinstated(event: MemberReinstated) -> tuple[Said, ...]:
    return (Said(status_of(event.member), REINSTATED),)


def _member_changed(event: MemberChanged) -> tuple[Said, ...]:
    return *_described("member", event.member, event), *_part_of(event)


def _defined(event: MetricDefined) -> tuple[Said, ...]:
    return (Said(definition_of(event.metric), event),)


def _updated(event: MetricUpdated) -> tuple[Said, ...]:
    register = metric_of(event.metric, event.member)
    if event.amount is None:
        return (Said(register, None),)
    return (Said(register, event.amount.text, *event.amount.base),)


def _published(event: ReportPublished) -> tuple[Said, ...]:
    return (Said(Register("report", event.report, "published"), event),)


def _retracted(_: RecordRetracted) -> tuple[Said, ...]:
    return ()


_SAYS: Mapping[type[Event], Callable[[Any], tuple[Said, ...]]] = {
    InitiativeLaunched: _launched,
    InitiativeChanged: _initiative_changed,
    InitiativeClosed: _closed,
    MemberJoined: _joined,
    MemberLeft: _left,
    MemberSuspended: _suspended,
    MemberReinstated: _reinstated,
    MemberChanged: _member_changed,
    MetricDefined: _defined,
    MetricUpdated: _updated,
    ReportPublished: _published,
    RecordRetracted: _retracted,
}


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
        yield Said(part_of(event.member), event.part_of or None)

"""Rules of parts and wholes: nobody is a part of its own part.

Judged by what each member is certainly part of, from day to day, along the chains of the `part_of` registers
with the batch in them. Where a window leaves it open whether a cycle was ever closed, it is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from ledger.model.errors import Violation
from ledger.model.facts import Fact, Register, part_of
from ledger.model.registers import chain
from ledger.recording.proposal import Proposal

_NAMED_MAX: Final = 5  # members of one cycle, as far as a message names them


class _Link(NamedTuple):
    """A member, and what it is certainly part of from one day to another, inclusive."""

    member: str
    whole: str
    since: date
    until: date
    fact: Fact


class _Cycle(NamedTuple):
    """Links that lead from a member back to itself, and the first day on which they all hold."""

    since: date
    links: tuple[_Link, ...]

    @property
    def positions(self) -> frozenset[int]:
        """The records that make it."""
        return frozenset(link.fact.position for link in self.links)


_LinksOf: TypeAlias = Callable[[str], Sequence[_Link]]

_Path: TypeAlias = "tuple[_Link, _Path] | tuple[()]"
"""The last link, and the path to it."""


def cycles(proposal: Proposal) -> Iterator[Violation]:
    """Refuse what makes a member a part of itself, by way of others."""
    touched = proposal.touched("part_of")
    if not touched:
        return
    after, before = _links_by(proposal.after), _links_by(proposal.history_of)
    told: set[tuple[int, frozenset[str]]] = set()
    done: set[str] = set()
    for register in touched:
        for cycle in _cycles(register.id, after, done):
            if any(cycle.positions == old.positions for old in _cycles(register.id, before)):
                continue  # what went in a cycle before is not this batch's doing
            violation = _closed_cycle(proposal, register, cycle)
            key = violation.index, frozenset(link.member for link in cycle.links)
            if key not in told:
                told.add(key)
                yield violation
        done.add(register.id)


def _closed_cycle(proposal: Proposal, register: Register, cycle: _Cycle) -> Violation:
    own = {proposal.index_of(link.fact.position): place for place, link in enumerate(cycle.links)}
    newest = max((index for index in own if index is not None), default=None)
    index, place = (proposal.cause(register, None), 0) if newest is None else (newest, own[newest])
    links = [*cycle.links[place:], *cycle.links[:place]]
    wholes = ", which is ".join(f"part of {link.whole!r}" for link in links[:_NAMED_MAX])
    if len(links) > _NAMED_MAX:
        wholes += f", and so on, up to {links[-1].whole!r}"
    reason = (
        "with this, on {day} {member!r} is {wholes} (by {clash}), and nobody is a part of its own part: "
        "correct or retract what is wrong, or record first when it ended, by a change to a part_of that is empty"
    )
    words = {"day": cycle.since, "member": links[0].member, "wholes": wholes}
    return proposal.refuse("part-of-cycle", index, reason, links[-1].fact, **words)


def _cycles(start: str, links_of: _LinksOf, done: Container[str] = ()) -> Iterator[_Cycle]:
    """Follow a member to what it is part of, and so on, on all days at once, until that is the member again.

    `done` are those who need not be looked at, since their cycles have all been found.
    """
    ways: list[tuple[str, date, date, _Path]] = [(start, date.min, date.max, ())]
    seen = set()  # some go round in a cycle of others, and narrow down what days are left only so often
    while ways:
        member, first, last, path = way = ways.pop()
        if path and member == start:
            yield _Cycle(first, _in_order(path))
        elif member not in done and way[:3] not in seen:
            seen.add(way[:3])
            for link in reversed(links_of(member)):  # so that the earliest is taken up first
                since, until = max(first, link.since), min(last, link.until)
                if since <= until:
                    ways.append((link.whole, since, until, (link, path)))


def _in_order(path: _Path) -> tuple[_Link, ...]:
    links = []
    while path:
        link, path = path
        links.append(link)
    return tuple(reversed(links))


def _links_by(facts_of: Callable[[Register], Sequence[Fact]]) -> _LinksOf:
    return cache(lambda member: list(_links(member, facts_of(part_of(member)))))


def _links(member: str, facts: Sequence[Fact]) -> Iterator[_Link]:
    """Give what a member is certainly part of; not the days on which it may be part of none, or of another."""
    ordered = chain(facts)
    days = sorted({*ordered.since, *ordered.until})
    for since, after in zip(days, [*days[1:], None], strict=False):
        candidates, nothing_yet = ordered.at(since)
        wholes = {one.fact.value for one in candidates}
        whole = wholes.pop()
        if isinstance(whole, str) and not wholes and not nothing_yet:
            until = date.max if after is None else after - timedelta(days=1)
            yield _Link(member, whole, since, until, candidates[-1].fact)

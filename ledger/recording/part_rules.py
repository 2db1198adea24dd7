"""Rules of parts and wholes: nobody is a part of its own part.

Judged by what each member is certainly part of, from day to day, along the chains of the `part_of` registers
with the batch in them. Where a window leaves it open whether a circle was ever closed, it is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from ledger.model.errors import Violation
from ledger.model.facts import Fact, Register
from ledger.model.registers import chain
from ledger.recording.proposal import Proposal

_NAMED_MAX: Final = 5  # members of one circle, as far as a message names them


class _Link(NamedTuple):
    """A member, and what it is certainly part of from one day to another, inclusive."""

    member: str
    whole: str
    since: date
    until: date
    fact: Fact


class _Circle(NamedTuple):
    """Links that lead from a member back to itself, and the first day on which they all hold."""

    since: date
    links: tuple[_Link, ...]

    @property
    def positions(self) -> frozenset[int]:
        """The records that make it."""
        return frozenset(link.fact.position for link in self.links)


_LinksOf: TypeAlias = Callable[[str], Sequence[_Link]]


def cycles(proposal: Proposal) -> Iterator[Violation]:
    """Refuse what makes a member a part of itself, by way of others."""
    touched = proposal.touched("part_of")
    if not touched:
        return
    after, before = _links_by(proposal.after), _links_by(proposal.history_of)
    told: set[frozenset[int]] = set()
    for register in touched:
        for circle in _circles(register.id, after):
            # what went in a circle before is not this batch's doing
            if circle.positions not in told and not _is_old(proposal, circle, before):
                told.add(circle.positions)
                yield _closed_circle(proposal, register, circle)


def _is_old(proposal: Proposal, circle: _Circle, before: _LinksOf) -> bool:
    if any(proposal.index_of(position) is not None for position in circle.positions):
        return False
    return any(circle.positions == other.positions for other in _circles(circle.links[0].member, before))


def _closed_circle(proposal: Proposal, register: Register, circle: _Circle) -> Violation:
    own = {proposal.index_of(link.fact.position): place for place, link in enumerate(circle.links)}
    newest = max((index for index in own if index is not None), default=None)
    index, place = (proposal.cause(register, None), 0) if newest is None else (newest, own[newest])
    links = [*circle.links[place:], *circle.links[:place]]
    wholes = [f"part of {link.whole!r}" for link in links]
    if len(wholes) > _NAMED_MAX:
        wholes[_NAMED_MAX - 1 : -1] = ["and so on"]
    reason = (
        "with this, on {day} {member!r} is {wholes} (by {clash}), and nobody is a part of its own part: "
        "correct or retract what is wrong, or record first, by MemberChanged(..., part_of=''), when it ended"
    )
    words = {"day": circle.since, "member": links[0].member, "wholes": ", which is ".join(wholes)}
    return proposal.refuse("part-of-cycle", index, reason, links[-1].fact, **words)


def _circles(start: str, links_of: _LinksOf) -> Iterator[_Circle]:
    """Follow a member to what it is part of, and so on, on all days at once, until that is the member again."""
    ways: list[tuple[date, date, tuple[_Link, ...]]] = [(link.since, link.until, (link,)) for link in links_of(start)]
    while ways:
        first, last, links = ways.pop()
        whole = links[-1].whole
        if whole == start:
            yield _Circle(first, links)
        elif all(whole != link.member for link in links):  # else it is a circle of others
            for link in links_of(whole):
                since, until = max(first, link.since), min(last, link.until)
                if since <= until:
                    ways.append((since, until, (*links, link)))


def _links_by(facts_of: Callable[[Register], Sequence[Fact]]) -> _LinksOf:
    return cache(lambda member: list(_links(member, facts_of(Register("member", member, "part_of")))))


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

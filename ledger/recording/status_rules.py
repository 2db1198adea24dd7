"""Rules of membership: who may join, leave, be suspended or reinstated, and what a closing ends.

Judged along the chain of the status register (`model.registers`): days decide the order where they can,
and where windows overlap, the order of recording does. The whole chain is walked, with the batch in it,
so a backdated joining that makes a later one a duplicate is refused too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

from ledger.model.errors import Violation
from ledger.model.facts import (
    ACTIVE,
    CLOSED,
    INITIATIVE_STATUS,
    JOINED,
    LAUNCHED,
    LEFT,
    REINSTATED,
    SUSPENDED,
    Fact,
    FactValue,
    Register,
)
from ledger.model.registers import chain
from ledger.recording.proposal import Proposal

NEVER_A_MEMBER: Final = "{member!r} has never been a member: record the joining first, or check the id"


class _Move(NamedTuple):
    """What a status verb asks of the one before it, and how it is refused."""

    allowed: Callable[[str | None], bool]
    code: str
    reason: str
    way_out: str


_MOVES: Mapping[str, _Move] = {
    JOINED: _Move(
        lambda before: before in (None, LEFT),
        "already-a-member",
        "{member!r} joins {when} while already a member",
        "record the leaving first, or correct or retract the joining that is wrong",
    ),
    LEFT: _Move(
        lambda before: before not in (None, LEFT),
        "not-a-member",
        "{member!r} leaves {when} while not a member",
        "record the joining first, or check the id and the date",
    ),
    SUSPENDED: _Move(
        lambda before: before in ACTIVE,
        "not-active",
        "{member!r} is suspended {when} while not an active member",
        "record what made it one first, or check the id and the date",
    ),
    REINSTATED: _Move(
        lambda before: before == SUSPENDED,
        "not-suspended",
        "{member!r} is reinstated {when} while not suspended",
        "record the suspension first, or a joining instead",
    ),
}


def statuses(proposal: Proposal) -> Iterator[Violation]:
    """Refuse whatever cannot follow what comes before it in the chain of a member's status."""
    for register in _members_touched(proposal):
        broken = list(_broken(proposal.after(register)))
        old = any(proposal.index_of(fact.position) is None for fact, _ in broken)
        # what was broken before is not this batch's doing
        before = {fact.position for fact, _ in _broken(proposal.history_of(register))} if old else ()
        for fact, previous in broken:
            if fact.position not in before:
                yield _broken_move(proposal, register, fact, previous)


def _members_touched(proposal: Proposal) -> list[Register]:
    return [register for register in proposal.touched("status") if register != INITIATIVE_STATUS]


def _broken(facts: Iterable[Fact]) -> Iterator[tuple[Fact, Fact | None]]:
    """Walk a status chain, and give each fact that cannot follow the one before it, with that one."""
    previous: Fact | None = None
    for fact in chain(facts).facts:
        verb = None if previous is None else str(previous.value)
        if _MOVES[str(fact.value)].allowed(verb):
            previous = fact
        else:
            yield fact, previous


def _broken_move(proposal: Proposal, register: Register, fact: Fact, previous: Fact | None) -> Violation:
    move = _MOVES[str(fact.value)]
    words: dict[str, Any] = {"member": register.id, "when": _days(fact)}
    hint = _hint(fact, previous)
    own = proposal.index_of(fact.position)
    if own is not None:
        since = " (by {clash})" if previous is not None else ""
        return proposal.refuse(move.code, own, f"{move.reason}{since}: {move.way_out}{hint}", previous, **words)
    # the batch could stand by itself, but not together with what was recorded before
    reason = f"with this, {move.reason}, as {{clash}} says: retract or correct that record first{hint}"
    return proposal.refuse(move.code, proposal.cause(register, previous), reason, fact, **words)


def closings(proposal: Proposal) -> Iterator[Violation]:
    """Refuse a second launch or closing, and every status that certainly begins when all is over."""
    if not proposal.touched("status"):
        return
    first: dict[FactValue, Fact] = {}
    for fact in sorted(proposal.after(INITIATIVE_STATUS), key=lambda fact: fact.position):
        own = proposal.index_of(fact.position)
        if fact.value in first and own is not None:
            reason = "the initiative was {verb} already, by {clash}: correct or retract that instead"
            yield proposal.refuse(f"already-{fact.value}", own, reason, first[fact.value], verb=fact.value)
        first.setdefault(fact.value, fact)
    if CLOSED in first:
        yield from _launched_after(proposal)
        yield from _after_closing(proposal, first[CLOSED])


def _launched_after(proposal: Proposal) -> Iterator[Violation]:
    """Refuse a launch that would undo a closing, and a closing that comes before the launch."""
    facts = chain(proposal.after(INITIATIVE_STATUS)).facts
    for closing, fact in pairwise(facts):
        if (closing.value, fact.value) != (CLOSED, LAUNCHED):
            continue
        own, closes_now = proposal.index_of(fact.position), proposal.index_of(closing.position)
        words = {"when": _days(fact), "closed": _days(closing), "hint": _hint(closing, fact)}
        if own is not None:
            reason = "the initiative launches {when}, but it closed {closed} (by {clash}): retract that if wrong{hint}"
            yield proposal.refuse("closed", own, reason, closing, **words)
        elif closes_now is not None:
            reason = "the initiative closes {closed}, before it launches {when} (by {clash}): check the days{hint}"
            yield proposal.refuse("closed", closes_now, reason, fact, **words)


def _after_closing(proposal: Proposal, closing: Fact) -> Iterator[Violation]:
    closes_now = proposal.index_of(closing.position)
    everyone = proposal.history.registers(subject="member", aspect="status") if closes_now is not None else ()
    proposal.history.expect(everyone)
    for register in dict.fromkeys([*_members_touched(proposal), *everyone]):
        for fact in proposal.after(register):
            if fact.earliest < closing.latest:
                continue
            own = proposal.index_of(fact.position)
            words: dict[str, Any] = {
                "member": register.id,
                "verb": fact.value,
                "when": _days(fact),
                "closed": _days(closing),
            }
            if own is not None:
                reason = (
                    "{member!r} {verb} {when}, but the initiative closed {closed} (by {clash}): retract that if wrong"
                )
                yield proposal.refuse("closed", own, reason, closing, **words)
            elif closes_now is not None:
                reason = (
                    "{member!r} {verb} {when} (by {clash}), and the initiative would be closed by then: close it later"
                )
                yield proposal.refuse("closed", closes_now, f"{reason}, or retract that first", fact, **words)


def _hint(*facts: Fact | None) -> str:
    rough = any(fact is not None and fact.earliest != fact.latest for fact in facts)
    return "; where days overlap, record in the order in which things happened" if rough else ""


def _days(fact: Fact) -> str:
    return f"on {fact.latest}" if fact.earliest == fact.latest else f"between {fact.earliest} and {fact.latest}"

"""Turns: what became of a member's standing from one state to a later one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final, TypeVar

from ledger.model.errors import BadInput
from ledger.model.facts import JOINED, LEFT, REINSTATED, SUSPENDED, Register, status_of
from ledger.model.members import statuses
from ledger.model.state import InitiativeState

T = TypeVar("T")

REJOINED: Final = "rejoined"

TURNS: Final = (JOINED, REJOINED, LEFT, SUSPENDED, REINSTATED)
"""What can become of a member, in the order in which they are told."""

_JOININGS: Final = {"none yet": JOINED, "gone": REJOINED, "suspended": REINSTATED}


def turn(first: InitiativeState, last: InitiativeState, member: str, *, suspended: bool = False) -> str | None:
    """Say what became of a member's standing: one of `TURNS`, or None where nothing did.

    Each state gives the statuses that the member can have, in the order in which they would come; where the
    initiative can be closed, gone is one of them. The turn is taken at the `first_difference` of the two. So
    from none yet to "none yet or active" is joined, and so is from there to active; from active to "active
    or gone" is left.

    One who was an active or a suspended member by both states, but joined anew in between, has rejoined. To
    go back to no status at all is told by the turn that led away from it.

    With `suspended=True` the suspended count as active, and nobody is suspended or reinstated.
    """
    old, new = (_statuses(state, member, suspended=suspended) for state in (first, last))
    again = _joined_after(first, last, member)
    if old == new:
        return REJOINED if again and new[-1] != "gone" else None
    word = _word(*first_difference(old, new))
    return REJOINED if again and word == REINSTATED else word


def first_difference(old: Sequence[T], new: Sequence[T]) -> tuple[T, T]:
    """Give what stands where two rows first differ; where one has ended, its last item stands for the rest.

    >>> first_difference(["none yet"], ["none yet", "active"])
    ('none yet', 'active')
    """
    place = next(place for place, (one, other) in enumerate(zip_longest(old, new)) if one != other)
    return old[min(place, len(old) - 1)], new[min(place, len(new) - 1)]


def _word(old: str, new: str) -> str:
    if new == "none yet":
        old, new = new, old
    if new == "active":
        return _JOININGS[old]
    return SUSPENDED if new == "suspended" else LEFT


def require_comparable(*states: InitiativeState) -> None:
    """Raise `BadInput` unless all of these are states, and of one initiative."""
    for state in states:
        if not isinstance(state, InitiativeState):
            raise BadInput(f"a {type(state).__name__} is no state: give what at() or replay() answers")
    ids = dict.fromkeys(state.initiative for state in states if state.initiative)  # a replay of nothing has no id
    if len(ids) > 1:
        raise BadInput(f"these states are of several initiatives ({', '.join(ids)}): compare states of one")


def standing_of(state: InitiativeState, member: str) -> tuple[str, ...]:
    """Give the statuses that a member can have; "none yet" for one of whom nothing is known, after a closing too."""
    if not state.registers.of(status_of(member)).candidates:
        return ("none yet",)
    return statuses(state.registers, member)


def _statuses(state: InitiativeState, member: str, *, suspended: bool) -> tuple[str, ...]:
    words = standing_of(state, member)
    return tuple(dict.fromkeys("active" if word == SUSPENDED else word for word in words)) if suspended else words


def _joined_after(first: InitiativeState, last: InitiativeState, member: str) -> bool:
    joining = Register("member", member, "joined")
    joinings = last.registers.of(joining).candidates
    return bool(first.registers.of(joining).candidates and joinings and joinings[-1].since > first.at)

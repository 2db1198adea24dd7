"""Cards: what a page shows of one member, wherever its registers hold the same.

A card is read from the member's own registers alone, as everything that is asked of a state is: as a state of which it
is the only member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from ledger.faces.markup import plain
from ledger.faces.phrases import NO_VALUE, since_of, standing_of
from ledger.model.facts import INITIATIVE_STATUS, Register, attribute_of, status_of
from ledger.model.members import Member, contents
from ledger.model.registers import Candidates, Registers
from ledger.model.state import InitiativeState

POSSIBLE: Final = 1  # the standing of those who may be members; 0 is of the certain ones, 2 of the suspended

EVER: Final = date.max
"""What is read from the registers of a day is read as of this one, or a rough joining would be cut off at the day."""


class Card(NamedTuple):
    """A member: its standing, its name, since when it is one, what else is to be said of it, and its groups.

    `groups` has, for each attribute asked for, the groups in which it counts or may, and whether it surely does; None
    is the group of those without the attribute. `joined` has the first and the last day on which it can have joined,
    where these differ: on a day between them the last one is that day.
    """

    standing: int
    name: str
    since: str
    note: str
    groups: tuple[tuple[tuple[str | None, bool], ...], ...]
    joined: tuple[int, ...]


class Given(NamedTuple):
    """A member's value of a metric: its text, whether it may be missing, and the first day that it can be from."""

    text: str
    lacking: bool
    oldest: int


def registers_of_card(member: str, attributes: Sequence[str]) -> list[Register]:
    """Give the registers from which a card is read."""
    own = [Register("member", member, aspect) for aspect in ("joined", "name")]
    return [INITIATIVE_STATUS, status_of(member), *own, *(attribute_of(member, name) for name in attributes)]


def card_of(member: str, attributes: Sequence[str], held: Mapping[Register, Candidates]) -> Card | None:
    """Read a card; None for one who is no member."""
    state = InitiativeState("", EVER, 1, _registers(held))
    views = state.members, state.possible_members, state.suspended
    standing = next((place for place, view in enumerate(views) if member in view), None)
    if standing is None:
        return None
    one = views[standing][member]
    return Card(
        standing=standing,
        name=plain(one.name),
        since=since_of(one),
        note=standing_of(one) if standing == POSSIBLE or len(one.statuses) > 1 else "",
        groups=tuple(_groups(state, name) for name in attributes),
        joined=_joined(one),
    )


def value_of(found: Candidates) -> Given | None:
    """Read a member's value of a metric; None where there surely is none, be it a member or not."""
    texts = contents(found)
    days = [option.since.toordinal() for option in found.candidates if option.fact.value is not None]
    if not days:
        return None
    return Given(" or ".join(NO_VALUE if text is None else text for text in texts), None in texts, min(days))


def _groups(state: InitiativeState, attribute: str) -> tuple[tuple[str | None, bool], ...]:
    found = state.count(by=attribute)
    return tuple((group, bool(figure.members)) for group, figure in found.items())


def _joined(one: Member) -> tuple[int, ...]:
    if one.joined_from is None or one.joined_by is None or one.joined_from == one.joined_by:
        return ()
    return one.joined_from.toordinal(), one.joined_by.toordinal()


def _registers(held: Mapping[Register, Candidates]) -> Registers:
    return Registers({register: found for register, found in held.items() if found.candidates}, {})

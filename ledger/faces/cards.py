"""Cards: what a page shows of one member, wherever its registers hold the same.

A card is read from the member's own registers alone, as everything that is asked of a state is: as a state of which it
is the only member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from ledger.faces.markup import plain
from ledger.faces.phrases import NO_VALUE, name_of, since_of, standing_of
from ledger.model.facts import INITIATIVE_STATUS, Register, attribute_of, metric_of, status_of
from ledger.model.measures import Members, Total
from ledger.model.members import contents
from ledger.model.outcomes import Asked, outcomes
from ledger.model.parts import scale_of
from ledger.model.registers import Candidates, Registers
from ledger.model.state import InitiativeState

CERTAIN: Final = 0
POSSIBLE: Final = 1
SUSPENDED: Final = 2

GIVEN: Final = 0
MISSING: Final = 1
PERHAPS: Final = 2

EVER: Final = date.max
"""What is read from the registers of a day is read as of this one, or a rough joining would be cut off at the day."""


class Card(NamedTuple):
    """A member: its standing, its name, since when it is one, what else is to be said of it, and its groups.

    `groups` has, for each attribute asked for, the groups in which it counts or may, and whether it surely does; None
    is the group of those without the attribute.
    """

    standing: int
    name: str
    since: str
    note: str
    groups: tuple[tuple[tuple[str | None, bool], ...], ...]


class Given(NamedTuple):
    """A member's value of a metric: its text, whether there is one, and the ordinal of the day it is from, else 0."""

    text: str
    lack: int
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
        name=plain(name_of(one)),
        since=since_of(one),
        note=standing_of(one) if standing == POSSIBLE or len(one.statuses) > 1 else "",
        groups=tuple(_groups(state, name) for name in attributes),
    )


def registers_of_value(member: str, metric: str) -> list[Register]:
    """Give the registers from which a member's value is read."""
    return [INITIATIVE_STATUS, status_of(member), metric_of(metric, member)]


def value_of(member: str, metric: str, held: Mapping[Register, Candidates]) -> Given | None:
    """Read a member's value; None for one who is no member."""
    registers = _registers(held)
    if not _is_member(member, registers):
        return None
    ways = outcomes(registers, Asked.by(Total(metric), EVER), member)
    part = scale_of(None).part(ways)  # of which only is asked who has a value at all, whatever its unit
    texts = contents(registers.of(metric_of(metric, member)))
    days = [way.value.since.toordinal() for way in ways if way.value is not None]
    return Given(
        text=" or ".join(NO_VALUE if text is None else text for text in texts),
        lack=MISSING if not part.present else PERHAPS if part.lacking else GIVEN,
        oldest=min(days, default=0),
    )


def _is_member(member: str, registers: Registers) -> bool:
    either = outcomes(registers, Asked.by(Members(suspended=True), EVER), member)
    return any(way.counted for way in either)


def _groups(state: InitiativeState, attribute: str) -> tuple[tuple[str | None, bool], ...]:
    found = state.count(by=attribute)
    return tuple((None if group is None else plain(group), bool(figure.members)) for group, figure in found.items())


def _registers(held: Mapping[Register, Candidates]) -> Registers:
    return Registers({register: found for register, found in held.items() if found.candidates}, {})

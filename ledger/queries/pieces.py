"""Pieces: what there is to add up, for every day as known at each moment, made ready for engines that can only add.

A query engine cannot chain the registers of rough days, but it can filter, join and sum. So the library says, member by
member, what counts, and each piece holds for a span of days as known over a span of moments. On a day, as known at a
moment, exactly those pieces hold by which a replay would answer; they are read from states and scales of the model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from ledger.model.events import MetricDefined
from ledger.model.exact import Exact
from ledger.model.facts import (
    INITIATIVE_STATUS,
    Register,
    definition_of,
    part_of,
    status_of,
)
from ledger.model.outcomes import with_value
from ledger.model.overlaps import possible_wholes, reached
from ledger.model.parts import scale_of
from ledger.model.registers import Candidates, Registers
from ledger.model.state import InitiativeState
from ledger.queries.planes import Plane, Rectangle
from ledger.queries.unfolding import Unfolding

A = TypeVar("A")

EVER: Final = date.max
"""Registers hold what they held on the day asked; what is read from them is the same as of any day."""

Held: TypeAlias = Mapping[Register, Candidates]


class Standing(NamedTuple):
    """One who counts, or may: a member as a whole, or in one of the groups that it has by an attribute.

    `attribute` is None for the member as a whole, and `group` is None for those without the attribute too. `certain`:
    it surely counts there.
    """

    member: str
    name: str
    attribute: str | None
    group: str | None
    certain: bool


class Valued(NamedTuple):
    """A value of a metric: a member's, or for None the initiative's as a whole, in the base unit of its dimension.

    From the least to the most that the values there may be can be; None is open. `may_be_missing`: there may be none.
    `oldest` is the earliest day on which any of them can have begun to hold.
    """

    member: str | None
    metric: str
    low: Exact | None
    high: Exact | None
    may_be_missing: bool
    oldest: date


class Overlap(NamedTuple):
    """Two who both may count, of whom one may be part of the other: a total of both would count something twice."""

    part: str
    whole: str


def standings(unfolding: Unfolding) -> Iterator[Rectangle[Standing]]:
    """Give who counts, or may, member by member: as a whole, then in the groups by each attribute it ever had.

    >>> from ledger.model.events import MemberJoined
    >>> from ledger.testing.scripts import history_of
    >>> for piece in standings(Unfolding(history_of([MemberJoined("ada", "2020-01-01")]), most=1)):
    ...     print(date.fromordinal(piece.first), *piece.answer)
    2020-01-01 ada ada None None True
    """
    attributes: dict[str, list[Register]] = defaultdict(list)
    for key in sorted(unfolding.facts):
        if (key.subject, key.aspect) == ("member", "attribute"):
            attributes[key.id].append(key)
    for member in _members(unfolding):
        status = [INITIATIVE_STATUS, status_of(member)]
        whole = unfolding.plane([*status, Register("member", member, "name")], partial(_as_a_whole, member))
        yield from _found(whole)
        for key in attributes[member]:
            groups = unfolding.plane([*status, key], partial(_in_groups, member, key.name))
            for rectangle in groups.rectangles():
                yield from (_with(rectangle, standing) for standing in rectangle.answer or ())


def _as_a_whole(member: str, held: Held) -> Standing | None:
    state = _state(held)
    for roll, certain in ((state.members, True), (state.possible_members, False)):
        if member in roll:
            return Standing(member, roll[member].name, None, None, certain)
    return None


def _in_groups(member: str, attribute: str, held: Held) -> tuple[Standing, ...] | None:
    groups = _state(held).count(by=attribute)
    return tuple(Standing(member, "", attribute, group, bool(figure.members)) for group, figure in groups.items())


def values(unfolding: Unfolding) -> Iterator[Rectangle[Valued]]:
    """Give the values of each metric, while its definition is known: of the initiative as a whole, then of members."""
    for key in sorted(unfolding.facts):
        if key.aspect == "metric":
            yield from _found(unfolding.plane([key, definition_of(key.name)], partial(_valued, key)))


def _valued(register: Register, held: Held) -> Valued | None:
    definition = _definition(held, definition_of(register.name))
    ways = tuple(map(with_value, held[register].options))
    existing = tuple(way for way in ways if not way.missing)
    if definition is None or not existing:
        return None
    low, high = scale_of(definition).part(existing).ends
    return Valued(
        member=register.id or None,
        metric=register.name,
        low=low,
        high=high,
        may_be_missing=len(existing) < len(ways),
        oldest=min(way.value.since for way in existing if way.value is not None),
    )


def definitions(unfolding: Unfolding) -> Iterator[Rectangle[MetricDefined]]:
    """Give what is known of each metric."""
    for key in sorted(unfolding.facts):
        if key.aspect == "definition":
            yield from _found(unfolding.plane([key], partial(_definition, register=key)))


def _definition(held: Held, register: Register) -> MetricDefined | None:
    values = [option.fact.value for option in held[register].candidates]
    return next((value for value in values if isinstance(value, MetricDefined)), None)


def overlaps(unfolding: Unfolding) -> Iterator[Rectangle[Overlap]]:
    """Give the pairs that a total refuses. Looked at is every pair of which the one was ever part of the other."""
    ever = {
        key.id: {str(value) for _, _, _, _, value, _, _ in facts if value is not None}
        for key, facts in unfolding.facts.items()
        if key.aspect == "part_of"
    }
    for part in sorted(ever):
        upwards = reached(part, lambda member: ever.get(member, set()))
        between = [part, *sorted(upwards & ever.keys())]
        for whole in sorted(upwards & set(_members(unfolding))):
            registers = [INITIATIVE_STATUS, status_of(part), status_of(whole), *map(part_of, between)]
            yield from _found(unfolding.plane(registers, partial(_overlap, part, whole)))


def _overlap(part: str, whole: str, held: Held) -> Overlap | None:
    state = _state(held)
    counting = {*state.members, *state.possible_members}
    overlap = {part, whole} <= counting and whole in reached(part, possible_wholes(state.registers))
    return Overlap(part, whole) if overlap else None


def _state(held: Held) -> InitiativeState:
    """Give the state of an initiative that has these registers only: what it says of their members is the same."""
    cells = {register: found for register, found in held.items() if found.candidates}
    return InitiativeState("", EVER, 1, Registers(cells, {}))


def _members(unfolding: Unfolding) -> list[str]:
    return sorted(key.id for key in unfolding.facts if (key.subject, key.aspect) == ("member", "status"))


def _found(plane: Plane[A | None]) -> Iterator[Rectangle[A]]:
    return (_with(piece, piece.answer) for piece in plane.rectangles() if piece.answer is not None)


def _with(piece: Rectangle[Any], answer: A) -> Rectangle[A]:
    return Rectangle(piece.first, piece.end, piece.since, piece.until, answer)

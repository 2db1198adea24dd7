"""Overlaps: members that are part of one another, and which of them a total counts.

One member is part of another where `part_of` leads to it, in one step or in several, through whomever. Where
dates are rough, who is part of whom may be uncertain, or who counts: then one that would be left out in some
worlds may count or not, so that bounds contain every possible world.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Final, TypeAlias

from ledger.model.errors import Overlapping
from ledger.model.facts import part_of
from ledger.model.measures import Total
from ledger.model.outcomes import Outcome
from ledger.model.parts import Ways
from ledger.model.registers import Registers, text_of

Wholes: TypeAlias = Callable[[str], Set[str]]
"""What a member is part of, in one step."""

LEFT_OUT: Final = Outcome(counted=False)


def without_overlap(
    measure: Total, everyone: Mapping[str, Ways], possibly: Wholes, surely: Wholes
) -> Mapping[str, Ways]:
    """Leave out, of the outcomes of all members, what the measure does not count beside something else.

    Who is left out is decided among all who may count, of all groups together. Raises `Overlapping` where the
    measure refuses to choose, and a member and a part of it may both count.
    """
    counting = {member for member, ways in everyone.items() if any(way.counted for way in ways)}
    pairs = [(part, whole) for part in sorted(counting) for whole in sorted(reached(part, possibly) & counting)]
    if pairs and measure.overlap == "refuse":
        raise Overlapping(measure.metric, pairs)
    left = dict(everyone)
    for part, whole in pairs:
        out, beside = (whole, part) if measure.overlap == "parts" else (part, whole)
        is_out = all(way.counted for way in everyone[beside]) and whole in reached(part, surely)
        left[out] = (LEFT_OUT,) if is_out else tuple(dict.fromkeys([*left[out], LEFT_OUT]))
    return left


def possible_wholes(registers: Registers) -> Wholes:
    """Say what each member may be part of."""
    return lambda member: {text for text in _texts(registers, member) if text is not None}


def sure_wholes(registers: Registers) -> Wholes:
    """Say what each member surely is part of: nothing, where it may be part of something else or of nothing."""
    possibly = possible_wholes(registers)
    return lambda member: possibly(member) if len(_texts(registers, member)) == 1 else frozenset()


def _texts(registers: Registers, member: str) -> Set[str | None]:
    return {text_of(option) for option in registers.of(part_of(member)).options}


def reached(member: str, wholes: Wholes) -> Set[str]:
    """Give everything that a member is part of, in any number of steps; never itself, in a circle either."""
    found: set[str] = set()
    ahead = [member]
    while ahead:
        new = wholes(ahead.pop()) - found
        found |= new
        ahead += new
    return found - {member}

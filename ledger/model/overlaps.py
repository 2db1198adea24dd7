"""Overlaps: members that are part of one another, and which of them a total counts.

One member is part of another where `part_of` leads to it, in one step or in several, through whomever. Where
dates are rough, who is part of whom may be uncertain, or who counts: then one that would be left out in some
worlds may count or not, so that bounds contain every possible world.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ledger.model.errors import Overlapping
from ledger.model.facts import part_of
from ledger.model.measures import Total
from ledger.model.outcomes import Outcome
from ledger.model.parts import Ways
from ledger.model.registers import Registers, text_of

LEFT_OUT: Final = Outcome(counted=False)


def without_overlap(measure: Total, everyone: Mapping[str, Ways], registers: Registers) -> Mapping[str, Ways]:
    """Leave out, of the outcomes of all members, what the measure does not count beside something else.

    Raises `Overlapping` where the measure refuses to choose, and a member and a part of it may both count.
    """
    counting = {member for member, ways in everyone.items() if any(way.counted for way in ways)}
    pairs = [(part, whole) for part in sorted(counting) for whole in sorted(wholes_of(part, registers) & counting)]
    if pairs and measure.overlap == "refuse":
        raise Overlapping(measure.metric, pairs)
    left = dict(everyone)
    for part, whole in pairs:
        out, beside = (whole, part) if measure.overlap == "parts" else (part, whole)
        surely = all(way.counted for way in everyone[beside]) and whole in wholes_of(part, registers, surely=True)
        left[out] = (LEFT_OUT,) if surely else tuple(dict.fromkeys([*left[out], LEFT_OUT]))
    return left


def wholes_of(member: str, registers: Registers, *, surely: bool = False) -> set[str]:
    """Give everything that a member may be part of or, if asked, surely is: a circle leads back to nobody new."""
    found: set[str] = set()
    ahead = [member]
    while ahead:
        texts = {text_of(option) for option in registers.of(part_of(ahead.pop())).options}
        if not surely or len(texts) == 1:
            new = {text for text in texts if text is not None} - found
            found |= new
            ahead += new
    return found - {member}

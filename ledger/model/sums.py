"""Sums: what many members add, put together into one figure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final, NamedTuple

from ledger.model.errors import BadInput, listed, shown
from ledger.model.figures import Figure, Support
from ledger.model.matching import largest_matching
from ledger.model.measures import UNMAPPED, By, Distinct, Grouping, Total
from ledger.model.outcomes import Counting
from ledger.model.overlaps import Wholes, without_overlap
from ledger.model.parts import Part, Scale, Ways, groups_of, in_group, total_of, values_of
from ledger.model.quantity import Quantity
from ledger.model.registers import Candidate
from ledger.model.shares import in_order

NAMED_MAX: Final = 5  # values, as far as a message names them


class Summand(NamedTuple):
    """In which ways one member can count, how much each is worth, and what its standing rests on."""

    scale: Scale
    ways: Ways
    standing: tuple[Candidate, ...]

    @property
    def part(self) -> Part:
        """What the member adds."""
        return self.scale.part(self.ways)


def summed(measure: Counting, scale: Scale, everyone: Mapping[str, Summand], *, at: date, basis: date) -> Figure:
    """Add up what everyone adds, and answer on a scale."""
    parts = {member: part for member, summand in everyone.items() if (part := summand.part).possible}
    if isinstance(measure, Distinct):
        amount, envelope = _distinct(summand.ways for summand in everyone.values())
    else:
        amount = scale.quantity(total_of(part.ends for part in parts.values()))
        envelope = scale.quantity(total_of(part.envelope for part in parts.values()))
    support = Support(
        members=_who(parts, lambda part: part.certain),
        reporting=_who(parts, lambda part: part.certain and not part.lacking),
        missing=_who(parts, lambda part: part.certain and not part.present),
        possible_members=_who(parts, lambda part: not part.certain),
        possibly_missing=_who(parts, lambda part: part.lacking and (part.present or not part.certain)),
        oldest=min((day for member in parts for day in _rests_on(measure, everyone[member])), default=None),
    )
    complete = not support.missing and not support.possibly_missing
    has_value = complete or not isinstance(measure, Total) or any(part.present for part in parts.values())
    return Figure(measure, at, amount, envelope, basis, complete, has_value, support)


def not_twice(measure: Total, everyone: Mapping[str, Summand], possibly: Wholes, surely: Wholes) -> dict[str, Summand]:
    """Leave out whom the measure does not count beside somebody else (`overlaps.without_overlap`)."""
    left = without_overlap(measure, {member: summand.ways for member, summand in everyone.items()}, possibly, surely)
    return {member: summand._replace(ways=left[member]) for member, summand in everyone.items()}


def grouped(everyone: Mapping[str, Summand], by: By) -> dict[str | None, dict[str, Summand]]:
    """Put everyone in the groups in which they can count; raises `BadInput` for a value that `by` does not name."""
    groups: dict[str | None, dict[str, Summand]] = defaultdict(dict)
    for member, summand in everyone.items():
        for group in groups_of(summand.ways):
            groups[group][member] = summand._replace(ways=in_group(group, summand.ways))
    ordered = sorted(groups, key=in_order)
    if isinstance(by, Grouping):
        _require_mapped(by, ordered)
    return {group: groups[group] for group in ordered}


def _require_mapped(by: Grouping, groups: Iterable[str | None]) -> None:
    unmapped = [group.removeprefix(UNMAPPED) for group in groups if group and group.startswith(UNMAPPED)]
    if unmapped:
        values = listed([*map(shown, unmapped)], NAMED_MAX)
        raise BadInput(
            f"by: members have, or may have, the {by.attribute} {values}, which is in no group: name the group of each"
        )


def _rests_on(measure: Counting, summand: Summand) -> list[date]:
    if isinstance(measure, Total | Distinct):
        return [way.value.since for way in summand.ways if way.value is not None]
    return [option.since for option in summand.standing]


def _distinct(everyone: Iterable[Ways]) -> tuple[Quantity, Quantity]:
    """Count the different values, at least and at most, without and with the missing ones."""
    held: set[str] = set()
    choices: dict[object, frozenset[object]] = {}
    with_missing: dict[object, frozenset[object]] = {}
    one_at_least = one_with_missing = 0
    for number, ways in enumerate(everyone):
        values = values_of(ways)
        certain = all(way.counted for way in ways)
        lacking = any(way.missing for way in ways)
        if certain and not lacking:
            one_at_least = 1
            held |= values if len(values) == 1 else set()
        one_with_missing = max(one_with_missing, int(certain))
        choices[number] = frozenset(values)
        # a value that is missing can be one that nobody else has
        with_missing[number] = frozenset({*values, (number,)}) if lacking else frozenset(values)
    low = len(held)
    return (
        Quantity(max(low, one_at_least), largest_matching(choices)),
        Quantity(max(low, one_with_missing), largest_matching(with_missing)),
    )


def _who(parts: Mapping[str, Part], test: Callable[[Part], bool]) -> tuple[str, ...]:
    return tuple(member for member, part in parts.items() if test(part))

"""Views: what is asked of every member alike, and the whole numbers that a member adds to it.

What a member adds on a day is put into a few whole numbers, each under a key, so that those of all members
can be added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias, cast

from attrs import define, field

from ledger.model.exact import Exact
from ledger.model.measures import By, Distinct, Joined, Total, Value
from ledger.model.outcomes import Asked, Aspect, Counting
from ledger.model.parts import Part, Scale, Ways, values_of
from ledger.queries.tracks import NEVER, ExactTrack, RoughTrack, Span

Single: TypeAlias = Counting | Value
"""The measures that are answered by adding up: all but a share."""


class Key(NamedTuple):
    """What a whole number is the number of."""

    group: str | None
    what: int
    value: str | None = None  # of a `Distinct`


# Amounts, in whole parts of the base unit. An end that is open adds nothing, and is counted instead.
LOW: Final = 0  # the low ends
RISE: Final = 1  # by how much the high ends lie above them
OPEN_LOW: Final = 2
OPEN_HIGH: Final = 3
# Members.
PRESENT: Final = 4  # may count
LACKING: Final = 5  # may count without a value
UNSETTLED: Final = 6  # it takes more than sums to say which values they add to a `Distinct`
VALUED: Final = 7  # may count with a value that is summed
HOLDS: Final = 8  # certainly count, with this one value

AMOUNTS: Final = frozenset({LOW, RISE})

Numbers: TypeAlias = Mapping[Key, int]

NOTHING: Final[Numbers] = {}
JOINING: Final[Aspect] = ("joined", "")
CLOSING: Final[Aspect] = ("closing", "")  # of the initiative: no member has such a register
EVERY_DAY: Final[Span] = (1, NEVER)


@define(eq=False, repr=False)
class View:
    """What is asked, and what all members have in common: the closing, and how the metric is defined.

    `parts` is the number of parts of a base unit in which amounts are counted, so that each is whole.
    """

    measure: Single
    by: By | None = None
    scale: Scale | None = None  # None while the metric is not defined: then nothing adds up
    parts: int = 1
    closing: ExactTrack | RoughTrack = field(factory=ExactTrack)
    slots: Mapping[Aspect, int] = field(init=False)  # the place of each aspect among a member's tracks
    gate: frozenset[int] = field(init=False)  # the places that decide whether a member counts, and in which group
    value: int | None = field(init=False)  # the place of what it counts with
    since: int | None = field(init=False)
    basis: int | None = field(init=False)  # the day whose members count; None for the day asked
    _asked: Asked | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        measure = self.measure
        deciding: list[Aspect] = []
        value: Aspect | None = ("metric", measure.metric) if isinstance(measure, Value) else None
        if not isinstance(measure, Value):
            asked = Asked.by(measure, date.max, self.by)
            value = asked.value
            deciding = [aspect for aspect, _ in asked.tests if aspect != JOINING]
            deciding += [] if asked.group is None else [asked.group]
        aspects = dict.fromkeys([*deciding, *([] if value is None else [value])])
        self.slots = {aspect: place for place, aspect in enumerate(aspects)}
        self.gate = frozenset(self.slots[aspect] for aspect in deciding)
        self.value = None if value is None else self.slots[value]
        self.since = measure.since.toordinal() if isinstance(measure, Joined) else None
        members_at = measure.members_at if isinstance(measure, Total) else None
        self.basis = None if members_at is None else members_at.toordinal()

    def asked(self, day: int) -> Asked:
        """Say what the measure looks at on a day."""
        if self._asked is None or self.since is not None:  # only of a joining the day matters
            self._asked = Asked.by(cast("Counting", self.measure), date.fromordinal(day), self.by)
        return self._asked

    def gate_day(self, day: int) -> int:
        """Give the day on which it is decided who counts, of those who may add something on a day."""
        return day if self.basis is None else self.basis

    def parts_of(self, slot: int) -> int | None:
        """Give in which parts the amounts of a track are counted; None where it has no amounts."""
        return self.parts if slot == self.value and isinstance(self.measure, Total | Value) else None

    def whole(self, amount: Exact | None) -> int:
        """Count an amount in parts; an open end is none."""
        if amount is None:
            return 0
        numerator, denominator = amount.as_integer_ratio()
        return numerator * (self.parts // denominator)


def counted(view: View, group: str | None) -> Numbers:
    """Give the numbers of one who certainly counts, where no value is asked for."""
    return {Key(group, LOW): 1} if view.by is None else {Key(group, LOW): 1, Key(group, PRESENT): 1}


def of_value(view: View, group: str | None, value: Any) -> Numbers:
    """Give the numbers of one who certainly counts, with a value that is certain; None where it is missing."""
    numbers: dict[Key, int] = {} if view.by is None else {Key(group, PRESENT): 1}
    if isinstance(view.measure, Value):
        return NOTHING if value is None else {Key(None, LOW): value, Key(None, VALUED): 1}
    if value is None:
        numbers[Key(group, LACKING)] = 1
    elif isinstance(view.measure, Distinct):
        numbers[Key(group, HOLDS, value)] = 1
    else:
        numbers[Key(group, LOW)] = value
        numbers[Key(group, VALUED)] = 1
    return numbers


def of_ways(view: View, scale: Scale, group: str | None, ways: Ways) -> Numbers:
    """Give the numbers of a member that has these outcomes in a group."""
    if isinstance(view.measure, Value):
        part = scale.value(ways)
        return _of_part(view, group, part) if part.present else NOTHING
    part = scale.part(ways)
    if not part.possible:
        return NOTHING
    if not isinstance(view.measure, Distinct):
        return _of_part(view, group, part)
    numbers = {Key(group, PRESENT): 1} if view.by is not None else {}
    values = values_of(ways)
    if part.certain and not part.present:
        numbers[Key(group, LACKING)] = 1
    elif part.certain and not part.lacking and len(values) == 1:
        numbers[Key(group, HOLDS, *values)] = 1
    else:
        numbers[Key(group, UNSETTLED)] = 1
    return numbers


def _of_part(view: View, group: str | None, part: Part) -> Numbers:
    low, high = part.ends
    least = view.whole(low)
    return {
        Key(group, LOW): least,
        Key(group, RISE): view.whole(high) - least,
        Key(group, OPEN_LOW): int(low is None),
        Key(group, OPEN_HIGH): int(high is None),
        Key(group, PRESENT): 1,
        Key(group, LACKING): int(part.lacking),
        Key(group, VALUED): int(part.present),
    }

"""Courses: what one member adds to a measure, through all of time, and what one more fact changes in it.

What a member adds on a day is put into a few whole numbers, each under a key, so that those of all members
can be added up. Where everything that the measure looks at is exact, they are read off the tracks; elsewhere
the outcomes of `model.outcomes` decide, as they do in every answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias

from attrs import define, field

from ledger.model.exact import Exact
from ledger.model.facts import (
    ACTIVE,
    CLOSED,
    INITIATIVE_STATUS,
    JOINED,
    SUSPENDED,
    PlainFact,
    Register,
)
from ledger.model.measures import Distinct, Joined, Total, Value
from ledger.model.outcomes import Asked, Aspect, Counting, outcomes, with_value
from ledger.model.parts import Part, Scale, Ways, groups_of, in_group, values_of
from ledger.model.registers import Registers
from ledger.queries.tracks import NEVER, ExactTrack, RoughTrack, Span, is_exact, track_of

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
PRESENT: Final = 4  # may count or, for a single value, may have it
LACKING: Final = 5  # may count without a value
UNSETTLED: Final = 6  # it takes more than sums to say which values they add to a `Distinct`
HOLDS: Final = 7  # certainly count, with this one value

AMOUNTS: Final = frozenset({LOW, RISE})

Numbers: TypeAlias = Mapping[Key, int]

Change: TypeAlias = tuple[Key, int, int]
"""A key, the day from which its number changes, and by how much."""

NOTHING: Final[Numbers] = {}
STATUS: Final = ("status", "")


@define(eq=False, repr=False)
class View:
    """What is asked, and what all members have in common: the closing, and how the metric is defined.

    `parts` is the number of parts of a base unit in which amounts are counted, so that each is whole.
    """

    measure: Single
    by: str | None = None
    scale: Scale | None = None  # None while the metric is not defined: then nothing adds up
    parts: int = 1
    closing: ExactTrack | RoughTrack = field(factory=ExactTrack)
    slots: Mapping[Aspect, int] = field(init=False)  # the place of each aspect among a member's tracks
    tests: Sequence[tuple[int, frozenset[str | None]]] = field(init=False)
    group: int | None = field(init=False)
    value: int | None = field(init=False)
    since: int | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        measure, by = self.measure, self.by
        if isinstance(measure, Value):
            aspects: list[Aspect] = [("metric", measure.metric)]
            value: Aspect | None = aspects[0]
            passing: dict[Aspect, tuple[str | None, ...]] = {}
        else:
            asked = Asked.by(measure, date.max, by)
            value = asked.value
            verbs = (*ACTIVE, SUSPENDED) if getattr(measure, "suspended", False) else tuple(ACTIVE)
            passing = {STATUS: verbs, **{("attribute", name): values for name, values in measure.where}}
            aspects = [*passing, *(aspect for aspect in (asked.group, value) if aspect is not None)]
        self.slots = {aspect: place for place, aspect in enumerate(dict.fromkeys(aspects))}
        self.tests = [(self.slots[aspect], frozenset(values)) for aspect, values in passing.items()]
        self.group = None if by is None else self.slots["attribute", by]
        self.value = None if value is None else self.slots[value]
        self.since = measure.since.toordinal() if isinstance(measure, Joined) else None

    def parts_of(self, slot: int) -> int | None:
        """Give in which parts the amounts of a track are counted; None where it has no amounts."""
        return self.parts if slot == self.value and isinstance(self.measure, Total | Value) else None

    def whole(self, amount: Exact | None) -> int:
        """Count an amount in parts; an open end is none."""
        if amount is None:
            return 0
        numerator, denominator = amount.as_integer_ratio()
        return numerator * (self.parts // denominator)


class Course:
    """What one member adds to a measure or, for a `Value`, the one register that it is of."""

    __slots__ = ("_tracks", "member")

    def __init__(self, member: str, view: View) -> None:
        self.member = member
        self._tracks: list[ExactTrack | RoughTrack] = [ExactTrack(view.parts_of(slot)) for slot in view.slots.values()]

    def insert(self, view: View, aspect: Aspect, fact: PlainFact) -> Iterator[Change]:
        """Take a fact in, and say what that changes."""
        slot = view.slots[aspect]
        track = self._tracks[slot]
        if isinstance(track, ExactTrack) and not is_exact(fact):
            track = self._tracks[slot] = RoughTrack(track.facts())
        return self._change(view, track.reach(fact), lambda: track.insert(fact))

    def remove(self, view: View, position: int) -> Iterator[Change]:
        """Let the facts of a record go, and say what that changes."""
        for slot, track in enumerate(self._tracks):
            if track.has(position):
                yield from self._change(view, track.reach_of(position), self._removal(view, slot, position))

    def refine(self, factor: int) -> None:
        """Count amounts in so many times more parts."""
        for track in self._tracks:
            track.refine(factor)

    def steps(self, view: View, span: Span) -> list[tuple[int, Numbers]]:
        """Say what the member adds in a span of days, and from which day on."""
        first, end = span
        scale = view.scale
        if scale is None:
            return [(first, NOTHING)]
        exact = isinstance(view.closing, ExactTrack)
        days = {first, *view.closing.turns(span)}
        for track in self._tracks:
            days.update(track.turns(span))
            exact = exact and isinstance(track, ExactTrack)
        if view.since is not None and first < view.since < end:
            days.add(view.since)
        if exact:
            return [(day, self._exactly(view, day)) for day in sorted(days)]
        return [(day, self._roughly(view, scale, day)) for day in sorted(days)]

    def _change(self, view: View, span: Span, act: Callable[[], None]) -> Iterator[Change]:
        if span[0] == NEVER:
            act()
            return
        before = self.steps(view, span)
        act()
        yield from differences(before, self.steps(view, span), span[1])

    def _removal(self, view: View, slot: int, position: int) -> Callable[[], None]:
        def act() -> None:
            track = self._tracks[slot]
            track.remove(position)
            if isinstance(track, RoughTrack):  # what was rough may have been corrected
                self._tracks[slot] = track_of(track.facts(), view.parts_of(slot))

        return act

    def _exactly(self, view: View, day: int) -> Numbers:
        tracks: Sequence[Any] = [*self._tracks, view.closing]  # all of them exact
        for slot, passing in view.tests:
            if tracks[slot].value_at(day) not in passing:
                return NOTHING
        if view.tests and tracks[-1].value_at(day) == CLOSED:
            return NOTHING
        if view.since is not None and tracks[0].last_day(JOINED, day) < view.since:
            return NOTHING
        group = None if view.group is None else tracks[view.group].value_at(day)
        numbers = {} if view.by is None else {Key(group, PRESENT): 1}
        if view.value is None:
            numbers[Key(group, LOW)] = 1
            return numbers
        value = tracks[view.value].value_at(day)
        if isinstance(view.measure, Value):
            return NOTHING if value is None else {Key(None, LOW): value, Key(None, PRESENT): 1}
        if value is None:
            numbers[Key(group, LACKING)] = 1
        elif isinstance(view.measure, Distinct):
            numbers[Key(group, HOLDS, value)] = 1
        elif value:
            numbers[Key(group, LOW)] = value
        return numbers

    def _roughly(self, view: View, scale: Scale, day: int) -> Numbers:
        if isinstance(view.measure, Value):
            options = self._tracks[0].at(day).options
            part = scale.value(tuple(map(with_value, options)))
            return _of_part(view, None, part._replace(possible=True)) if part.present else NOTHING
        at = date.fromordinal(day)
        cells = {
            Register("member", self.member, *aspect): self._tracks[slot].at(day) for aspect, slot in view.slots.items()
        }
        cells[INITIATIVE_STATUS] = view.closing.at(day)
        if view.since is not None:
            cells[Register("member", self.member, "joined")] = self._tracks[0].last(JOINED, day)
        ways = outcomes(Registers(cells, {}), Asked.by(view.measure, at, view.by), self.member)
        if view.by is None:
            return _of_ways(view, scale, None, ways)
        numbers: dict[Key, int] = {}
        for group in groups_of(ways):
            numbers |= _of_ways(view, scale, group, in_group(group, ways))
        return numbers


def differences(
    before: Sequence[tuple[int, Numbers]], after: Sequence[tuple[int, Numbers]], end: int
) -> Iterator[Change]:
    """Say from which day on which numbers change, from one list of steps to another that begins on the same day.

    Both hold up to the day `end`, exclusive; from there on nothing changes.
    """
    old, new = dict(before), dict(after)
    was: Numbers = NOTHING
    now: Numbers = NOTHING
    changed: dict[Key, int] = {}
    for day in sorted(old.keys() | new.keys()):
        was, now = old.get(day, was), new.get(day, now)
        gap = {key: now.get(key, 0) - was.get(key, 0) for key in was.keys() | now.keys()}
        for key in gap.keys() | changed.keys():
            if by := gap.get(key, 0) - changed.get(key, 0):
                yield key, day, by
        changed = gap
    if end < NEVER:
        for key, by in changed.items():
            if by:
                yield key, end, -by


def _of_ways(view: View, scale: Scale, group: str | None, ways: Ways) -> Numbers:
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
    }

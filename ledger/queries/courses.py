"""Courses: what one member adds to a measure, through all of time, and what one more fact changes in it.

Where everything that the measure looks at is certain, the numbers of a member are read off its tracks;
elsewhere the outcomes of `model.outcomes` decide, as they do in every answer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from ledger.model.facts import INITIATIVE_STATUS, JOINED, PlainFact, Register
from ledger.model.measures import Value
from ledger.model.outcomes import Aspect, Option, Outcome, is_open, outcomes, with_value
from ledger.model.overlaps import LEFT_OUT
from ledger.model.parts import Scale, Ways, groups_of, in_group
from ledger.model.registers import Registers
from ledger.queries.tracks import NEVER, ExactTrack, RoughTrack, Span, is_exact, track_of
from ledger.queries.views import (
    CLOSING,
    EVERY_DAY,
    JOINING,
    NOTHING,
    Key,
    Numbers,
    View,
    counted,
    of_value,
    of_ways,
)

Change: TypeAlias = tuple[Key, int, int]
"""A key, the day from which its number changes, and by how much."""

State: TypeAlias = tuple[str | None, ...]
"""On some days: certainly counts, in the one group named; certainly does not; or it takes the outcomes to tell."""

OUT: Final[State] = ()
ROUGH: Final[State] = ("not", "certain")

Gate: TypeAlias = tuple[list[int], list[State]]
"""The days from which on a state holds, and the states."""

Leaving: TypeAlias = tuple[list[int], list[int]]
"""The days from which on a member is left out for one that it is part of, or that is part of it, and how surely."""

COUNTS: Final = 0
MAY_BE_LEFT: Final = 1
LEFT: Final = 2


class Course:
    """What one member adds to a measure or, for a `Value`, the one register that it is of."""

    __slots__ = ("_gate", "_leaving", "_member", "_tracks")

    def __init__(self, member: str, view: View) -> None:
        self._member = member
        self._tracks: list[ExactTrack | RoughTrack] = [ExactTrack(view.parts_of(slot)) for slot in view.slots.values()]
        # one of whom nothing was said yet has no status, and does not count
        self._gate: Gate | None = ([1], [(None,) if isinstance(view.measure, Value) else OUT])
        self._leaving: Leaving | None = None  # of most it is never asked

    def insert(self, view: View, aspect: Aspect, fact: PlainFact) -> Iterable[Change]:
        """Take a fact in, and say what that changes."""
        slot = view.slots[aspect]
        track = self._tracks[slot]
        if isinstance(track, ExactTrack):
            if not is_exact(fact, amount=view.parts_of(slot) is not None):
                track = self._tracks[slot] = RoughTrack(track.facts())
            elif slot == view.value and slot not in view.gate and not (self._leaving or self.is_rough(view)):
                return self._put(view, track, fact)
        return self._change(view, slot, track.reach(fact), lambda: track.insert(fact))

    def remove(self, view: View, position: int) -> Iterable[Change]:
        """Let the facts of a record go, and say what that changes."""
        for slot, track in enumerate(self._tracks):
            if track.has(position):
                yield from self._change(view, slot, track.reach_of(position), self._removal(view, slot, position))

    def refine(self, factor: int) -> None:
        """Count amounts in so many times more parts."""
        for track in self._tracks:
            track.refine(factor)

    def leave_out(self, view: View, leaving: Leaving) -> Iterable[Change]:
        """Leave the member out from some days on, and say what that changes."""
        before = self.steps(view, EVERY_DAY)
        self._leaving = leaving
        return differences(before, self.steps(view, EVERY_DAY), NEVER)

    def is_rough(self, view: View) -> bool:
        """Does it take the outcomes to tell on which days the member counts?"""
        return ROUGH in self._gate_of(view)[1]

    def turns(self, view: View) -> Iterable[int]:
        """Give the days on which it can become another thing whether the member counts."""
        days = self._gate_of(view)[0]
        if view.value is None or not self.is_rough(view):
            return days
        return [*days, *self._tracks[view.value].turns(EVERY_DAY)]  # outcomes are of the value too

    def ways(self, view: View, day: int) -> Ways:
        """Say in which ways the member can count on a day, before anybody is left out; the value is told if it must."""
        days, states = self._gate_of(view)
        state = states[bisect_right(days, day) - 1]
        if state is ROUGH:
            return self._ways(view, day)
        return (LEFT_OUT,) if state is OUT else (Outcome(counted=True),)

    def reconsider(self) -> None:
        """Look anew at when the member counts: something has changed for all of them."""
        self._gate = None

    def steps(self, view: View, span: Span) -> list[tuple[int, Numbers]]:
        """Say what the member adds in a span of days, and from which day on."""
        first, end = span
        scale = view.scale
        if scale is None:
            return [(first, NOTHING)]
        days, states = self._gate_of(view)
        place = bisect_right(days, first)
        following = bisect_left(days, end, place)
        turns = days[place:following]
        if view.value is not None:
            turns += self._tracks[view.value].turns(span)
        if self._leaving is not None:
            turns += [day for day in self._leaving[0] if first < day < end]
        if not turns:  # the usual case
            return [(first, self._numbers(view, scale, states[place - 1], first))]
        return [
            (day, self._numbers(view, scale, states[bisect_right(days, day) - 1], day))
            for day in sorted({first, *turns})
        ]

    def _put(self, view: View, track: ExactTrack, fact: PlainFact) -> Iterator[Change]:
        """Take in a value that is certain, of a member of whom it is certain when it counts: the usual case."""
        (first, end), before, after = track.put(fact)
        if first == NEVER or before == after or view.scale is None:
            return
        days, states = self._gate_of(view)
        place = bisect_right(days, first) - 1
        while first < end:
            until = min(end, days[place + 1]) if place + 1 < len(days) else end
            if states[place] is not OUT:
                (group,) = states[place]
                for key, by in _differ(of_value(view, group, before), of_value(view, group, after)).items():
                    yield key, first, by
                    if until < NEVER:
                        yield key, until, -by
            first, place = until, place + 1

    def _change(self, view: View, slot: int, span: Span, act: Callable[[], None]) -> Iterable[Change]:
        if (view.since is not None or view.basis is not None) and slot in view.gate:
            # a joining is the latest one for as long as the member is not gone, whatever follows it; and who counts
            # on the day of the members counts on all days
            span = EVERY_DAY
        before = self.steps(view, span) if span[0] < NEVER else []
        act()
        if slot in view.gate:
            self._gate = None
        return differences(before, self.steps(view, span), span[1]) if before else ()

    def _removal(self, view: View, slot: int, position: int) -> Callable[[], None]:
        def act() -> None:
            track = self._tracks[slot]
            track.remove(position)
            if isinstance(track, RoughTrack):  # what was rough may have been corrected
                self._tracks[slot] = track_of(track.facts(), view.parts_of(slot))

        return act

    def _gate_of(self, view: View) -> Gate:
        """Say from which days on the member certainly counts, and in which group; or certainly does not."""
        if self._gate is None:
            self._gate = self._new_gate(view)
        return self._gate

    def _new_gate(self, view: View) -> Gate:
        if view.basis is not None:
            return [1], [self._state(view, view.basis)]
        turns = {1, *view.closing.turns(EVERY_DAY), *([] if view.since is None else [view.since])}
        for slot in view.gate:
            turns.update(self._tracks[slot].turns(EVERY_DAY))
        days: list[int] = []
        states: list[State] = []
        for day in sorted(turns):
            state = self._state(view, day)
            if not states or state != states[-1] or state is ROUGH:  # what is rough can differ from day to day
                days.append(day)
                states.append(state)
        return days, states

    def _state(self, view: View, day: int) -> State:
        if isinstance(view.measure, Value):
            return (None,)
        asked = view.asked(day)
        certain = True
        for aspect, test in (*asked.tests, (CLOSING, is_open)):
            options = self._options(view, aspect, day)
            passed = {answer for option in options for answer in test(option)}
            if passed == {False}:
                return OUT
            certain = certain and passed == {True} and len(options) == 1
        groups = (None,) if asked.group is None else self._options(view, asked.group, day)
        return (asked.group_of(groups[0]),) if certain and len(groups) == 1 else ROUGH

    def _options(self, view: View, aspect: Aspect, day: int) -> Sequence[Option]:
        if aspect == CLOSING:
            return view.closing.at(day).options
        if aspect == JOINING:  # read off the status, as in `registers.chained`
            return self._tracks[0].last(JOINED, day).options
        return self._tracks[view.slots[aspect]].at(day).options

    def _numbers(self, view: View, scale: Scale, state: State, day: int) -> Numbers:
        leaves = COUNTS
        if self._leaving is not None:
            days, found = self._leaving
            leaves = found[bisect_right(days, day) - 1]
        if state is OUT or leaves == LEFT:
            return NOTHING
        if state is ROUGH or leaves == MAY_BE_LEFT:
            return self._roughly(view, scale, day, (LEFT_OUT,) if leaves else ())
        (group,) = state
        if view.value is None:
            return counted(view, group)
        track = self._tracks[view.value]
        if isinstance(track, ExactTrack):
            return of_value(view, group, track.value_at(day))
        options = track.at(day).options
        if len(options) > 1:
            return self._roughly(view, scale, day)
        return of_ways(view, scale, group, (with_value(options[0], group),))

    def _roughly(self, view: View, scale: Scale, day: int, more: Ways = ()) -> Numbers:
        if isinstance(view.measure, Value):
            return of_ways(view, scale, None, tuple(map(with_value, self._tracks[0].at(day).options)))
        ways = tuple(dict.fromkeys([*self._ways(view, day), *more]))
        if view.by is None:
            return of_ways(view, scale, None, ways)
        numbers: dict[Key, int] = {}
        for group in groups_of(ways):
            numbers |= of_ways(view, scale, group, in_group(group, ways))
        return numbers

    def _ways(self, view: View, day: int) -> Ways:
        cells = {
            Register("member", self._member, *aspect): self._tracks[slot].at(
                view.gate_day(day) if slot in view.gate else day
            )
            for aspect, slot in view.slots.items()
        }
        cells[INITIATIVE_STATUS] = view.closing.at(view.gate_day(day))
        if view.since is not None:
            cells[Register("member", self._member, *JOINING)] = self._tracks[0].last(JOINED, day)
        return outcomes(Registers(cells, {}), view.asked(day), self._member)


def differences(
    before: Sequence[tuple[int, Numbers]], after: Sequence[tuple[int, Numbers]], end: int
) -> Iterator[Change]:
    """Say from which day on which numbers change, from one list of steps to another that begins on the same day.

    Both hold up to the day `end`, exclusive; from there on nothing changes.
    """
    old, new = dict(before), dict(after)
    was = now = NOTHING
    changed: Numbers = NOTHING
    for day in sorted(old.keys() | new.keys()):
        was, now = old.get(day, was), new.get(day, now)
        gap = _differ(was, now)
        for key, by in _differ(changed, gap).items():
            yield key, day, by
        changed = gap
    if end < NEVER:
        for key, by in changed.items():
            yield key, end, -by


def differing(before: Leaving, after: Leaving) -> Iterator[tuple[int, int]]:
    """Say from which day on one is, and by how much, more or less left out than before."""
    both = [dict(zip(*one, strict=True)) for one in (before, after)]
    was = now = change = 0
    for day in sorted(both[0].keys() | both[1].keys()):
        was, now = both[0].get(day, was), both[1].get(day, now)
        if now - was != change:
            yield day, now - was - change
            change = now - was


def _differ(was: Numbers, now: Numbers) -> dict[Key, int]:
    return {key: by for key in was.keys() | now.keys() if (by := now.get(key, 0) - was.get(key, 0))}

"""An oracle of another make: possible worlds, enumerated, for small histories.

`ledger.model` works with candidates and bounds. Here is the same meaning in the plainest way: choose an
actual day for every event whose day is only roughly known, play the history through, and read the
answer off; then do so for every choice. It shares no code with the replay that it is there to test (but for
how far back a period reaches), and is far too slow for anything else.

Every choice need not be gone through day by day. Nothing that is asked can tell two days apart unless
the day asked, or another day that the question names, lies between them: these cut each window into a
few pieces. For one choice of pieces there is a world if and only if there is one in which each event
takes place as early as it can: in the first day of its piece or, where that is later, on the day of an
event that the chain puts before it. For in any world of those pieces no event is earlier than that, and
moving each back to it keeps the order of every chain, and every piece.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise, product
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from attrs import frozen

from ledger.model import events as e
from ledger.model.measures import Distinct, Joined, Members, Total, Value
from ledger.model.periods import back
from ledger.model.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ledger.model.records import Record

Key: TypeAlias = tuple[str, ...]
"""What a value is a value of: ("status", member), ("metric", member, metric), ("closed",) ..."""

Look: TypeAlias = "Callable[[Key], bool] | None"
"""Which keys to look at; None for all of them."""

Counting: TypeAlias = Members | Joined | Distinct | Total
Asked: TypeAlias = Counting | Value


class Answer(NamedTuple):
    """What a measure is in one world: exact, but for what was stated as a bound.

    `members` are those who count, and `missing` those of them without a value. `envelope` is the amount
    with any values at all in place of the missing ones.
    """

    members: tuple[str, ...]
    missing: tuple[str, ...]
    amount: Quantity
    envelope: Quantity


@frozen
class World:
    """One way for things to have been: the day of each event, and what that made of the day asked."""

    days: Mapping[int, date]  # by position
    chains: Mapping[Key, tuple[Record, ...]]
    state: Mapping[Key, object]  # the value last written
    since: Mapping[Key, date]  # and the day from which it held

    @classmethod
    def played(cls, days: Mapping[int, date], chains: Mapping[Key, tuple[Record, ...]], until: date) -> World:
        """Play a history up to the end of a day."""
        state: dict[Key, object] = {}
        since: dict[Key, date] = {}
        for key, chain in chains.items():
            for record in chain:
                if days[record.position] <= until:
                    state[key] = _writes(record.event)[key]
                    since[key] = days[record.position]
                    if isinstance(record.event, e.MemberJoined) and key[0] == "status":
                        since["joined", key[1]] = days[record.position]
        return cls(days, chains, state, since)

    def on(self, day: date) -> World:
        """Look at the same course of things on another day, before or after."""
        return World.played(self.days, self.chains, day)

    def wholes(self, member: str) -> set[str]:
        """Name all that a member is part of, in one step or in several; never itself, even where a cycle leads back."""
        found: set[str] = set()
        one = member
        while (whole := _text(self, "part_of", one)) and whole not in found:
            found.add(whole)
            one = whole
        return found - {member}


@frozen
class Worlds:
    """Every possible world of a history, on one day, as known at one moment.

    Each chain has worlds of its own. But where windows overlap, two chains may put two events in opposite
    orders, and then there is no world at all.
    """

    records: tuple[Record, ...]  # those that stand, by position
    at: date
    chains: Mapping[Key, tuple[Record, ...]]

    @classmethod
    def of(cls, records: Iterable[Record], at: date, known_at: datetime | int | None = None) -> Worlds:
        """Read a history."""
        heard = _heard(sorted(records, key=lambda record: record.position), known_at)
        wrong = [record.event.record for record in heard if isinstance(record.event, e.RecordRetracted)]
        standing = tuple(record for record in heard if record.id not in wrong)
        ranks = _ranks(heard)
        chains: dict[Key, tuple[Record, ...]] = {}
        for record in sorted(standing, key=lambda record: (ranks[record.position], record.position)):
            for key in _writes(record.event):
                chains[key] = _inserted(record, chains.get(key, ()))
        return cls(standing, at, chains)

    def all(self, *cuts: date, look: Look = None) -> list[World]:
        """Give every world that differs from the others on the day asked, or by the days named in `cuts`.

        With `look`, only the chains of the keys looked at are played, and only their events have days.
        """
        chains = {key: chain for key, chain in self.chains.items() if look is None or look(key)}
        order = {(one.position, next_.position) for chain in chains.values() for one, next_ in pairwise(chain)}
        after = _day_after(self.at)
        played = {record for pair in order for record in pair} | {chain[0].position for chain in chains.values()}
        records = [record for record in self.records if look is None or record.position in played]
        windows = [(record.position, *_window(record.event)) for record in records]
        pieces = [_pieces(first, last, sorted({*after, *cuts})) for _, first, last in windows]
        found = []
        for choice in product(*pieces):
            days = {position: first for (position, _, _), (first, _) in zip(windows, choice, strict=True)}
            _put_in_order(days, order)
            if all(days[position] <= last for (position, _, _), (_, last) in zip(windows, choice, strict=True)):
                found.append(World.played(days, chains, self.at))
        return found

    def worlds(self, measure: Asked, look: Look = None) -> list[World]:
        """Give the worlds that a measure can tell apart."""
        cuts = [measure.since] if isinstance(measure, Joined) else []
        if isinstance(measure, Total):
            if measure.members_at is not None:
                cuts += _day_after(measure.members_at)
            if measure.within is not None:
                cuts.append(back(self.at, measure.within))
        return self.all(*cuts, look=look)

    def answer(self, world: World, measure: Asked) -> Answer:
        """Answer a measure in one world; a total that refuses overlaps as if there were none (see `overlapping`)."""
        if isinstance(measure, Value):
            return self._summed(world, [measure.member or ""], measure.metric, date.min)
        return self._of(world, measure, self._counted(world, measure))

    def groups(self, world: World, measure: Counting, by: str) -> dict[str | None, Answer]:
        """Answer a measure in one world, for each value of an attribute that those who count have."""
        groups = defaultdict(list)
        for member in self._counted(world, measure):
            groups[_text(_basis(world, measure), "attribute", member, by)].append(member)
        return {value: self._of(world, measure, members) for value, members in groups.items()}

    def overlapping(self, world: World, measure: Counting) -> list[tuple[str, str]]:
        """Name each member that would count in one world, with each it is part of that would count as well."""
        basis = _basis(world, measure)
        meant = [member for member in self.everyone(basis) if _counts(basis, member, measure)]
        return [(part, whole) for part in meant for whole in meant if whole in basis.wholes(part)]

    def everyone(self, world: World) -> list[str]:
        """Name all who have had a status in this world."""
        return sorted(key[1] for key in world.state if key[0] == "status")

    def definition(self, metric: str) -> e.MetricDefined:
        """Give the definition of a metric; raises `KeyError`."""
        event = self.chains["definition", metric][-1].event
        assert isinstance(event, e.MetricDefined)  # noqa: S101 - nothing else is written there
        return event

    def _counted(self, world: World, measure: Counting) -> list[str]:
        basis = _basis(world, measure)
        left_out = set()
        if isinstance(measure, Total) and measure.overlap != "refuse":
            left_out = {pair[measure.overlap == "parts"] for pair in self.overlapping(world, measure)}
        return [one for one in self.everyone(basis) if _counts(basis, one, measure) and one not in left_out]

    def _of(self, world: World, measure: Counting, members: list[str]) -> Answer:
        if isinstance(measure, Total):
            cutoff = date.min if measure.within is None else back(self.at, measure.within)
            return self._summed(world, members, measure.metric, cutoff)
        if isinstance(measure, Distinct):
            return _distinct(world, members, measure.attribute)
        number = Quantity.parse(str(len(members)))
        return Answer(tuple(members), (), number, number)

    def _summed(self, world: World, whose: list[str], metric: str, cutoff: date) -> Answer:
        definition = self.definition(metric)
        amount = Quantity.parse(f"0 {definition.unit}".strip())
        anything = Quantity(amount.low if definition.nonnegative else None, None, definition.unit)
        missing = []
        for member in whose:
            key = "metric", member, metric
            stated = world.state.get(key)
            if isinstance(stated, Quantity) and world.since[key] >= cutoff:
                if definition.nonnegative and stated.low is None and not stated.certainly_below(anything):
                    stated = Quantity(anything.low, stated.high, stated.unit)
                amount += stated
            else:
                missing.append(member)
        envelope = amount + anything if missing else amount
        return Answer(tuple(whose), tuple(missing), amount, envelope)


def _heard(records: list[Record], known_at: datetime | int | None) -> list[Record]:
    if known_at is None:
        return records
    if isinstance(known_at, datetime):
        return [record for record in records if record.recorded_at <= known_at]
    sizes = Counter(record.recorded_at for record in records)
    within = Counter(record.recorded_at for record in records if record.position <= known_at)
    return [record for record in records if within[record.recorded_at] == sizes[record.recorded_at]]


def _ranks(heard: list[Record]) -> dict[int, int]:
    ranks: dict[int, int] = {}
    for record in heard:
        replaced = [one for one in heard if one.id == record.replaces and one.position < record.position]
        ranks[record.position] = ranks[replaced[0].position] if replaced else record.version
    return ranks


def _inserted(new: Record, chain: tuple[Record, ...]) -> tuple[Record, ...]:
    """Insert just before the first one that is strictly later, else at the end."""
    for place, old in enumerate(chain):
        if _window(old.event)[0] > _window(new.event)[1]:
            return *chain[:place], new, *chain[place:]
    return *chain, new


def _window(event: e.Event) -> tuple[date, date]:
    if isinstance(event, e.MetricDefined | e.RecordRetracted):
        return date.min, date.min
    return event.effective.earliest, event.effective.latest


def _day_after(day: date) -> list[date]:
    return [day + timedelta(days=1)] if day < date.max else []


def _pieces(first: date, last: date, cuts: list[date]) -> list[tuple[date, date]]:
    inside = [cut for cut in cuts if first < cut <= last]
    return list(zip([first, *inside], [*(cut - timedelta(days=1) for cut in inside), last], strict=True))


def _put_in_order(days: dict[int, date], order: set[tuple[int, int]]) -> None:
    """Move each day up to those of the events before it, until nothing moves any more."""
    while late := [(one, next_) for one, next_ in order if days[one] > days[next_]]:
        for one, next_ in late:
            days[next_] = max(days[one], days[next_])


def _writes(event: e.Event) -> dict[Key, object]:
    written: dict[Key, object] = {}
    match event:
        case e.InitiativeLaunched() | e.InitiativeClosed():
            written["closed",] = isinstance(event, e.InitiativeClosed)
        case e.MemberJoined(member=member):
            written["status", member] = "active"
        case e.MemberReinstated(member=member):
            written["status", member] = "active"
        case e.MemberSuspended(member=member):
            written["status", member] = "suspended"
        case e.MemberLeft(member=member):
            written["status", member] = "gone"
        case e.MetricUpdated(metric=metric, member=whose, amount=amount):
            written["metric", whose or "", metric] = amount
        case e.MetricDefined(metric=metric):
            written["definition", metric] = event
        case e.ReportPublished(report=report):
            written["report", report] = event
    return {**written, **_describes(event)}


def _describes(event: e.Event) -> dict[Key, object]:
    written: dict[Key, object] = {}
    if isinstance(event, e.InitiativeLaunched | e.InitiativeChanged | e.MemberJoined | e.MemberChanged):
        whose = getattr(event, "member", "")
        for aspect in ("name", "part_of", "supporters"):
            if (value := getattr(event, aspect, None)) is not None:
                written[aspect, whose] = value
        for name, text in event.attributes.items():
            written["attribute", whose, name] = text
    return written


def _basis(world: World, measure: Counting) -> World:
    """Give the world on the day whose members count."""
    members_at = measure.members_at if isinstance(measure, Total) else None
    return world if members_at is None else world.on(members_at)


def _counts(world: World, member: str, measure: Counting) -> bool:
    if world.state.get(("closed",), False):
        return False
    status = world.state["status", member]
    if isinstance(measure, Joined):
        joined = world.since.get(("joined", member))
        if status != "active" or joined is None or joined < measure.since:
            return False
    elif status != "active" and not (measure.suspended and status == "suspended"):
        return False
    return all(_text(world, "attribute", member, name) in values for name, values in measure.where)


def _distinct(world: World, counted: list[str], attribute: str) -> Answer:
    held = {member: _text(world, "attribute", member, attribute) for member in counted}
    values = {value for value in held.values() if value is not None}
    missing = tuple(member for member in counted if held[member] is None)
    least = len(values) or min(len(missing), 1)  # the missing ones may have what others have
    most = len(values) + len(missing)
    number = Quantity.parse(str(len(values)))
    return Answer(tuple(counted), missing, number, Quantity.parse(f"{least}..{most}"))


def _text(world: World, *key: str) -> str | None:
    value = world.state.get(key)
    return value if isinstance(value, str) else None

"""The history that all contestants are asked about, in plain values that belong to nobody's library.

A thousand members report three metrics over 20 years. Half of them found the initiative, the others come
in the course of three quarters of the time; about one event of a hundred is a joining or a leaving (more
where the history is so short that the first joinings alone are more), and who leaves may return. Events
are recorded on the day on which they happen, save that one of ten is recorded up to five years late, and
that one of fifty corrects a value of late: another one for the same member, metric and day. Half of the
late leavings are absences that nobody had noticed: a leaving and the return from it, on days between a
joining and a leaving that are known already. Every joining gives a country, always the same, and a sector.

Events are recorded in batches, each at the end of the day of its newest event. Days are numbered from
`FIRST_DAY`, amounts are whole hundredths, and events are numbered as the ledger numbers its records.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

FIRST_DAY: Final = date(2004, 1, 1)
LAST_DAY: Final = date(2023, 12, 31)
DAYS: Final = (LAST_DAY - FIRST_DAY).days + 1

MEMBERS: Final = 1_000
METRICS: Final = ("co2", "cement", "steel")
UNIT: Final = "t"
FACTS: Final = "facts.csv"
COUNTRIES: Final = (
    "Spain", "Belgium", "Brazil", "China", "India", "Indonesia",
    "Japan", "Sweden", "Canada", "Chile", "Kenya", "Poland",
)  # fmt: skip
SECTORS: Final = ("cement", "chemicals", "energy", "metals", "shipping")

HEADING: Final = 1 + len(METRICS)  # the launch and the definitions, made by those who write the history
COUNT_MIN: Final = 2 * MEMBERS
_LATE_MAX = 5 * 365 + 1  # days
_RECENT = 500  # the values of late, which may be corrected


class Aspect(IntEnum):
    """What a fact says of a member; the metrics come in the order of `METRICS`."""

    STATUS = 0  # 1 for a member, 0 for one that left
    CO2 = 1  # hundredths
    CEMENT = 2
    STEEL = 3
    COUNTRY = 4  # its place in `COUNTRIES`
    SECTOR = 5  # its place in `SECTORS`


class Joined(NamedTuple):
    """A member joins, for the first time or again."""

    member: int
    day: int
    country: int
    sector: int


class Left(NamedTuple):
    """A member leaves."""

    member: int
    day: int


class Stated(NamedTuple):
    """A value of a metric: another one for the same member, metric and day takes its place."""

    member: int
    day: int
    metric: int
    hundredths: int


Happening = Joined | Left | Stated


class Fact(NamedTuple):
    """One thing that one event says, in numbers only. The latest by day, then by `seq`, holds."""

    seq: int
    member: int
    aspect: int
    day: int
    value: int


def day_of(number: int) -> date:
    """Give a day by its number."""
    return FIRST_DAY + timedelta(days=number)


def happenings(count: int) -> list[Happening]:
    """Give a history of `count` events, less those of the heading: always the same one for a count."""
    if count < COUNT_MIN:
        raise ValueError(f"{count} events are too few for {MEMBERS} members: ask for {COUNT_MIN} or more")
    return list(_Story(count).told())


def batches(count: int, many: list[Happening]) -> Iterator[tuple[datetime, list[Happening]]]:
    """Cut a history into batches, each with the instant at which it is recorded; the heading belongs to the first."""
    size, rest, place = batch_size(count), iter(many), 0
    while place < count:
        end = min(place + size, count)
        newest = FIRST_DAY + timedelta(days=_today(end, count))
        yield datetime.combine(newest, time(22), UTC), list(islice(rest, end - max(place, HEADING)))
        place = end


def batch_size(count: int) -> int:
    """Give the number of events in a batch: 1,000, or a hundredth where a history has fewer than 100,000."""
    return min(1_000, count // 100)


def whole_batches(position: int, count: int) -> int:
    """Round a position down to the end of a batch, which is what `known_at` means by it."""
    return position if position >= count else position - position % batch_size(count)


def facts(many: list[Happening]) -> Iterator[Fact]:
    """Say what the events say."""
    for seq, one in enumerate(many, HEADING + 1):
        match one:
            case Stated(member, day, metric, hundredths):
                yield Fact(seq, member, Aspect.CO2 + metric, day, hundredths)
            case Left(member, day):
                yield Fact(seq, member, Aspect.STATUS, day, 0)
            case Joined(member, day, country, sector):
                yield Fact(seq, member, Aspect.STATUS, day, 1)
                yield Fact(seq, member, Aspect.COUNTRY, day, country)
                yield Fact(seq, member, Aspect.SECTOR, day, sector)


def warm() -> None:
    """Do nothing: there is nothing to load."""


def write(path: Path, count: int, _: object) -> None:
    """Write the facts of a history as CSV, from which everyone but ourselves reads."""
    with path.open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Fact._fields)
        writer.writerows(facts(happenings(count)))


def read_facts(path: Path) -> Iterator[Fact]:
    """Read them back."""
    with path.open(encoding="ascii", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from (Fact._make(map(int, row)) for row in rows)


def _today(position: int, count: int) -> int:
    return (position - 1) * DAYS // count


class _Story:
    """Tells a history, event by event."""

    def __init__(self, count: int) -> None:
        self._random = random = Random(20230120)
        self._count = count
        self._moves: list[list[int]] = [[] for _ in range(MEMBERS)]  # days: joined, left, joined, left ...
        self._countries = [random.randrange(len(COUNTRIES)) for _ in range(MEMBERS)]
        self._known: list[int] = []  # the members that have joined so far
        self._recent: deque[Stated] = deque(maxlen=_RECENT)
        self._due: deque[Happening] = deque()  # must be the next: the return from an absence

    def told(self) -> Iterator[Happening]:
        """Give the events in the order of recording."""
        plan = self._plan()
        late: deque[str] = deque()  # what was planned for a place that something due took
        for position in range(HEADING + 1, self._count + 1):
            today = _today(position, self._count)
            planned = plan.get(position)
            if self._due:
                if planned:
                    late.append(planned)
                yield self._due.popleft()
            elif late or planned:
                if planned:
                    late.append(planned)
                yield self._joined(today) if late.popleft() == "join" else self._moved(position, today)
            else:
                yield self._stated(today)

    def _plan(self) -> dict[int, str]:
        """Say at which positions members join for the first time, and at which others leave or return."""
        founders = MEMBERS // 2
        start = HEADING + founders + 1
        firsts = self._random.sample(range(start, start + (self._count - start) * 3 // 4), MEMBERS - founders)
        taken = set(firsts)
        others = [position for position in range(start, self._count + 1) if position not in taken]
        moves = self._random.sample(others, max(self._count // 100 - MEMBERS, MEMBERS // 5))
        founded = range(HEADING + 1, start)
        return {**dict.fromkeys(moves, "move"), **dict.fromkeys([*founded, *firsts], "join")}

    def _is_late(self) -> bool:
        return self._random.random() < 0.1

    def _late_day(self, today: int, not_before: int = 0) -> int:
        return max(today - self._random.randint(1, _LATE_MAX), not_before)

    def _joined(self, today: int) -> Joined:
        """Let the next member join for the first time; the founders do so on the first day."""
        member = len(self._known)
        self._known.append(member)
        if member < MEMBERS // 2:
            return self._joins(member, 0)
        return self._joins(member, self._late_day(today) if self._is_late() else today)

    def _joins(self, member: int, day: int) -> Joined:
        self._moves[member].append(day)
        return Joined(member, day, self._countries[member], self._random.randrange(len(SECTORS)))

    def _moved(self, position: int, today: int) -> Happening:
        """Let somebody leave or return: so that leavings and returns alternate, whenever they are recorded."""
        member = self._random.choice((self._random.random() < 0.4 and self._gone()) or self._known)
        moves = self._moves[member]
        day = today
        if self._is_late():
            in_one_batch = position % batch_size(self._count) != 0 and position < self._count
            if in_one_batch and self._random.random() < 0.5 and (absent := self._absence(moves, today)):
                insert = bisect_right(moves, absent[0])
                moves[insert:insert] = absent
                sector = self._random.randrange(len(SECTORS))
                self._due.append(Joined(member, absent[1], self._countries[member], sector))
                return Left(member, absent[0])
            day = self._late_day(today, not_before=moves[-1])
        if len(moves) % 2 == 0:
            return self._joins(member, day)
        moves.append(day)
        return Left(member, day)

    def _gone(self) -> list[int]:
        return [member for member in self._known if len(self._moves[member]) % 2 == 0]

    def _absence(self, moves: list[int], today: int) -> list[int] | None:
        """Find two days strictly between a joining and the leaving after it, at most five years ago."""
        place = self._random.randrange(0, len(moves), 2)
        after = max(moves[place], today - _LATE_MAX)
        before = moves[place + 1] if place + 1 < len(moves) else today
        return sorted(self._random.sample(range(after + 1, before), 2)) if before - after > 2 else None

    def _stated(self, today: int) -> Stated:
        random = self._random
        hundredths = random.randrange(1, 1_000_000)
        if self._recent and random.random() < 0.02:
            return random.choice(self._recent)._replace(hundredths=hundredths)
        day = self._late_day(today) if self._is_late() else today
        one = Stated(random.choice(self._known), day, random.randrange(len(METRICS)), hundredths)
        self._recent.append(one)
        return one

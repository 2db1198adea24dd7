"""What happens in each of many initiatives: about 1,000 facts, in 20 batches, which the ledger learns in turns.

There are four shapes. An initiative has one by its number, with its days so many days later, and its amounts so much
larger. In every round each initiative records one batch, so that the history of all is one of twenty years.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Final, TypeAlias

from ledger import Event, MemberChanged, MemberJoined, MemberLeft, MetricDefined, MetricUpdated, RecordRetracted

if TYPE_CHECKING:
    from ledger import Ledger

SHAPES: Final = 4
ROUNDS: Final = 20
MEMBERS: Final = 54
METRIC: Final = "co2"
FIRST_YEAR: Final = 2000
FIRST_INSTANT: Final = datetime(FIRST_YEAR + 1, 2, 1, tzinfo=UTC)
BETWEEN_ROUNDS: Final = timedelta(days=365)
BETWEEN_INITIATIVES: Final = timedelta(milliseconds=1)

COUNTRIES: Final = ("Chile", "France", "India", "Kenya", "Spain")

Retraction: TypeAlias = int
"""Of the record of that version."""


def id_of(number: int) -> str:
    """Name an initiative."""
    return f"initiative-{number:07}"


def days_later(number: int) -> int:
    """Say by how many days an initiative is behind its shape."""
    return number // SHAPES % 29


def tonnes_more(number: int) -> int:
    """Say by how many tonnes its values are larger than those of its shape."""
    return number // SHAPES % 9_973


def instant_of(turn: int, number: int) -> datetime:
    """Say when an initiative records the batch of a round."""
    return FIRST_INSTANT + turn * BETWEEN_ROUNDS + number * BETWEEN_INITIATIVES


def batches(number: int) -> list[list[Event | Retraction]]:
    """Give what an initiative records, round by round."""
    random = Random(number % SHAPES)
    more = tonnes_more(number)
    on, some_day = _days(days_later(number))
    found: list[list[Event | Retraction]] = []
    version, wrong = 0, list[Retraction]()
    for turn in range(ROUNDS):
        batch: list[Event | Retraction] = [*wrong]
        wrong = []
        if turn == 0:
            batch += [
                MetricDefined(METRIC, "t", nonnegative=True),
                MetricDefined("intensity", "percent", additive=False),
            ]
        for member in range(MEMBERS):
            batch += _moves(number, turn, member, random)
            if turn < _first(member) or random.random() < 0.05:  # some do not report, or not yet
                continue
            year = FIRST_YEAR + turn
            amount = f"{more + random.randrange(100_000, 9_000_000) / 100:.2f} t"
            if random.random() < 0.05:
                amount = f">= {amount}"
            effective = some_day(year) if random.random() < 0.05 else on(year, 12, 31)
            batch.append(MetricUpdated(METRIC, effective, amount, member=_member(member)))
            if random.random() < 0.015:
                wrong.append(version + len(batch))  # as is said in the next round
        version += len(batch)
        found.append(batch)
    return found


def _moves(number: int, turn: int, member: int, random: Random) -> list[Event]:
    """Give the joining or leaving of a member in a round, or how its country changes."""
    on, some_day = _days(days_later(number))
    year, id = FIRST_YEAR + turn, _member(member)
    if turn == _first(member):
        return [
            MemberJoined(
                id,
                some_day(year) if random.random() < 0.1 else on(year, 1 + member % 12, 5),
                name=f"Member {member}",
                attributes={"country": random.choice(COUNTRIES)},
                # a pair that would count twice, as long as both are members
                part_of="member-000" if (number % SHAPES, member) == (3, 9) else None,
            )
        ]
    if turn == _first(member) + 3 and member % 10 == 9:
        return [MemberLeft(id, on(year, 6, 1))]
    if turn == _first(member) + 5 and member % 7 == 3:
        return [MemberChanged(id, on(year, 2, 1), attributes={"country": random.choice(COUNTRIES)})]
    return []


def _first(member: int) -> int:
    return member % 9  # nine years of joining


def _member(number: int) -> str:
    return f"member-{number:03}"


def _days(later: int) -> tuple[Callable[[int, int, int], str], Callable[[int], str]]:
    """Give how days are written, and rough ones, so many days later."""

    def on(year: int, month: int, day: int) -> str:
        return (date(year, month, day) + timedelta(days=later)).isoformat()

    return on, lambda year: f"{on(year, 3, 1)}/{on(year, 11, 30)}"


def sizes() -> list[list[int]]:
    """Say how many records each shape has, round by round."""
    return [[len(batch) for batch in batches(shape)] for shape in range(SHAPES)]


def record_all(book: Ledger, numbers: Sequence[int]) -> None:
    """Record all of some initiatives as they come in turns."""
    told = {number: batches(number) for number in numbers}
    ids: dict[int, list[str]] = {number: [] for number in numbers}
    for turn in range(ROUNDS):
        for number in numbers:
            initiative, known = book.initiative(id_of(number)), ids[number]
            waiting = [
                RecordRetracted(known[one - 1]) if isinstance(one, Retraction) else one for one in told[number][turn]
            ]
            known += [record.id for record in initiative.record(*waiting, recorded_at=instant_of(turn, number))]

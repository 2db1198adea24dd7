"""Our own runs: the library as a user calls it, rules and all.

Before anything is timed a small ledger in memory has been through the same calls, so modules that load
on first use (pint) are loaded.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from watch import Watch
from workload import FIRST_DAY, LAST_DAY, METRIC, NAME, UNIT, Answer, Happening, answer, happenings

import ledger

INITIATIVE = "clusters"
BATCH = 10_000  # events, when a long history is written


def warm() -> None:
    """Go once through everything, in memory."""
    with ledger.open(":memory:") as book:
        initiative = book.initiative(INITIATIVE)
        initiative.record(*heading(), *map(event_of, happenings(60)))
        initiative.at(LAST_DAY).total(METRIC)
        ledger.replay(initiative.records(), at=LAST_DAY)


def bulk(path: Path, count: int, watch: Watch) -> Answer:
    """One batch."""
    many = happenings(count)
    with ledger.open(path) as book:
        initiative = book.initiative(INITIATIVE)
        with watch.part("events"):
            events = [*heading(), *map(event_of, many)]
        with watch.part("append"):
            initiative.record(*events)
        return _answer(initiative.at(LAST_DAY))


def single(path: Path, count: int, watch: Watch) -> Answer:
    """Batches of one."""
    with ledger.open(path) as book:
        initiative = book.initiative(INITIATIVE)
        initiative.record(*heading())
        watch.each("append", lambda one: initiative.record(event_of(one)), happenings(count))
        return _answer(initiative.at(LAST_DAY))


def write(path: Path, count: int, _: Watch) -> None:
    """Write the history that the replays read."""
    with ledger.open(path) as book:
        initiative = book.initiative(INITIATIVE)
        events = [*heading(), *map(event_of, happenings(count))]
        for start in range(0, count, BATCH):
            initiative.record(*events[start : start + BATCH])


def facts(path: Path, _: int, watch: Watch) -> Answer:
    """Replay from the rows of facts: the state of the last day, asked of a file just opened."""
    with ledger.open(path) as book:
        initiative = book.initiative(INITIATIVE)
        with watch.part("replay"):
            state = initiative.at(LAST_DAY)
        with watch.part("total"):
            state.total(METRIC)
        return _answer(state)


def decoded(path: Path, _: int, watch: Watch) -> Answer:
    """Replay by the definition: every record read, its event decoded and checked anew."""
    with ledger.open(path) as book:
        initiative = book.initiative(INITIATIVE)
        with watch.part("replay"):
            state = ledger.replay(initiative.records(), at=LAST_DAY)
        return _answer(state)


def heading() -> tuple[ledger.InitiativeLaunched, ledger.MetricDefined]:
    """Give the first two events of every history."""
    return ledger.InitiativeLaunched(FIRST_DAY, name=NAME), ledger.MetricDefined(METRIC, unit=UNIT, nonnegative=True)


def event_of(one: Happening) -> ledger.MemberJoined | ledger.MetricUpdated:
    """Make the event of a happening."""
    member, day, amount, country = one
    if amount is None:
        return ledger.MemberJoined(member, day, name=member, attributes={"country": country})
    return ledger.MetricUpdated(METRIC, day, f"{amount} {UNIT}", member=member)


def _answer(state: ledger.InitiativeState) -> Answer:
    last = {id: member.value(METRIC) for id, member in state.members.items()}
    values = ((id, None if held is None else _number(held.low)) for id, held in last.items())
    return answer(values, _number(state.total(METRIC).amount.low))


def _number(end: object) -> Decimal:
    if not isinstance(end, Decimal):
        raise TypeError(f"{end!r} is no decimal number")
    return end

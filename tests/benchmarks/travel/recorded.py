"""The history as a ledger: every event recorded by the library, batch by batch, each with its own instant."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from watch import Watch

import ledger
from travel.history import (
    COUNTRIES,
    FIRST_DAY,
    LAST_DAY,
    METRICS,
    SECTORS,
    UNIT,
    Happening,
    Joined,
    Left,
    batches,
    day_of,
    happenings,
)

INITIATIVE: Final = "clusters"
FILE: Final = "ledger.db"


def warm() -> None:
    """Do nothing: how long writing takes is another benchmark's business."""


def write(path: Path, count: int, watch: Watch) -> None:
    """Write the history to a new file, batch by batch, each with its own instant."""
    end = datetime.combine(LAST_DAY, datetime.max.time(), UTC)
    with ledger.open(path, clock=lambda: end) as book:
        initiative = book.initiative(INITIATIVE)
        first = heading()
        with watch.part("write"):
            for moment, some in batches(count, happenings(count)):
                initiative.record(*first, *map(event_of, some), recorded_at=moment)
                first = []


def heading() -> list[ledger.Event]:
    """Give the first events of every history."""
    defined = [ledger.MetricDefined(metric, unit=UNIT, nonnegative=True) for metric in METRICS]
    return [ledger.InitiativeLaunched(FIRST_DAY, name="Clusters towards Net Zero"), *defined]


def event_of(one: Happening) -> ledger.Event:
    """Make the event of a happening."""
    member, day = f"member-{one.member:04}", day_of(one.day)
    match one:
        case Joined(_, _, country, sector):
            attributes = {"country": COUNTRIES[country], "sector": SECTORS[sector]}
            return ledger.MemberJoined(member, day, attributes=attributes)
        case Left():
            return ledger.MemberLeft(member, day)
        case _:
            amount = f"{one.hundredths // 100}.{one.hundredths % 100:02} {UNIT}"
            return ledger.MetricUpdated(METRICS[one.metric], day, amount, member=member)

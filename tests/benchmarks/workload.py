"""The work that all contestants do: one history, in plain values that belong to nobody's library.

One of 50 events is a joining, so there are 200 members per 10,000 events; every other one states an
amount for a member that has joined. The days are spread evenly over 20 years and come in no order, so
whoever keeps a member's last value has to look at the day. The first two events of every history, the
launch of the initiative and the definition of its metric, are made by the contestants themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import islice
from random import Random
from typing import Final, NamedTuple, TypedDict

NAME: Final = "Clusters towards Net Zero"
METRIC: Final = "co2"
UNIT: Final = "Mt/year"
FIRST_DAY: Final = date(2004, 1, 1)
LAST_DAY: Final = date(2023, 12, 31)
HEADING: Final = 2  # events before those of the stream: the launch and the definition
COUNTRIES: Final = ("Spain", "Belgium", "Brazil", "China", "India", "Indonesia", "Japan", "Sweden", "Canada")

_DAYS = (LAST_DAY - FIRST_DAY).days + 1
_JOINING_EVERY = 50


class Happening(NamedTuple):
    """A joining or, where there is an amount, a new value of the metric."""

    member: str
    day: str
    amount: str | None
    country: str


class Answer(TypedDict):
    """What a contestant finds at the end of the last day; all of them must find the same."""

    members: int
    total: str
    digest: str  # over every member's last value


def happenings(count: int) -> list[Happening]:
    """Give a history of `count` events, less the two of the heading: always the same one."""
    return list(islice(_stream(), count - HEADING))


def answer(values: Iterable[tuple[str, Decimal | None]], total: Decimal) -> Answer:
    """Put what a contestant found into a form that can be compared: each member with its last value, and the total."""
    lines = sorted(f"{member}={'' if amount is None else plain(amount)}" for member, amount in values)
    return Answer(members=len(lines), total=plain(total), digest=sha256("\n".join(lines).encode()).hexdigest())


def expected(count: int) -> Answer:
    """Work the answer out by hand, as simply as possible."""
    last: dict[str, tuple[str, Decimal | None]] = {}
    for member, day, amount, _ in happenings(count):
        if amount is None:
            last[member] = ("", None)
        elif day >= last[member][0]:
            last[member] = (day, Decimal(amount))
    values = {member: amount for member, (_, amount) in last.items()}
    return answer(values.items(), sum((amount for amount in values.values() if amount is not None), Decimal(0)))


def plain(number: Decimal) -> str:
    """Write a number so that equal ones look alike."""
    return f"{number.normalize():f}"


def _stream() -> Iterator[Happening]:
    random = Random(20230120)
    members: list[str] = []
    place = 0
    while True:
        day = (FIRST_DAY + timedelta(days=random.randrange(_DAYS))).isoformat()
        if place % _JOINING_EVERY == 0:
            members.append(f"cluster-{len(members):05}")
            yield Happening(members[-1], day, None, random.choice(COUNTRIES))
        else:
            yield Happening(random.choice(members), day, f"{random.randrange(1, 500_000) / 100:.2f}", "")
        place += 1

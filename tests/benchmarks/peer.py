"""The peer's runs: the same events with the PyPI library `eventsourcing`, as its documentation shows it.

Its faster style is used: an explicit class for each event, with an `apply` method. In its favour it
checks no rules, keeps a day as text (a `date` would cost it a transcoding), and neither hashes its
records nor writes facts. Amounts are `Decimal`, made from text like ours. SQLite is set up by the
library: write-ahead log, and `synchronous` as SQLite has it.

Before anything is timed a small application in memory has been through the same calls.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from watch import Watch
from workload import FIRST_DAY, METRIC, NAME, UNIT, Answer, Happening, answer, happenings

BATCH = 10_000  # events, when a long history is written


class Member:
    """A member, with the last value of each metric."""

    __slots__ = ("country", "effective", "name", "values")

    def __init__(self, name: str, country: str, effective: str) -> None:
        self.name = name
        self.country = country
        self.effective = effective
        self.values: dict[str, tuple[str, Decimal, str]] = {}


class Initiative(Aggregate):
    """The initiative as an aggregate."""

    def __init__(self, *, name: str, effective: str) -> None:
        self.name = name
        self.effective = effective
        self.metrics: dict[str, str] = {}
        self.members: dict[str, Member] = {}

    @staticmethod
    def create_id() -> UUID:
        """Give the id of the one initiative there is."""
        return uuid5(NAMESPACE_URL, "/initiatives/clusters")

    class MetricDefined(Aggregate.Event):
        """A metric and its unit."""

        metric: str
        unit: str

        def apply(self, aggregate: Initiative) -> None:
            """Take it in."""
            aggregate.metrics[self.metric] = self.unit

    class MemberJoined(Aggregate.Event):
        """A member joined."""

        member: str
        effective: str
        name: str
        country: str

        def apply(self, aggregate: Initiative) -> None:
            """Take it in."""
            aggregate.members[self.member] = Member(self.name, self.country, self.effective)

    class MetricUpdated(Aggregate.Event):
        """A metric has a new value."""

        metric: str
        effective: str
        amount: Decimal
        unit: str
        member: str

        def apply(self, aggregate: Initiative) -> None:
            """Take it in, unless a later value is there already."""
            values = aggregate.members[self.member].values
            held = values.get(self.metric)
            if held is None or held[0] <= self.effective:
                values[self.metric] = (self.effective, self.amount, self.unit)


def warm() -> None:
    """Go once through everything, in memory."""
    with Application[UUID]() as application:
        initiative = launched()
        for one in happenings(60):
            trigger(initiative, one)
        application.save(initiative)
        application.repository.get(initiative.id)


def bulk(path: Path, count: int, watch: Watch) -> Answer:
    """All events pending, then one save."""
    many = happenings(count)
    with _open(path) as application:
        with watch.part("events"):
            initiative = launched()
            for one in many:
                trigger(initiative, one)
        with watch.part("append"):
            application.save(initiative)
        return _answer(_get(application))


def single(path: Path, count: int, watch: Watch) -> Answer:
    """A save for every event."""
    with _open(path) as application:
        initiative = launched()
        application.save(initiative)

        def append(one: Happening) -> None:
            trigger(initiative, one)
            application.save(initiative)

        watch.each("append", append, happenings(count))
        return _answer(_get(application))


def write(path: Path, count: int, _: Watch) -> None:
    """Write the history that the replay reads."""
    with _open(path) as application:
        initiative = launched()
        for place, one in enumerate(happenings(count)):
            trigger(initiative, one)
            if place % BATCH == BATCH - 1:
                application.save(initiative)
        application.save(initiative)


def replay(path: Path, _: int, watch: Watch) -> Answer:
    """Get the aggregate by its id, from a file just opened."""
    with _open(path) as application:
        with watch.part("replay"):
            initiative = _get(application)
        return _answer(initiative)


def launched() -> Initiative:
    """Give an initiative with the first two events of every history."""
    initiative = Initiative(name=NAME, effective=FIRST_DAY.isoformat())
    initiative.trigger_event(Initiative.MetricDefined, metric=METRIC, unit=UNIT)
    return initiative


def trigger(initiative: Initiative, one: Happening) -> None:
    """Trigger the event of a happening."""
    member, day, amount, country = one
    if amount is None:
        initiative.trigger_event(Initiative.MemberJoined, member=member, effective=day, name=member, country=country)
    else:
        initiative.trigger_event(
            Initiative.MetricUpdated, metric=METRIC, effective=day, amount=Decimal(amount), unit=UNIT, member=member
        )


def _open(path: Path) -> Application[UUID]:
    return Application[UUID](env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})


def _get(application: Application[UUID]) -> Initiative:
    initiative: Initiative = application.repository.get(Initiative.create_id())
    return initiative


def _answer(initiative: Initiative) -> Answer:
    last = {id: member.values.get(METRIC) for id, member in initiative.members.items()}
    values = {id: None if held is None else held[1] for id, held in last.items()}
    return answer(values.items(), sum((amount for amount in values.values() if amount is not None), Decimal(0)))

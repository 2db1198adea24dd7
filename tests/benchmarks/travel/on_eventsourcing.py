"""The PyPI library `eventsourcing`, with the only advice that its maintainers give for effective dates.

Read all events, filter, sort, apply. What was known at a position is asked of the library's own version
number, and saves reading what came later. Days are whole numbers, like everybody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from watch import Watch

from travel.history import METRICS, UNIT, Happening, Joined, Left, happenings, whole_batches
from travel.questions import FIGURES, SECTOR, Answer, Question

FILE = "eventsourcing.db"
BATCH = 10_000  # events that are saved at once
ID = UUID(int=20230120)


class Initiative(Aggregate):
    """The initiative as an aggregate. Its state is never used: what is asked has a date."""

    def __init__(self, name: str) -> None:
        self.name = name

    @staticmethod
    def create_id() -> UUID:
        """Give the id of the one initiative there is."""
        return ID

    class MetricDefined(Aggregate.Event):
        """A metric and its unit."""

        metric: str
        unit: str

    class MemberJoined(Aggregate.Event):
        """A member joined."""

        member: int
        day: int
        country: int
        sector: int

        def take_in(self, state: State) -> None:
            """Apply it."""
            state.active.add(self.member)
            state.country[self.member] = self.country
            state.sector[self.member] = self.sector

    class MemberLeft(Aggregate.Event):
        """A member left."""

        member: int
        day: int

        def take_in(self, state: State) -> None:
            """Apply it."""
            state.active.discard(self.member)

    class MetricUpdated(Aggregate.Event):
        """A metric has a new value."""

        member: int
        day: int
        metric: int
        hundredths: int

        def take_in(self, state: State) -> None:
            """Apply it."""
            state.values[self.metric][self.member] = self.hundredths


class State:
    """What the events of a day and before it add up to."""

    def __init__(self) -> None:
        self.active: set[int] = set()
        self.country: dict[int, int] = {}
        self.sector: dict[int, int] = {}
        self.values: list[dict[int, int]] = [{} for _ in METRICS]


def warm() -> None:
    """Do nothing: there is nothing to load."""


def write(path: Path, count: int, watch: Watch) -> None:
    """Write the history to a new file."""
    with _open(path) as application, watch.part("write"):
        initiative = Initiative("Clusters towards Net Zero")
        for metric in METRICS:
            initiative.trigger_event(Initiative.MetricDefined, metric=metric, unit=UNIT)
        for place, one in enumerate(happenings(count)):
            _trigger(initiative, one)
            if place % BATCH == 0:
                application.save(initiative)
        application.save(initiative)


class ReadAll:
    """Everything is read and sorted for every question."""

    kinds = frozenset(FIGURES)

    def __init__(self, folder: Path, count: int) -> None:
        self._application = _open(folder / FILE)
        self._count = count

    def prepare(self, question: Question) -> Callable[[], object]:
        """Take whole batches."""
        known = whole_batches(question.known, self._count)
        return lambda: _figure(question.kind, self._state(question.day, known))

    def answer(self, question: Question, found: Any) -> Answer:
        """Give it as it is."""
        return int(found)

    def _state(self, day: int, known: int) -> State:
        every: Iterable[Any] = self._application.events.get(ID, lte=known)
        effective = [event for event in every if getattr(event, "day", day + 1) <= day]
        effective.sort(key=lambda event: event.day)  # stable: by version within a day
        state = State()
        for event in effective:
            event.take_in(state)
        return state


def _figure(kind: str, state: State) -> int:
    match kind:
        case "members":
            return len(state.active)
        case "distinct":
            return len({state.country[member] for member in state.active})
        case "where":
            counted = {member for member in state.active if state.sector[member] == SECTOR}
        case _:
            counted = state.active
    values = state.values[METRICS.index("co2")]
    return sum(values[member] for member in counted if member in values)


def _trigger(initiative: Initiative, one: Happening) -> None:
    match one:
        case Joined():
            initiative.trigger_event(Initiative.MemberJoined, **one._asdict())
        case Left():
            initiative.trigger_event(Initiative.MemberLeft, **one._asdict())
        case _:
            initiative.trigger_event(Initiative.MetricUpdated, **one._asdict())


def _open(path: Path) -> Application[UUID]:
    return Application[UUID](env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})

"""Batches put in a store without asking the rules: any events, from any history, in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Final, TypeAlias

from attrs import evolve
from hypothesis import Phase, settings

from ledger.model.events import (
    Claim,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.measures import Members
from ledger.model.records import Record
from ledger.recording.batch import Terms, entries_of, written
from ledger.recording.corrections import rank_of
from ledger.stores.protocol import Append, EventStore
from ledger.testing.clock import FIRST_INSTANT
from ledger.testing.scripts import A_DAY, Item, Replacing

OpenStore: TypeAlias = Callable[[], EventStore]
"""Opens the ledger of the test: whenever it is called, the same one."""

LATER: Final = date(2030, 1, 1)
SUBJECTS: Final = ("member", "metric", "report", "attribute")
ADA, BEN, CLEO, DORA = (MemberJoined(name, "2021-01-01") for name in ("ada", "ben", "cleo", "dora"))
ADA_LEFT: Final = MemberLeft("ada", "2022-01-01")


def put(store: EventStore, initiative: str, *items: Item, terms: Terms = Terms()) -> list[Record]:  # noqa: B008 - frozen
    """Write a batch a day after the one before; the n-th record of the ledger has the id `rn`."""
    with store.writing(initiative) as append:
        return hand_over(append, initiative, *items, terms=terms)


def hand_over(append: Append, initiative: str, *items: Item, terms: Terms = Terms()) -> list[Record]:  # noqa: B008
    """Append a batch, as `Initiative.record` does once the rules have let it in."""
    head = append.head
    replaces = {place: item.record for place, item in enumerate(items) if isinstance(item, Replacing)}
    replaced = {place: append.record(id) for place, id in replaces.items()}
    ranks = {place: rank_of(old, append.record) for place, old in replaced.items() if old is not None}
    entries = entries_of([item.event if isinstance(item, Replacing) else item for item in items], head, ranks)
    records, rows = written(
        entries,
        initiative=initiative,
        head=head,
        tree=append.tree,
        ids=[f"r{entry.position}" for entry in entries],
        recorded_at=FIRST_INSTANT if head.recorded_at is None else head.recorded_at + A_DAY,
        terms=terms,
        replaces=replaces,
    )
    append.append(entries, rows)
    return records


def put_some(store: EventStore) -> list[Record]:
    """Write a little of everything, in two initiatives, corrections and a retraction too."""
    launched = InitiativeLaunched("2021", name="Clusters", supporters=["EPRI"])
    value = MetricUpdated("co2", "2022-06-30", "12.5 t", member="ada")
    report = ReportPublished("r", "2022-12-31", title="Results", claims=[Claim(Members(), "2")])
    rough = MemberJoined("dora", "2021/2022-06-01", name="Dora", attributes={"country": "Spain"})
    batches: list[tuple[str, Sequence[Item]]] = [
        ("clusters", [launched, MetricDefined("co2", "t"), ADA, BEN]),  # r1 to r4
        ("ports", [CLEO, MetricDefined("co2", "kg")]),
        ("clusters", [value, rough, report]),  # r7 to r9
        ("ports", [MemberChanged("cleo", "2022-01-01", attributes={"port": None})]),
        ("clusters", [RecordRetracted("r7"), Replacing("r7", evolve(value, amount=None))]),
        ("ports", [RecordRetracted("r10", reason="misread")]),
        ("clusters", [RecordRetracted("r12"), Replacing("r12", evolve(value, amount=">= 3 t")), ADA_LEFT]),
    ]
    return [record for name, items in batches for record in put(store, name, *items, terms=Terms("a page", "me", "-"))]


def play(store: EventStore, initiative: str, history: Iterable[Record]) -> Iterator[list[Record]]:
    """Write a drawn history batch by batch, and give what was written after each.

    A retraction of what is retracted already, or of nothing, is left out: no store has to take it.
    """
    ids: dict[str, str] = {}
    retracted: set[str] = set()
    records: list[Record] = []
    for _, batch in groupby(history, key=lambda record: record.recorded_at):
        items: list[Item] = []
        drawn: list[Record] = []
        for record in batch:
            event = record.event
            if isinstance(event, RecordRetracted):
                if event.record in retracted or event.record not in ids:
                    continue
                retracted.add(event.record)
                event = evolve(event, record=ids[event.record])
            drawn.append(record)
            items.append(event if record.replaces is None else Replacing(ids.get(record.replaces, "unknown"), event))
        if items:
            new = put(store, initiative, *items)
            ids.update((old.id, one.id) for old, one in zip(drawn, new, strict=True))
            records = [*records, *new]
            yield records


def of(initiative: str, records: Iterable[Record]) -> list[Record]:
    """Give the records of one initiative."""
    return [record for record in records if record.initiative == initiative]


def fewer() -> settings:
    """Settings for examples that each write and read a history: a tenth of what the profile asks for."""
    # without shrinking, since one store holds all examples, and grows with each
    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    return settings(max_examples=max(settings().max_examples // 10, 10), deadline=None, phases=phases)

"""Histories written as code: how a failing test prints what it drew, and what you paste to have it again.

    book=ledger_of(
        ("clusters", MemberJoined('basque', '2021-01-01')),
        ("clusters", RecordRetracted('r1')),
    )

Each batch is the id of an initiative, and then its events; the batches are recorded a day apart. The n-th record of
all has the id `rn`. A correction is a batch of a retraction and of what replaces the record:
`("clusters", RecordRetracted('r1'), Replacing('r1', MemberJoined('basque', '2021-02-01')))`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from attrs import NOTHING, fields, frozen, has

from ledger.model.errors import BadInput, shown
from ledger.model.events import Attributes, Event
from ledger.model.quantity import Quantity
from ledger.model.records import Record
from ledger.model.when import When
from ledger.testing.clock import FIRST_INSTANT

if TYPE_CHECKING:
    from attrs import AttrsInstance

INITIATIVE: Final = "clusters"
A_DAY: Final = timedelta(days=1)
_MAPPINGS: Final = ("where", "groups")  # kept as sorted pairs, and better read as they are given


@frozen
class Replacing:
    """An event that stands in the place of a record, given by its id. Recorded with its retraction, it corrects it."""

    record: str
    event: Event

    def __repr__(self) -> str:
        return code_of(self)


Item: TypeAlias = Event | Replacing
"""What a batch is made of."""


class History(list[Record]):
    """The records of one initiative, which print as the call of `history_of` that makes them."""

    def __repr__(self) -> str:
        return _call("history_of", [_bracketed("[", items, "]") for items in _batches(self)])


def history_of(*batches: Sequence[Item]) -> History:
    """Make the records of one initiative, a batch a day, without asking the rules.

    An empty batch stands for a record of another initiative: it leaves a gap in the positions.

    >>> from ledger import MemberJoined, RecordRetracted, replay
    >>> records = history_of([MemberJoined("basque", "2021")], [], [RecordRetracted("r1")])
    >>> records
    history_of([MemberJoined('basque', '2021')], [], [RecordRetracted('r1')])
    >>> [record.position for record in records], len(replay(records, at="2022-01-01", known_at=1))
    ([1, 3], 1)
    """
    records = History()
    position, day = 0, 0
    for items in batches:
        if not isinstance(items, tuple | list):
            raise BadInput(f"{shown(items)} is no batch: give the events that are recorded together in a list")
        if not items:
            position += 1
            continue
        for item in items:
            position += 1
            version = len(records) + 1
            records.append(_record(INITIATIVE, position, version, FIRST_INSTANT + day * A_DAY, f"r{version}", item))
        day += 1
    return records


def records_of(*batches: tuple[str | Item, ...]) -> list[Record]:
    """Make the records of a whole ledger: each batch is the id of an initiative, and then its events."""
    records: list[Record] = []
    versions: dict[str, int] = {}
    for day, batch in enumerate(batches):
        if not isinstance(batch, tuple | list) or len(batch) < 2 or not isinstance(batch[0], str):
            raise BadInput(f"{shown(batch)} is no batch: give the id of an initiative and its events, as a tuple")
        initiative, *items = batch
        for item in items:
            versions[str(initiative)] = version = versions.get(str(initiative), 0) + 1
            position, instant = len(records) + 1, FIRST_INSTANT + day * A_DAY
            records.append(_record(str(initiative), position, version, instant, f"r{position}", item))
    return records


def _record(initiative: str, position: int, version: int, instant: datetime, id: str, item: Any) -> Record:
    event, replaces = (item.event, item.record) if isinstance(item, Replacing) else (item, None)
    return Record(position, initiative, version, id, instant, event, replaces=replaces)


def recorded_together(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Give the records batch by batch: all of a batch, and no others, share one instant."""
    for _, batch in groupby(records, key=lambda record: record.recorded_at):
        yield list(batch)


def batches_of(records: Iterable[Record]) -> Iterator[tuple[str | Item, ...]]:
    """Give the batches, in order, that `records_of` makes these records from."""
    for several in recorded_together(records):
        yield (several[0].initiative, *map(_item, several))


def _batches(records: Iterable[Record]) -> Iterator[list[Item]]:
    position = 0
    for several in recorded_together(records):
        yield from [[]] * (several[0].position - position - 1)
        yield list(map(_item, several))
        position = several[-1].position


def _item(record: Record) -> Item:
    return record.event if record.replaces is None else Replacing(record.replaces, record.event)


def ledger_code(batches: Iterable[tuple[str | Item, ...]]) -> str:
    """Give the call of `ledger_of` that opens a ledger of these batches."""
    return _call("ledger_of", [_bracketed("(", batch, ")") for batch in batches])


def _bracketed(opening: str, items: Sequence[object], closing: str) -> str:
    return f"{opening}{', '.join(map(code_of, items))}{closing}"


def _call(name: str, arguments: Sequence[str]) -> str:
    one_line = f"{name}({', '.join(arguments)})"
    if len(one_line) <= 100:
        return one_line
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return f"{name}(\n{lines})"


def code_of(value: object) -> str:
    """Write a value as code that makes it: an event by its short form, with what it leaves out left out.

    >>> from ledger import MetricUpdated
    >>> code_of(MetricUpdated("co2", "2021", "1..3 t", member="basque"))
    "MetricUpdated('co2', '2021', '1..3 t', member='basque')"
    """
    if isinstance(value, Quantity | When):
        return repr(value.text)
    if isinstance(value, date):
        return repr(value.isoformat())
    if isinstance(value, Attributes):
        return repr(dict(value))
    if isinstance(value, tuple):
        return _bracketed("[", value, "]")
    if isinstance(value, dict):
        return f"{{{', '.join(f'{code_of(name)}: {code_of(held)}' for name, held in value.items())}}}"
    if not has(type(value)):
        return repr(value)
    given = []
    for place in fields(cast("type[AttrsInstance]", type(value))):
        held = getattr(value, place.name)
        if place.default is NOTHING:
            given.append(code_of(held))
        elif held != place.default:
            given.append(f"{place.name}={code_of(dict(held) if place.name in _MAPPINGS else held)}")
    return f"{type(value).__name__}({', '.join(given)})"

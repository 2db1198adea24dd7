"""The registers of an initiative on a day, from the rows that a database gives of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from ledger.model.facts import Fact, FactValue, Register
from ledger.model.records import RecordRef
from ledger.model.registers import Candidate, Candidates, Registers, chained
from ledger.recording.batch import Row
from ledger.stores.rows import EVENT_VALUES, fact_of

Events: TypeAlias = Callable[[Sequence[int]], Mapping[int, FactValue]]
"""Reads the events at some positions, which are the values of their own facts."""


def registers_of(
    certain: Sequence[Row],
    rough: Sequence[Row],
    at: date,
    events_of: Events,
    refs_of: Callable[[Iterable[int]], Mapping[int, RecordRef]],
) -> Registers:
    """Give the registers on a day: the latest fact of each of which all are exact, and the chain of any other.

    A row has the four columns of its register, and those of `rows.FACT`. Of a register with a rough fact all facts
    are given, one after the other.
    """
    cells = dict(_certain(certain, events_of))
    facts = by_register(rough, events_of)
    # where a rough date may change the order of joinings and leavings, the latest joining is rough as well
    joinings = [Register(*register[:2], "joined") for register in facts if register[::2] == ("member", "status")]
    for register in dict.fromkeys([*facts, *joinings]):
        cells.pop(register, None)
        if (candidates := chained(register, facts).at(at)).candidates:
            cells[register] = candidates
    used = {option.fact.position for found in cells.values() for option in found.candidates}
    return Registers(cells, refs_of(used))


def _certain(rows: Sequence[Row], events_of: Events) -> Iterator[tuple[Register, Candidates]]:
    events = _events(rows, events_of)
    for subject, id, aspect, name, *row in rows:
        fact = fact_of(row, events)
        yield (
            Register(subject, id, aspect, name),
            Candidates((Candidate(fact, fact.earliest, fact.latest),), nothing_yet=False),
        )


def by_register(rows: Sequence[Row], events_of: Events) -> dict[Register, list[Fact]]:
    """Give the facts of registers from such rows, those of each one after the other."""
    events = _events(rows, events_of)
    return {
        Register(*key): [fact_of(row[4:], events) for row in group]
        for key, group in groupby(rows, key=itemgetter(0, 1, 2, 3))
    }


def _events(rows: Sequence[Row], events_of: Events) -> Mapping[int, FactValue]:
    return events_of([row[5] for row in rows if row[2] in EVENT_VALUES])

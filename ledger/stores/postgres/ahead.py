"""Writing to PostgreSQL ahead of one's turn: a batch is judged by what is known, and the server gives it its place."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final

from attrs import define, field
from msgspec.json import encode as encode_json

from ledger.model.events import RecordRetracted
from ledger.model.facts import Fact, Register
from ledger.model.records import Record
from ledger.recording.batch import COLUMNS, Row, around_place
from ledger.recording.proposal import Entry
from ledger.stores.postgres.append import PostgresHistory
from ledger.stores.postgres.facts import KEY_COLUMNS, new_registers
from ledger.stores.postgres.function import UNNUMBERED
from ledger.stores.postgres.rows import term_of
from ledger.stores.protocol import Placed
from ledger.stores.rows import FACT_COLUMNS, fact_rows

_MOMENT: Final = COLUMNS.index("recorded_at")
_REPLACES: Final = COLUMNS.index("replaces")


@define(eq=False, repr=False)
class PostgresAhead(PostgresHistory):
    """What a batch is judged by before it is its writer's turn."""

    write: Callable[[Sequence[object]], Row | None]
    """Lets the server give a batch its place, by the terms of `postgres.function`."""
    read: set[Register] = field(factory=set, init=False)
    all_is_read: bool = field(default=False, init=False)

    def facts(self, register: Register) -> Sequence[Fact]:
        """Give the facts of a register as they were known, which the judgement then rests on."""
        self.read.add(register)
        found, last = PostgresHistory.facts(self, register), self.head.position
        return found if all(fact.position <= last for fact in found) else [one for one in found if one.position <= last]

    def registers(self, *, subject: str = "", id: str = "", aspect: str = "", name: str = "") -> Collection[Register]:
        """Give the registers ever written to that match, which rests on all of the initiative."""
        self.all_is_read = True
        return PostgresHistory.registers(self, subject=subject, id=id, aspect=aspect, name=name)

    def record(self, id: str) -> Record | None:
        """Find a record of this initiative, which rests on all of it."""
        self.all_is_read = True
        return PostgresHistory.record(self, id)

    def is_retracted(self, position: int) -> bool:
        """Tell whether a record has been retracted, which rests on all of the initiative."""
        self.all_is_read = True
        return PostgresHistory.is_retracted(self, position)

    def place(self, entries: Sequence[Entry], rows: Sequence[Row]) -> Placed | None:
        """Write a batch without reports, and give the place it was given, or None."""
        new = new_registers(self.ask, self.initiative, entries, self.remembered, UNNUMBERED)
        found: Row | None = None
        try:
            reaches = ChainMap({}, self.remembered.reaches)
            facts = fact_rows(entries, rows, self.remembered.numbers, reaches)
            found = self.write(self._terms(entries, rows, new, facts))
            if found is None:
                return None
            self.remembered.reaches.update(reaches.maps[0])
        finally:
            base: int | None = None if found is None else found[3]
            for number, _, *key in new:
                self.remembered.renumber(Register(*key), None if base is None else base + number - UNNUMBERED)
        last, version, moment, _, others = found
        self.remembered.catch_up(last, others)
        self.remembered.version = version
        self.remembered.grow(entries, retracts=any(isinstance(entry.event, RecordRetracted) for entry in entries))
        return Placed(last, version, datetime.fromisoformat(moment))

    def _terms(
        self, entries: Sequence[Entry], rows: Sequence[Row], new: Sequence[Row], facts: Sequence[Row]
    ) -> Sequence[object]:
        retractions = [
            (place, entry.event.record)
            for place, entry in enumerate(entries, 1)
            if isinstance(entry.event, RecordRetracted)
        ]
        return (
            self.initiative,
            self.head.version,
            self.head.position,
            rows[0][_MOMENT],
            *self._rests_on(entries, rows),
            term_of(COLUMNS, rows),
            encode_json([around_place(row) for row in rows]).decode(),
            term_of(("register", "initiative", *KEY_COLUMNS), new) if new else None,
            term_of(FACT_COLUMNS, facts),
            term_of(("place", "record"), retractions) if retractions else None,
        )

    def _rests_on(self, entries: Sequence[Entry], rows: Sequence[Row]) -> tuple[list[int] | None, str]:
        """Give the registers that must be as they were: the numbers of those that have one here, or their keys."""
        if self.all_is_read or any(row[_REPLACES] for row in rows):
            return None, "[]"
        registers = self.read.union(said.register for entry in entries for said in entry.said)
        numbers = {register: self.remembered.numbers.get(register, UNNUMBERED) for register in registers}
        others = [(self.initiative, *register) for register, number in numbers.items() if number >= UNNUMBERED]
        return (
            [number for number in numbers.values() if number < UNNUMBERED],
            term_of(("initiative", *KEY_COLUMNS), others),
        )

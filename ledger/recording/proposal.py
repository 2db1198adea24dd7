"""A proposal: the history of an initiative as it would be with a batch in it, and how a batch is refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple, Protocol

from attrs import define, field

from ledger.model.errors import Violation
from ledger.model.events import Event
from ledger.model.facts import Fact, Register, Said, facts_of, window_of
from ledger.model.records import Record, RecordRef

RULED: Final = frozenset({"status", "definition", "published", "part_of"})
"""The aspects whose facts must fit those before them; a metric or a name may take any value at any time."""


EVENT_OF_BATCH: Final = "event {} of this batch".format
"""How a reason names an event of the batch by its place, where nobody knows a better name."""


class History(Protocol):
    """What the rules need to know of an initiative as it was before the batch."""

    def facts(self, register: Register) -> Sequence[Fact]:
        """Give the facts of a register, less those of retracted records."""

    def expect(self, registers: Iterable[Register]) -> None:
        """Know whose facts are asked for next: where that costs a way to a server, all of them can be had by one."""

    def registers(self, *, subject: str = "", id: str = "", aspect: str = "", name: str = "") -> Collection[Register]:
        """Give the registers ever written to that match; an empty argument matches all."""

    def record(self, id: str) -> Record | None:
        """Find a record of this initiative."""

    def is_retracted(self, position: int) -> bool:
        """Tell whether a record of this initiative has been retracted."""

    def ref(self, position: int) -> RecordRef:
        """Give the short form of a record."""


class Entry(NamedTuple):
    """An event of a batch, with the place it would take: its position, its rank, and the facts it says."""

    event: Event
    position: int
    rank: int
    said: tuple[Said, ...]


@define(slots=False, eq=False, repr=False)  # attrs' cached properties of slotted classes are slow to read
class Proposal:
    """The history of an initiative as it would be with a batch in it.

    `retracted` is filled first, by the rule for retractions: by the position of a record that the batch
    retracts, the record and the index of the event that retracts it.
    """

    batch: Sequence[Entry]
    history: History
    called: Callable[[int], str] = EVENT_OF_BATCH
    retracted: dict[int, tuple[Record, int]] = field(factory=dict)
    _history: dict[Register, Sequence[Fact]] = field(init=False, factory=dict)
    _after: dict[Register, Sequence[Fact]] = field(init=False, factory=dict)

    def index_of(self, position: int) -> int | None:
        """Give the place in the batch of the event at a position; None for a record of the history."""
        index = position - self.batch[0].position
        return index if index >= 0 else None

    @cached_property
    def written(self) -> Mapping[Register, list[Fact]]:
        """The facts of the batch in registers that have rules."""
        written: dict[Register, list[Fact]] = defaultdict(list)
        for event, position, rank, said in self.batch:
            for register, value, low, high in said:
                if register.aspect in RULED:
                    written[register].append(Fact(rank, position, *window_of(event), value, low, high))
        return written

    @cached_property
    def given(self) -> Mapping[str, int]:
        """The attributes that the batch gives to members, each with the index of the first event that does."""
        given: dict[str, int] = {}
        for index, entry in enumerate(self.batch):
            for register, value, _, _ in entry.said:
                if register.aspect == "attribute" and register.subject == "member" and value is not None:
                    given.setdefault(register.name, index)
        return given

    @cached_property
    def emptied(self) -> Mapping[Register, int]:
        """The registers that the batch takes facts from, each with the index of a retraction that does."""
        return {said.register: index for record, index in self.retracted.values() for said in facts_of(record.event)}

    def touched(self, aspect: str) -> Sequence[Register]:
        """The registers of one aspect that the batch writes to or takes facts from."""
        return self._touched.get(aspect, ())

    def history_of(self, register: Register) -> Sequence[Fact]:
        """The facts of a register as it was before the batch."""
        if register not in self._history:
            self._history[register] = self.history.facts(register)
        return self._history[register]

    def before(self, register: Register, index: int) -> Sequence[Fact]:
        """The facts that a register holds when the event at `index` is recorded."""
        if not self.retracted and register not in self.written:
            return self.history_of(register)
        kept = [fact for fact in self.history_of(register) if self._retracted_by(fact) >= index]
        return [
            *kept,
            *(fact for fact in self.written.get(register, ()) if fact.position < self.batch[0].position + index),
        ]

    def latest(self, register: Register, index: int) -> Fact | None:
        """The last fact by rank of those that a register holds when the event at `index` is recorded."""
        return max(self.before(register, index), key=in_order, default=None)

    def settled(self, register: Register, index: int) -> bool:
        """Does nothing in the batch, from `index` on, write to a register or take facts from it?"""
        written = self.written.get(register)
        return register not in self.emptied and (not written or written[-1].position < self.batch[0].position + index)

    def after(self, register: Register) -> Sequence[Fact]:
        """The facts that a register would hold with the whole batch written."""
        if register not in self._after:
            self._after[register] = self.before(register, len(self.batch))
        return self._after[register]

    def is_replaced(self, index: int) -> bool:
        """Is the record that the event at `index` retracts replaced by the next event of the batch?

        Ranks grow along a batch; only that of a replacement falls back, to the rank of what it replaces.
        """
        return index + 1 < len(self.batch) and self.batch[index + 1].rank < self.batch[index].rank

    def refilled(self, register: Register, index: int) -> bool:
        """Does a replacement write anew to a register that the retraction at `index` takes a fact from?"""
        return self.is_replaced(index) and any(said.register == register for said in self.batch[index + 1].said)

    def way_out(self, index: int) -> str:
        """Say what to do about records that rest on the one that the event at `index` retracts."""
        if self.is_replaced(index):
            return "let its replacement speak of the same, or retract those first"
        return "retract all of them together, with record(RecordRetracted(...), ...), or correct this record instead"

    def cause(self, register: Register, near: Fact | None) -> int:
        """The index of the event of this batch that is to blame for what happens in a register."""
        own = None if near is None else self.index_of(near.position)
        written = (self.index_of(fact.position) for fact in self.written.get(register, ()))
        return next(index for index in (own, self.emptied.get(register), *written) if index is not None)

    def refuse(self, code: str, index: int, reason: str, clash: Fact | None = None, **words: object) -> Violation:
        """Make a violation; `reason` is a template, in which `{clash}` is the record or the event it collides with."""
        event = self.batch[index].event
        if clash is None:
            return Violation(code, index, event, reason.format(**words))
        ref = self.history.ref(clash.position) if self.index_of(clash.position) is None else None
        return Violation(code, index, event, reason.format(clash=self.named(clash.position), **words), ref)

    def named(self, position: int) -> str:
        """Name a record of the history by its id, an event of the batch as it is called."""
        own = self.index_of(position)
        return f"record {self.history.ref(position).id}" if own is None else self.called(own)

    @cached_property
    def _touched(self) -> Mapping[str, list[Register]]:
        touched: dict[str, list[Register]] = defaultdict(list)
        for register in dict.fromkeys([*self.written, *self.emptied]):
            touched[register.aspect].append(register)
        return touched

    def _retracted_by(self, fact: Fact) -> int:
        return self.retracted[fact.position][1] if fact.position in self.retracted else len(self.batch)


def in_order(fact: Fact) -> tuple[int, int]:
    """Give what facts of one register are sorted by: the rank and, where that is equal, the position."""
    return fact.rank, fact.position

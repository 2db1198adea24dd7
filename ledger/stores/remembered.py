"""What earlier appends read of an initiative, and is still true."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from attrs import define, field

from ledger.model.facts import Fact, Register
from ledger.recording.proposal import Entry

REMEMBERED_MAX: Final = 100_000  # registers whose facts are remembered between appends


@define(eq=False, repr=False)
class Remembered:
    """The numbers of registers, which never change; their facts, and the latest day each has come to.

    These two are as they were for as long as nobody writes to the register, since nothing in the log ever changes:
    `position` is where it stood when they were read, and `version` where the initiative did, as far as a store asks.
    """

    numbers: dict[Register, int] = field(factory=dict)
    registers: dict[int, Register] = field(factory=dict)
    reaches: dict[int, str] = field(factory=dict)
    facts: dict[Register, Sequence[Fact]] = field(factory=dict)
    unnumbered: set[Register] = field(factory=set)
    position: int = 0
    version: int = 0

    def number(self, register: Register, number: int) -> None:
        """Keep the number of a register."""
        self.numbers[register] = number
        self.registers[number] = register

    def renumber(self, register: Register, number: int | None) -> None:
        """Give a register another number, or forget that it has one."""
        old = self.numbers.pop(register)
        del self.registers[old]
        reach = self.reaches.pop(old)
        if number is not None:
            self.number(register, number)
            self.reaches[number] = reach

    def keep(self, register: Register, facts: Sequence[Fact]) -> None:
        """Keep the facts of a register, until somebody has written to it."""
        self.facts[register] = facts
        if register not in self.numbers:
            self.unnumbered.add(register)

    def still_true_at(self, position: int) -> None:
        """Forget the facts if somebody else has made the log grow."""
        if position != self.position or len(self.facts) > REMEMBERED_MAX:
            self.facts.clear()
            self.unnumbered.clear()
        if position != self.position:
            self.reaches.clear()
        self.position = position

    def catch_up(self, position: int, written: Collection[int] | None) -> None:
        """Forget what others have written to since: the registers of these numbers, or, with None, all of them."""
        if written is None or len(self.facts) > REMEMBERED_MAX:
            self.still_true_at(-1)
        elif written:
            for number in written:
                self.reaches.pop(number, None)
                if number in self.registers:
                    self.facts.pop(self.registers[number], None)
            for register in self.unnumbered:  # any that still has none may be what was written to
                if register not in self.numbers:
                    self.facts.pop(register, None)
            self.unnumbered.clear()
        self.position = position

    def grow(self, entries: Sequence[Entry], *, retracts: bool) -> None:
        """Forget the facts of the registers that a batch has written to, or taken facts from."""
        if retracts:
            self.facts.clear()
        for entry in entries if self.facts else ():
            for said in entry.said:
                self.facts.pop(said.register, None)
        self.position += len(entries)
        self.version += len(entries)

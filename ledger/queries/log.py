"""What a timeline reads of a store: what was written since, of the registers that it needs. Others read so too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Final, NamedTuple, Protocol, TypeVar

from attrs import frozen

from ledger.model.facts import INITIATIVE_STATUS, PlainFact, Register, definition_of, metric_of
from ledger.model.measures import By, Measure, Share, Total, Value
from ledger.model.outcomes import Asked, Aspect
from ledger.model.records import KnownAt, RecordRef
from ledger.model.registers import Registers
from ledger.model.state import InitiativeState

T = TypeVar("T")

PART_OF: Final[Aspect] = ("part_of", "")


@frozen
class Wanted:
    """The registers that a measure looks at: some aspects of every member, and some registers of their own."""

    aspects: tuple[Aspect, ...]
    registers: tuple[Register, ...]

    @classmethod
    def by(cls, measure: Measure, by: By | None = None) -> Wanted:
        """Say what a measure looks at, grouped or not."""
        if isinstance(measure, Share):
            part, whole = cls.by(measure.part, by), cls.by(measure.whole, by)
            return cls(_each(part.aspects, whole.aspects), _each(part.registers, whole.registers))
        defined = (definition_of(measure.metric),) if isinstance(measure, Total | Value) else ()
        if isinstance(measure, Value):
            return cls((), (metric_of(measure.metric, measure.member), *defined))
        asked = Asked.by(measure, date.max, by)
        parts = PART_OF if isinstance(measure, Total) else None
        looked_at = (*(aspect for aspect, _ in asked.tests), asked.group, asked.value, parts)
        return cls(_each(aspect for aspect in looked_at if aspect), (INITIATIVE_STATUS, *defined))

    def __contains__(self, register: Register) -> bool:
        return register in self.registers or (register.subject == "member" and register[2:] in self.aspects)


def _each(*many: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(one for few in many for one in few))


class Batch(NamedTuple):
    """The last position and the instant of a batch of the initiative."""

    end: int
    recorded_at: datetime


class Retraction(NamedTuple):
    """The position of a retraction, that of the record it retracts, and the member that one is about, if any."""

    position: int
    retracts: int
    member: str | None


class News(NamedTuple):
    """What was written of an initiative since a position, all in order, and where the ledger stands now."""

    position: int
    batches: Sequence[Batch]
    facts: Iterator[tuple[Register, PlainFact]]
    retractions: Sequence[Retraction]


def standing(news: News, moment: datetime | int | None) -> Iterator[tuple[Register, PlainFact]]:
    """Give the facts among all news that were known at a moment, less those that had been retracted by then."""
    last = max((batch.end for batch in news.batches if _is_known(batch, moment)), default=0)
    retracted = {one.retracts for one in news.retractions if one.position <= last}
    return ((register, fact) for register, fact in news.facts if fact[1] <= last and fact[1] not in retracted)


def _is_known(batch: Batch, moment: datetime | int | None) -> bool:
    if moment is None:
        return True
    return batch.end <= moment if isinstance(moment, int) else batch.recorded_at <= moment


class Log(Protocol):
    """A store, as far as a timeline reads it."""

    def position(self) -> int:
        """Give the position of the newest record of the ledger; 0 where there is none."""

    def refs(self, positions: Iterable[int]) -> Mapping[int, RecordRef]:
        """Give the short forms of records, by position; a position without a record is left out."""

    def news(self, initiative: str, after: int, wanted: Wanted) -> AbstractContextManager[News]:
        """Read what was written of an initiative past a position, retracted facts too, while the context lasts."""

    def registers(
        self, initiative: str, at: date, known_at: KnownAt = None, wanted: Wanted | None = None
    ) -> tuple[int, Registers]:
        """Give the version known at a moment, and every register on a day, or those wanted, as `replay` does."""

    def ref(self, initiative: str, version: int) -> RecordRef:
        """Give the short form of a record of an initiative, by its version; it must exist."""


def state_of(
    log: Log, initiative: str, at: date, known_at: KnownAt = None, wanted: Wanted | None = None
) -> InitiativeState:
    """Read a state, or the wanted registers of it; it can read another day, as known at the same moment."""
    version, registers = log.registers(initiative, at, known_at, wanted)

    def elsewhere(another: date) -> Registers:
        # what has been recorded since must not be seen
        position = log.ref(initiative, version).position if version else 0
        return log.registers(initiative, another, position, wanted)[1]

    return InitiativeState(initiative, at, version, registers, elsewhere)

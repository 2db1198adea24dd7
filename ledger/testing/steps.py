"""The steps of a scenario: batches that are recorded, always at the same instants and under the same ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from ledger.book import Ledger
from ledger.book import open as open_ledger
from ledger.initiative import Initiative
from ledger.model.errors import BadInput, LedgerError
from ledger.model.events import EVENTS, Event
from ledger.testing.clock import FrozenClock

INITIATIVE: Final = "scenario"
"""The id of the initiative in which steps are taken."""


class Step(NamedTuple):
    """One batch: what is called on the initiative, with what, and how many records come of it."""

    verb: str
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]
    size: int

    def take(self, initiative: Initiative, first: int) -> None:
        """Write it down, from the position `first` on; raises what the verb does."""
        ids = [f"00000000-0000-7000-8000-{position:012}" for position in range(first, first + self.size)]
        getattr(initiative, self.verb)(*self.arguments, **self.named, ids=ids)


def recording(events: tuple[Event, ...]) -> Step:
    """Give the step that records a batch of events."""
    return Step("record", events, {}, len(events))


def events_of(batch: Event | Iterable[Event]) -> tuple[Event, ...]:
    """Take one event, or several; raises `BadInput` for none.

    >>> len(events_of([]))
    Traceback (most recent call last):
    ...
    ledger.model.errors.BadInput: a batch without events records nothing: name at least one, or leave the batch out
    """
    events = (batch,) if isinstance(batch, EVENTS) or not isinstance(batch, Iterable) else tuple(batch)
    if not events:
        raise BadInput("a batch without events records nothing: name at least one, or leave the batch out")
    return events


def opened(steps: Iterable[Step]) -> Ledger:
    """Open a new ledger in memory in which these steps were taken, a day after one another; its clock stands still.

    Raises what a step does, and says which it was.
    """
    clock, first = FrozenClock(), 1
    book = open_ledger(":memory:", clock=clock)
    for batch, step in enumerate(steps, 1):
        try:
            step.take(book.initiative(INITIATIVE), first)
        except LedgerError as error:
            book.close()
            error.add_note(f"this is batch {batch} of what is given; what may be refused is tried with when(...)")
            raise
        first += step.size
        clock.advance("1 day")
    return book

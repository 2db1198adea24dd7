"""The contract that every store meets: an append-only log of records, and the facts they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple, Protocol

from ledger.model.heads import TreeHead
from ledger.model.records import Record, RecordRef
from ledger.queries.log import Log
from ledger.recording.batch import Head, Row
from ledger.recording.merkle import Hashes, Tree
from ledger.recording.proposal import Entry, History


class Before(History, Protocol):
    """An initiative as it was before a batch, which is drafted and judged by it."""

    head: Head

    def found(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """Find records by id, of any initiative of the ledger."""


class Append(Before, Protocol):
    """One writing transaction on one initiative: nobody else writes until it ends.

    Leaving it by an exception writes nothing at all.
    """

    tree: Tree
    """The Merkle tree of all records before this batch; whoever reads it leaves it as it is."""

    def append(self, entries: Sequence[Entry], rows: Sequence[Row]) -> None:
        """Write a batch: the rows of its records, their facts, and retractions."""


class Placed(NamedTuple):
    """The place that a batch was given: the position and the version before it, and its instant."""

    position: int
    version: int
    recorded_at: datetime


class Ahead(Before, Protocol):
    """What a batch is judged by before it is its writer's turn: what is known of an initiative, which may be old.

    So nothing is refused for good by it, and its head is where the ledger stood when it was last looked at.
    """

    def place(self, entries: Sequence[Entry], rows: Sequence[Row]) -> Placed | None:
        """Write a batch, and give the place it was given in all that others have written meanwhile.

        There is no report in it, which would name the head before it.

        None, and nothing is written, if any of them wrote what it should be judged by, or if it must be written in its
        writer's turn.
        """


class EventStore(Log, Protocol):
    """A store of records. It may be used by several threads. All its errors are `StoreError`."""

    def initiatives(self) -> list[str]:
        """Give the initiatives that have records, in order."""

    def records(self, initiative: str | None = None, *, after: int = 0) -> Iterator[Record]:
        """Stream the records by position: of one initiative, or of all; those past a position only."""

    def refs_named(self, beginning: str) -> list[RecordRef]:
        """Give the short forms of the records whose ids begin so, of any initiative, by position."""

    def records_on(
        self, initiative: str, member: str | None, metric: str | None, report: str | None = None
    ) -> list[Record]:
        """Give all records that `queries.history` needs of a whole initiative, without reading all of them.

        Those on a member, on a metric or, where both are named, on that member's values of that metric; or those
        on a report, which is named alone. With them what retracted or replaced them, and what they replaced.
        """

    def names(self, initiative: str, subject: str) -> list[str]:
        """Give the ids of all members, metrics or reports that records ever said something of, in order.

        The subject is `member`, `metric` or `report`; or `attribute`, for the names of all attributes that members
        were ever given.
        """

    def reading(self) -> AbstractContextManager[None]:
        """Read several times from one moment of the ledger: what others record meanwhile is not seen."""

    def writing(self, initiative: str) -> AbstractContextManager[Append]:
        """Begin to write. Waits for other writers, up to the store's limit: then `LedgerBusy`."""

    def ahead(self, initiative: str, count: int) -> AbstractContextManager[Ahead | None]:
        """Begin to write a batch of so many events without waiting for other writers.

        None where the store cannot give a batch its place by itself, or not this one.
        """

    def together(self) -> AbstractContextManager[None]:
        """Write several batches, of any initiatives, all of them or none: nobody else writes until it ends.

        Within it they are written one by one, and are read, by this thread only, as if they were kept already. One
        that fails leaves nothing of itself; leaving the block by an exception leaves nothing of any of them.
        """

    def wait(self, after: int, seconds: float) -> bool:
        """Wait until there are records past a position, and tell whether they came before so many seconds were over.

        Other threads may use the store meanwhile.
        """

    def head(self) -> TreeHead:
        """Give how many records there are, and the root of the Merkle tree over them."""

    def tile(self, level: int, number: int) -> Hashes:
        """Give the hashes of a tile of the Merkle tree: all there are by now, of the last one of a level too."""

    def verify(self, *, deep: bool = False) -> TreeHead:
        """Read all there is, and give the head of the records; raises `Damaged` at the first thing that is wrong.

        `deep` is for what takes longer, and finds what the first look cannot.
        """

    def backup(self, path: str) -> TreeHead:
        """Write all records there are to a new file, verified and whole, and give their head.

        A store that keeps them elsewhere than in a file of its own may raise `StoreError`, and name another way.
        """

    def close(self) -> None:
        """Let the file or the connection go. Closing twice is fine."""

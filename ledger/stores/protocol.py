"""The contract that every store meets: an append-only log of records, and the facts they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from ledger.model.records import Record
from ledger.queries.log import Log
from ledger.recording.batch import Head, Row
from ledger.recording.proposal import Entry, History


class Append(History, Protocol):
    """One writing transaction on one initiative: nobody else writes until it ends.

    Leaving it by an exception writes nothing at all.
    """

    head: Head

    def found(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """Find records by id, of any initiative of the ledger."""

    def append(self, entries: Sequence[Entry], rows: Sequence[Row]) -> None:
        """Write a batch: the rows of its records, their facts, and retractions."""


class EventStore(Log, Protocol):
    """A store of records. It may be used by several threads. All its errors are `StoreError`."""

    def initiatives(self) -> list[str]:
        """Give the initiatives that have records, in order."""

    def records(self, initiative: str | None = None, *, after: int = 0) -> Iterator[Record]:
        """Stream the records by position: of one initiative, or of all; those past a position only."""

    def writing(self, initiative: str) -> AbstractContextManager[Append]:
        """Begin to write. Waits for other writers, up to the store's limit: then `LedgerBusy`."""

    def close(self) -> None:
        """Let the file or the connection go. Closing twice is fine."""

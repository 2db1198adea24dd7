"""Writing a batch: what is drafted, judged by the rules and given its place while nobody else writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from ledger.model.errors import (
    LedgerError,
    Refused,
    RetryMismatch,
    StoreError,
    Unconfirmed,
    VersionConflict,
)
from ledger.model.events import ReportPublished
from ledger.model.fields import require_count
from ledger.recording.batch import (
    entries_of,
    given_ids,
    ids_of_batch,
    instant_of_batch,
    row_of,
    same_content,
    written,
)
from ledger.recording.merkle import Tree

if TYPE_CHECKING:
    from ledger.model.records import Record
    from ledger.recording.batch import Draft, Head, Row
    from ledger.recording.proposal import Entry
    from ledger.stores.protocol import Before, EventStore, Placed


def write(
    store: EventStore,
    initiative: str,
    draft_of: Callable[[Before], Draft],
    count: int,
    *,
    clock: Callable[[], datetime],
    entropy: Callable[[int], bytes],
    ids: Sequence[str] | None = None,
    recorded_at: datetime | str | None = None,
    expected_version: int | None = None,
    ahead: bool = False,
) -> tuple[Record, ...]:
    """Write a batch of `count` events, and give its records; it is drafted when nobody else can write any more.

    A draft that names the ids of its records may hold fewer events, or none. With `ahead` it may also be drafted
    before, where the store can tell whether that was too early; then it is drafted again.

    The arguments are those of `Initiative.record`, which says what is raised.
    """
    if expected_version is not None:
        require_count(expected_version, "expected_version")
    chosen = None if ids is None else given_ids(ids, count)
    if not count:
        return ()
    batch = _Batch(initiative, draft_of, count, clock, entropy, chosen, recorded_at, expected_version)
    with _named(batch.ids):
        found = None
        if ahead and recorded_at is None and expected_version is None:
            try:
                found = batch.write_ahead(store)
            except Unconfirmed:  # it may be written yet: then it has its ids, and else nobody else can have them
                return batch.write_again(store)
        return batch.write(store) if found is None else found


@frozen
class _Batch:
    """A batch on its way into a store."""

    initiative: str
    draft_of: Callable[[Before], Draft]
    count: int
    clock: Callable[[], datetime]
    entropy: Callable[[int], bytes]
    chosen: list[str] | None
    recorded_at: datetime | str | None
    expected_version: int | None
    ids: list[str] = field(factory=list, init=False)

    def write(self, store: EventStore) -> tuple[Record, ...]:
        """Write it when nobody else can write any more."""
        with store.writing(self.initiative) as append:
            draft, old = self._drafted(append)
            if old is not None:
                return old
            entries = self._judged(append, draft)
            records, rows = self._written(entries, draft, append.head, append.tree)
            append.append(entries, rows)
        return tuple(records)

    def write_again(self, store: EventStore) -> tuple[Record, ...]:
        """Write what may be written already, or be on its way: once, and in no case twice."""
        batch = evolve(self, chosen=list(self.ids))
        try:
            return batch.write(store)
        except Unconfirmed:
            raise
        except StoreError as error:
            why, _, _ = str(error).partition(";")  # what follows is of this attempt: the first may be written
            raise Unconfirmed(
                f"{why}; whether an earlier attempt is kept shows when the server can be asked"
            ) from error

    def write_ahead(self, store: EventStore) -> tuple[Record, ...] | None:
        """Write it before it is this writer's turn, where a store can give it its place; None where it was not."""
        with store.ahead(self.initiative, self.count) as known:
            if known is None:
                return None
            try:
                draft, old = self._drafted(known)
                if old is not None:
                    return old
                if any(isinstance(event, ReportPublished) for event in draft.events):
                    return None  # it names the head before it
                entries = self._judged(known, draft)
                records, rows = self._written(entries, draft, known.head, Tree())
                placed = known.place(entries, rows)
            except StoreError:
                raise
            except LedgerError:  # what is known may be old: others may have recorded what makes it right
                return None
            return None if placed is None else _moved(records, placed)

    def _drafted(self, history: Before) -> tuple[Draft, tuple[Record, ...] | None]:
        draft = self.draft_of(history)
        if self.chosen is not None and (old := _retried(history, self.initiative, draft, self.chosen)):
            return draft, old
        return draft, None if draft.events else ()

    def _judged(self, history: Before, draft: Draft) -> list[Entry]:
        from ledger.recording.rules import violations  # noqa: PLC0415 - programs that only ask do without

        head, expected = history.head, self.expected_version
        if expected is not None and expected != head.version:
            raise VersionConflict(self.initiative, expected, head.version)
        entries = entries_of(draft.events, head, draft.ranks)
        if refused := violations(entries, history, draft.called):
            raise Refused(refused)
        return entries

    def _written(
        self, entries: Sequence[Entry], draft: Draft, head: Head, tree: Tree
    ) -> tuple[list[Record], list[Row]]:
        moment = instant_of_batch(self.clock(), head.recorded_at, self.recorded_at)
        self.ids[:] = self.chosen or draft.ids or ids_of_batch(self.count, moment, self.entropy)
        return written(
            entries,
            initiative=self.initiative,
            head=head,
            tree=tree,
            ids=self.ids,
            recorded_at=moment,
            terms=draft.terms,
            replaces=draft.replaces,
        )


def _moved(records: Sequence[Record], placed: Placed) -> tuple[Record, ...]:
    """Give records the place that their batch was given."""
    first = records[0]
    if placed == (first.position - 1, first.version - 1, first.recorded_at):
        return tuple(records)
    moved = [
        evolve(
            record, position=placed.position + number, version=placed.version + number, recorded_at=placed.recorded_at
        )
        for number, record in enumerate(records, 1)
    ]
    return tuple(evolve(record, digest=row_of(record)[-1]) for record in moved)


@contextmanager
def _named(ids: Sequence[str]) -> Iterator[None]:
    """Let whoever has to record a batch again know its ids, which may have been made here."""
    try:
        yield
    except Unconfirmed as error:
        error.ids = tuple(ids)
        raise


def _retried(history: Before, initiative: str, draft: Draft, ids: list[str]) -> tuple[Record, ...]:
    found = history.found(ids)
    if not found:
        return ()
    if len(found) < len(ids):
        raise RetryMismatch(
            f"{len(found)} of these {len(ids)} ids are recorded already, the others are not: "
            "retry a batch whole, as it was, or give new events new ids"
        )
    for index, (event, id) in enumerate(zip(draft.events, ids, strict=True)):
        if not same_content(found[id], initiative, event, draft.terms, draft.replaces.get(index)):
            raise RetryMismatch(
                f"id {id} is recorded already (position {found[id].position}) with other content: "
                "give a new event a new id, and correct a wrong one"
            )
    return tuple(found[id] for id in ids)

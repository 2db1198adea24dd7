"""Writing a batch: what is drafted, judged by the rules and given its place while nobody else writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.model.errors import Refused, RetryMismatch, Unconfirmed, VersionConflict
from ledger.model.fields import require_count
from ledger.recording.batch import entries_of, given_ids, ids_of_batch, instant_of_batch, same_content, written

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.model.records import Record
    from ledger.recording.batch import Draft
    from ledger.stores.protocol import Append, EventStore


def write(
    store: EventStore,
    initiative: str,
    draft_of: Callable[[Append], Draft],
    count: int,
    *,
    clock: Callable[[], datetime],
    entropy: Callable[[int], bytes],
    ids: Sequence[str] | None = None,
    recorded_at: datetime | str | None = None,
    expected_version: int | None = None,
) -> tuple[Record, ...]:
    """Write a batch of `count` events, and give its records; it is drafted when nobody else can write any more.

    A draft that names the ids of its records may hold fewer events, or none.

    The arguments are those of `Initiative.record`, which says what is raised.
    """
    from ledger.recording.rules import violations  # noqa: PLC0415 - programs that only ask do without

    if expected_version is not None:
        require_count(expected_version, "expected_version")
    chosen = None if ids is None else given_ids(ids, count)
    if not count:
        return ()
    records: list[Record] = []
    with _named(records), store.writing(initiative) as append:
        draft = draft_of(append)
        if chosen is not None and (old := _retried(append, initiative, draft, chosen)):
            return old
        if not draft.events:
            return ()
        head = append.head
        if expected_version is not None and expected_version != head.version:
            raise VersionConflict(initiative, expected_version, head.version)
        entries = entries_of(draft.events, head, draft.ranks)
        if refused := violations(entries, append, draft.called):
            raise Refused(refused)
        moment = instant_of_batch(clock(), head.recorded_at, recorded_at)
        new, rows = written(
            entries,
            initiative=initiative,
            head=head,
            tree=append.tree,
            ids=chosen or draft.ids or ids_of_batch(count, moment, entropy),
            recorded_at=moment,
            terms=draft.terms,
            replaces=draft.replaces,
        )
        records += new
        append.append(entries, rows)
    return tuple(records)


@contextmanager
def _named(records: Sequence[Record]) -> Iterator[None]:
    """Let whoever has to record a batch again know its ids, which may have been made here."""
    try:
        yield
    except Unconfirmed as error:
        error.ids = tuple(record.id for record in records)
        raise


def _retried(append: Append, initiative: str, draft: Draft, ids: list[str]) -> tuple[Record, ...]:
    found = append.found(ids)
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

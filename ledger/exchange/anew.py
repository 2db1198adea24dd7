"""Records of one ledger recorded anew in another, which has a history of its own.

What was known when is the target's own: the records get new places and instants, and the rules of recording are asked
again. Their ids are kept, so what is recorded already is not recorded twice. Each one's source says which head the
ledger that it came from had then, so that it can be asked for a proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ledger.exchange.copies import batches_of, linked, rows_of
from ledger.model.errors import BadInput, Rewritten, Truncated
from ledger.recording.batch import Draft, Terms, leaves_of, same_content
from ledger.recording.corrections import rank_of
from ledger.recording.merkle import Tree
from ledger.writing import write

_ADDED: Final = re.compile(r"(^|\n)ledger of [0-9]+ records with the root [0-9a-f]{64}\Z")

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.model.heads import TreeHead
    from ledger.model.records import Record
    from ledger.recording.proposal import History
    from ledger.stores.protocol import EventStore


def record_anew(
    store: EventStore,
    records: Iterable[Record],
    clock: Callable[[], datetime],
    entropy: Callable[[int], bytes],
    head: TreeHead | None = None,
) -> int:
    """Record in a store what a whole other ledger holds, and give how many records were not here yet.

    The records are all of the other ledger's from the first one on, and are held against their digests; where `head`
    is given, they must be those that it was made of. `Ledger.import_records` with `anew=True` is the same, and writes
    all of them or none.

    Raises `Refused` where they do not fit to what is recorded here, and what `exchange.write_records` raises for
    records that are not as they were; `Truncated` and `Rewritten` for another head.
    """
    tree = Tree()
    new = 0
    for batch in batches_of(records):
        if batch[0].position != tree.size + 1:
            raise BadInput(
                f"the record after {tree.size} is at position {batch[0].position}: give all of a ledger, in order"
            )
        for row in rows_of(batch, tree.copy()):
            tree.grow(leaves_of([row]))
            if head is not None and tree.size == head.size and tree.head() != head:
                raise Rewritten(
                    f"the first {head.size} of these records are not those that the head was made of: nothing of them "
                    "is believed; ask for them, or for the head, again"
                )
        for part in _of_one_source(batch):
            new += _record(store, part, tree.head(), clock, entropy)
    if head is not None and tree.size < head.size:
        raise Truncated(f"these are {tree.size} records, and the head counts {head.size}: the others are missing")
    return new


def _of_one_source(batch: Sequence[Record]) -> Iterator[list[Record]]:
    """Divide a batch where its words change, which can be the case only for one that was put together by hand."""
    part: list[Record] = []
    for record in batch:
        if part and _words(record) != _words(part[-1]):
            yield part
            part = []
        part.append(record)
    yield part


def _words(record: Record) -> tuple[str, str, str]:
    return record.source, record.by, record.note


def _is_the_same(here: Record, record: Record) -> bool:
    """Does a record here say what another one says, whichever ledgers it came through?"""
    words = _own(here.source), here.by, here.note
    return words == (_own(record.source), record.by, record.note) and same_content(
        here, record.initiative, record.event, Terms(here.source, here.by, here.note), record.replaces
    )


def _own(source: str) -> str:
    """Give a source without what this module has added to it."""
    while (shorter := _ADDED.sub("", source)) != source:
        source = shorter
    return source


def _record(
    store: EventStore,
    batch: Sequence[Record],
    head: TreeHead,
    clock: Callable[[], datetime],
    entropy: Callable[[int], bytes],
) -> int:
    source, by, note = _words(batch[0])
    origin = f"ledger of {head.size} records with the root {head.root}"
    terms = Terms(f"{source}\n{origin}" if source else origin, by, note)

    def draft_of(history: History) -> Draft:
        replaces = {place: record.replaces for place, record in enumerate(batch) if record.replaces is not None}
        ranks = {place: rank_of(linked(batch[place], id, history), history.record) for place, id in replaces.items()}
        return Draft([record.event for record in batch], terms, replaces, ranks)

    before = store.position()
    ids = [record.id for record in batch]
    with store.writing(batch[0].initiative) as append:
        here = append.found(ids)
    if len(here) == len(ids) and all(_is_the_same(here[record.id], record) for record in batch):
        return 0
    written = write(store, batch[0].initiative, draft_of, len(batch), clock=clock, entropy=entropy, ids=ids)
    return sum(record.position > before for record in written)

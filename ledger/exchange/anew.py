"""Records of one ledger recorded anew in another, which has a history of its own.

What was known when is the target's own: the records get new places and instants, and the rules of recording are asked
again. Their ids are kept, so what is recorded already is not recorded twice. Each one's source says which head the
ledger that it came from had then, so that it can be asked for a proof.

Both ledgers may have found the same record to be wrong. A retraction of what is retracted here already is passed over:
nothing is left to retract. A replacement is recorded, in the place and rank of what it replaces, whether that was
retracted here too, or replaced by something else: then the rules say whether both replacements can be right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from attrs import evolve

from ledger.exchange.copies import batches_of, linked, named, rows_of
from ledger.model.errors import BadInput, Refused, RetryMismatch
from ledger.model.events import RecordRetracted
from ledger.model.limits import PROSE_MAX
from ledger.recording.batch import Draft, Terms, is_uuid, leaves_of, same_content
from ledger.recording.corrections import rank_of
from ledger.recording.merkle import Tree
from ledger.recording.published import ASK_AGAIN, require_root, require_size
from ledger.writing import write

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.model.heads import TreeHead
    from ledger.model.records import Record
    from ledger.stores.protocol import Before, EventStore

_ADDED: Final = re.compile(r"(^|\n)ledger of [0-9]+ records with the root [0-9a-f]{64}\Z")

_AS_THEY_ARE: Final = "bring all of them to an empty ledger instead, which takes records as they are"


def record_anew(
    store: EventStore,
    records: Iterable[Record],
    clock: Callable[[], datetime],
    entropy: Callable[[int], bytes],
    head: TreeHead | None = None,
) -> int:
    """Record in a store what a whole other ledger holds, and give how many records were not here yet.

    The records are all of the other ledger's from the first one on, and are held against their digests; where `head`
    is given, they must be those that it was made of. They may have been cut off before, anywhere: what is here is
    passed over, one by one, and the rest recorded. `Ledger.import_records` with `anew=True` is the same, and writes
    all of them or none.

    Each error names the record, and its position among those given. Raises `Refused` where they do not fit to what is
    recorded here; `RetryMismatch` where something else is recorded here under the same id; `BadInput` for an id that
    is no UUID, for a source that has no room for the head, and where not all of the ledger is given; what
    `exchange.write_records` raises for records that are not as they were; `Truncated` and `Rewritten` for another head.
    """
    tree = Tree()
    new = 0
    _require_as_published(head, tree)
    for batch in batches_of(records):
        for last, record in enumerate(batch, tree.size):
            if record.position != last + 1:
                raise BadInput(
                    f"the record after {last} is at position {record.position}: give all of a ledger, in order"
                )
        for row in rows_of(batch, tree.copy()):
            tree.grow(leaves_of([row]))
            _require_as_published(head, tree)
        for part in _of_one_source(batch):
            new += _record(store, part, tree.head(), clock, entropy)
    if head is not None:
        require_size(head, tree.size, ASK_AGAIN)
    return new


def _require_as_published(head: TreeHead | None, tree: Tree) -> None:
    if head is not None and tree.size == head.size:
        require_root(head, tree.root(), ASK_AGAIN)


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


def _record(
    store: EventStore,
    batch: Sequence[Record],
    head: TreeHead,
    clock: Callable[[], datetime],
    entropy: Callable[[int], bytes],
) -> int:
    """Record what is new of a batch, and give how many records that is."""
    new: list[Record] = []

    def draft_of(append: Before) -> Draft:
        new.extend(_new(batch, append))
        replaces = {place: record.replaces for place, record in enumerate(new) if record.replaces is not None}
        return Draft(
            [record.event for record in new],
            _terms(new[0], head) if new else Terms(),
            replaces,
            {place: rank_of(linked(new[place], id, append), append.record) for place, id in replaces.items()},
            [record.id for record in new],
            lambda place: _at(new[place]),
        )

    try:
        return len(write(store, batch[0].initiative, draft_of, len(batch), clock=clock, entropy=entropy))
    except Refused as error:
        raise Refused(
            evolve(violation, reason=f"{_at(new[violation.index])}: {violation.reason}")
            for violation in error.violations
        ) from None


def _new(batch: Sequence[Record], append: Before) -> Iterator[Record]:
    """Give the records of a batch that are not here, and that leave something to do."""
    here = append.found([record.id for record in batch])
    seen: set[str] = set()
    for record in batch:
        if record.id in here:
            _require_same(here[record.id], record)
        elif not is_uuid(record.id):
            raise BadInput(
                f"{_at(record)}: its id is no UUID in lower case with hyphens, so in another ledger it may be that of "
                f"another record: {_AS_THEY_ARE}"
            )
        elif record.id in seen:
            raise BadInput(f"{_at(record)}: its id is that of another one too: each has one of its own")
        elif not _is_done(record, append):
            yield record
        seen.add(record.id)


def _require_same(here: Record, record: Record) -> None:
    """Require that a record here says what another one of its id says, whichever ledgers it came through."""
    words = _own(here.source), here.by, here.note
    terms = Terms(here.source, here.by, here.note)
    if words != (_own(record.source), record.by, record.note) or not same_content(
        here, record.initiative, record.event, terms, record.replaces
    ):
        raise RetryMismatch(
            f"{_at(record)}: its id is that of another record here, at position {here.position}: no record ever "
            "changes, so somebody chose an id that is not theirs, or changed one of the two: verify both ledgers"
        )


def _own(source: str) -> str:
    """Give a source without what this module has added to it."""
    while (shorter := _ADDED.sub("", source)) != source:
        source = shorter
    return source


def _is_done(record: Record, append: Before) -> bool:
    """Does a record retract what is retracted here already?"""
    old = append.record(record.event.record) if isinstance(record.event, RecordRetracted) else None
    return old is not None and append.is_retracted(old.position)


def _terms(record: Record, head: TreeHead) -> Terms:
    """Give the words of a record, and say in its source which head it is from."""
    origin = f"ledger of {head.size} records with the root {head.root}"
    source = f"{record.source}\n{origin}" if record.source else origin
    if len(source) > PROSE_MAX:
        raise BadInput(
            f"{_at(record)}: its source has {len(record.source):,} characters, and with the head that it is from it "
            f"would have more than {PROSE_MAX:,}: {_AS_THEY_ARE}"
        )
    return Terms(source, record.by, record.note)


def _at(record: Record) -> str:
    return f"{named(record)}, at position {record.position} of these"

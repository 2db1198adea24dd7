"""Records: events as they were written down, and which of them were known at a moment.

A record has two orders. `position` counts the records of the whole ledger and `version` those of its
initiative, both from 1 and without gaps. All records of one batch share one `recorded_at`, and each
batch's is strictly later than the one before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, TypeAlias

from attrs import field, frozen

from ledger.model.errors import BadInput, shown
from ledger.model.events import Event
from ledger.model.heads import TreeHead
from ledger.model.tables import Row
from ledger.model.when import instant

KnownAt: TypeAlias = datetime | str | int | None
"""A moment of knowledge: an aware instant or its RFC 3339 text, a position, or None for all there is."""


class RecordRef(NamedTuple):
    """Enough of a record to find it again and to say where a fact comes from."""

    position: int
    version: int
    id: str
    recorded_at: datetime
    source: str


PlainRef: TypeAlias = tuple[int, int, str, datetime, str]
"""What a `RecordRef` is made of."""


class OlderBody(NamedTuple):
    """What an event was written as, in a schema version older than today's: the version, and its JSON."""

    schema: int
    body: str


@frozen
class Record(Row):
    """An event as written: what happened, and how the ledger came to know it.

    `recorded_at` is in UTC. `source`, `by` and `note` are the recorder's words and may be empty.
    `replaces` is the id of the record that this one corrects. `head`, of a report only, is that of the whole ledger
    just before it, so that each published report anchors all that was recorded before.
    `digest` is the SHA-256 over all that is stored of the record, in hexadecimal. `older` is None, or what the event
    was written as before its schema changed: that is what the digest is of, wherever the record is copied to.
    """

    position: int
    initiative: str
    version: int
    id: str
    recorded_at: datetime
    event: Event
    source: str = ""
    by: str = ""
    note: str = ""
    replaces: str | None = None
    head: TreeHead | None = None
    digest: str = ""
    older: OlderBody | None = field(default=None, eq=False, repr=False)

    @property
    def ref(self) -> RecordRef:
        """The short form, as states and explanations carry it."""
        return RecordRef(self.position, self.version, self.id, self.recorded_at, self.source)


def known_at_of(value: KnownAt) -> datetime | int | None:
    """Read a moment of knowledge: an instant in UTC, a position from 0, or None. Raises `BadInput`.

    >>> known_at_of("2023-06-01T00:00:00Z")
    datetime.datetime(2023, 6, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    if value is None:
        return None
    if isinstance(value, bool) or (isinstance(value, int) and value < 0):
        raise BadInput(f"known_at={shown(value)} is no position: positions count from 1, and 0 is before all")
    return value if isinstance(value, int) else instant(value)


def known(refs: Iterable[PlainRef], moment: datetime | int | None) -> list[PlainRef]:
    """Give the records known at a moment, inclusive, by position; a position is rounded down to a whole batch."""
    ordered = sorted(refs)
    if moment is None:
        return ordered
    if isinstance(moment, datetime):
        return [ref for ref in ordered if ref[3] <= moment]
    later = {recorded_at for position, _, _, recorded_at, _ in ordered if position > moment}
    return [ref for ref in ordered if ref[0] <= moment and ref[3] not in later]

"""Batches: events become records, each with its place, its id, its instant and its digest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from attrs import field, frozen
from msgspec.json import encode as encode_json

from ledger.model.errors import BadEvent, BadInput, DamagedRecord
from ledger.model.events import EVENTS, Event
from ledger.model.facts import facts_of
from ledger.model.fields import prose_field
from ledger.model.records import Record
from ledger.model.when import instant, instant_text
from ledger.recording.codec import NAMES, decode, encode, schema_of
from ledger.recording.proposal import Entry

BATCH_MAX: Final = 1_000_000  # events

COLUMNS: Final = (
    "position", "initiative", "version", "id", "type", "schema", "effective", "earliest", "latest", "recorded_at",
    "member", "metric", "body", "source", "by", "note", "replaces", "head", "digest",
)  # fmt: skip
"""The columns of a stored record, in the order of the table. The digest covers all those before it."""

Row: TypeAlias = tuple[Any, ...]


class Head(NamedTuple):
    """Where a ledger and one initiative in it stand: the next batch goes on from here."""

    position: int
    version: int
    recorded_at: datetime | None  # of the newest record of the ledger


@frozen
class Terms:
    """What the recorder says of a whole batch: where it is from, who records it, and anything else."""

    source: str = field(default="", validator=prose_field)
    by: str = field(default="", validator=prose_field)
    note: str = field(default="", validator=prose_field)


class Written(NamedTuple):
    """An event that may be stored: as an entry with its facts, as a record, and as a row of `COLUMNS`."""

    entry: Entry
    record: Record
    row: Row


def entries_of(events: Sequence[Event], head: Head, ranks: Mapping[int, int] | None = None) -> list[Entry]:
    """Give each event of a batch its place and its facts; `ranks` holds, by index, those of replacements."""
    for index, event in enumerate(events):
        if not isinstance(event, EVENTS):
            raise BadEvent(f"event {index} of the batch is a {type(event).__name__}, and no event of the ledger")
    if len(events) > BATCH_MAX:
        raise BadInput(
            f"{len(events):,} events in one batch; at most {BATCH_MAX:,} are written at once: use several batches"
        )
    own = ranks or {}
    return [
        Entry(event, head.position + place, own.get(place - 1, head.version + place), facts_of(event))
        for place, event in enumerate(events, 1)
    ]


def written(
    entries: Sequence[Entry],
    *,
    initiative: str,
    head: Head,
    ids: Sequence[str],
    recorded_at: datetime,
    terms: Terms,
    replaces: Mapping[int, str] | None = None,
) -> Iterator[Written]:
    """Write the entries down as records; `replaces` holds, by index, the id that a replacement replaces."""
    moment = instant_text(recorded_at)
    replaced = replaces or {}
    for index, (entry, id) in enumerate(zip(entries, ids, strict=True)):
        event = entry.event
        name = NAMES[type(event)]
        when = getattr(event, "effective", None)
        version = head.version + 1 + index
        columns = (
            entry.position, initiative, version, id, name, schema_of(name),
            *((None, None, None) if when is None else (when.text, when.earliest.isoformat(), when.latest.isoformat())),
            moment, getattr(event, "member", None), getattr(event, "metric", None), encode(event),
            terms.source, terms.by, terms.note, replaced.get(index), None,
        )  # fmt: skip
        digest = digest_of(columns)
        record = Record(
            entry.position, initiative, version, id, recorded_at, event,
            terms.source, terms.by, terms.note, replaced.get(index), None, digest,
        )  # fmt: skip
        yield Written(entry, record, (*columns, digest))


def digest_of(columns: Row) -> str:
    """Give the SHA-256 of a zero byte and the JSON array of all columns but the digest, in hexadecimal.

    The zero byte marks a leaf, as in RFC 9162. Anyone can compute it with `json.dumps(columns,
    ensure_ascii=False, separators=(",", ":"))`.
    """
    return sha256(b"\0" + encode_json(columns)).hexdigest()


def record_of(row: Row) -> Record:
    """Read a stored row back, and check the event in it anew; raises `DamagedRecord`."""
    (
        position,
        initiative,
        version,
        id,
        name,
        schema,
        _,
        _,
        _,
        moment,
        _,
        _,
        body,
        source,
        by,
        note,
        replaces,
        head,
        digest,
    ) = row
    try:
        event = decode(name, schema, body)
        recorded_at = datetime.fromisoformat(moment)
    except (BadInput, ValueError, TypeError) as error:
        raise DamagedRecord(f"record {position} ({id}): {error}; restore the ledger from a backup") from error
    return Record(position, initiative, version, id, recorded_at, event, source, by, note, replaces, head, digest)


def instant_of_batch(now: datetime, newest: datetime | None, wanted: datetime | str | None) -> datetime:
    """Give the instant of a batch: the clock's, but always later than the newest record.

    A `wanted` instant, for the import of a history that has its own, must be later than the newest record
    and not after the clock; else `BadInput` is raised.
    """
    now = instant(now)
    if wanted is None:
        return now if newest is None or now > newest else newest + timedelta(microseconds=1)
    moment = instant(wanted)
    if newest is not None and moment <= newest:
        raise BadInput(
            f"recorded_at={instant_text(moment)} is not later than the newest record ({instant_text(newest)}): "
            "import a history in its own order, before anything newer is recorded"
        )
    if moment > now:
        raise BadInput(f"recorded_at={instant_text(moment)} lies in the future: nothing can have been learned by then")
    return moment


def ids_of_batch(count: int, moment: datetime, entropy: Callable[[int], bytes]) -> list[str]:
    """Give new ids: UUIDs of version 7 (RFC 9562), whose first digits are the millisecond of the batch."""
    stamp = f"{int(moment.timestamp() * 1000):012x}"
    random = entropy(10 * count).hex()
    ids = []
    for start in range(0, 20 * count, 20):
        r = random[start : start + 20]
        ids.append(f"{stamp[:8]}-{stamp[8:]}-7{r[:3]}-{'89ab'[int(r[3], 16) & 3]}{r[4:7]}-{r[7:19]}")
    return ids


def given_ids(ids: Sequence[str], count: int) -> list[str]:
    """Check ids that the caller chose: one UUID an event, in lower case with hyphens, none twice; else `BadInput`."""
    if isinstance(ids, str) or len(ids) != count:
        raise BadInput(f"ids must be one UUID for each of the {count} events, in their order")
    for id in ids:
        try:
            fine = str(UUID(id)) == id
        except (ValueError, AttributeError, TypeError):
            fine = False
        if not fine:
            raise BadInput(
                f"id {ascii(id)[:60]} is no UUID in lower case with hyphens: make one with str(uuid.uuid4())"
            )
    if len(set(ids)) < count:
        raise BadInput("ids holds one id twice: each event needs one of its own")
    return list(ids)


def same_content(record: Record, initiative: str, event: Event, terms: Terms) -> bool:
    """Tell whether a record is what recording this event on these terms would have written, place and time aside."""
    return (
        record.initiative == initiative
        and type(record.event) is type(event)
        and encode(record.event) == encode(event)
        and Terms(record.source, record.by, record.note) == terms
    )

"""Batches: events become records, each with its place, its id, its instant and its digest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from attrs import field, frozen
from msgspec.json import encode as encode_json

from ledger.model.errors import WAY_OUT, BadEvent, BadInput, DamagedRecord, NewerFormat, shown
from ledger.model.events import Event, ReportPublished
from ledger.model.facts import facts_of
from ledger.model.fields import prose_field
from ledger.model.heads import TreeHead
from ledger.model.limits import BATCH_MAX
from ledger.model.records import OlderBody, Record
from ledger.model.when import instant, instant_text
from ledger.recording.codec import NAMES, decode, encode, older_body, schema_of
from ledger.recording.merkle import Tree
from ledger.recording.proposal import EVENT_OF_BATCH, Entry

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

COLUMNS: Final = (
    "position", "initiative", "version", "id", "type", "schema", "effective", "earliest", "latest", "recorded_at",
    "member", "metric", "body", "source", "by", "note", "replaces", "head", "digest",
)  # fmt: skip
"""The columns of a stored record, in the order of the table. The digest covers all those before it."""

READ: Final = tuple(
    column for column in COLUMNS if column not in {"effective", "earliest", "latest", "member", "metric"}
)
"""The columns that a record is read back from; the others repeat what the body says, for SQL."""

_VERSION: Final = COLUMNS.index("version")
_MOMENT: Final = COLUMNS.index("recorded_at")

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


class Draft(NamedTuple):
    """A batch before it is written: its events, its terms and, by index, what its replacements replace.

    `replaces` holds the ids of the records that are replaced, `ranks` their ranks, which the replacements inherit.
    `ids` holds those that the records get, where they are known before. `called` says how the rules name another
    event of the batch, by its place.
    """

    events: Sequence[Event]
    terms: Terms
    replaces: Mapping[int, str] = MappingProxyType({})
    ranks: Mapping[int, int] = MappingProxyType({})
    ids: Sequence[str] | None = None
    called: Callable[[int], str] = EVENT_OF_BATCH


def entries_of(events: Sequence[Event], head: Head, ranks: Mapping[int, int] | None = None) -> list[Entry]:
    """Give each event of a batch its place and its facts; `ranks` holds, by index, those of replacements."""
    for index, event in enumerate(events):
        if type(event) not in NAMES:
            raise BadEvent(
                f"event {index} of the batch is a {type(event).__name__}, and no event of the ledger: "
                "give events such as MemberJoined(...), one by one"
            )
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
    tree: Tree,
    ids: Sequence[str],
    recorded_at: datetime,
    terms: Terms,
    replaces: Mapping[int, str] | None = None,
) -> tuple[list[Record], list[Row]]:
    """Write the entries down, as records and as rows of `COLUMNS`.

    `tree` is that of all records before, which reports name the head of; it is left as it is. `replaces` holds, by
    index, the id of the record that a replacement replaces.
    """
    moment = instant_text(recorded_at)
    replaced = replaces or {}
    source, by, note = terms.source, terms.by, terms.note
    records: list[Record] = []
    rows: list[Row] = []
    grown = tree.copy() if any(isinstance(entry.event, ReportPublished) for entry in entries) else tree
    for version, (entry, id) in enumerate(zip(entries, ids, strict=True), head.version + 1):
        event, position = entry.event, entry.position
        old = replaced.get(version - head.version - 1)
        before = None
        if isinstance(event, ReportPublished):
            grown.grow(leaves_of(rows[grown.size - head.position :]))
            before = grown.head()
        row = _row(position, initiative, version, id, moment, event, source, by, note, old, before)
        rows.append(row)
        records.append(
            Record(position, initiative, version, id, recorded_at, event, source, by, note, old, before, row[-1])
        )
    return records, rows


def row_of(record: Record) -> Row:
    """Give the row of `COLUMNS` that a record is written as. Its digest, the last one, is computed anew.

    >>> from ledger.model.events import MemberLeft
    >>> record = Record(1, "club", 1, "r1", EPOCH, MemberLeft("ada", "1970"))
    >>> row_of(record)[4:8]
    ('member-left', 1, '1970', '1970-01-01')
    """
    return _row(
        record.position, record.initiative, record.version, record.id, instant_text(record.recorded_at),
        record.event, record.source, record.by, record.note, record.replaces, record.head, record.older,
    )  # fmt: skip


def _row(
    position: int,
    initiative: str,
    version: int,
    id: str,
    moment: str,
    event: Event,
    source: str,
    by: str,
    note: str,
    replaces: str | None,
    head: TreeHead | None,
    older: OlderBody | None = None,
) -> Row:
    name = NAMES[type(event)]
    schema, body = older or (schema_of(name), encode(event))
    columns = (
        position, initiative, version, id, name, schema, *_days(event), moment,
        getattr(event, "member", None), getattr(event, "metric", None), body, source, by, note, replaces,
        None if head is None else str(head),
    )  # fmt: skip
    return *columns, digest_of(columns)


def _days(event: Event) -> tuple[str | None, str | None, str | None]:
    when = getattr(event, "effective", None)
    if when is None:
        return None, None, None
    earliest = when.earliest.isoformat()
    return when.text, earliest, earliest if when.exact else when.latest.isoformat()


def digest_of(columns: Row) -> str:
    """Give the SHA-256 of a zero byte and the JSON array of all columns but the digest, in hexadecimal.

    The zero byte marks a leaf, as in RFC 9162. Anyone can compute it with `json.dumps(columns,
    ensure_ascii=False, separators=(",", ":"))`.
    """
    return sha256(b"\0" + encode_json(columns)).hexdigest()


def around_place(row: Row) -> tuple[str, str, str]:
    """Give what `digest_of` digests of a row of `COLUMNS`, in three texts: around its version, and its instant.

    With a bracket and the position before them they are the whole: so a place can be given to a record where JSON
    cannot be written.

    >>> around_place((7, "club", 1, "r1", "member-left", 1, None, None, None, "2024", "ada", None, "{}", *[""] * 6))
    (',"club",', ',"r1","member-left",1,null,null,null,"', '","ada",null,"{}","","","","",""]')
    """
    parts = row[1:_VERSION], row[_VERSION + 1 : _MOMENT], row[_MOMENT + 1 : -1]
    first, second, third = (encode_json(part).decode()[1:-1] for part in parts)
    return f",{first},", f',{second},"', f'",{third}]'


def require_digest(row: Row) -> None:
    """Raise `DamagedRecord` for a row of `COLUMNS` whose digest is not that of all the others."""
    try:
        right = digest_of(row[:-1]) == row[-1]
    except (TypeError, ValueError):  # it holds what no column can hold, such as text that is no text
        right = False
    if not right:
        raise DamagedRecord(
            f"record {shown(row[0])} ({shown(row[3])}): it is not what its digest says that it was; {WAY_OUT}"
        )


def leaves_of(rows: Iterable[Row]) -> Iterator[bytes]:
    """Give what rows are in the Merkle tree: their digests."""
    return (bytes.fromhex(row[-1]) for row in rows)


def record_of(row: Row) -> Record:
    """Read the columns `READ` of a stored row back, and check the event in them anew; raises `DamagedRecord`."""
    position, initiative, version, id, name, schema, moment, body, source, by, note, replaces, head, digest = row
    try:
        event = decode(name, schema, body)
        recorded_at = _instant(moment)
        before = None if head is None else TreeHead.parse(head)
    except NewerFormat as error:
        raise NewerFormat(f"record {position} ({id}): {error}") from None
    except (ValueError, TypeError) as error:  # such as BadInput
        raise DamagedRecord(f"record {position} ({id}): {error}; {WAY_OUT}") from error
    older = older_body(name, schema, body)
    return Record(
        position, initiative, version, id, recorded_at, event, source, by, note, replaces, before, digest, older
    )


@lru_cache(maxsize=1_024)  # all records of a batch share one
def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def instant_of_batch(now: datetime, newest: datetime | None, wanted: datetime | str | None) -> datetime:
    """Give the instant of a batch: the clock's, but always later than the newest record.

    A `wanted` instant, for the import of a history that has its own, must be later than the newest record
    and not after the clock; else `BadInput` is raised.
    """
    now = instant(now)
    if wanted is None:
        return now if newest is None or now > newest else _just_after(newest)
    moment = instant(wanted)
    if newest is not None and moment <= newest:
        raise BadInput(
            f"recorded_at={instant_text(moment)} is not later than the newest record ({instant_text(newest)}): "
            "import a history in its own order, before anything newer is recorded"
        )
    if moment > now:
        raise BadInput(f"recorded_at={instant_text(moment)} lies in the future: nothing can have been learned by then")
    return moment


def _just_after(newest: datetime) -> datetime:
    try:
        return newest + timedelta(microseconds=1)
    except OverflowError:
        raise BadInput(f"no instant is left after the newest record, {instant_text(newest)}: it is the last") from None


def ids_of_batch(count: int, moment: datetime, entropy: Callable[[int], bytes]) -> list[str]:
    """Give new ids: UUIDs of version 7, which sort in the order of the batch.

    48 bits of the batch's millisecond, a counter of 26 bits, and 48 random bits (RFC 9562, sections 5.7 and
    6.2, method 1). In order, they are also written to the store's index in order.
    """
    # in whole numbers, since a float would round; what was recorded before 1970 has no millisecond of its own
    stamp = f"{max((moment - EPOCH) // timedelta(milliseconds=1), 0):012x}"
    start = f"{stamp[:8]}-{stamp[8:]}"
    random = entropy(6 * count).hex()
    return [
        f"{start}-7{place >> 14:03x}-{0x8000 | (place & 0x3FFF):04x}-{random[12 * place : 12 * place + 12]}"
        for place in range(count)
    ]


def given_ids(ids: Sequence[str], count: int) -> list[str]:
    """Check ids that the caller chose: one UUID an event, in lower case with hyphens, none twice; else `BadInput`."""
    if isinstance(ids, str | bytes) or not isinstance(ids, Sequence) or len(ids) != count:
        raise BadInput(f"ids must be a list with one UUID for each event ({count}), in their order")
    for id in ids:
        if not is_uuid(id):
            raise BadInput(f"id {shown(id)} is no UUID in lower case with hyphens: make one with str(uuid.uuid4())")
    if len(set(ids)) < count:
        raise BadInput("ids holds one id twice: each event needs one of its own")
    return list(ids)


def is_uuid(id: object) -> bool:
    """Tell whether an id is a UUID in lower case with hyphens, which nobody else has chosen for something else."""
    try:
        return str(UUID(id)) == id  # type: ignore[arg-type]  # that it may be no text is why it is asked
    except (ValueError, AttributeError, TypeError):
        return False


def same_content(record: Record, initiative: str, event: Event, terms: Terms, replaces: str | None = None) -> bool:
    """Tell whether a record is what recording this event on these terms would have written, place and time aside."""
    return (
        record.initiative == initiative
        and record.replaces == replaces
        and type(record.event) is type(event)
        and encode(record.event) == encode(event)
        and Terms(record.source, record.by, record.note) == terms
    )

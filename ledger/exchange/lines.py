r"""Records as JSON Lines: one record a line, in the JSON format of CloudEvents 1.0.

So a history can be kept, mailed, searched with `grep` and read by programs that know nothing of this library
(https://github.com/cloudevents/spec: `cloudevents/spec.md` and `cloudevents/formats/json-format.md`, v1.0.2).

- `id` is that of the record, `time` its `recorded_at`, `type` the stored name of its event (`member-joined`; no domain
  is ours to put before it, as the standard would like), and `data` the body of the event.
- `source` is where a CloudEvent comes from: `/initiatives/`, and the id of the initiative, percent-encoded since it
  must be a URI reference. `subject` is what the event is about, such as `member/basque`, where it has one.
- An attribute `ledgerX` is the field X of the record, or of its event: names of extensions are of lower-case letters
  and digits, and should not collide. Positions and versions are text, since an integer there ends at 2,147,483,647.

What has no value is left out. No attribute may hold control characters, and what people say of a record may have
several lines: in these, and for a backslash, `\u{a}` stands for the character of that number (in hexadecimal).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from json import JSONDecodeError, dumps, loads
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import quote, unquote

from msgspec.json import encode as encode_json

from ledger.book import Ledger
from ledger.exchange.bounded import each_of, undecodable
from ledger.model.errors import BadInput, DamagedRecord, NewerFormat, shown
from ledger.model.heads import TreeHead
from ledger.model.limits import RECORD_LINE_MAX
from ledger.model.records import Record
from ledger.model.when import instant, instant_text
from ledger.recording.batch import row_of
from ledger.recording.codec import (
    NAMES,
    decode,
    each_name_once,
    encode,
    older_body,
    require_shallow,
    schema_of,
)
from ledger.recording.inspection import require_record

if TYPE_CHECKING:
    from ledger.model.events import Event

_CONTENT: Final = "application/json"
_NEEDED: Final = (
    "specversion", "id", "source", "type", "time", "data", "ledgerposition", "ledgerversion", "ledgerschema",
    "ledgerdigest",
)  # fmt: skip
_OPTIONAL: Final = (
    "subject", "datacontenttype", "ledgereffective", "ledgersource", "ledgerby", "ledgernote", "ledgerreplaces",
    "ledgerhead",
)  # fmt: skip
_KINDS: Final = {"ledgerschema": (int, "a whole number"), "data": (dict, "an object")}  # others are text
_DERIVED: Final = ("subject", "ledgereffective", "ledgerhead")  # of which there is one way to say it
_SUBJECTS: Final = ("member", "metric", "report", "record")

_INITIATIVES: Final = "/initiatives/"
_BREAKS: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}  # that JSON lets stand
_PLANES: Final = "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
_BARRED: Final = re.compile(rf"[\\\x00-\x1f\x7f-\x9f\ufdd0-\ufdef{_PLANES}]")  # in a String of CloudEvents
_STANDING_FOR: Final = re.compile(r"\\u\{([0-9a-f]{1,6})\}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}")


def to_lines(book: Ledger, after: int = 0) -> Iterator[str]:
    """Write the records of a ledger as lines of JSON, in order; those past the position `after` only.

    A line has no line break in it, nor at its end. The same record gives the same line, always. They are read as a
    stream, so the ledger may be larger than the memory. Raises `BadInput` for what is no ledger or no position.

    >>> import ledger
    >>> with ledger.open(":memory:") as book:
    ...     _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020"), recorded_at="2021-01-01T00:00:00Z")
    ...     print(*(line[:71] for line in to_lines(book)))
    {"specversion":"1.0","type":"member-joined","source":"/initiatives/club
    """
    if not isinstance(book, Ledger):
        raise BadInput(f"{shown(book)} is no ledger: give what ledger.open gives")
    return map(_line, book.records(after=after))


def from_lines(lines: Iterable[str]) -> Iterator[Record]:
    """Read records from such lines, as an open text file gives them; `Ledger.import_records` writes them.

    Nothing is let pass that is not as `to_lines` writes it, but for the order of names, blanks between them, and
    another way to write an instant: no unknown name and none twice, no fraction, no blank line. The digest
    is checked against the content, which tells damage, and not who wrote it. What a line says of others (its place,
    what it retracts) is checked when it is written.

    A line has a limit, and so has what is in it (`ledger.model.limits`).

    Raises `BadInput`, `NewerFormat` for an event that only newer versions of this library know, and `DamagedRecord`
    for a wrong digest, each with the number of the line, as soon as that is reached: those before it are good.

    >>> list(from_lines(["{}"]))
    Traceback (most recent call last):
    ledger.model.errors.BadInput: line 1: there is no 'specversion': a line needs all that an export writes
    """
    if isinstance(lines, str | bytes) or not isinstance(lines, Iterable):
        raise BadInput(f"{shown(lines)} is no file of lines: open it as text in UTF-8, or give a list of lines")
    return _records(lines)


def _line(record: Record) -> str:
    envelope = {name: value for name, value in _envelope(record).items() if value is not None}
    return encode_json(envelope).decode().translate(_BREAKS)


def _envelope(record: Record) -> dict[str, Any]:
    name = NAMES[type(record.event)]
    schema, body = record.older or (schema_of(name), encode(record.event))
    return {
        "specversion": "1.0",
        "type": name,
        "source": _INITIATIVES + quote(record.initiative, safe=""),
        "subject": _subject(record.event),
        "id": record.id,
        "time": instant_text(record.recorded_at),
        "ledgerposition": str(record.position),
        "ledgerversion": str(record.version),
        "ledgereffective": _effective(record.event),
        "datacontenttype": _CONTENT,
        "ledgerschema": schema,
        "data": loads(body),
        "ledgersource": _escaped(record.source) or None,
        "ledgerby": _escaped(record.by) or None,
        "ledgernote": _escaped(record.note) or None,
        "ledgerreplaces": record.replaces,
        "ledgerhead": None if record.head is None else str(record.head),
        "ledgerdigest": record.digest,
    }


def _subject(event: Event) -> str | None:
    named = ((what, getattr(event, what, None)) for what in _SUBJECTS)
    return next((f"{what}/{id}" for what, id in named if id is not None), None)


def _effective(event: Event) -> str | None:
    when = getattr(event, "effective", None)
    return None if when is None else str(when)


def _records(lines: Iterable[str]) -> Iterator[Record]:
    for number, line in enumerate(_decoded(lines), 1):
        try:
            record = _read(line)
        except (BadInput, NewerFormat, DamagedRecord) as error:
            raise type(error)(f"line {number}: {error}") from None
        yield record


def _decoded(lines: Iterable[str]) -> Iterator[str]:
    number = 0
    try:
        for number, line in enumerate(each_of(lines, RECORD_LINE_MAX), 1):  # noqa: B007 - said of where it breaks off
            yield line
    except UnicodeError as error:  # a file is decoded many lines at a time
        raise BadInput(f"line {number + 1} or below: {undecodable(error)}: open the file as text in UTF-8") from None


def _read(line: str) -> Record:
    found = _parsed(line)
    record = _record(found)
    expected = _envelope(record)
    for name in _DERIVED:
        if found.get(name) != expected[name]:
            raise BadInput(f"{name} is {shown(found.get(name))}, and by the data it is {shown(expected[name])}")
    if record.digest != row_of(record)[-1]:
        raise DamagedRecord(f"record {shown(record.id)} is not what its digest says that it was: export it anew")
    return record


def _parsed(line: object) -> dict[str, Any]:
    """Read a line as one JSON object that has the names of a record, and values of the right kinds."""
    if not isinstance(line, str):
        raise BadInput(f"{shown(line)} is no text: open the file as text in UTF-8")
    require_shallow(line)
    try:
        found = loads(
            line,
            object_pairs_hook=each_name_once,
            parse_int=_integer,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except JSONDecodeError as error:
        raise BadInput(
            f"{shown(line)} is no JSON: {error}; one record stands in each line, and no line is blank"
        ) from None
    if not isinstance(found, dict):
        raise BadInput(f"{shown(line)} is no JSON object: one record stands in each line")
    found = {name: value for name, value in found.items() if value is not None}  # null is as good as left out
    for name in _NEEDED:
        if name not in found:
            raise BadInput(f"there is no {name!r}: a line needs all that an export writes")
    for name, value in found.items():
        kind, called = _KINDS.get(name, (str, "text"))
        if name not in _NEEDED and name not in _OPTIONAL:
            raise BadInput(f"{shown(name)} is no name that a record has: take it out, or export the record anew")
        if type(value) is not kind:
            raise BadInput(f"{name} must be {called}, not {shown(value)}")
    return found


def _integer(digits: str) -> int:
    if len(digits) > 19:
        raise BadInput(f"the number {shown(digits)} is too large to be in a record: amounts are text")
    return int(digits)


def _no_number(written: str) -> NoReturn:
    raise BadInput(f"the number {shown(written)} has no place in a record: amounts are text")


def _record(found: dict[str, Any]) -> Record:
    for name, right in ("specversion", "1.0"), ("datacontenttype", _CONTENT):
        if found.get(name, right) != right:
            raise BadInput(f"{name} is {shown(found[name])}, and only {right!r} can be read")
    body = dumps(found["data"], ensure_ascii=False, separators=(",", ":"))
    source, by, note = (_unescaped(found.get(name, "")) for name in ("ledgersource", "ledgerby", "ledgernote"))
    return require_record(
        Record(
            _number(found, "ledgerposition"),
            _initiative(found["source"]),
            _number(found, "ledgerversion"),
            found["id"],
            instant(found["time"]),
            decode(found["type"], found["ledgerschema"], body),
            source,
            by,
            note,
            found.get("ledgerreplaces"),
            TreeHead.parse(found["ledgerhead"]) if "ledgerhead" in found else None,
            found["ledgerdigest"],
            older_body(found["type"], found["ledgerschema"], body),
        )
    )


def _number(found: dict[str, Any], name: str) -> int:
    if not _NUMBER.fullmatch(found[name]):
        raise BadInput(f"{name} must be a whole number from 1, as text without a sign, not {shown(found[name])}")
    return int(found[name])


def _initiative(source: str) -> str:
    id = unquote(source.removeprefix(_INITIATIVES))
    if not source.isascii() or source != _INITIATIVES + quote(id, safe=""):
        raise BadInput(
            f"source must be {_INITIATIVES} and the id of an initiative, percent-encoded, not {shown(source)}"
        )
    return id


def _escaped(text: str) -> str:
    return _BARRED.sub(lambda sign: f"\\u{{{ord(sign[0]):x}}}", text)


def _unescaped(written: str) -> str:
    text = _STANDING_FOR.sub(lambda sign: chr(min(int(sign[1], 16), sys.maxunicode)), written)
    if _escaped(text) != written:
        raise BadInput(
            f"{shown(written)} holds a control character or a backslash as it is: write its number, as in \\u{{a}}"
        )
    return text

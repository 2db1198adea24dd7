"""Events as JSON: stable names, schema versions, and the same bytes for the same event, always.

A body holds the fields of one event in the order of its class; what has its default value is left out,
so a field added later does not change the bodies written before. Amounts and dates are text, as typed.
Reading is strict: the constructors check every field again, unknown keys are refused, and nothing is
converted to fit. Dumping and loading go through cattrs' msgspec preset.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from json import loads
from operator import attrgetter
from typing import Any, Final, TypeAlias, get_args

from attrs import fields
from cattrs import ForbiddenExtraKeysError, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.msgspec import MsgspecJsonConverter, make_converter
from cattrs.strategies import configure_tagged_union
from msgspec import DecodeError
from msgspec.json import decode as decode_json

from ledger.model.errors import BadEvent, NewerFormat, shown
from ledger.model.events import (
    EVENTS,
    Attributes,
    Claim,
    Event,
    InitiativeChanged,
    InitiativeClosed,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.limits import BODY_MAX, DEPTH_MAX, NAMES_MAX
from ledger.model.measures import Measure, Share, Simple, Where
from ledger.model.quantity import Quantity
from ledger.model.records import OlderBody
from ledger.model.when import When

Body: TypeAlias = dict[str, Any]
Upcaster: TypeAlias = Callable[[Body], Body]
Hook: TypeAlias = Callable[[Any, Any], Any]

REASONS_MAX: Final = 5  # of what is wrong with one body, as far as it is told

NAMES: Final[Mapping[type[Event], str]] = {
    InitiativeLaunched: "initiative-launched",
    InitiativeChanged: "initiative-changed",
    InitiativeClosed: "initiative-closed",
    MemberJoined: "member-joined",
    MemberLeft: "member-left",
    MemberSuspended: "member-suspended",
    MemberReinstated: "member-reinstated",
    MemberChanged: "member-changed",
    MetricDefined: "metric-defined",
    MetricUpdated: "metric-updated",
    ReportPublished: "report-published",
    RecordRetracted: "record-retracted",
}
"""The names by which events are stored. They never change, whatever becomes of the classes."""

UPCASTERS: Final[Mapping[str, tuple[Upcaster, ...]]] = {}
"""By event name, the steps that lift a body of schema 1 to 2, of 2 to 3, and so on.

A step may rename, add and split what is in a body. What the event says in columns of its record - its `effective`, and
its member or metric - it leaves as it was, and the facts too: they were written with the record, and are in its digest.
"""

_CLASSES = {name: cls for cls, name in NAMES.items()}


def schema_of(name: str) -> int:
    """Give the schema version in which an event of this name is written today.

    >>> schema_of("member-joined")
    1
    """
    return 1 + len(UPCASTERS.get(name, ()))


def encode(event: Event) -> str:
    """Write an event's fields as JSON. Raises `BadEvent` for one of more than `BODY_MAX` bytes.

    >>> encode(MemberLeft("basque", "2024", reason="merged"))
    '{"member":"basque","effective":"2024","reason":"merged"}'
    """
    name = NAMES[type(event)]
    body = _encoder.encode(_writer(name)(event))
    if len(body) > BODY_MAX:
        raise BadEvent(f"event {name!r} takes {len(body):,} bytes; at most {BODY_MAX:,} are kept: make it several")
    return body.decode()


def decode(name: str, schema: int, body: str | bytes) -> Event:
    """Read an event back: its stored name, the schema version it was written in, and its JSON.

    Raises `NewerFormat` for a name or a version this library does not know yet, and `BadEvent`, with the
    path to the bad value, for a body that is not one of that event.

    >>> decode("member-left", 1, '{"member":"basque","effective":"2024"}').effective
    When('2024')
    """
    cls = _CLASSES.get(name)
    newest = schema_of(name)
    if cls is None or schema > newest:
        raise NewerFormat(
            f"event {shown(name)} of schema {shown(schema)} is not known to this version of the library: upgrade it"
        )
    if schema < 1:
        raise BadEvent(f"event {name!r} of schema {shown(schema)} cannot be: schema versions count from 1")
    plain = _parsed(name, body)
    if schema < newest:
        plain = _lifted(name, schema, plain)
    try:
        return _reader(name)(plain, cls)
    except Exception:  # noqa: BLE001 - whatever a foreign body brings about is put into words
        return _explained(name, plain, cls)


def canonical(name: str, schema: int, body: str) -> bool:
    """Tell whether a stored body is, to the byte, what is written today for the event in it.

    What was written in an older schema is lifted when it is read, and cannot be asked for: of such a body it is told
    whether it is compact JSON. Raises what `decode` raises.

    >>> canonical("member-left", 1, '{"member":"ada","effective":"2024"}')
    True
    >>> canonical("member-left", 1, '{"effective": "2024", "member": "ada"}')
    False
    """
    event = decode(name, schema, body)
    if older_body(name, schema, body) is not None:
        return _encoder.encode(decode_json(body)).decode() == body
    return encode(event) == body


def older_body(name: str, schema: int, body: str) -> OlderBody | None:
    """Give what a record keeps of a body that was written before the schema of today; else None."""
    return OlderBody(schema, body) if schema < schema_of(name) else None


def require_shallow(text: str) -> None:
    """Raise `BadEvent` for JSON in which more than `DEPTH_MAX` objects and arrays lie within each other.

    It is asked before such a text is read: readers of JSON go down as deep as the interpreter lets them.

    >>> require_shallow('{"a":[["b"]]}')
    >>> require_shallow("[" * 100)
    Traceback (most recent call last):
    ledger.model.errors.BadEvent: it is nested too deep to be of a record, or its brackets do not match
    """
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return
    brackets = re.sub(_NO_BRACKET, "", text)
    for _ in range(DEPTH_MAX):  # at each step the innermost ones go
        brackets = re.sub(r"\[]|{}", "", brackets)
    if brackets:
        raise BadEvent("it is nested too deep to be of a record, or its brackets do not match")


_NO_BRACKET: Final = r'(?s)"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[^"\[\]{}]++'  # a text in quotes, or what is between


def _parsed(name: str, body: str | bytes) -> Any:
    """Read JSON in which no object has a name twice."""
    if not isinstance(body, str | bytes):
        raise BadEvent(f"the body of event {name!r} is no text, but {shown(body)}")
    if len(body) > BODY_MAX:  # in characters there are no more than in bytes
        raise BadEvent(f"the body of event {name!r} is longer than {BODY_MAX:,} bytes, so it is none")
    try:
        text = body if isinstance(body, str) else body.decode()
        require_shallow(text)
        plain = decode_json(text)
        if _encoder.encode(plain) != text.encode():
            # readers of JSON keep the last of two equal names, and say nothing of it
            loads(text, object_pairs_hook=each_name_once)
    except (DecodeError, RecursionError, UnicodeError) as error:
        raise BadEvent(f"the body of event {name!r} is no JSON: {error}") from None
    except BadEvent as error:
        raise BadEvent(f"the body of event {name!r} cannot be read: {error}") from None
    return plain


def each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Give an object of JSON, as an `object_pairs_hook`; raises `BadEvent` where a name stands twice in it."""
    found = dict(pairs)
    seen: set[str] = set()
    for name, _ in pairs if len(found) < len(pairs) else ():
        if name in seen:
            raise BadEvent(f"the name {shown(name)} stands twice in one object: keep one of them")
        seen.add(name)
    return found


def _lifted(name: str, schema: int, plain: Body) -> Body:
    try:
        for lift in UPCASTERS[name][schema - 1 :]:
            plain = lift(plain)
    except Exception as error:
        what = f"{type(error).__name__} {error}"
        raise BadEvent(f"the body of event {name!r} of schema {schema} cannot be lifted to today's: {what}") from error
    return plain


_encoder = MsgspecJsonConverter.encoder


@cache
def _writer(name: str) -> Callable[[Event], Body]:
    return _converter().get_unstructure_hook(_CLASSES[name])


@cache
def _reader(name: str) -> Callable[[Any, type[Event]], Event]:
    return _converter().get_structure_hook(_CLASSES[name])


@cache
def _converter() -> MsgspecJsonConverter:
    return _strict(explaining=False)


@cache
def _explaining_converter() -> MsgspecJsonConverter:
    # slower, but it knows where it was when something went wrong
    return _strict(explaining=True)


def _explained(name: str, plain: object, cls: type[Event]) -> Event:
    try:
        return _explaining_converter().structure(plain, cls)
    except Exception as error:  # noqa: BLE001 - whatever it was is put into words
        reasons = transform_error(error, path="body", format_exception=_reason)
        more = f"; and {len(reasons) - REASONS_MAX} more" if len(reasons) > REASONS_MAX else ""
        why = "; ".join(reasons[:REASONS_MAX]) + more
        raise BadEvent(f"the body of event {name!r} cannot be read: {why}") from None


def _reason(error: BaseException, _: type[Any] | None) -> str:
    if isinstance(error, KeyError):
        return f"unknown or missing name {shown(error.args[0])}"
    if isinstance(error, ForbiddenExtraKeysError):
        names = sorted(error.extra_fields)
        more = f" and {len(names) - REASONS_MAX} more" if len(names) > REASONS_MAX else ""
        return f"unknown name {', '.join(map(shown, names[:REASONS_MAX]))}{more}"
    return str(error)


def _strict(*, explaining: bool) -> MsgspecJsonConverter:
    """Make a converter that converts nothing by itself: the events' own converters and validators do."""
    converter = make_converter(forbid_extra_keys=True, prefer_attrib_converters=True, detailed_validation=explaining)
    for plain in (str, bool, str | None):
        converter.register_structure_hook(plain, _as_it_is)
    converter.register_unstructure_hook(When, attrgetter("text"))
    converter.register_unstructure_hook(Quantity, attrgetter("text"))
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(Attributes, dict)
    for measure in get_args(Simple):
        _register(converter, measure, where=override(unstruct_hook=_where, struct_hook=_filter))
    _tag(converter, Simple)
    simple = override(struct_hook=_of_object(converter.get_structure_hook(Simple)))
    _register(converter, Share, part=simple, whole=simple)
    _tag(converter, Measure)
    _register(converter, Claim, measure=override(struct_hook=_of_object(converter.get_structure_hook(Measure))))
    claims = override(struct_hook=_of_array(converter.get_structure_hook(tuple[Claim, ...])))
    for event in EVENTS:
        _register(converter, event, claims=claims, attributes=override(struct_hook=_of_object(_as_it_is)))
    return converter


def _tag(converter: MsgspecJsonConverter, union: Any) -> None:
    configure_tagged_union(union, converter, tag_name="measure", tag_generator=lambda cls: cls.__name__.lower())


def _register(converter: MsgspecJsonConverter, cls: type[Any], **overrides: Any) -> None:
    writes: Any = {}
    reads: Any = {}
    for one in fields(cls):
        change = overrides.get(one.name, override())
        if change.unstruct_hook is not None:
            writes[one.name] = override(unstruct_hook=change.unstruct_hook)
        hook = change.struct_hook
        if converter.detailed_validation and one.converter is not None:
            # here the field is known, in the constructor it would not be
            hook = _converted(one.converter, hook or _as_it_is)
        if hook is not None:
            reads[one.name] = override(struct_hook=hook)
    converter.register_unstructure_hook(
        cls, make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True, **writes)
    )
    read: Any = make_dict_structure_fn(cls, converter, **reads)
    converter.register_structure_hook(cls, _of_object(read) if converter.detailed_validation else read)


def _converted(converter: Callable[[Any], Any], hook: Hook) -> Hook:
    return lambda given, cls: converter(hook(given, cls))


def _of_object(hook: Hook) -> Hook:
    return _of(dict, "object", hook)


def _of_array(hook: Hook) -> Hook:
    return _of(list, "array", hook)


def _of(kind: type[Body | list[Any]], called: str, hook: Hook) -> Hook:
    def read(given: Any, cls: Any) -> Any:
        if not isinstance(given, kind):
            raise BadEvent(f"a JSON {called} was expected, not {shown(given)}")
        if len(given) > NAMES_MAX:  # before anything is made of each
            raise BadEvent(f"{len(given):,} in one {called}; at most {NAMES_MAX:,} are kept")
        return hook(given, cls)

    return read


def _as_it_is(given: Any, _: Any) -> Any:
    return given


def _filter(given: Any, _: Any) -> Any:
    if not isinstance(given, dict) or not all(isinstance(values, list) for values in given.values()):
        raise BadEvent(f"a JSON object of arrays was expected, not {shown(given)}")
    return given


def _where(where: Where) -> dict[str, list[str | None]]:
    return {name: list(values) for name, values in where}

"""Events as JSON: stable names, schema versions, and the same bytes for the same event, always.

A body holds the fields of one event in the order of its class; what has its default value is left out,
so a field added later does not change the bodies written before. Amounts and dates are text, as typed.
Reading is strict: the constructors check every field again, unknown keys are refused, and nothing is
converted to fit. Dumping and loading go through cattrs' msgspec preset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any, Final, TypeAlias, get_args

from attrs import fields
from cattrs import transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.msgspec import MsgspecJsonConverter, make_converter
from cattrs.strategies import configure_tagged_union
from msgspec import DecodeError
from msgspec.json import decode as decode_json

from ledger.model.errors import BadEvent, NewerFormat
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
from ledger.model.measures import Measure, Share, Simple, Where
from ledger.model.quantity import Quantity
from ledger.model.when import When

Body: TypeAlias = dict[str, Any]
Upcaster: TypeAlias = Callable[[Body], Body]

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
"""By event name, the steps that lift a body of schema 1 to 2, of 2 to 3, and so on."""

_CLASSES = {name: cls for cls, name in NAMES.items()}


def schema_of(name: str) -> int:
    """Give the schema version in which an event of this name is written today.

    >>> schema_of("member-joined")
    1
    """
    return 1 + len(UPCASTERS.get(name, ()))


def encode(event: Event) -> str:
    """Write an event's fields as JSON.

    >>> encode(MemberLeft("basque", "2024", reason="merged"))
    '{"member":"basque","effective":"2024","reason":"merged"}'
    """
    return _converter().dumps(event).decode()


def decode(name: str, schema: int, body: str | bytes) -> Event:
    """Read an event back: its stored name, the schema version it was written in, and its JSON.

    Raises `NewerFormat` for a name or a version this library does not know yet, and `BadEvent`, with the
    path to the bad value, for a body that is not one of that event.

    >>> decode("member-left", 1, '{"member":"basque","effective":"2024"}').effective
    When('2024')
    """
    cls = _CLASSES.get(name)
    if cls is None or schema > schema_of(name):
        raise NewerFormat(f"event {name!r} of schema {schema} is not known to this version of the library: upgrade it")
    try:
        plain = decode_json(body)
    except (DecodeError, RecursionError) as error:
        raise BadEvent(f"the body of a {name} event is no JSON: {error}") from None
    try:
        for lift in UPCASTERS.get(name, ())[schema - 1 :]:
            plain = lift(plain)
        return _converter().structure(plain, cls)
    except Exception:  # noqa: BLE001 - whatever a foreign body brings about is put into words
        raise BadEvent(f"the body of a {name} event cannot be read: {_path(plain, cls)}") from None


@cache
def _converter() -> MsgspecJsonConverter:
    return _strict(detailed_validation=False)


@cache
def _explaining_converter() -> MsgspecJsonConverter:
    # slower, but it knows where it was when something went wrong
    return _strict(detailed_validation=True)


def _path(plain: object, cls: type[Event]) -> str:
    try:
        _explaining_converter().structure(plain, cls)
    except Exception as error:  # noqa: BLE001 - whatever it was is put into words
        return "; ".join(transform_error(error, path="body", format_exception=_reason))
    raise AssertionError("two converters of one make disagree")


def _reason(error: BaseException, _: type[Any] | None) -> str:
    if isinstance(error, KeyError):
        return f"unknown or missing name {error}"
    return str(error)


def _strict(*, detailed_validation: bool) -> MsgspecJsonConverter:
    """Make a converter that converts nothing by itself: the events' own converters and validators do."""
    converter = make_converter(
        forbid_extra_keys=True,
        prefer_attrib_converters=True,
        detailed_validation=detailed_validation,
    )
    for plain in (str, bool, str | None):
        converter.register_structure_hook(plain, _as_it_is)
    converter.register_unstructure_hook(When, str)
    converter.register_unstructure_hook(Quantity, str)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(Attributes, dict)
    for measure in get_args(Simple):
        _register(converter, measure, where=override(unstruct_hook=_where))
    _tag(converter, Simple)
    _register(converter, Share)
    _tag(converter, Measure)
    _register(converter, Claim, measure=override(struct_hook=converter.get_structure_hook(Measure)))
    claims = converter.get_structure_hook(tuple[Claim, ...])
    for event in EVENTS:
        _register(converter, event, claims=override(struct_hook=claims))
    return converter


def _tag(converter: MsgspecJsonConverter, union: Any) -> None:
    configure_tagged_union(union, converter, tag_name="measure", tag_generator=lambda cls: cls.__name__.lower())


def _register(converter: MsgspecJsonConverter, cls: type[Any], **overrides: Any) -> None:
    own = {name: change for name, change in overrides.items() if name in {one.name for one in fields(cls)}}
    writes: Any = {name: change for name, change in own.items() if change.unstruct_hook is not None}
    reads: Any = {name: change for name, change in own.items() if change.struct_hook is not None}
    converter.register_unstructure_hook(
        cls, make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True, **writes)
    )
    converter.register_structure_hook(cls, make_dict_structure_fn(cls, converter, **reads))


def _as_it_is(given: Any, _: type[Any]) -> Any:
    return given


def _where(where: Where) -> dict[str, list[str | None]]:
    return {name: list(values) for name, values in where}

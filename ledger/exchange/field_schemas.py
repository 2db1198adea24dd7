"""What the fields of events, claims and measures may hold, in words for people and as pieces of JSON Schema.

The regular expressions are of the common kind that ECMAScript, Python, Go, Rust and Java read alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import UnionType
from typing import Any, Final, TypeAlias, get_args

from attrs import Attribute

from ledger.model.events import QUALITIES, Attributes, Claim
from ledger.model.fields import (
    flag_field,
    id_field,
    line_field,
    optional_id_field,
    optional_prose_field,
    prose_field,
)
from ledger.model.limits import (
    AMOUNT_MAX,
    ATTRIBUTES_MAX,
    ID_MAX,
    LINE_MAX,
    NAMES_MAX,
    PROSE_MAX,
    UNIT_MAX,
    VALUES_MAX,
    WHEN_MAX,
)
from ledger.model.measures import OVERLAPS, Measure, Simple, Where
from ledger.model.quantity import Quantity
from ledger.model.when import When

Schema: TypeAlias = dict[str, Any]

FIELDS: Final[Mapping[str, str]] = {
    "effective": "The day from which it holds, such as 2023-01-20; 2021 or 2021/2022-05 where it is rough.",
    "name": "The name.",
    "member": "The member.",
    "part_of": "The member that it is part of.",
    "reason": "Why.",
    "metric": "The metric.",
    "unit": "The unit, such as Mt/year or EUR.",
    "title": "The title.",
    "definition": "What is measured, in words.",
    "amount": "The value, such as '12.5 Mt/year', '15..20 percent' or '>= 2.7e6 people'.",
    "period": "The time that the value speaks of.",
    "quality": "How the value came about.",
    "report": "The report.",
    "url": "Where it can be read.",
    "kind": "What kind of report it is.",
    "record": "The record that was wrong.",
    "additive": "Can the members' values be added up?",
    "nonnegative": "Is no value below zero?",
    "supporters": "Those who support it, by name.",
    "successors": "The members that follow it, where it was merged or split.",
    "attributes": "Attributes by name, such as country; null takes one away.",
    "claims": "The figures that it states.",
    "measure": "What was measured.",
    "at": "The day that a claim speaks of: that of the report unless given, which must then be exact.",
    "text": "A few words to find it by.",
    "where": "Only those who have one of the values, of each attribute; null is none.",
    "suspended": "Are the suspended counted too?",
    "since": "The day on or after which they joined.",
    "attribute": "The attribute whose different values are counted.",
    "members_at": "The day whose members count, where it is not the day asked.",
    "overlap": "What to do where a member that counts is part of another one that does.",
    "within": "How old a value may be.",
    "part": "What is measured.",
    "whole": "And of what.",
}
"""What each field of an event, a claim or a measure says, in words for people."""

OR_NULL: Final = "-or-null"
DATE = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_PART = r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"
_WHEN = rf"^({_PART}|{_PART}/{_PART}|\[({_PART})?\.\.{_PART}\])[~?]?$"
_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
_UNIT = r"[A-Za-z%][A-Za-z0-9_%^*/ ]*"
_AMOUNT = rf"^({_NUMBER}|(>=|<=|>|<) ?{_NUMBER}|{_NUMBER}\.\.{_NUMBER}|\.\.)( {_UNIT}|%)?$"
_TRIMMED = r"^(\S(.*\S)?)?$"
_CONTROLS: Final = r"[\x00-\x1f\x7f-\x9f]"


def _text(description: str, most: int, pattern: str = "", *, least: int = 0, barred: str = "") -> Schema:
    said: Schema = {"type": "string", "description": description, "maxLength": most}
    if least:
        said["minLength"] = least
    if pattern:
        said["pattern"] = pattern
    if barred:
        said["not"] = {"type": "string", "pattern": barred}
    return said


_OF_ONE_LINE: Final = "without control characters or a blank at either end, in Unicode normal form C"

VALUES: Final[Mapping[str, Schema]] = {
    "id": _text(f"An id or a name: text {_OF_ONE_LINE}.", ID_MAX, _TRIMMED, least=1, barred=_CONTROLS),
    "line": _text(f"Text {_OF_ONE_LINE}; it may be empty.", LINE_MAX, _TRIMMED, barred=_CONTROLS),
    "prose": _text(
        "Text of any number of lines, without the character NUL.",
        PROSE_MAX,
        barred=r"\x00",
    ),
    "when": _text(
        "The day on which something began, as exactly as it is known: 2023-01-20, 2023-01 or 2021; 2021/2023-01-19 or "
        "[2021..2022-06], one day of that span; [..2020], not after it; with ~ or ? at the end where in doubt. Years "
        "run from 0001, days are those of the calendar, and a span does not end before it begins.",
        WHEN_MAX,
        _WHEN,
    ),
    "day": _text("One exact day of the calendar, as YYYY-MM-DD.", 10, f"^{DATE}$"),
    "amount": _text(
        "An exact number or a range of them, and a unit, as text, so that no program rounds it: 451 Mt/year, "
        "15..20 percent, >= 2.7e6 people, <= 5, or .. for any. Numbers have at most 34 digits, and 34 places on "
        "either side of the point; the unit must be known, and of the metric's dimension.",
        AMOUNT_MAX,
        _AMOUNT,
    ),
    "unit": _text(
        "Names of units joined by * and /, such as Mt/year; empty for plain numbers.", UNIT_MAX, f"^({_UNIT})?$"
    ),
    "period": _text("A period, such as 2 years or 90 days.", 20, "^[1-9][0-9]{0,4} (day|week|month|year)s?$"),
    "flag": {"type": "boolean"},
    "quality": {"type": "string", "enum": list(QUALITIES)},
    "overlap": {"type": "string", "enum": list(OVERLAPS)},
    "whole": _text("The id of a member, or an empty text for none.", ID_MAX, _TRIMMED, barred=_CONTROLS),
    "names": {
        "type": "array",
        "maxItems": NAMES_MAX,
        "uniqueItems": True,
        "items": {"$ref": "#/$defs/id"},
    },
    "attributes": {
        "type": "object",
        "maxProperties": ATTRIBUTES_MAX,
        "propertyNames": {"$ref": "#/$defs/id"},
        "additionalProperties": {"$ref": "#/$defs/value-or-null"},
    },
    "value": _text(f"Text {_OF_ONE_LINE}.", LINE_MAX, _TRIMMED, least=1, barred=_CONTROLS),
    "filter": {
        "type": "object",
        "description": f"By attribute, the values that pass; at most {VALUES_MAX:,} in all.",
        "maxProperties": VALUES_MAX,
        "propertyNames": {"$ref": "#/$defs/id"},
        "additionalProperties": {
            "type": "array",
            "minItems": 1,
            "maxItems": VALUES_MAX,
            "items": {"$ref": "#/$defs/line-or-null"},
        },
    },
    "claims": {"type": "array", "maxItems": NAMES_MAX, "items": {"$ref": "#/$defs/claim"}},
}
"""What a field may hold; where it may be null too, under its name and `-or-null`."""

_BY_VALIDATOR: Final[Mapping[Callable[..., None], str]] = {
    id_field: "id",
    optional_id_field: "id",
    line_field: "line",
    prose_field: "prose",
    optional_prose_field: "prose",
    flag_field: "flag",
}
_BY_TYPE: Final[Mapping[Any, str]] = {
    When: "when",
    Quantity: "amount",
    Attributes: "attributes",
    tuple[str, ...]: "names",
    tuple[Claim, ...]: "claims",
    date: "day",
    Where: "filter",
    Simple: "simple",
    Measure: "measure",
}
_BY_NAME: Final[Mapping[str, str]] = {
    "unit": "unit",
    "quality": "quality",
    "overlap": "overlap",
    "within": "period",
    "MemberChanged.part_of": "whole",
}
"""Fields of text of which there is more to say than that it is text."""


def field_schema(cls: type[Any], one: Attribute[Any]) -> Schema:
    """Give the schema of a field of a class whose types are resolved: a reference, and what the field says in words."""
    optional = isinstance(one.type, UnionType) and type(None) in get_args(one.type)
    kind = next(iter(get_args(one.type))) if optional else one.type  # None stands last
    name = (
        _BY_NAME.get(f"{cls.__name__}.{one.name}")
        or _BY_NAME.get(one.name)
        or next((name for check, name in _BY_VALIDATOR.items() if one.validator is check), None)
        or _BY_TYPE[kind]
    )
    said: Schema = {"$ref": f"#/$defs/{name}{OR_NULL if optional else ''}", "description": FIELDS[one.name]}
    if isinstance(one.default, str | bool):
        said["default"] = one.default
    return said

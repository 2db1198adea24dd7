r"""JSON Schema of what other programs write and read: events as lines of JSON, and records as `to_lines` gives them.

The schemas are of draft 2020-12, and are made of the events' classes. What the library accepts, they accept; most of
what it refuses for its form, they refuse too: an unknown or a missing name, a number where an amount is text, a date
that is none. What a schema cannot say stands in its descriptions, and is for the library to judge: whether a day is in
the calendar, a unit known, a name written twice, and whether an event fits its history.

`event.schema.json` and `record.schema.json`, beside this module, are the same two for who has no Python at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import getdoc
from typing import Any, Final

from attrs import NOTHING, fields, resolve_types

from ledger.exchange.field_schemas import DATE, OR_NULL, VALUES, Schema, field_schema
from ledger.model.errors import BadInput, near_names, shown
from ledger.model.events import Claim, Event
from ledger.model.measures import MEASURES, SIMPLE
from ledger.recording.codec import NAMES, schema_of

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_INSTANT = rf"^{DATE}[Tt ]{_CLOCK}:[0-5][0-9](\.[0-9]{{1,6}})?([Zz]|[+-]{_CLOCK})$"
_COUNT = "^[1-9][0-9]{0,18}$"


def event_schema(name: str | None = None) -> Schema:
    """Give the JSON Schema of an event as `events_from_lines` reads it: of any, or of those of one name.

    An event is an object that has its `type`, such as `member-joined`, and its fields beside that. The title of each
    tells its schema version. Raises `BadInput` for a name that no event has.

    >>> event_schema("member-left")["required"]
    ['type', 'member', 'effective']
    """
    events = {stored: _event(cls, stored) for cls, stored in NAMES.items()}
    if name is None:
        said: Schema = {
            "title": "An event, as a line of JSON",
            "description": "What happened to an initiative or its members. No name may stand twice in an object.",
            **_one_of("type", events),
        }
    elif name in events:
        said = dict(events.pop(name))
    else:
        near = near_names(name, list(events))
        hint = f"did you mean {' or '.join(near)}?" if near else f"give one of {', '.join(events)}"
        raise BadInput(f"{shown(name)} is no type of event: {hint}")
    return _whole(said, events)


def record_schema() -> Schema:
    """Give the JSON Schema of a record as `to_lines` writes it and `from_lines` reads it: a CloudEvent.

    What an event says is in `data`, without its type. A record that was written in an older schema of its event is
    told by `ledgerschema`, and its data may be of another form.

    >>> record_schema()["properties"]["specversion"]
    {'const': '1.0'}
    """
    bodies = {f"{stored}.data": _body(cls, stored) for cls, stored in NAMES.items()}
    current = [
        {
            "if": {"properties": {"type": {"const": stored}, "ledgerschema": {"const": schema_of(stored)}}},
            "then": {"properties": {"data": {"$ref": f"#/$defs/{stored}.data"}}},
        }
        for stored in NAMES.values()
    ]
    newest = max(map(schema_of, NAMES.values()))
    texts = {
        f"ledger{what}": {"type": ["string", "null"], "description": words}
        for what, words in {
            "source": "Where it was read or heard.",
            "by": "Who recorded it.",
            "note": "Whatever else was kept with it.",
        }.items()
    }
    needed: Schema = {
        "specversion": {"const": "1.0"},
        "type": {"description": "What kind of event it is.", "enum": list(NAMES.values())},
        "source": {
            "type": "string",
            "description": "The initiative: its id, percent-encoded.",
            "pattern": "^/initiatives/([A-Za-z0-9_.~-]|%[0-9A-F]{2})+$",
        },
        "id": {"$ref": "#/$defs/id", "description": "The id of the record; a UUID, where this library made it."},
        "time": {
            "type": "string",
            "format": "date-time",
            "description": "When the ledger learned it, which is not when it took effect.",
            "pattern": _INSTANT,
        },
        "ledgerposition": {"type": "string", "description": "Its place in the ledger, from 1.", "pattern": _COUNT},
        "ledgerversion": {"type": "string", "description": "And in its initiative.", "pattern": _COUNT},
        "ledgerschema": {
            "type": "integer",
            "description": "The version of the schema in which the data is written.",
            "minimum": 1,
            "maximum": newest,
        },
        "data": {"type": "object", "description": "What the event says."},
        "ledgerdigest": {
            "type": "string",
            "description": "The SHA-256 of all that the record holds.",
            "pattern": "^[0-9a-f]{64}$",
        },
    }
    more: Schema = {
        "subject": {"type": ["string", "null"], "description": "What it is about, such as member/ada."},
        "datacontenttype": {"enum": ["application/json", None]},
        "ledgereffective": {"$ref": "#/$defs/when-or-null", "description": "From when it holds, as in the data."},
        **texts,
        "ledgerreplaces": {
            "$ref": "#/$defs/id-or-null",
            "description": "The id of the record in whose place it stands.",
        },
        "ledgerhead": {
            "type": ["string", "null"],
            "description": "Of a report: the head of the ledger just before it.",
            "pattern": "^[0-9]+ [0-9a-f]{64}$",
        },
    }
    said: Schema = {
        "title": "A record, as a line of JSON in the format of CloudEvents 1.0",
        "description": r"In source, by and note, control characters and backslashes are written as \u{a}.",
        "type": "object",
        "required": list(needed),
        "properties": {**needed, **more},
        "additionalProperties": {"type": "null"},
        "allOf": current,
    }
    return _whole(said, bodies)


def _whole(said: Schema, others: Mapping[str, Schema]) -> Schema:
    """Give a schema by itself: with all that it refers to, and no more."""
    known = {**others, **_measures(), "claim": _object(Claim, {}), **VALUES}
    found: dict[str, Schema] = {}
    _gather(said, known, found)
    order = [*known, *(f"{name}{OR_NULL}" for name in known)]
    return {"$schema": _DRAFT, **said, "$defs": {name: found[name] for name in order if name in found}}


def _gather(schema: object, known: Mapping[str, Schema], found: dict[str, Schema]) -> None:
    """Find all definitions that a schema refers to, and those that these refer to."""
    if isinstance(schema, list):
        for one in schema:
            _gather(one, known, found)
    elif isinstance(schema, dict):
        for one in schema.values():
            _gather(one, known, found)
        name = schema.get("$ref", "").removeprefix("#/$defs/")
        if name and name not in found:
            found[name] = known[name] if name in known else _or_null(known[name.removesuffix(OR_NULL)])
            _gather(found[name], known, found)


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _one_of(tag: str, choices: Mapping[str, Schema]) -> Schema:
    """Choose by a tag. A plain `oneOf` would say of whatever is wrong only that it is none of them."""
    return {
        "type": "object",
        "required": [tag],
        "properties": {tag: {"enum": [schema["properties"][tag]["const"] for schema in choices.values()]}},
        "allOf": [
            {
                "if": {"properties": {tag: schema["properties"][tag]}, "required": [tag]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name, schema in choices.items()
        ],
    }


def _event(cls: type[Event], name: str) -> Schema:
    return _titled(cls, name, {"type": {"const": name}})


def _body(cls: type[Event], name: str) -> Schema:
    return _titled(cls, name, {})


def _titled(cls: type[Event], name: str, tag: Schema) -> Schema:
    return {"title": f"{name}, schema {schema_of(name)}", "description": _sentence(cls), **_object(cls, tag)}


def _measures() -> dict[str, Schema]:
    tags = {cls: cls.__name__.lower() for cls in MEASURES}
    objects = {
        f"measure.{tag}": {"description": _sentence(cls), **_object(cls, {"measure": {"const": tag}})}
        for cls, tag in tags.items()
    }
    single = {f"measure.{tags[cls]}": objects[f"measure.{tags[cls]}"] for cls in SIMPLE}
    return {"measure": _one_of("measure", objects), "simple": _one_of("measure", single), **objects}


def _sentence(cls: type[Any]) -> str:
    return (getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")


def _object(cls: type[Any], tag: Schema) -> Schema:
    resolve_types(cls)
    every = fields(cls)
    return {
        "type": "object",
        "required": [*tag, *(one.name for one in every if one.default is NOTHING)],
        "properties": {**tag, **{one.name: field_schema(cls, one) for one in every}},
        "additionalProperties": False,
    }

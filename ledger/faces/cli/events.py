"""An event from options: one option for each field of its class, so that every event can be recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from typing import Any, Final

import attrs
import click

from ledger.exchange.field_schemas import FIELDS
from ledger.faces.cli.asking import pairs
from ledger.faces.cli.output import Command
from ledger.faces.cli.usage import as_usage
from ledger.model.events import EVENTS, QUALITIES, Claim, Event
from ledger.model.wording import measure_of

_METAVARS: Final[Mapping[str, str]] = {
    "effective": "WHEN", "name": "NAME", "member": "ID", "part_of": "ID", "metric": "ID", "unit": "UNIT",
    "amount": "AMOUNT", "period": "WHEN", "quality": "|".join(QUALITIES), "report": "ID", "url": "URL", "record": "ID",
}  # fmt: skip
_FLAGS: Final = {"additive": "--additive/--not-additive", "nonnegative": "--nonnegative/--any-sign"}
_NOT_CHANGED: Final = ("reason", "record")  # a correction has a reason of its own
_EACH: Final = {"supporters": "--supporter", "successors": "--successor"}


def event_options(
    kind: type[Event], *, needed: bool = True, without: Collection[str] = ()
) -> Callable[[Command], Command]:
    """Give a command an option for each field of a class of events; it takes what was given as `said`, by field.

    With `needed=False` none of them has to be given; fields that are `without` have none.
    """
    return _options([field for field in attrs.fields(kind) if field.name not in without], needed=needed)


def change_options(command: Command) -> Command:
    """Give a command an option for each field that a correction can change or empty, of whatever class of events."""
    fields = {field.name: field for kind in EVENTS for field in attrs.fields(kind) if field.name not in _NOT_CHANGED}
    empty = _empty_ones()

    @click.option(
        "--unset", multiple=True, type=click.Choice([name.replace("_", "-") for name in empty]), metavar="FIELD",
        help=f"A field that should hold nothing: {', '.join(empty).replace('_', '-')}.",
    )  # fmt: skip
    @wraps(command)
    def with_unset(said: dict[str, Any], unset: tuple[str, ...], **given: Any) -> None:
        names = [name.replace("-", "_") for name in unset]
        for name in names:
            if name in said:
                raise click.UsageError(f"--unset {name.replace('_', '-')} takes away what another option gives")
        command(**given, said={**said, **{name: empty[name] for name in names}})

    return _options(list(fields.values()), needed=False)(with_unset)


def _empty_ones() -> dict[str, Any]:
    """Give each field that may hold nothing, with what it holds then, where that is the same in all events."""
    found: dict[str, list[Any]] = {"amount": [None]}
    for kind in EVENTS:
        for field in attrs.fields(kind):
            if field.default is not attrs.NOTHING and field.default not in found.setdefault(field.name, []):
                found[field.name].append(field.default)
    return {
        name: values[0]
        for name, values in found.items()
        if len(values) == 1 and not values[0] and values[0] is not False and name not in _NOT_CHANGED
    }


def _options(fields: Sequence[attrs.Attribute[Any]], *, needed: bool) -> Callable[[Command], Command]:
    names = [field.name for field in fields]

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_event(**given: Any) -> None:
            withdrawn = given.pop("withdrawn", False)
            every = {name: given.pop(name) for name in names}
            with as_usage():
                said = {name: _value(name, value) for name, value in every.items() if value not in (None, ())}
            if withdrawn and "amount" in said:
                raise click.UsageError("--withdrawn and --amount are two things to say of a value: give one")
            if needed and "amount" in names and "amount" not in said and not withdrawn:
                raise click.UsageError("Missing option '--amount' or '--withdrawn'.")
            command(**given, said={**said, "amount": None} if withdrawn else said)

        wrapped: Command = with_event
        if "amount" in names:
            wrapped = click.option("--withdrawn", is_flag=True, help="There is no value any more.")(wrapped)
        for field in reversed(fields):
            wrapped = _option(field, needed=needed)(wrapped)
        return wrapped

    return decorate


def _option(field: attrs.Attribute[Any], *, needed: bool) -> Callable[[Command], Command]:
    name = field.name
    if name == "attributes":
        words = "An attribute, as in country=Spain; an empty value takes it away."
        return click.option("--attribute", name, callback=pairs, multiple=True, metavar="NAME=VALUE", help=words)
    if name in _EACH:
        return click.option(_EACH[name], name, multiple=True, metavar="NAME", help=f"One of the {name}.")
    if name == "claims":
        words = "A figure that it states, as in 'members' 17 or 'total co2' '451 Mt/year'."
        return click.option("--claim", name, nargs=2, multiple=True, metavar="MEASURE AMOUNT", help=words)
    words = FIELDS[name]
    if name in _FLAGS:
        return click.option(_FLAGS[name], name, default=None, help=words)
    required = needed and field.default is attrs.NOTHING and name != "amount"
    metavar = _METAVARS.get(name, "TEXT")
    return click.option(f"--{name.replace('_', '-')}", name, required=required, metavar=metavar, help=words)


def _value(name: str, value: Any) -> Any:
    if name == "attributes":
        return {attribute: text or None for attribute, text in value}
    if name == "claims":
        return [Claim(measure_of(words), amount) for words, amount in value]
    return value

"""What a field may hold: ids, one-line names, longer prose, flags, with their limits.

An id, a name or a note is text that other people and other programs will read back for years. So what
would be invisible, ambiguous or impossible to store is refused at the door: empty ids, control
characters, lone surrogates, and ids that look alike but differ (those not in Unicode normal form C,
UAX #15).

Twins of one id in two normal forms are the same letters, and nobody can tell them apart: a member that is written in
both would be two. So one form is taken and the other refused, with the way out named, rather than changed in silence
to what nobody typed. Letters that merely look like others, such as a Cyrillic a, are other letters, and are taken:
whole languages are written in them. Prose is kept as it is typed, in any form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unicodedata import is_normalized

from ledger.model.errors import BadEvent, BadInput, shown
from ledger.model.limits import COUNT_MAX, ID_MAX, LINE_MAX, PROSE_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from attrs import Attribute


def require_id(value: object, what: str = "id") -> str:
    """Give back a text fit to be an id or a name that things are found by; else raise `BadEvent`.

    1 to 200 characters, printable and not all invisible, no blank at either end, in Unicode normal form C.

    >>> require_id("basque")
    'basque'
    """
    text = require_line(value, what, ID_MAX)
    if not text:
        raise BadEvent(f"{what} is empty: give it a name")
    return text


def require_line(value: object, what: str = "text", most: int = LINE_MAX) -> str:
    """Give back a text of one line, possibly empty, at most 1,000 characters; else raise `BadEvent`."""
    text = require_prose(value, what, most)
    if not text.isprintable() and _hides_something(text):
        raise BadEvent(f"{what} {shown(text)} holds a control character or an unusual blank: remove it")
    if not text.isascii() and not is_normalized("NFC", text):
        raise BadEvent(
            f"{what} {shown(text)} is not in Unicode normal form C, so it would not equal its own look-alike: "
            "pass it through unicodedata.normalize('NFC', ...)"
        )
    if text[:1] == " " or text[-1:] == " ":
        raise BadEvent(f"{what} {shown(text)} begins or ends with a blank: strip it")
    return text


def require_prose(value: object, what: str = "text", most: int = PROSE_MAX) -> str:
    """Give back a text of any number of lines, at most 100,000 characters; else raise `BadEvent`."""
    if value.__class__ is not str:  # a subclass, such as numpy's, would not be written as text
        hint = ": pass it through str()" if isinstance(value, str) else ""
        raise BadEvent(f"{what} must be text, not {type(value).__name__} ({shown(value)}){hint}")
    if len(value) > most:
        raise BadEvent(f"{what} has {len(value):,} characters; at most {most:,} are allowed: shorten it")
    if "\0" in value:
        raise BadEvent(f"{what} {shown(value)} holds a NUL character: remove it")
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise BadEvent(f"{what} {shown(value)} holds a lone surrogate, which no file can store: decode it anew")
    return value


def id_field(instance: object, attribute: Attribute[Any], value: object) -> None:
    """Validate an attrs field with `require_id`."""
    if not _plain(value):
        require_id(value, _place(instance, attribute))


def optional_id_field(instance: object, attribute: Attribute[Any], value: object) -> None:
    """Validate an attrs field that may be None with `require_id`."""
    if value is not None and not _plain(value):
        require_id(value, _place(instance, attribute))


def line_field(instance: object, attribute: Attribute[Any], value: object) -> None:
    """Validate an attrs field with `require_line`."""
    require_line(value, _place(instance, attribute))


def prose_field(instance: object, attribute: Attribute[Any], value: object) -> None:
    """Validate an attrs field with `require_prose`."""
    require_prose(value, _place(instance, attribute))


def optional_prose_field(instance: object, attribute: Attribute[Any], value: object) -> None:
    """Validate an attrs field that may be None with `require_prose`."""
    if value is not None:
        require_prose(value, _place(instance, attribute))


def flag_field(instance: object, attribute: Attribute[Any], value: object) -> None:
    """Validate an attrs field that must be True or False, not merely something like it."""
    if value is not True and value is not False:
        raise BadEvent(f"{_place(instance, attribute)} must be True or False, not {shown(value)}")


def one_of(choices: Collection[str]) -> Callable[[object, Attribute[Any], object], None]:
    """Validate an attrs field that must hold one of a few words."""

    def check(instance: object, attribute: Attribute[Any], value: object) -> None:
        if value.__class__ is not str or value not in choices:
            raise BadEvent(f"{_place(instance, attribute)} must be one of {', '.join(choices)}, not {shown(value)}")

    return check


def _plain(value: object) -> bool:
    # what nearly every id is, recognised at the cost of a few C calls
    return (
        value.__class__ is str
        and 0 < len(value) <= ID_MAX
        and value.isascii()
        and value.isprintable()
        and " " not in value
    )


_JOINERS = "\u200c\u200d"  # part of how Persian, Hindi and other scripts are written, but of no Latin word


def _hides_something(text: str) -> bool:
    before = ["a", *text]
    return any(
        not letter.isprintable() and (letter not in _JOINERS or previous.isascii())
        for previous, letter in zip(before, text, strict=False)
    )


def _place(instance: object, attribute: Attribute[Any]) -> str:
    return f"{type(instance).__name__}.{attribute.name}"


def require_count(value: object, what: str) -> int:
    """Give back a position or a version: an int from 0, which is before all; else raise `BadInput`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNT_MAX:
        raise BadInput(f"{what}={shown(value)} is no whole number from 0: positions and versions count from 1")
    return value

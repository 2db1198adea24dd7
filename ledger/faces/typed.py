"""Typed: what a person types into a box or an option, and what it means where nothing is typed."""

from __future__ import annotations

from datetime import date
from typing import Final

import ledger
from ledger.model.errors import BadInput, UnknownAttribute, listed
from ledger.model.measures import Measure, attributes_of
from ledger.model.when import day

POSITION: Final = "record:"
"""What stands before a position that would read as a year."""
YEARS: Final = frozenset(map(str, range(1900, 2200)))

_NAMED_MAX: Final = 10  # initiatives, as far as a message names them


def initiative_of(book: ledger.Ledger, id: str | None, as_in: str) -> ledger.Initiative:
    """Give the initiative of an id or, where none is given, the only one; `as_in` shows how one is named.

    Raises `BadInput` where none is given and the ledger holds another number than one of them.

    >>> with ledger.open(":memory:") as book:
    ...     _ = book.initiative("chess-club").record(ledger.MemberJoined("ada", "2020"))
    ...     initiative_of(book, None, "-i chess-club").id
    'chess-club'
    """
    if id is not None:
        return book.initiative(id)
    known = book.initiatives()
    if len(known) != 1:
        named = f"{len(known)} initiatives: {listed(known, _NAMED_MAX)}" if known else "no initiative yet"
        raise BadInput(f"the ledger holds {named}; say which one is meant, as in {as_in}")
    return book.initiative(known[0])


def require_attributes(club: ledger.Initiative, measure: Measure | None, by: str | None) -> None:
    """Raise `UnknownAttribute` for an attribute that no member was ever given: whoever types it has mistyped it.

    >>> with ledger.open(":memory:") as book:
    ...     club = book.initiative("chess-club")
    ...     _ = club.record(ledger.MemberJoined("ada", "2020", attributes={"city": "Bilbao"}))
    ...     require_attributes(club, ledger.Members(where={"City": "Bilbao"}), None)
    Traceback (most recent call last):
        ...
    ledger.model.errors.UnknownAttribute: no attribute 'City' is known; did you mean 'city'?
    """
    asked = [*([] if measure is None else attributes_of(measure)), *([] if by is None else [by])]
    known = club.attributes() if asked else ()
    for name in asked:
        if name not in known:
            raise UnknownAttribute(name, known)


def require_span(start: date | str, end: date | str) -> None:
    """Raise `BadInput` for days of which the first one comes after the last.

    >>> require_span("2023-01-01", "2020-12-31")
    Traceback (most recent call last):
        ...
    ledger.model.errors.BadInput: from 2023-01-01 to 2020-12-31 there are no days: the start comes after the end
    """
    if day(start) > day(end):
        raise BadInput(f"from {start} to {end} there are no days: the start comes after the end")


def moment_of(text: str) -> str | int:
    """Read a position where the text is a number, and leave an instant to the library.

    Raises `BadInput` for a number that reads as a year, which would be taken for a position without a word.

    >>> moment_of("7"), moment_of("record:2022"), moment_of("2023-06-01T12:00:00Z")
    (7, 2022, '2023-06-01T12:00:00Z')
    """
    number = text.removeprefix(POSITION)
    if not number.isascii() or not number.isdigit() or len(number) >= 20:
        return text
    if number == text and text in YEARS:
        raise BadInput(
            f"{text} reads as a year: write an instant, as in {text}-12-31T23:59:59Z, or {POSITION}{text} for what was "
            "known by that position in the ledger"
        )
    return int(number)

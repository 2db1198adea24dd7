"""Typed: what a person types into a box or an option, and what it means where nothing is typed."""

from __future__ import annotations

from typing import Final

import ledger
from ledger.model.errors import BadInput, listed

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


def moment_of(text: str) -> str | int:
    """Read a position where the text is a number, and leave an instant to the library.

    >>> moment_of("7"), moment_of("2023-06-01T12:00:00Z")
    (7, '2023-06-01T12:00:00Z')
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text

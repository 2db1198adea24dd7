"""Which record is meant: by its position, by its id, or by how its id begins.

Ids are UUIDs of version 7, which begin with the time: those of one batch have their first twelve signs in common. So
what people type is the position, which every record has of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Protocol

from ledger.model.errors import BadInput, UnknownRecord, shown
from ledger.model.fields import require_count
from ledger.model.records import Record, RecordRef

LEAST: Final = 6
"""So many signs of an id must be given at least."""

_POSITION: Final = re.compile(r"#?([1-9][0-9]{0,17})", re.ASCII)
_BEGINNING: Final = re.compile(r"[0-9a-f-]{6,36}", re.ASCII)
_NAMED_MAX: Final = 5  # records, as far as a message names them


class Records(Protocol):
    """A store, as far as a record is found in it."""

    def records(self, initiative: str | None = None, *, after: int = 0) -> Iterator[Record]:
        """Stream the records by position; those past a position only."""

    def refs_named(self, beginning: str) -> list[RecordRef]:
        """Give the short forms of the records whose ids begin so, by position."""


def named(record: int | str) -> int | str:
    """Read what names a record: give its position as a number, or the beginning of its id as text; else `BadInput`.

    >>> named("17"), named("#17"), named("01890A5D")
    (17, 17, '01890a5d')
    """
    if not isinstance(record, str):
        return require_count(record, "record")
    text = record.strip().lower()
    if position := _POSITION.fullmatch(text):
        return int(position[1])
    if not _BEGINNING.fullmatch(text):
        raise BadInput(
            f"{shown(record)} names no record: give its position, such as 17 or #17, its id, or at least the first "
            f"{LEAST} signs of its id"
        )
    return text


def find(store: Records, record: int | str) -> Record:
    """Find the record that is meant; raises `BadInput` where several may be, and `UnknownRecord`."""
    name = named(record)
    if isinstance(name, str):
        name = _position_of(name, store)
    found = next(store.records(after=name - 1), None) if name else None
    if found is None:
        raise UnknownRecord(str(record))
    return found


def _position_of(beginning: str, store: Records) -> int:
    meant = store.refs_named(beginning)
    if not meant:
        raise UnknownRecord(beginning)
    if len(meant) > 1:
        ids = [ref.id for ref in meant]
        told = ", ".join(f"{ref.position} ({_shortest(ref.id, ids)})" for ref in meant[:_NAMED_MAX])
        more = f" and {len(meant) - _NAMED_MAX} more" if len(meant) > _NAMED_MAX else ""
        raise BadInput(
            f"{len(meant)} records have ids that begin with {beginning}: {told}{more}; "
            "name one by its position, or by more of its id"
        )
    return meant[0].position


def _shortest(id: str, among: list[str]) -> str:
    """Give the shortest beginning of an id that no other one has."""
    others = [other for other in among if other != id]
    length = next(length for length in range(1, len(id) + 1) if not any(one.startswith(id[:length]) for one in others))
    return id[:length]

"""What a database that keeps a ledger is asked in the same words, whichever it is: records, and registers.

Where one database finds its answer in another way than the other, each has a room of its own for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from ledger.model.facts import Register
from ledger.model.records import Record, RecordRef
from ledger.recording.batch import READ, Row, record_of
from ledger.stores.rows import SELECT, short_form

PAGE: Final = 1_000  # records that are read at once while streaming,
FIRST_PAGE: Final = 10  # but for the first few: who asks for one only need not wait for others

REF: Final = "SELECT position, version, id, recorded_at, source FROM records"
"""The start of every query for the short forms of records."""

_LAST_SIGN: Final = "\U0010ffff"  # what begins with a text comes no later than that text with this sign after it

_OF: Final = "initiative = ? AND "
_POSITION, _VERSION = READ.index("position"), READ.index("version")


class Answer(Protocol):
    """The rows that a query found."""

    def fetchone(self) -> Any:
        """Give the next row, or None after the last one."""

    def fetchall(self) -> list[Any]:
        """Give all that are left."""

    def __iter__(self) -> Iterator[Any]:
        """Give them one by one."""


class Database(Protocol):
    """A database, within a transaction. A query has a `?` for each of its terms, or a `:name` where they have names."""

    def execute(self, query: str, terms: Sequence[Any] | Mapping[str, Any] = ..., /) -> Answer:
        """Ask, and give what was found."""


def initiatives_of(database: Database) -> list[str]:
    """Give the initiatives that have records, in order: each is sought after the one before, by index."""
    rows = database.execute(
        "WITH RECURSIVE each (name) AS (SELECT min(initiative) FROM records UNION ALL"
        " SELECT (SELECT min(initiative) FROM records WHERE initiative > name) FROM each"
        " WHERE name IS NOT NULL) SELECT name FROM each WHERE name IS NOT NULL"
    )
    return [name for (name,) in rows.fetchall()]


def records_in(
    reading: Callable[[], AbstractContextManager[Database]], initiative: str | None, after: int
) -> Iterator[Record]:
    """Stream records in order, a page at a time, so that no transaction is open while one is looked at.

    Of one initiative those past a version: its index is in that order, and skips all the others. Of all, those past a
    position.
    """
    of, column, place = ("", "position", _POSITION) if initiative is None else (_OF, "version", _VERSION)
    before = [] if initiative is None else [initiative]
    query = f"{SELECT} WHERE {of}{column} > ? ORDER BY {column} LIMIT ?"
    last, many = after, min(FIRST_PAGE, PAGE)
    while True:
        with reading() as database:
            page: list[Row] = database.execute(query, [*before, last, many]).fetchall()
        yield from map(record_of, page)
        if len(page) < many:
            return
        many = PAGE
        last = page[-1][place]


def ref_of(database: Database, initiative: str, version: int) -> RecordRef:
    """Give the short form of a record of an initiative, by its version; it must exist."""
    return short_form(database.execute(f"{REF} WHERE initiative = ? AND version = ?", (initiative, version)).fetchone())


def refs_named(database: Database, beginning: str) -> list[RecordRef]:
    """Give the short forms of the records whose ids begin so, by position; they are sought by index."""
    rows = database.execute(f"{REF} WHERE id >= ? AND id <= ? ORDER BY position", (beginning, beginning + _LAST_SIGN))
    return list(map(short_form, rows.fetchall()))


def registers_like(
    database: Database, initiative: str, subject: str, id: str, aspect: str, name: str
) -> list[Register]:
    """Give the registers of an initiative that match; an empty argument matches all."""
    wanted = {"initiative": initiative, "subject": subject, "id": id, "aspect": aspect, "name": name}
    given = {column: value for column, value in wanted.items() if value}
    rows = database.execute(
        "SELECT subject, id, aspect, name FROM registers WHERE " + " AND ".join(f"{column} = ?" for column in given),
        tuple(given.values()),
    )
    return [Register(*row) for row in rows]


def is_retracted(database: Database, position: int) -> bool:
    """Tell whether a record has been retracted."""
    return database.execute("SELECT 1 FROM retractions WHERE retracts = ?", (position,)).fetchone() is not None

"""Rows: the columns of what a database keeps, and how facts become rows and rows become facts.

A row is of texts and whole numbers. A database that has types of its own for days and amounts takes these texts in,
and gives them out again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, cast

from ledger.model.errors import WAY_OUT, DamagedRecord, StoreError
from ledger.model.exact import Exact, canonical_text
from ledger.model.facts import ALWAYS, Fact, FactValue, Register
from ledger.model.records import RecordRef
from ledger.recording.batch import COLUMNS, READ, Row
from ledger.recording.codec import decode
from ledger.recording.proposal import Entry


def quoted(columns: Sequence[str]) -> str:
    """Name columns as SQL does: one of them is called "by"."""
    return ", ".join(f'"{column}"' for column in columns)


SELECT: Final = f"SELECT {quoted(READ)} FROM records"
"""The start of every query that reads records."""

FACT: Final = "f.rank, f.position, f.earliest, f.latest, f.value, f.low, f.high"
"""The columns that a fact is read back from."""

FACT_COLUMNS: Final = ("register", "latest", "rank", "position", "earliest", "value", "low", "high", "reach")
"""The columns of a stored fact, in the order of `fact_rows`."""

EVENT_VALUES = frozenset({"definition", "published"})
"""The aspects whose value is the event itself: it is read from the record, not stored twice."""

_EARLIEST, _LATEST = COLUMNS.index("earliest"), COLUMNS.index("latest")
_ALWAYS = ALWAYS[0].isoformat()


def fact_rows(
    entries: Sequence[Entry], rows: Sequence[Row], numbers: Mapping[Register, int], reaches: MutableMapping[int, str]
) -> list[Row]:
    """Give the rows of `facts` that a batch writes.

    `numbers` holds the numbers of the registers and `reaches`, by number, the latest day that each has come to; it
    takes in what is new.
    """
    facts = []
    for (_, position, rank, said), row in zip(entries, rows, strict=True):
        earliest, latest = row[_EARLIEST] or _ALWAYS, row[_LATEST] or _ALWAYS
        for register, value, low, high in said:
            stored = value if value.__class__ is str else None
            least = None if low is None else _text(low)
            most = least if high is low else None if high is None else _text(high)
            number = numbers[register]
            reach = reaches[number]
            if reach <= latest:
                reaches[number] = latest
            facts.append(
                (number, latest, rank, position, earliest, stored, least, most, reach if reach > latest else None)
            )
    return facts


def fact_of(row: Sequence[Any], events: Mapping[int, FactValue]) -> Fact:
    """Read the columns `FACT` of a row back; `events` holds the values that are events."""
    rank, position, earliest, latest, value, low, high = row
    least = None if low is None else Decimal(low)
    return Fact(
        rank,
        position,
        first := _day(earliest),
        first if latest == earliest else _day(latest),
        events.get(position, value) if events else value,
        least,
        least if high == low else None if high is None else Decimal(high),
    )


@lru_cache(maxsize=1_024)  # the rules read the same few definitions again for every append
def event_of(name: str, schema: int, body: str) -> FactValue:
    """Read the event of a definition or a report, which is its own value, from its type, version and body."""
    return cast("FactValue", decode(name, schema, body))


def short_form(row: Sequence[Any]) -> RecordRef:
    """Read the position, version, id, instant and source of a row back, as a record's short form."""
    position, version, id, moment, source = row
    return RecordRef(position, version, id, _instant(moment), source)


_day = lru_cache(maxsize=16_384)(date.fromisoformat)  # a history names the same days over and over
_instant = lru_cache(maxsize=1_024)(datetime.fromisoformat)  # and all records of a batch share one


def _text(amount: Exact) -> str:
    if not isinstance(amount, Decimal):
        raise TypeError(f"{amount} has no finite decimal, and must not have come this far")
    return canonical_text(amount)


@contextmanager
def damage_of(path: str) -> Iterator[None]:
    """Put into words what comes of reading rows that hold something else than what was written."""
    try:
        yield
    except StoreError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise DamagedRecord(f"{path}: a row is not as it was written ({error}): {WAY_OUT}") from error

"""Rows on their way into PostgreSQL: however many there are, they go as one text, which the server takes apart.

A list for each column would be as quick for the server; but to write out so many lists takes longer than all else that
is done while others wait for their turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.json import encode as encode_json

from ledger.recording.batch import Row
from ledger.stores.postgres.server import Statement


def rows_of(table: str) -> str:
    """Give the SQL for rows of a table that come as one term, see `term_of`.

    >>> rows_of("facts")
    'json_populate_recordset(NULL::facts, %s)'
    """
    return f"json_populate_recordset(NULL::{table}, %s)"


def term_of(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Give rows as a term of `rows_of`. A column that is not named is NULL in all of them.

    >>> term_of(["size", "root"], [(1, None)])
    '[{"size":1,"root":null}]'
    """
    return encode_json([dict(zip(columns, row, strict=True)) for row in rows]).decode()


def insertion(table: str, columns: Sequence[str], rows: Iterable[Row]) -> Statement:
    """Give what inserts rows into a table: `columns` are all it has."""
    return f"INSERT INTO {table} SELECT * FROM {rows_of(table)}", (term_of(columns, rows),)

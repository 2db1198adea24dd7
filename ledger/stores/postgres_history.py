"""The records on one member, one metric or one report in PostgreSQL, and the names there are.

They are found as in a file, see `stores.sqlite_history`: the queries are the same.
"""

from __future__ import annotations

import re

import psycopg

from ledger.model.records import Record
from ledger.recording.batch import record_of
from ledger.stores.sqlite_history import names_query, query_of


def records_on(
    connection: psycopg.Connection, initiative: str, member: str | None, metric: str | None, report: str | None
) -> list[Record]:
    """Give the records on a member, on a metric, on both, or on a report, and those linked with them, by position."""
    terms = {"initiative": initiative, "member": member, "metric": metric, "report": report}
    return [record_of(row) for row in connection.execute(_named(query_of(member, metric, report)), terms).fetchall()]


def names_of(connection: psycopg.Connection, initiative: str, subject: str) -> list[str]:
    """Give the ids of one kind of subject that have registers, or the names of members' attributes, in order."""
    terms = {"initiative": initiative, "subject": subject}
    return [name for (name,) in connection.execute(_named(names_query(subject)), terms).fetchall()]


def _named(query: str) -> str:
    """Write the placeholders of a query as psycopg does."""
    return re.sub(r":(\w+)", r"%(\1)s", query)

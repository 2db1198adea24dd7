"""The records on one member, one metric or one report, found by index: the log is not read from end to end.

Each record is found by the registers that it writes to. A `MemberChanged` may change nothing, and so write
to none: an index of these events alone finds it. The retractions, the replacements and what these replaced
are then looked up one by one.
"""

from __future__ import annotations

from typing import Final

from ledger.model.records import Record
from ledger.recording.batch import record_of
from ledger.stores.questions import Database
from ledger.stores.rows import SELECT

_WRITERS: Final = (
    "SELECT f.position FROM registers AS g JOIN facts AS f USING (register) WHERE g.initiative = :initiative"
)

_ON_VALUES: Final = (
    f"{_WRITERS} AND g.subject = 'member' AND g.id = :member AND g.aspect = 'metric' AND g.name = :metric"
)
_ON_MEMBER: Final = f"""{_WRITERS} AND g.subject = 'member' AND g.id = :member
    UNION SELECT position FROM records
        WHERE initiative = :initiative AND member = :member AND type = 'member-changed'"""
_ON_METRIC: Final = f"""{_WRITERS} AND g.subject = 'metric' AND g.id = :metric
    UNION {_WRITERS} AND g.subject = 'initiative' AND g.id = '' AND g.aspect = 'metric' AND g.name = :metric
    UNION {_WRITERS} AND g.subject = 'member' AND g.aspect = 'metric' AND g.name = :metric"""
_ON_REPORT: Final = f"{_WRITERS} AND g.subject = 'report' AND g.id = :report"

_IDS: Final = "SELECT DISTINCT id FROM registers WHERE initiative = :initiative AND subject = :subject ORDER BY id"
_ATTRIBUTES: Final = (
    "SELECT DISTINCT name FROM registers"
    " WHERE initiative = :initiative AND subject = 'member' AND aspect = 'attribute' ORDER BY name"
)

_WITH_ALL_LINKED: Final = """WITH RECURSIVE
    told (position) AS ({}),
    replaced (position) AS (
        SELECT position FROM told
        UNION SELECT (SELECT old.position FROM records AS old WHERE old.id =
            (SELECT new.replaces FROM records AS new WHERE new.position = replaced.position))
            FROM replaced WHERE position IS NOT NULL),
    linked (position) AS (
        SELECT position FROM replaced
        UNION SELECT (SELECT t.position FROM retractions AS t WHERE t.retracts = told.position) FROM told
        UNION SELECT new.position FROM told JOIN records AS old USING (position)
            JOIN records AS new ON new.replaces = old.id)
"""


def records_on(
    database: Database, initiative: str, member: str | None, metric: str | None, report: str | None
) -> list[Record]:
    """Give the records on a member, on a metric, on both, or on a report, and those linked with them, by position."""
    terms = {"initiative": initiative, "member": member, "metric": metric, "report": report}
    return [record_of(row) for row in database.execute(query_of(member, metric, report), terms).fetchall()]


def query_of(member: str | None, metric: str | None, report: str | None = None) -> str:
    """Give the query for a member, a metric, or both; or for a report."""
    if report is not None:
        told = _ON_REPORT
    else:
        told = _ON_METRIC if member is None else _ON_MEMBER if metric is None else _ON_VALUES
    return f"{_WITH_ALL_LINKED.format(told)} {SELECT} WHERE position IN (SELECT position FROM linked) ORDER BY position"


def names_of(database: Database, initiative: str, subject: str) -> list[str]:
    """Give the ids of one kind of subject that have registers, or the names of members' attributes, in order."""
    terms = {"initiative": initiative, "subject": subject}
    return [name for (name,) in database.execute(_ATTRIBUTES if subject == "attribute" else _IDS, terms).fetchall()]

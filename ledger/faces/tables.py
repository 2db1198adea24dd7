"""Tables: which table each result is, of the columns that `columns` declares."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from operator import itemgetter
from typing import Any

from attrs import evolve, frozen

from ledger.exchange.sheet_records import SheetRecorded
from ledger.faces.columns import (
    AT,
    CHANGE,
    CONFLICT,
    CONTRIBUTION,
    EFFECT,
    ENTRY,
    ENVELOPE,
    FIGURE,
    FINDING,
    FRAMES,
    GROUP,
    KNOWN,
    LINE,
    MEMBER,
    NOTEBOOKS,
    POINT,
    RECORD,
    ROWS,
    SHEET,
    UNIT,
    Column,
    member_columns,
    within,
)
from ledger.model.errors import BadInput, shown
from ledger.model.figures import Contribution, Contributions, Figure, Figures
from ledger.model.measures import Distinct, Joined, Measure, Members
from ledger.model.members import Member, Roll
from ledger.model.records import Record
from ledger.model.state import InitiativeState
from ledger.queries.bridge import Bridge
from ledger.queries.changes import Changes
from ledger.queries.conflicts import Conflict, Conflicts
from ledger.queries.findings import Finding, Findings
from ledger.queries.history import HistoryEntries, HistoryEntry
from ledger.queries.series import Revisions, Series, points_of
from ledger.queries.why import Effect, Why


@frozen
class Table:
    """A table: its columns, and the things that its rows are of; `whole` where its exact numbers are counts."""

    columns: tuple[Column, ...]
    things: Iterable[Any]
    whole: bool = False

    def to_rows(self) -> list[dict[str, object]]:
        """Give a row for each thing: a plain value for each column that is for rows."""
        columns = [(column.name, column.of) for column in self.shown(ROWS)]
        return [{name: of(thing) for name, of in columns} for thing in self.things]

    def for_people(self) -> list[dict[str, object]]:
        """Give the same rows of the columns that are for everybody; of members that a cell names, how many they are."""
        columns = [(column.name, column.counts if column.members else column.of) for column in self.shown(NOTEBOOKS)]
        return [{name: of(thing) for name, of in columns} for thing in self.things]

    def shown(self, where: int) -> tuple[Column, ...]:
        """Give the columns that are shown there."""
        return tuple(column for column in self.columns if column.shown >= where)


@singledispatch
def table_of(result: object) -> Table:
    """Give the table that a result is; raises `BadInput` for what is none.

    >>> from ledger.model.state import replay
    >>> table_of(replay([], at="2024-01-01").count()).to_rows()[0]["high"]
    Decimal('0')
    """
    raise BadInput(f"{shown(result)} is no table: give a state, figures, a series, or another answer to a question")


def for_people(result: object) -> list[dict[str, object]]:
    """Give the rows of a result as a table for people has them; raises `BadInput` for what is none.

    >>> from ledger.model.state import replay
    >>> for_people(replay([], at="2024-01-01").count())[0]["missing"]
    0
    """
    return (result if isinstance(result, Table) else table_of(result)).for_people()


def row_of(thing: object) -> dict[str, object]:
    """Give the row of one thing, in a table of it alone; raises `BadInput` for what has none."""
    [row] = table_of(thing).to_rows()
    return row


@table_of.register
def _of_state(state: InitiativeState) -> Table:
    """Give a row for each member: the certain ones, then the possible, then the suspended."""
    return _of_rolls([state.members, state.possible_members, state.suspended])


@table_of.register
def _of_roll(roll: Roll) -> Table:
    """Give a row for each member of it."""
    return _of_rolls([roll])


def _of_rolls(rolls: Iterable[Roll]) -> Table:
    things = [(roll.status, member) for roll in rolls for member in roll.values()]
    return Table(member_columns(sorted({name for _, member in things for name in member.attributes})), things)


@table_of.register
def _of_member(member: Member) -> Table:
    """Give one row, with what it can be and its values in place of its standing."""
    columns = [column for column in member_columns(sorted(member.attributes)) if column.name != "status"]
    return Table((*columns, *within(1, MEMBER)), [(None, member)])


@table_of.register
def _of_contributions(parts: Contributions) -> Table:
    """Give a row for each member."""
    return Table(CONTRIBUTION, parts, _are_counts(parts.measure))


@table_of.register
def _of_contribution(part: Contribution) -> Table:
    return Table(CONTRIBUTION, [part])


@table_of.register
def _of_figure(figure: Figure) -> Table:
    """Give one row."""
    return Table(FIGURE, [figure], _are_counts(figure.measure))


@table_of.register
def _of_figures(figures: Figures) -> Table:
    """Give a row for each group."""
    group = evolve(GROUP, of=itemgetter(0))
    return Table((group, *within(1, FIGURE)), figures.items(), _are_counts(figures.measure))


@table_of.register(Series)
def _of_series(series: Series[Any]) -> Table:
    """Give a row for each day or, by groups, for each of its groups."""
    group = () if series.by is None else (GROUP,)
    return Table((AT, *group, *_point_of(series.measure)), series.points(), _are_counts(series.measure))


@table_of.register(Revisions)
def _of_revisions(revisions: Revisions[Any]) -> Table:
    """Give a row for each revision or, by groups, for each of its groups."""
    group = () if revisions.by is None else (GROUP,)
    columns = (*within(0, KNOWN), *within(1, [*group, *_point_of(revisions.measure)]))
    things = [(revision, point) for revision in revisions for point in points_of(revisions.at, revision.figure)]
    return Table(columns, things, _are_counts(revisions.measure))


def _point_of(measure: Measure) -> tuple[Column, ...]:
    return POINT if isinstance(measure, Members | Joined) else (*POINT, *ENVELOPE)


def _are_counts(measure: Measure) -> bool:
    return isinstance(measure, Members | Joined | Distinct)


@table_of.register
def _of_changes(changes: Changes) -> Table:
    """Give a row for each change."""
    return Table(
        tuple(evolve(column, of=itemgetter(column.name)) for column in CHANGE), [one.to_dict() for one in changes]
    )


@table_of.register
def _of_why(why: Why) -> Table:
    """Give a row for each effect."""
    return Table(EFFECT, why.effects, _are_counts(why.measure))


@table_of.register
def _of_effect(effect: Effect) -> Table:
    return Table(EFFECT, [effect])


@table_of.register
def _of_bridge(bridge: Bridge) -> Table:
    """Give a row for each line."""
    return Table((*LINE, evolve(UNIT, of=lambda _: bridge.unit)), bridge.lines, _are_counts(bridge.measure))


@table_of.register
def _of_record(record: Record) -> Table:
    return Table(RECORD, [record])


@table_of.register
def _of_history(entries: HistoryEntries) -> Table:
    """Give a row for each record."""
    return Table(ENTRY, entries)


@table_of.register
def _of_entry(entry: HistoryEntry) -> Table:
    return Table(ENTRY, [entry])


@table_of.register
def _of_sheet(done: SheetRecorded) -> Table:
    return Table(SHEET, [done])


@table_of.register
def _of_findings(findings: Findings) -> Table:
    """Give a row for each claim; where none has a text, only data frames have a column for it."""
    if any(finding.claim.text for finding in findings):
        return Table(FINDING, findings)
    return Table(tuple(evolve(one, shown=FRAMES) if one.name == "text" else one for one in FINDING), findings)


@table_of.register
def _of_finding(finding: Finding) -> Table:
    return table_of(Findings([finding]))


@table_of.register
def _of_conflicts(conflicts: Conflicts) -> Table:
    """Give a row for each conflict."""
    return Table(CONFLICT, conflicts)


@table_of.register
def _of_conflict(conflict: Conflict) -> Table:
    return Table(CONFLICT, [conflict])

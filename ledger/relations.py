"""Relations: members, counts, totals and series of all initiatives of a lake at once, as Ibis expressions.

An expression is asked of whatever engine its connection leads to, such as DuckDB or Spark, and can be filtered, joined
and summed further. On every day, as known at any moment, it says what `Initiative.at` does: in the lake that
`Ledger.to_parquet` wrote, pieces hold what the library found, and an engine only has to filter, join and add them up.

Each row is one initiative's, or one member's or group's, of the ledger of that name. `low` and `high` are the bounds
that rough days leave; null is open. `known_at` is what had been recorded by then: an instant or, where there is one
ledger, a position; None is all that is in the lake. Amounts are in the base unit of their dimension, named by `unit`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from ledger.exchange.lake_folder import Manifest, folder_of, newest
from ledger.exchange.lake_tables import TABLES
from ledger.model.errors import BadInput, MissingExtra, StoreError, listed, shown
from ledger.model.fields import require_id
from ledger.model.heads import SIZE_MAX, TreeHead
from ledger.model.records import KnownAt, known_at_of
from ledger.model.when import day
from ledger.queries.timeline import CHANGE, STEPS, days_of_series

Table: TypeAlias = Any
"""An expression of Ibis."""

Days: TypeAlias = date | str | Iterable[date | str]
"""A day, or several: then the rows of each."""

Asked: TypeAlias = tuple[date, ...]
"""The days asked: at least one, in order."""

KEY: Final = ("at", "ledger", "initiative")
"""The columns that each relation begins with: the day asked, and whose row it is."""

COUNTED: Final = ("members", "reporting", "missing", "possible_members", "possibly_missing")

REFUSED: Final = ("not additive", "overlap", "too large")
"""Why a total is refused: a metric that has none; a member and a part of it that would both count; a sum of too many
digits, where the engine does not raise an error of its own."""


@frozen
class Lake:
    """The tables of one ledger's lake, or of several together; `ledger.exchange.lake_tables` names their columns.

    `heads` are the heads of the ledgers, by their names: up to which record each is there.
    """

    heads: Mapping[str, TreeHead]
    records: Table = field(repr=False)
    facts: Table = field(repr=False)
    standing: Table = field(repr=False)
    values: Table = field(repr=False)
    metrics: Table = field(repr=False)
    overlaps: Table = field(repr=False)


def lake(connection: Any, *folders: str | os.PathLike[str]) -> Lake:
    """Read the tables of lakes by an Ibis connection. Of several, each is of a ledger with a name of its own.

    What is written to a lake later is seen when it is read again; its files stay until the next writing but one, so
    whoever holds one while others write reads it again now and then. Raises `BadInput` for a folder without a lake,
    for what is no connection, and for two ledgers of one name; `StoreError` where files are gone, or the manifest is
    damaged; `MissingExtra` without Ibis. Of damaged Parquet the engine itself says so, when it is asked.

    >>> import ibis, ledger, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, ledger.open(":memory:") as book:
    ...     _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020-01-01"))
    ...     _ = book.to_parquet(folder)
    ...     counts(lake(ibis.duckdb.connect(), folder), at="2021-12-31").to_pyarrow().to_pylist()
    [{'at': datetime.date(2021, 12, 31), 'ledger': '', 'initiative': 'club', 'low': 1, 'high': 1}]
    """
    _ibis()
    if not hasattr(connection, "read_parquet") or not hasattr(connection, "name"):
        raise BadInput(f"{shown(connection)} is no connection of Ibis: give one, such as ibis.duckdb.connect()")
    found = {folder_of(folder): _manifest(folder) for folder in folders}
    if not found:
        raise BadInput("no folder is given: name at least one that book.to_parquet(folder) wrote")
    heads = {manifest.ledger: TreeHead.parse(manifest.head) for manifest in found.values()}
    if len(heads) < len(found):
        raise BadInput(
            f"two of the folders are of ledgers of one name ({listed([shown(name) for name in heads], 5)}): "
            "name each when its lake is begun, by to_parquet(folder, ledger=...)"
        )
    return Lake(heads, **{table: _table(connection, table, found) for table in TABLES})


def files(folder: str | os.PathLike[str]) -> dict[str, list[str]]:
    """Give the paths of the files of a lake, by table, for who reads them otherwise: these only hold together."""
    place, manifest = folder_of(folder), _manifest(folder)
    return {table: _paths(place, manifest, table) for table in TABLES}


def members(lake: Lake, at: Days, known_at: KnownAt = None) -> Table:
    """Who is a member, surely (`certain`) or possibly? A row for each: at, ledger, initiative, member, name, certain.

    Those who are suspended are left out, as in every count.
    """
    who = _on(_when(at), _known(lake, "standing", known_at))
    return who.filter(who.attribute.isnull()).select(*KEY, "member", "name", "certain")


def counts(lake: Lake, at: Days, known_at: KnownAt = None, *, by: str | None = None) -> Table:
    """How many members, at least and at most? A row for each initiative that has any.

    Its columns are at, ledger, initiative, low and high. With `by`, there is a row for each value of that attribute:
    its `group`, which is null for those without it.
    """
    keys = [*KEY, *_group(by)]
    who = _who(lake, _when(at), known_at, by)
    return who.group_by(keys).agg(low=who.certain.cast("int64").sum(), high=who.count()).select(*keys, "low", "high")


def totals(
    lake: Lake,
    metric: str,
    at: Days,
    known_at: KnownAt = None,
    *,
    by: str | None = None,
    members_at: date | str | None = None,
) -> Table:
    """What do the members' values of a metric add up to? A row for each initiative that knows the metric.

    After at, ledger and initiative come `low` and `high` in base units, and `unit`, their name; `has_value`, `complete`
    and `oldest`, as a `Figure` has them, and how many it names as `members`, `reporting`, `missing`,
    `possible_members` and `possibly_missing`; and `refused`, which says why there is no total: the metric is
    `not additive`, there is an `overlap` of a member and a part of it, or the sum is `too large` for 38 digits (where
    the engine does not raise an error of its own for the whole question, as most do). Then `low` and `high` are null,
    and so they are where no value exists. So these rows are not simply summed: `overall` does that.

    With `by`, a row for each `group` that anybody is in, or may be. With `members_at`, the members of that day count.
    """
    metric, when = require_id(metric, "metric"), _when(at)
    basis = when if members_at is None else (day(members_at),)
    keys = [*KEY, *_group(by)]
    who = _of_each_day(_who(lake, basis, known_at, by), when, basis)
    sums = _sums(_valued(lake, metric, when, known_at, who), keys)
    defined = _known(lake, "metrics", known_at)
    defined = defined.filter(defined.metric == _text(metric)).select("ledger", "initiative", "base_unit", "additive")
    defined = _with_days(defined, when)
    overlaps = _of_each_day(_on(basis, _known(lake, "overlaps", known_at)), when, basis).select(*KEY).distinct()
    joined = defined.join(sums, list(KEY), how="left" if by is None else "inner")
    joined = joined.join(overlaps.mutate(overlap=True), list(KEY), how="left")
    return _answered(joined, keys)


def series(
    lake: Lake,
    metric: str,
    start: date | str,
    end: date | str,
    *,
    every: str = "month",
    known_at: KnownAt = None,
    by: str | None = None,
    members_at: date | str | None = None,
) -> Table:
    """Give the totals of `start` and of each step on from it, up to `end`, inclusive.

    A step is `every` `day`, `week`, `month`, `quarter` or `year`, as in `Timeline.series`. All are as known at one
    moment. The rows and the terms are those of `totals`.
    """
    if every == CHANGE:
        raise BadInput(f"every='{CHANGE}' is of one initiative's timeline: give one of {', '.join(STEPS)}")
    days = list(days_of_series(day(start), day(end), every))
    return totals(lake, metric, days, known_at, by=by, members_at=members_at)


def overall(totals: Table) -> Table:
    """Add totals up over initiatives: by the day, by the group where they have one, and by the unit of the amounts.

    `low` and `high` are null where that of any row is open. Rows without a value and rows that are refused are left
    out, and counted as `without_value` and `refused`; `initiatives` are those that were added up. One who is a member
    of several initiatives is counted in each: `Ledger.measure(..., once=True)` knows better, of one ledger.

    Raises `BadInput` for what `totals` and `series` do not give.
    """
    ibis = _ibis()
    if not {"has_value", "refused"} <= set(getattr(totals, "columns", ())):
        raise BadInput(f"{shown(totals)} is not what totals() or series() gives: give one of these")
    keys = [name for name in ("at", "group", "unit") if name in totals.columns]
    counted = totals.has_value & totals.refused.isnull()

    def many(which: Table) -> Table:
        return which.cast("int64").sum()

    ends = {end: totals[end].sum(where=counted) for end in ("low", "high")}
    is_open = {f"{end}_is_open": many(counted & totals[end].isnull()) > 0 for end in ("low", "high")}
    added = totals.group_by(keys).agg(
        **ends,
        **is_open,
        initiatives=many(counted),
        without_value=many(~totals.has_value & totals.refused.isnull()),
        refused=many(totals.refused.notnull()),
    )
    told_ends = {
        end: added[f"{end}_is_open"].ifelse(ibis.null(added[end].type()), added[end]) for end in ("low", "high")
    }
    return added.select(
        *keys, **told_ends, **{name: added[name] for name in ("initiatives", "without_value", "refused")}
    )


def _when(at: Days) -> Asked:
    """Give the days asked, in order, each once."""
    if isinstance(at, date | str) or not isinstance(at, Iterable):
        return (day(at),)
    days = sorted({day(one) for one in at})
    if not days:
        raise BadInput("no day is asked: name one, or several in a list")
    return tuple(days)


def _on(when: Asked, pieces: Table) -> Table:
    """Keep the pieces that hold on the days asked, with each of these."""
    # most pieces hold on none of these days: an engine that knows so reads fewer, and has fewer to hold against each
    around = pieces.filter(pieces.day_from <= when[-1], (pieces.day_to > when[0]) | pieces.day_to.isnull())
    both = _with_days(around, when)
    return both.filter(both.day_from <= both.at, (both.day_to > both.at) | both.day_to.isnull())


def _with_days(table: Table, when: Asked) -> Table:
    ibis = _ibis()
    days = [ibis.literal(one) for one in when]
    return (
        table.mutate(at=days[0])
        if len(days) == 1
        else table.cross_join(ibis.array(days).unnest().name("at").as_table())
    )


def _of_each_day(table: Table, when: Asked, basis: Asked) -> Table:
    """Let what holds on the basis hold on each day asked."""
    return table if basis == when else _with_days(table.drop("at"), when)


def _known(lake: Lake, table: str, known_at: KnownAt) -> Table:
    """Keep the pieces of a table that were known at a moment."""
    if not isinstance(lake, Lake):
        raise BadInput(f"{shown(lake)} is no lake: read one, by relations.lake(connection, folder)")
    ibis = _ibis()
    pieces, moment = getattr(lake, table), known_at_of(known_at)
    if moment is None:
        return pieces.filter(pieces.to_position.isnull())
    asked = ibis.literal(min(moment, SIZE_MAX) if isinstance(moment, int) else moment)
    since, until = pieces.known_from, pieces.known_to
    if isinstance(moment, int):
        if len(lake.heads) > 1:
            raise BadInput(
                f"known_at={moment} is a position, and each of these {len(lake.heads)} ledgers has its own: "
                "give an instant"
            )
        since, until = pieces.from_position, pieces.to_position
    return pieces.filter(since <= asked, (until > asked) | until.isnull())


def _who(lake: Lake, when: Asked, known_at: KnownAt, by: str | None) -> Table:
    """Give who counts, or may: each member or, by groups, each in each of its groups."""
    standing = _on(when, _known(lake, "standing", known_at))
    whole = standing.filter(standing.attribute.isnull()).select(*KEY, "member", "certain")
    if by is None:
        return whole
    own = standing.filter(standing.attribute == _text(by)).select(*KEY, "member", "group", in_group=standing.certain)
    both = whole.join(own, [*KEY, "member"], how="left")
    # who never had the attribute has no groups by it
    return both.select(*KEY, "member", "group", certain=both.in_group.fill_null(both.certain))


def _valued(lake: Lake, metric: str, when: Asked, known_at: KnownAt, who: Table) -> Table:
    """Give what each of them adds: at least and at most, and whether there is a value, surely or possibly."""
    values = _on(when, _known(lake, "values", known_at))
    values = values.filter(values.metric == _text(metric)).select(
        *KEY, "member", "low", "high", "may_be_missing", "oldest"
    )
    both = who.join(values, [*KEY, "member"], how="left")
    present = both.oldest.notnull()
    sure = both.certain & present & ~both.may_be_missing
    zero = _ibis().literal(0).cast(values.low.type())
    return both.mutate(
        present=present,
        lacking=both.may_be_missing.fill_null(True),  # noqa: FBT003 - it is the value
        # who may not count, or may have no value, adds from min(0, low) to max(0, high)
        low=(present & (sure | both.low.isnull() | (both.low < 0))).ifelse(both.low, zero),
        high=(present & (sure | both.high.isnull() | (both.high > 0))).ifelse(both.high, zero),
    )


def _sums(valued: Table, keys: Sequence[str]) -> Table:
    def many(which: Table) -> Table:
        return which.cast("int64").sum()

    certain, present, lacking = valued.certain, valued.present, valued.lacking
    return valued.group_by(list(keys)).agg(
        low=valued.low.sum(),
        high=valued.high.sum(),
        # a sum that does not fit is null on some engines, and no sum of nothing
        is_too_large=_is_lost(valued.low) | _is_lost(valued.high),
        low_is_open=many(valued.low.isnull()) > 0,
        high_is_open=many(valued.high.isnull()) > 0,
        present=many(present) > 0,
        members=many(certain),
        reporting=many(certain & ~lacking),
        missing=many(certain & ~present),
        possible_members=many(~certain),
        possibly_missing=many(lacking & (present | ~certain)),
        oldest=valued.oldest.min(),
    )


def _is_lost(amounts: Table) -> Table:
    return amounts.sum().isnull() & (amounts.count() > 0)


def _answered(joined: Table, keys: Sequence[str]) -> Table:
    """Bring sums into the form of a figure; an initiative without any member has the total of nobody."""
    ibis = _ibis()
    numbers = {name: joined[name].fill_null(0) for name in COUNTED}
    complete = (numbers["missing"] == 0) & (numbers["possibly_missing"] == 0)
    reasons = ~joined.additive, joined.overlap.notnull(), joined.is_too_large.fill_null(False)  # noqa: FBT003
    refused = ibis.cases(*zip(reasons, REFUSED, strict=True))
    has_value = complete | joined.present
    ends = {}
    for end in ("low", "high"):
        is_null = joined[f"{end}_is_open"].fill_null(False) | ~has_value | refused.notnull()  # noqa: FBT003
        ends[end] = is_null.ifelse(ibis.null(joined[end].type()), joined[end].fill_null(0))
    return joined.select(
        *keys,
        **ends,
        unit=joined.base_unit,
        has_value=has_value,
        complete=complete,
        oldest=joined.oldest,
        **numbers,
        refused=refused,
    )


def _text(text: str) -> Any:
    """Give a text as a term. Spark puts values of its own in place of what it finds as ${...} in any SQL."""
    first, *others = text.replace("${", "$\0{").split("\0")
    term = _ibis().literal(first)
    for other in others:
        term = term + _ibis().literal(other)
    return term


def _group(by: str | None) -> list[str]:
    return [] if by is None or not require_id(by, "by") else ["group"]


def _table(connection: Any, table: str, lakes: Mapping[Path, Manifest]) -> Table:
    """Read a table of all lakes: Spark takes the paths of files as one pattern, others in a list."""
    read = _pattern if connection.name == "pyspark" else _paths
    tables = [connection.read_parquet(read(place, manifest, table)) for place, manifest in lakes.items()]
    return tables[0] if len(tables) == 1 else _ibis().union(*tables)


def _pattern(place: Path, manifest: Manifest, table: str) -> str:
    """Name the files of a table in one text."""
    start = len(place.as_posix()) + 1
    return f"{place.as_posix()}/{{{','.join(path[start:] for path in _paths(place, manifest, table))}}}"


def _paths(place: Path, manifest: Manifest, table: str) -> list[str]:
    for file in manifest.files[table]:
        if not (place / file.path).is_file():
            raise StoreError(f"{place / file.path}: it is gone: write the lake anew, to an empty folder")
    return [(place / file.path).as_posix() for file in manifest.files[table]]


def _manifest(folder: str | os.PathLike[str]) -> Manifest:
    place = folder_of(folder)
    found = newest(place, TABLES)
    if found is None:
        raise BadInput(f"{place}: no lake is there: book.to_parquet(folder) writes one")
    return found


def _ibis() -> Any:
    try:
        import ibis  # noqa: PLC0415 - only relations need it
    except ImportError as error:
        raise MissingExtra("a relation", "ibis", "analytics") from error
    return ibis

"""The tables of a lake: their columns, and how what an initiative says becomes rows of them.

    records     every record, with all its columns, as a store keeps it
    facts       what each record says: one row for each register that it writes
    standing    who counts, or may, of each initiative: as a whole, and in each group
    values      values of metrics, in the base unit of their dimension
    metrics     what is known of each metric
    overlaps    pairs of members that a total would count twice

The first two only grow. The others are pieces (`ledger.queries.pieces`): each holds on the days from `day_from` to
before `day_to`, as known from `known_from` to before `known_to` or, by position, from `from_position` to before
`to_position`. Null is open: it holds for all later days, or is known still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from ledger.model.errors import BadInput, MissingExtra
from ledger.model.events import MetricDefined, RecordRetracted
from ledger.model.exact import Exact, canonical_text
from ledger.model.records import Record
from ledger.model.units import base_of, unit
from ledger.queries.pieces import Valued, definitions, overlaps, standings, values
from ledger.queries.planes import STILL, Rectangle
from ledger.queries.tracks import NEVER
from ledger.queries.unfolding import Unfolding
from ledger.recording.batch import COLUMNS, require_digest, row_of

if TYPE_CHECKING:
    import pyarrow as pa

DIGITS: Final = 38
"""Of an amount in all: what the decimals of DuckDB and Spark can have."""

_EXACT: Final = Context(prec=DIGITS, traps=[Inexact, InvalidOperation])

Columns: TypeAlias = tuple[tuple[str, str], ...]
"""The names and types of columns, in order."""

_OWNED: Final[Columns] = (("ledger", "text!"), ("initiative", "text!"))
_SPAN: Final[Columns] = (
    ("day_from", "day!"), ("day_to", "day"), ("known_from", "instant!"), ("known_to", "instant"),
    ("from_position", "number!"), ("to_position", "number"),
)  # fmt: skip
_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("position", "version", "schema"), "number!"),
    **dict.fromkeys(("id", "type", "body", "source", "by", "note", "digest"), "text!"),
    **dict.fromkeys(("earliest", "latest"), "day"),
    "recorded_at": "instant!",
}
"""The types of the columns of a record that are not text, or are never missing."""

TABLES: Final[Mapping[str, Columns]] = {
    "records": (
        *_OWNED, *((name, _TYPES.get(name, "text")) for name in COLUMNS if name != "initiative"),
        ("retracts", "number"),
    ),
    "facts": (
        *_OWNED, ("position", "number!"), ("rank", "number!"), ("recorded_at", "instant!"),
        ("subject", "text!"), ("id", "text!"), ("aspect", "text!"), ("name", "text!"),
        ("earliest", "day!"), ("latest", "day!"), ("value", "text"), ("low", "amount"), ("high", "amount"),
    ),
    "standing": (
        *_OWNED, ("member", "text!"), ("name", "text!"), ("attribute", "text"), ("group", "text"), ("certain", "flag!"),
        *_SPAN,
    ),
    "values": (
        *_OWNED, ("member", "text"), ("metric", "text!"), ("low", "amount"), ("high", "amount"),
        ("may_be_missing", "flag!"), ("oldest", "day!"), *_SPAN,
    ),
    "metrics": (
        *_OWNED, ("metric", "text!"), ("title", "text!"), ("unit", "text!"), ("base_unit", "text!"),
        ("factor", "text!"), ("additive", "flag!"), ("nonnegative", "flag!"), *_SPAN,
    ),
    "overlaps": (*_OWNED, ("part", "text!"), ("whole", "text!"), *_SPAN),
}  # fmt: skip
"""The tables and their columns. A type that ends in `!` is never null."""

GROWING: Final = ("records", "facts")
"""The tables whose rows never change: what is written later comes after them."""


def schema_of(table: str, scale: int) -> pa.Schema:
    """Give the Arrow schema of a table whose amounts have so many places; raises `MissingExtra` without pyarrow."""
    pa = arrow()
    types = {
        "text": pa.string(),
        "number": pa.int64(),
        "day": pa.date32(),
        "instant": pa.timestamp("us", "UTC"),
        "flag": pa.bool_(),
        "amount": pa.decimal128(DIGITS, scale),
    }
    return pa.schema(
        [pa.field(name, types[kind.rstrip("!")], nullable=not kind.endswith("!")) for name, kind in TABLES[table]]
    )


def arrow() -> Any:
    """Give pyarrow; raises `MissingExtra` where it is not installed."""
    try:
        import pyarrow  # noqa: PLC0415 - only lakes need it
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("a lake of Parquet files", "pyarrow", "analytics") from error
    return pyarrow


class Rows:
    """The rows of one initiative, table by table, of a ledger by its name; amounts have `scale` places.

    `after` is the position past which records are new: of those before, tables that only grow have rows already.
    """

    def __init__(self, ledger: str, records: Sequence[Record], after: int, scale: int) -> None:
        self._owned = (ledger, records[0].initiative)
        self._records = {record.position: record for record in records}
        self._new = [record for record in records if record.position > after]
        self._unfolding = Unfolding(records, len(records))
        self._after = after
        self._places = Decimal(1).scaleb(-scale)
        self._scale = scale

    def of(self, table: str) -> Iterator[tuple[Any, ...]]:
        """Give the rows of a table. Raises `BadInput` for an amount that does not fit, and names its record."""
        tables: Mapping[str, Callable[[], Iterable[tuple[Any, ...]]]] = {
            "records": self._of_records,
            "facts": self._of_facts,
            "standing": lambda: self._of_pieces(standings(self._unfolding), tuple),
            "values": lambda: self._of_pieces(values(self._unfolding), self._valued),
            "metrics": lambda: self._of_pieces(definitions(self._unfolding), _defined),
            "overlaps": lambda: self._of_pieces(overlaps(self._unfolding), tuple),
        }
        return ((*self._owned, *row) for row in tables[table]())

    def _of_records(self) -> Iterator[tuple[Any, ...]]:
        positions = {record.id: record.position for record in self._records.values()}
        for record in self._new:
            retracts = positions.get(record.event.record) if isinstance(record.event, RecordRetracted) else None
            row = row_of(record)
            if row[-1] != record.digest:
                require_digest((*row[:-1], record.digest))  # which says what is to be done
            columns = dict(zip(COLUMNS, row, strict=True))
            for day in ("earliest", "latest"):
                columns[day] = _day(columns[day])
            columns["recorded_at"] = record.recorded_at
            yield *(value for name, value in columns.items() if name != "initiative"), retracts

    def _of_facts(self) -> Iterator[tuple[Any, ...]]:
        new = [
            (fact, register)
            for register, facts in self._unfolding.facts.items()
            for fact in facts
            if fact[1] > self._after
        ]
        for fact, register in sorted(new, key=lambda one: (one[0][1], one[1])):
            rank, position, earliest, latest, value, low, high = fact
            record = self._records[position]
            text = value if isinstance(value, str) else None
            amounts = self._amount(low, record), self._amount(high, record)
            yield position, rank, record.recorded_at, *register, earliest, latest, text, *amounts

    def _of_pieces(
        self, pieces: Iterable[Rectangle[Any]], columns: Callable[[Any], tuple[Any, ...]]
    ) -> Iterator[tuple[Any, ...]]:
        moments = self._unfolding.moments
        for first, end, since, until, answer in pieces:
            known, gone = moments[since - 1], None if until == STILL else moments[until - 1]
            yield (
                *columns(answer),
                date.fromordinal(first),
                None if end == NEVER else date.fromordinal(end),
                known.recorded_at,
                gone and gone.recorded_at,
                known.position,
                gone and gone.position,
            )

    def _valued(self, one: Valued) -> tuple[Any, ...]:
        return one._replace(low=self._exactly(one.low), high=self._exactly(one.high))

    def _amount(self, amount: Exact | None, record: Record) -> Decimal | None:
        try:
            return self._exactly(amount)
        except ArithmeticError:
            raise BadInput(
                f"record {record.position} ({record.id}) states an amount of {amount} base units, and those of a lake "
                f"with scale={self._scale} have at most {DIGITS - self._scale} digits before the point and "
                f"{self._scale} after it. Nothing is rounded: begin a lake with another scale, from 0 to {DIGITS}"
            ) from None

    def _exactly(self, amount: Exact | None) -> Decimal | None:
        # what is written down in base units is always a decimal
        return None if amount is None else cast("Decimal", amount).quantize(self._places, context=_EXACT)


def _defined(one: MetricDefined) -> tuple[Any, ...]:
    found = unit(one.unit)
    return (
        one.metric,
        one.title,
        one.unit,
        base_of(one.unit),
        canonical_text(found.factor),
        one.additive,
        one.nonnegative,
    )


@lru_cache(maxsize=16_384)  # a history names the same days over and over
def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)

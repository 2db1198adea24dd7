"""A lake of many initiatives, made straight as files: what the library writes of the first few, said of all others too.

Of initiatives of one shape the rows are the same, but for their ids, days, amounts, positions and instants, and
`history.py` says how far these are apart. Records and facts are not made: no relation reads them.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from attrs import evolve

import ledger
from growth.history import (
    BETWEEN_INITIATIVES,
    BETWEEN_ROUNDS,
    FIRST_INSTANT,
    ROUNDS,
    SHAPES,
    days_later,
    id_of,
    record_all,
    sizes,
    tonnes_more,
)
from ledger import relations
from ledger.exchange.lake_folder import LakeFile, Manifest, newest, publish
from ledger.exchange.lake_tables import GROWING, TABLES, schema_of
from ledger.exchange.lakes import NO_RECORDS, PARTITIONS, SCALE, partition_of
from ledger.model.heads import TreeHead

LATER: Final = datetime(2030, 1, 1, tzinfo=UTC)
"""The clock of those who record: after all that happens."""

MADE: Final = tuple(table for table in TABLES if table not in GROWING)

BESIDE: Final = {"known_from": "from_position", "known_to": "to_position"}
"""The position that an instant belongs to, by their columns."""

MICROSECOND: Final = timedelta(microseconds=1)


def recorded(folder: Path, count: int, partitions: int = PARTITIONS) -> None:
    """Write the lake of some initiatives as users do: record what happens, and export it."""
    with ledger.open(":memory:", clock=lambda: LATER) as book:
        record_all(book, range(count))
        book.to_parquet(folder, partitions=partitions)


class Places:
    """The position of each record where so many initiatives record in turns."""

    def __init__(self, count: int) -> None:
        own = np.array(sizes()).T  # by round and shape
        each = own[:, np.arange(count) % SHAPES]  # by round and initiative
        rounds = each.sum(axis=1)
        self._rounds = np.concatenate([[0], np.cumsum(rounds)])  # records before each round
        self._starts = self._rounds[:-1, None] + np.cumsum(each, axis=1) - each
        self.size = int(self._rounds[-1])

    def turns(self, positions: Any) -> Any:
        """Give the round in which each was recorded."""
        return np.clip(np.searchsorted(self._rounds, positions - 1, side="right") - 1, 0, ROUNDS - 1)

    def starts(self, turns: Any, numbers: Any) -> Any:
        """Give how many records come before the batch of each initiative in each round."""
        return self._starts[turns, numbers]


class Maker:
    """Makes rows for any of so many initiatives out of those that the library writes of the first ones."""

    def __init__(self, count: int) -> None:
        self._few, self._many = Places(SHAPES), Places(count)
        self.size = self._many.size
        with tempfile.TemporaryDirectory() as folder:
            recorded(Path(folder), SHAPES, partitions=1)
            self.manifest = newest(Path(folder), TABLES)
            self._rows = {
                table: pa.concat_tables([pq.read_table(path) for path in paths])
                for table, paths in relations.files(folder).items()
            }
        self._schemas = {table: schema_of(table, SCALE) for table in TABLES}
        self._shapes = {
            table: np.array([int(id[-7:]) for id in rows["initiative"].to_pylist()], dtype=np.int64)
            for table, rows in self._rows.items()
        }

    def table(self, table: str, numbers: list[int]) -> Any:
        """Make the rows of a table for some initiatives, which are in the order of their ids."""
        shapes = self._shapes[table]
        own = [np.flatnonzero(shapes == shape) for shape in range(SHAPES)]
        chosen = np.concatenate([own[number % SHAPES] for number in numbers])
        of = np.repeat(numbers, [len(own[number % SHAPES]) for number in numbers])
        rows = self._rows[table].take(pa.array(chosen))
        columns = [self._column(rows, field, of) for field in self._schemas[table]]
        return pa.Table.from_arrays(columns, schema=self._schemas[table])

    def _column(self, rows: Any, field: Any, of: Any) -> Any:
        """Bring a column from the shapes to the initiatives."""
        column = rows[field.name].combine_chunks()
        empty = column.is_null().to_numpy(zero_copy_only=False)
        if field.name == "initiative":
            numbers, places = np.unique(of, return_inverse=True)
            return pa.array([id_of(number) for number in numbers]).take(pa.array(places))
        if "position" in field.name:
            return pa.array(self._moved(_numbers(column), of), pa.int64(), mask=empty)
        if field.name in BESIDE:
            turns = self._few.turns(_numbers(rows[BESIDE[field.name]].combine_chunks()))
            first = (FIRST_INSTANT - datetime(1970, 1, 1, tzinfo=UTC)) // MICROSECOND
            instants = first + turns * (BETWEEN_ROUNDS // MICROSECOND) + of * (BETWEEN_INITIATIVES // MICROSECOND)
            return pa.array(instants, pa.int64(), mask=empty).cast(field.type)
        if pa.types.is_date(field.type):
            days = _numbers(column.cast(pa.int32()))
            ever = days == date.min.toordinal() - date(1970, 1, 1).toordinal()
            later = days_later(of)
            return pa.array(np.where(ever, days, days + later), pa.int32(), mask=empty).cast(field.type)
        if pa.types.is_decimal(field.type):
            return self._more(column, empty, of, field.type)
        return column

    def _moved(self, positions: Any, of: Any) -> Any:
        turns = self._few.turns(positions)
        return positions - self._few.starts(turns, of % SHAPES) + self._many.starts(turns, of)

    def _more(self, column: Any, empty: Any, of: Any, kind: Any) -> Any:
        # the numbers fit in 64 of the 128 bits
        bits = np.frombuffer(column.buffers()[1], np.int64)[2 * column.offset :][: 2 * len(column)].copy()
        bits[::2] += tonnes_more(of) * 10**SCALE
        present = pa.array(~empty).buffers()[1]
        return pa.Array.from_buffers(kind, len(column), [present, pa.py_buffer(bits)])


def _numbers(column: Any) -> Any:
    return column.fill_null(1).to_numpy(zero_copy_only=False).astype(np.int64)


def make(folder: Path, count: int) -> None:
    """Write the lake of so many initiatives."""
    maker = Maker(count)
    assert isinstance(maker.manifest, Manifest)
    partitions: dict[int, list[int]] = defaultdict(list)
    for number in range(count):
        partitions[partition_of(id_of(number), PARTITIONS)].append(number)
    files: dict[str, list[LakeFile]] = {table: [] for table in TABLES}

    def write(table: str, partition: int, name: str, rows: Any) -> None:
        path = folder / table / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, path, compression="zstd", row_group_size=131_072)
        files[table].append(LakeFile(f"{table}/{name}", partition, rows.num_rows, maker.size))

    for table in TABLES:
        write(table, NO_RECORDS, "columns.parquet", schema_of(table, SCALE).empty_table())
    for partition, numbers in sorted(partitions.items()):
        for table in MADE:
            if (rows := maker.table(table, numbers)).num_rows:
                write(table, partition, f"{partition:04}/made.parquet", rows)
    head = str(TreeHead(maker.size, TreeHead.parse(maker.manifest.head).root))  # whose root nobody asks for
    publish(folder, evolve(maker.manifest, partitions=PARTITIONS, head=head, files=files))


def require_same(made: Path, right: Path) -> None:
    """Stop where two lakes do not hold the same rows."""
    mine, theirs = relations.files(made), relations.files(right)
    for table in MADE:
        rows = [
            sorted(map(repr, pa.concat_tables([pq.read_table(path) for path in paths[table]]).to_pylist()))
            for paths in (mine, theirs)
        ]
        if rows[0] != rows[1]:
            differ = sorted({*rows[0]} ^ {*rows[1]})[:4]
            sys.exit(
                f"{table}: {len(rows[0])} rows were made, {len(rows[1])} recorded; they differ in\n" + "\n".join(differ)
            )

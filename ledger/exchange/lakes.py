"""Lakes: a ledger as Parquet files, for engines that ask many initiatives at once.

All that is said of an initiative is in one partition, by its id. What a later writing adds is what was recorded since:
records and facts come in files of their own, and pieces are made anew for the initiatives that were recorded in. A
partition's small files are put together with what is added, so that their number grows with the logarithm of the rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from attrs import evolve

from ledger.exchange.lake_folder import FORMAT, LakeFile, Manifest, clear, folder_of, newest, publish
from ledger.exchange.lake_tables import DIGITS, GROWING, TABLES, Rows, arrow, schema_of
from ledger.model.errors import BadInput, Damaged, DifferentHistory, StoreError, shown
from ledger.model.fields import require_line
from ledger.model.heads import TreeHead
from ledger.recording.merkle import Tree
from ledger.stores.new_file import failing, written_whole

if TYPE_CHECKING:
    import os

    from ledger.book import Ledger
    from ledger.model.records import Record

PARTITIONS: Final = 16
PARTITIONS_MAX: Final = 4_096
SCALE: Final = 9

NO_RECORDS: Final = -1
"""The partition of the files that hold no rows, and let a table have its columns before it has any."""


def write_lake(
    book: Ledger,
    folder: str | os.PathLike[str],
    ledger: str | None = None,
    partitions: int | None = None,
    scale: int | None = None,
) -> int:
    """Write what a folder lacks of a ledger, and give how many records that were; see `Ledger.to_parquet`."""
    arrow()
    place, head = folder_of(folder), book.head
    with failing(lambda why: f"{place}: {why}"):
        place.mkdir(exist_ok=True)
    before = _continued(newest(place, TABLES), place, ledger, partitions, scale)
    _require_same_history(book, before, place)
    if before.number and head.size == before.size:
        return 0
    writing = _Writing(book, place, before, head)
    try:
        publish(place, evolve(before, number=before.number + 1, head=str(head), files=writing.files()))
    except BaseException as error:
        writing.take_back()
        if isinstance(error, StoreError):
            _require_alone(place, before)  # whoever was faster has removed what nobody names
        raise
    clear(place)
    return head.size - before.size


def _continued(
    found: Manifest | None, place: Path, ledger: str | None, partitions: int | None, scale: int | None
) -> Manifest:
    """Give the manifest to go on from: the newest one, which must be as is asked, or one of nothing at all."""
    if found is None:
        return Manifest(
            FORMAT,
            0,
            "" if ledger is None else require_line(ledger, "ledger"),
            _whole(partitions, "partitions", PARTITIONS, 1, PARTITIONS_MAX),
            _whole(scale, "scale", SCALE, 0, DIGITS),
            str(Tree().head()),
            dict.fromkeys(TABLES, ()),
        )
    for name, asked, is_there in (
        ("ledger", ledger, found.ledger),
        ("partitions", partitions, found.partitions),
        ("scale", scale, found.scale),
    ):
        if asked is not None and asked != is_there:
            raise BadInput(
                f"{place}: the lake was begun with {name}={shown(is_there)}, and {name}={shown(asked)} is asked: leave "
                "it out, or begin another lake"
            )
    return found


def _whole(asked: int | None, name: str, usual: int, least: int, most: int) -> int:
    if asked is None:
        return usual
    if isinstance(asked, bool) or not isinstance(asked, int) or not least <= asked <= most:
        raise BadInput(f"{name}={shown(asked)} must be a whole number from {least} to {most:,}")
    return asked


def _require_same_history(book: Ledger, before: Manifest, place: Path) -> None:
    try:
        book.prove_growth(before.head)
    except Damaged as error:
        raise DifferentHistory(
            f"{place}: the lake holds {before.size} records of another history, or of a ledger that was cut off: write "
            "to another folder"
        ) from error


def _require_alone(place: Path, before: Manifest) -> None:
    found = newest(place, TABLES)
    if found is not None and found.number != before.number:
        raise StoreError(
            f"{place}: somebody else has written to this lake meanwhile, and nothing of this counts: write again, "
            "which goes on from there"
        )


class _Writing:
    """One writing of what a lake lacks."""

    def __init__(self, book: Ledger, place: Path, before: Manifest, head: TreeHead) -> None:
        self._book, self._place, self._before, self._head = book, place, before, head
        self._pa = arrow()
        self._name = f"{head.size:012}-{uuid4().hex[:8]}"  # nobody else's: no file is ever written over
        self._schemas = {table: schema_of(table, before.scale) for table in TABLES}
        self._paths: list[Path] = []

    def take_back(self) -> None:
        """Remove what was written, where it does not come to count."""
        for path in self._paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def files(self) -> Mapping[str, tuple[LakeFile, ...]]:
        """Write the files, and give all that the lake consists of then, by table."""
        kept = {table: list(files) for table, files in self._before.files.items()}
        if not self._before.number:
            for table, schema in self._schemas.items():
                kept[table].append(self._written(table, NO_RECORDS, f"columns-{self._name}", schema.empty_table()))
        for partition, initiatives in sorted(self._touched().items()):
            tables = self._tables(initiatives)
            for table in TABLES:
                others = [file for file in kept[table] if file.partition != partition]
                own = [file for file in kept[table] if file.partition == partition]
                if table in GROWING:
                    kept[table] = [*others, *self._added(table, partition, own, tables.pop(table))]
                else:
                    kept[table] = [*others, *self._anew(table, partition, own, tables.pop(table), initiatives)]
        return {table: tuple(files) for table, files in kept.items()}

    def _touched(self) -> Mapping[int, list[str]]:
        """Give the initiatives that were recorded in since, by partition."""
        if self._before.size:
            new = takewhile(self._is_in, self._book.records(after=self._before.size))
            every = sorted({record.initiative for record in new})
        else:
            every = self._book.initiatives()
        touched = defaultdict(list)
        for initiative in every:
            touched[partition_of(initiative, self._before.partitions)].append(initiative)
        return touched

    def _is_in(self, record: Record) -> bool:
        return record.position <= self._head.size

    def _tables(self, initiatives: Iterable[str]) -> dict[str, Any]:
        """Make the rows of some initiatives: Arrow tables, which take less room than Python's values."""
        found: dict[str, list[Any]] = {table: [] for table in TABLES}
        for initiative in initiatives:
            # what is recorded meanwhile, by whomever, is left to the next writing
            if records := list(takewhile(self._is_in, self._book.initiative(initiative).records())):
                rows = Rows(self._before.ledger, records, self._before.size, self._before.scale)
                for table in TABLES:
                    found[table].append(self._table(table, rows.of(table)))
        return {
            table: self._pa.concat_tables([self._schemas[table].empty_table(), *tables])
            for table, tables in found.items()
        }

    def _table(self, table: str, rows: Iterable[tuple[Any, ...]]) -> Any:
        schema = self._schemas[table]
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        arrays = [self._pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        return self._pa.Table.from_arrays(arrays, schema=schema)

    def _added(self, table: str, partition: int, files: list[LakeFile], new: Any) -> Iterator[LakeFile]:
        """Add rows to a table that grows; files that are no larger than what is added are put together with that."""
        while files and files[-1].rows <= new.num_rows:
            new = self._pa.concat_tables([self._read(files.pop()), new])
        first = files[-1].position + 1 if files else 1
        yield from files
        yield self._written(table, partition, f"{first:012}-{self._name}", self._in_order(new, "position"))

    def _anew(
        self, table: str, partition: int, files: list[LakeFile], new: Any, initiatives: Sequence[str]
    ) -> Iterator[LakeFile]:
        """Write a partition of pieces anew: those of other initiatives as they were, and those of these."""
        import pyarrow.compute as pc  # noqa: PLC0415 - only lakes need it

        of_these = self._pa.array(initiatives, self._pa.string())
        for file in files:
            old = self._read(file)
            new = self._pa.concat_tables([old.filter(pc.invert(pc.is_in(old["initiative"], of_these))), new])
        if new.num_rows:
            yield self._written(table, partition, self._name, self._in_order(new))

    def _in_order(self, rows: Any, *more: str) -> Any:
        return rows.sort_by([(name, "ascending") for name in ("initiative", *more)])

    def _read(self, file: LakeFile) -> Any:
        path = self._place / file.path
        try:
            with failing(lambda why: f"{path}: {why}"):
                return self._pa.parquet.ParquetFile(path).read().cast(self._schemas[file.path.partition("/")[0]])
        except (self._pa.ArrowException, StoreError) as error:
            raise StoreError(f"{path}: it cannot be read ({error}): write the lake anew, to an empty folder") from error

    def _written(self, table: str, partition: int, name: str, rows: Any) -> LakeFile:
        path = f"{table}/{name}.parquet" if partition == NO_RECORDS else f"{table}/{partition:04}/{name}.parquet"
        whole = self._place / path
        with failing(lambda why: f"{whole}: {why}"):
            whole.parent.mkdir(parents=True, exist_ok=True)
        self._paths.append(whole)
        with written_whole(whole, replace=False) as unfinished:
            self._pa.parquet.write_table(rows, unfinished, compression="zstd", row_group_size=131_072)
        return LakeFile(path, partition, rows.num_rows, self._head.size)


def partition_of(initiative: str, partitions: int) -> int:
    """Give the partition of an initiative: of those of one lake, always the same.

    >>> partition_of("industrial-clusters", 16)
    10
    """
    return int.from_bytes(sha256(initiative.encode()).digest()[:4]) % partitions

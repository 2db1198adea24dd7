"""The ledger: one store that holds many initiatives."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, overload

from ledger.initiative import Initiative
from ledger.model.errors import WAY_OUT, BadInput, Damaged, MissingExtra, UnknownRecord, shown
from ledger.model.fields import require_count, require_id
from ledger.model.heads import TreeHead, head_of
from ledger.model.records import Record, RecordRef
from ledger.recording.batch import require_digest, row_of
from ledger.recording.merkle import Tiles, extends, growth, inclusion, root_at
from ledger.recording.published import ASK_AGAIN, require_root, require_size
from ledger.stores.new_file import name_of
from ledger.stores.sqlite.file import MEMORY
from ledger.stores.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from ledger.model.figures import Figure, Figures
    from ledger.model.measures import ByLike, Measure
    from ledger.model.records import KnownAt
    from ledger.recording.proofs import GrowthProof, InclusionProof
    from ledger.stores.protocol import EventStore

Clock = Callable[[], datetime]
TIMEOUT_MAX: Final = 86_400  # seconds
WAIT: Final = 3_600.0  # seconds, of who waits for ever: after each he asks anew


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """A ledger, open. A context manager: it closes itself at the end. Several threads may use one.

    Threads that share one wait for each other, for as long as it takes: `timeout` is for those who have opened the
    file themselves. So whoever must not wait for a long `verify` or import opens the file once more.

    `ledger.open` makes one of a file. Any other `EventStore` (`ledger.stores.protocol`) will do as well, one that you
    made of a `ledger.stores.plain.PlainStore` too; `clock` tells the time in aware instants.

    >>> from ledger.stores.sqlite.store import SqliteStore
    >>> with Ledger(SqliteStore(":memory:"), clock=lambda: datetime(2024, 1, 1, tzinfo=UTC)) as book:
    ...     book.initiatives()
    []
    """

    def __init__(self, store: EventStore, clock: Clock = _utc_now) -> None:
        self._store = store
        self._clock = clock

    def initiative(self, id: str) -> Initiative:
        """Give one initiative by its id, to record in or to ask. It need not have records yet."""
        return Initiative(require_id(id, "initiative"), self._store, self._clock, os.urandom)

    def initiatives(self) -> list[str]:
        """Give the ids of the initiatives that have records, in order."""
        return self._store.initiatives()

    @overload
    def measure(
        self,
        measure: Measure,
        at: date | str,
        known_at: KnownAt = None,
        *,
        of: Sequence[str] | None = None,
        once: bool = False,
        by: None = None,
    ) -> Figure: ...
    @overload
    def measure(
        self,
        measure: Measure,
        at: date | str,
        known_at: KnownAt = None,
        *,
        of: Sequence[str] | None = None,
        once: bool = False,
        by: ByLike,
    ) -> Figures: ...
    def measure(
        self,
        measure: Measure,
        at: date | str,
        known_at: KnownAt = None,
        *,
        of: Sequence[str] | None = None,
        once: bool = False,
        by: ByLike | None = None,
    ) -> Figure | Figures:
        """Answer a measure over several initiatives together, at the end of a day, as known at a moment.

        `of` names the initiatives, all of the ledger unless given. A member of two of them counts in each, as
        `initiative/member`; with `once=True` one id is one member, who counts once, with either value where both
        have one, and who is part of another one everywhere if anywhere. Without it, overlaps are those within one
        initiative. `by` is as for a state.

        Raises what `InitiativeState.measure` does, `UnknownInitiative`, and `BadInput` for a single `Value`, a
        metric that is defined in different ways, or what `of` or `once` cannot be.

        >>> import ledger
        >>> with ledger.open(":memory:") as book:
        ...     for club in "chess", "go":
        ...         _ = book.initiative(club).record(ledger.MemberJoined("ada", "2020"))
        ...     print(book.measure(ledger.Members(), "2021-01-01"))
        ...     print(book.measure(ledger.Members(), "2021-01-01", once=True))
        2
        1
        """
        from ledger.queries.portfolio import Portfolio  # noqa: PLC0415 - many programs never ask

        if not isinstance(once, bool):
            raise BadInput(f"once={shown(once)} must be True or False: is one id one member in all initiatives?")
        ids = self.initiatives() if of is None else _several(of)
        if not ids:
            raise BadInput("no initiative is named, and none is recorded: there is nothing to measure")
        with self._store.reading():
            portfolio = Portfolio([self.initiative(id).at(at, known_at) for id in ids], once)
            return portfolio.figure(measure) if by is None else portfolio.groups(measure, by)

    @property
    def head(self) -> TreeHead:
        """How many records there are, and the root of the Merkle tree over them: what to publish.

        `print(book.head.checkpoint())` writes it as a C2SP checkpoint. `verify` holds a ledger against one.

        >>> with open(":memory:") as book:
        ...     book.head.size
        0
        """
        return self._store.head()

    def verify(self, head: TreeHead | str | None = None, *, deep: bool = False) -> TreeHead:
        """Read the whole ledger, see that nothing in it was lost or changed, and give its head.

        Every digest, place and column is held against what the record says, and so are the facts, heads and hashes
        beside it. `head` is one that was published, as a `TreeHead` or as the text of a checkpoint: the records must
        be those that it was made of, and others may have followed. Only with a head kept elsewhere is one found out
        who may write to the file and knows how to compute all anew. `deep` adds what the database itself can check,
        and a replay of each initiative, which is read into memory.

        The records are streamed; other threads that use this object wait meanwhile. Opening looks only at the end.

        Raises `Damaged`, naming the first record that is not as it was written (`DamagedRecord`) where it can;
        `Truncated` and `Rewritten` where the head is not one of this ledger; `BadInput` for what is no head.

        >>> import ledger
        >>> with ledger.open(":memory:") as book:
        ...     _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
        ...     published = book.head.checkpoint()
        ...     _ = book.initiative("club").record(ledger.MemberJoined("ben", "2021"))
        ...     book.verify(published).size
        2
        """
        published = None if head is None else head_of(head)
        if not isinstance(deep, bool):
            raise BadInput(f"deep={shown(deep)} must be True or False")
        with self._store.reading():
            found = self._store.verify(deep=deep)
            if published is not None:
                self._require_on_this_history(published, found)
        return found

    def find(self, record: int | str) -> Record:
        """Give the record that is meant: by its position, by its id, or by how its id begins.

        A position may be a number or a text, `17`, `"17"` or `"#17"`. Of an id the first six signs are needed at least,
        and so many that no other record is meant: ids of one batch begin alike, so positions are what people type.

        Raises `BadInput` for what names none, or several, and `UnknownRecord`.

        >>> import ledger
        >>> with ledger.open(":memory:") as book:
        ...     (joined,) = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
        ...     book.find("#1") == book.find(joined.id[:8]) == joined
        True
        """
        from ledger.queries.naming import find  # noqa: PLC0415 - many programs never ask

        with self._store.reading():
            return find(self._store, record)

    def prove(self, record: Record | RecordRef | int, head: TreeHead | str | None = None) -> InclusionProof:
        """Prove that a record, or the one at a position, is among those of a head: of today's, unless one is given.

        The proof can be checked without the ledger, see `ledger.recording.proofs`. It is found in a time that hardly
        grows with the ledger. Raises `UnknownRecord` where there is no such record, `BadInput` where it is
        later than the head, and what `verify` raises of the head.

        >>> import ledger
        >>> with ledger.open(":memory:") as book:
        ...     (joined,) = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
        ...     book.prove(joined).holds(book.head)
        True
        """
        from ledger.recording.proofs import InclusionProof  # noqa: PLC0415 - many programs never ask

        position = record.position if isinstance(record, Record | RecordRef) else require_count(record, "record")
        with self._store.reading():
            newest = self._store.head()
            at = newest if head is None else self._require_on_this_history(head_of(head), newest)
            found = next(self._store.records(after=position - 1), None) if position else None
            if found is None or not _is(found, record):
                raise UnknownRecord(str(getattr(record, "id", record)))
            if position > at.size:
                raise BadInput(f"record {position} is not among the {at.size} of this head: ask for a later head")
            row = (*row_of(found)[:-1], found.digest)
            require_digest(row)
            path = inclusion(cache(self._store.tile), position - 1, at.size)
        proof = InclusionProof(row[:-1], at, tuple(one.hex() for one in path))
        if not proof.holds(at):
            raise _not_of_the_records(f"no proof of record {position} can be made")
        return proof

    def prove_growth(self, old: TreeHead | str, new: TreeHead | str | None = None) -> GrowthProof:
        """Prove that the ledger went on from one head to another, today's unless it is given, changing nothing.

        It is found and checked like that of `prove`. Raises `BadInput` where the old head is the larger one, and what
        `verify` raises of heads.

        >>> import ledger
        >>> with ledger.open(":memory:") as book:
        ...     before = book.head
        ...     _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
        ...     book.prove_growth(before).holds(before, book.head)
        True
        """
        from ledger.recording.proofs import GrowthProof  # noqa: PLC0415 - many programs never ask

        with self._store.reading():
            newest = self._store.head()
            later = newest if new is None else self._require_on_this_history(head_of(new), newest)
            earlier = self._require_on_this_history(head_of(old), newest)
            if earlier.size > later.size:
                raise BadInput(f"the old head counts {earlier.size} records, the new one {later.size}: exchange them")
            path = growth(cache(self._store.tile), earlier.size, later.size)
        proof = GrowthProof(earlier, later, tuple(one.hex() for one in path))
        if not proof.holds(earlier, later):
            raise _not_of_the_records("no proof of growth can be made")
        return proof

    def _require_on_this_history(self, head: TreeHead, newest: TreeHead, way_out: str = WAY_OUT) -> TreeHead:
        require_size(head, newest.size, way_out)
        tiles = cache(self._store.tile)
        root = root_at(tiles, head.size)
        if root.hex() != head.root and not _lead_to(newest, tiles, head.size, root):
            raise _not_of_the_records("no head can be held against it")
        require_root(head, root, way_out)
        return head

    def records(self, *, after: int = 0) -> Iterator[Record]:
        """Stream the records of all initiatives, in order; those past the position `after` only."""
        return self._store.records(after=require_count(after, "after"))

    def follow(self, *, after: int = 0, idle: float | None = None) -> Iterator[Record]:
        """Stream the records past a position, and go on with those that are recorded from then on, by whomever.

        It ends when nothing was recorded for `idle` seconds; with None it never does. No record is skipped, nor given
        out of order. Whoever keeps the position of the last record that was worked on, best in the same transaction as
        what came of it, and begins `after` it the next time, works on each record once.

        Other threads may use this object meanwhile. Raises `BadInput` for what is no position or no time,
        `LedgerClosed` when the ledger is closed meanwhile, and `StoreError` when what keeps it fails, as a server that
        goes away: begin again after the last position then, on the same object.

        >>> import ledger
        >>> with ledger.open(":memory:") as book:
        ...     club = book.initiative("club")
        ...     _ = club.record(ledger.MemberJoined("ada", "2020"), ledger.MemberJoined("bob", "2021"))
        ...     [record.event.member for record in book.follow(after=1, idle=0)]
        ['bob']
        """
        position = require_count(after, "after")
        if idle is not None and not _is_time(idle):
            raise BadInput(f"idle={shown(idle)} is no number of seconds from 0 to {TIMEOUT_MAX:,}, nor None")
        return self._followed(position, idle)

    def _followed(self, position: int, idle: float | None) -> Iterator[Record]:
        while True:
            for record in self._store.records(after=position):
                position = record.position
                yield record
            while not self._store.wait(position, WAIT if idle is None else idle):
                if idle is not None:
                    return

    def copy_to(self, other: Ledger) -> int:
        """Copy all records to another ledger, in whatever store, and give how many were written there.

        It keeps positions, ids, instants and digests, so both have the same head then. The other one is empty, or holds
        the beginning of this history, as its head tells: a copy that was interrupted goes on where it stopped.

        Raises what `ledger.exchange.copy` says.

        >>> import ledger
        >>> with ledger.open(":memory:") as book, ledger.open(":memory:") as other:
        ...     _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
        ...     book.copy_to(other), book.copy_to(other), book.head == other.head
        (1, 0, True)
        """
        from ledger.exchange.copies import copy  # noqa: PLC0415 - a door to a higher floor

        if not isinstance(other, Ledger):
            raise BadInput(f"other={shown(type(other))} is no ledger: give what ledger.open gave")
        return copy(self, other)

    def to_parquet(
        self,
        folder: str | os.PathLike[str],
        *,
        ledger: str | None = None,
        partitions: int | None = None,
        scale: int | None = None,
    ) -> int:
        """Write the ledger to a folder as a lake of Parquet files, and give how many records are new in it.

        Into a lake of this ledger it writes what was recorded since. `ledger.relations` asks it, on DuckDB or Spark;
        `ledger.exchange.lake_tables` says what its tables hold. Whoever reads meanwhile sees it as it was, or as it is
        now; what fails, or is killed, leaves it as it was. Files stay until the next writing but one.

        Said once, when a lake is begun: `ledger` names this one among those that are asked together; all of an
        initiative is in one of `partitions`, 16 or up to 4,096; amounts have 38 digits, 9 or `scale` after the point.

        Raises `BadInput` for an amount that does not fit, naming its record, for a folder of other things, and for what
        was said otherwise before; `DifferentHistory` for a lake of another ledger; `StoreError` where files cannot be
        written, or somebody else has written to the lake meanwhile; `MissingExtra` without pyarrow.

        >>> import ledger, tempfile
        >>> with tempfile.TemporaryDirectory() as folder, ledger.open(":memory:") as book:
        ...     _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
        ...     book.to_parquet(folder), book.to_parquet(folder)
        (1, 0)
        """
        from ledger.exchange.lakes import write_lake  # noqa: PLC0415 - a door to a higher floor

        return write_lake(self, folder, ledger, partitions, scale)

    def import_records(
        self,
        records: Iterable[Record],
        head: TreeHead | str | None = None,
        *,
        anew: bool = False,
        at_once: bool = True,
    ) -> int:
        """Write the records of another ledger, all of them or none, and give how many were not here yet.

        They keep positions, ids, instants, digests and head: for an empty ledger, or one that holds the beginning of
        the same history. With `anew` they are recorded in a ledger that has another history, as far as the rules
        let them, with new positions and instants, and with the same ids, so that a second time nothing is written.
        Then the source of each record also says which head the ledger that it came from had with its batch. What is
        retracted here already is not retracted twice.

        With `head`, which somebody published, the ledger, or for `anew` the records, must begin with those that it was
        made of.

        Others wait with their own recording until the end, as long as their `timeout` lets them; so records that come
        slowly are better kept in a file first. Two threads that import from each other's ledger at once would wait
        for each other for ever: let one begin when the other has ended. With `at_once=False` others may record between
        two batches; what came before an error stays then, and the next import goes on from there.

        Raises what `ledger.exchange.write_records` and, for `anew`, `record_anew` say; `Truncated` and `Rewritten`
        for another head.

        >>> import ledger
        >>> from ledger.exchange import from_lines, to_lines
        >>> with ledger.open(":memory:") as book, ledger.open(":memory:") as other:
        ...     _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
        ...     other.import_records(from_lines(to_lines(book)), book.head), other.head == book.head
        (1, True)
        """
        from ledger.exchange.anew import record_anew  # noqa: PLC0415 - doors to a higher floor
        from ledger.exchange.copies import write_records  # noqa: PLC0415

        published = None if head is None else head_of(head)
        for name, flag in ("anew", anew), ("at_once", at_once):
            if not isinstance(flag, bool):
                raise BadInput(f"{name}={shown(flag)} must be True or False")
        with self._store.together() if at_once else nullcontext():
            if anew:
                return record_anew(self._store, records, self._clock, os.urandom, published)
            written = write_records(self._store, records, self._clock)
            if published is not None:
                self._require_on_this_history(published, self._store.head(), ASK_AGAIN)
        return written

    def backup(self, path: str | os.PathLike[str]) -> TreeHead:
        """Write the ledger as it is now to a new file, and give the head of what is in it.

        Others may record meanwhile, and this ledger may be one in memory; only threads that use this same `Ledger`
        wait until the pages are copied. The copy is written beside the path, verified as by `verify`, and moved there
        when it is whole and on the disk: it is a ledger like any other, in one file. What is at the path
        already is never overwritten. A process that is killed meanwhile leaves nothing at the path, or all of it, and
        maybe hidden files beside it, `.ledger-*`, which nothing reads: remove them when no backup is written there.

        Raises `StoreError` where something is at the path, where it cannot be written, and where the store has no
        file to copy; `Damaged` where the ledger itself is not as it was written. Then nothing is left at the path.

        >>> import ledger, tempfile
        >>> with tempfile.TemporaryDirectory() as folder, ledger.open(":memory:") as book:
        ...     _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
        ...     book.backup(f"{folder}/club.db").size
        ...     with ledger.open(f"{folder}/club.db", read_only=True) as copy:
        ...         list(copy.records()) == list(book.records())
        1
        True
        """
        name = name_of(path)
        if name == MEMORY:
            raise BadInput(f"{name} is no path for a backup: it would not be kept")
        return self._store.backup(name)

    def close(self) -> None:
        """Let the file go. Closing twice is fine; using the ledger afterwards raises `LedgerClosed`."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open(
    path: str | os.PathLike[str], *, clock: Clock = _utc_now, timeout: float = 5.0, read_only: bool = False
) -> Ledger:
    """Open the ledger at a path, or create one where nothing is; `:memory:` gives one that is not kept.

    `clock` tells the time in aware instants, for tests and imports. `timeout` is how many seconds to wait
    for other writers before `LedgerBusy` is raised.

    With `read_only=True` nothing is created, and whoever records is told `ReadOnly`. It needs no more than the right
    to read the file, and goes on reading while others record. Where SQLite may make files in the folder, it makes two
    empty ones beside the ledger, and leaves them to the next writer. Where it may not, and somebody begins to write
    to a ledger at rest, the next question raises `StoreError`, since what is new could not be read.

    Raises `NotALedger` for a file that is something else, or whose tables are gone; `NewerFormat` for one
    written by a newer version; `ReadOnly` and `StoreError` where it cannot be opened, or where nothing is and it is
    to be read only. What is there is left as it is.

    >>> with open(":memory:") as book:
    ...     book.initiatives()
    []
    """
    server = isinstance(path, str) and path.startswith(("postgresql://", "postgres://"))
    name = str(path) if server else name_of(path)
    if not _is_time(timeout):
        raise BadInput(f"timeout={shown(timeout)} is no number of seconds from 0 to {TIMEOUT_MAX:,}")
    if not callable(clock):
        raise BadInput(f"clock={shown(clock)} is no function that tells the time: give one, or leave it out")
    if not isinstance(read_only, bool):
        raise BadInput(f"read_only={shown(read_only)} must be True or False: is nothing to be written?")
    if server:
        return Ledger(_in_postgres(name, timeout, read_only=read_only), clock)
    return Ledger(SqliteStore(name, timeout, read_only=read_only), clock)


def _is_time(seconds: object) -> bool:
    return not isinstance(seconds, bool) and isinstance(seconds, int | float) and 0 <= seconds <= TIMEOUT_MAX


def _in_postgres(url: str, timeout: float, *, read_only: bool) -> EventStore:
    try:
        from ledger.stores.postgres.store import PostgresStore  # noqa: PLC0415 - an extra, which only some programs need
    except ImportError as error:
        raise MissingExtra("a ledger in PostgreSQL", "psycopg", "postgres") from error
    return PostgresStore(url, timeout, read_only=read_only)


def _not_of_the_records(so: str) -> Damaged:
    return Damaged(f"{so}: the tree is not that of the records: {WAY_OUT}")


def _lead_to(newest: TreeHead, tiles: Tiles, size: int, root: bytes) -> bool:
    """Do the tiles lead from what they give for an earlier size to the head that was written last?"""
    return extends(size, root, newest.size, bytes.fromhex(newest.root), growth(tiles, size, newest.size))


def _is(found: Record, record: Record | RecordRef | int) -> bool:
    if isinstance(record, Record):
        return record == found
    return isinstance(record, int) or record == found.ref


def _several(ids: Sequence[str]) -> list[str]:
    named = [] if isinstance(ids, str) or not isinstance(ids, Iterable) else list(ids)
    if not named or len({require_id(id, "of: an initiative") for id in named}) < len(named):
        raise BadInput(f"of={shown(ids)} must name several initiatives in a list, each once")
    return named

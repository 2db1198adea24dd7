"""A ledger in PostgreSQL: one schema, one log, many writers.

Whoever writes holds the ledger's advisory lock until the batch is committed: so positions have no gaps, the tree is
one, and nobody who follows can skip a record that is committed late. It is held for one step of the server, which gives
the batch its place (`ahead`), where it could be judged before by what this handle knows of the initiative, and that
still stands; otherwise the writer takes the lock, looks at what the others have written, judges the batch and writes
it (`writing`). A server without such locks refuses the second writer by the primary key. Whoever needs more than one
log can carry gives each initiative, or federation of them, a ledger of its own: a schema, here or in another database.

One handle has one connection, which several threads share in turn. A connection that is lost is made anew at the next
question. Where it is lost while a batch is committed, the new one asks whether that is there, and `record` tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import TYPE_CHECKING

from ledger.model.errors import WAY_OUT, Damaged, ReadOnly, StoreError, listed
from ledger.model.records import KnownAt, Record, RecordRef, known_at_of
from ledger.model.registers import Registers
from ledger.recording.batch import Head, Row
from ledger.stores.postgres.ahead import PostgresAhead
from ledger.stores.postgres.append import PostgresAppend, ask_stand, stand_of
from ledger.stores.postgres.facts import refs_of
from ledger.stores.postgres.function import CALL, MANY
from ledger.stores.postgres.listening import Listener
from ledger.stores.postgres.places import known_of, newest_position, version_at
from ledger.stores.postgres.schema import install, is_there, strange
from ledger.stores.postgres.server import Questioned, address_of, errors_of
from ledger.stores.postgres.session import Session
from ledger.stores.postgres.state import registers_at
from ledger.stores.postgres.tree import HEADS, check_peaks, tree_after
from ledger.stores.questions import initiatives_of, records_in, ref_of, refs_named
from ledger.stores.remembered import Remembered
from ledger.stores.rows import damage_of
from ledger.stores.tree import check_end, newest_head, tile_of

if TYPE_CHECKING:
    import psycopg

    from ledger.model.heads import TreeHead
    from ledger.queries.log import News, Wanted
    from ledger.recording.merkle import Hashes, Tree


class PostgresStore:
    """A ledger in a schema of a PostgreSQL database, by its address: `postgresql://host/database?ledger=name`.

    `timeout` is how many seconds to wait for other writers before `LedgerBusy` is raised, and once more so many where a
    batch has to be judged anew. With `read_only` nothing is created, and nothing can be written.
    """

    def __init__(self, url: str, timeout: float = 5.0, *, read_only: bool = False) -> None:
        self._address = address = address_of(url)
        self.path, self._schema = address.shown, address.schema
        self._read_only = read_only
        self._remembered: dict[str, Remembered] = {}
        self._tree: Tree | None = None  # as of the last batch of this process, or later
        self._listener = Listener(address)
        self._session = Session(address, timeout)
        self._seen = self._session.connections
        self._call = CALL.format(f'"{address.schema}"')
        try:
            self._find_or_make()
        except BaseException:
            self._session.close()
            raise

    def _find_or_make(self) -> None:
        with self._reading() as connection:
            there = is_there(connection, self._schema, self.path)
        if not there:
            if self._read_only:
                raise StoreError(
                    f"{self.path}: nothing is there to be read, and with read_only=True nothing is created"
                )
            with self._session.writing() as (connection, _, _):
                if not is_there(connection, self._schema, self.path):  # nobody was faster
                    install(connection, self._schema, self.path)
        with self._reading() as connection:
            check_end(Questioned(connection))
            check_peaks(connection.execute(f"{HEADS} ORDER BY size DESC LIMIT 1"))

    def initiatives(self) -> list[str]:
        """Give the initiatives that have records, in order."""
        with self._questioned() as database:
            return initiatives_of(database)

    def records(self, initiative: str | None = None, *, after: int = 0) -> Iterator[Record]:
        """Stream the records by position: of one initiative, or of all; those past a position only."""
        with self._reading() as connection:
            last = after if initiative is None else version_at(connection, initiative, after)
        yield from records_in(self._questioned, initiative, last)

    def registers(
        self, initiative: str, at: date, known_at: KnownAt = None, wanted: Wanted | None = None
    ) -> tuple[int, Registers]:
        """Give the version known at a moment, and every register on a day, or those wanted, as `replay` does."""
        moment = known_at_of(known_at)
        with self._reading() as connection:
            known = known_of(connection, initiative, moment)
            newest = known.version == known.newest
            return known.version, registers_at(connection, initiative, at, known.position, wanted, newest=newest)

    def ref(self, initiative: str, version: int) -> RecordRef:
        """Give the short form of a record of an initiative, by its version; it must exist."""
        with self._questioned() as database:
            return ref_of(database, initiative, version)

    def position(self) -> int:
        """Give the position of the newest record of the ledger; 0 where there is none."""
        with self._reading() as connection:
            return newest_position(connection)

    def refs(self, positions: Iterable[int]) -> Mapping[int, RecordRef]:
        """Give the short forms of records, by position; a position without a record is left out."""
        with self._reading() as connection:
            return refs_of(connection, positions)

    def refs_named(self, beginning: str) -> list[RecordRef]:
        """Give the short forms of the records whose ids begin so, of any initiative, by position."""
        with self._questioned() as database:
            return refs_named(database, beginning)

    @contextmanager
    def news(self, initiative: str, after: int, wanted: Wanted) -> Iterator[News]:
        """Read what was written of an initiative past a position, retracted facts too, while the context lasts."""
        from ledger.stores.postgres.news import news_since  # noqa: PLC0415 - only timelines need it

        with self._reading() as connection, news_since(connection, initiative, after, wanted) as news:
            yield news

    def records_on(
        self, initiative: str, member: str | None, metric: str | None, report: str | None = None
    ) -> list[Record]:
        """Give all records that `queries.history` needs of a whole initiative, without reading all of them."""
        from ledger.stores.history import records_on  # noqa: PLC0415 - many programs never ask

        with self._questioned() as database:
            return records_on(database, initiative, member, metric, report)

    def names(self, initiative: str, subject: str) -> list[str]:
        """Give the ids of all members, metrics or reports, or the names of all attributes of members, in order."""
        from ledger.stores.history import names_of  # noqa: PLC0415 - many programs never ask

        with self._questioned() as database:
            return names_of(database, initiative, subject)

    def wait(self, after: int, seconds: float) -> bool:
        """Wait until there are records past a position, and tell whether they came before so many seconds were over."""
        with errors_of(self._address):
            return self._listener.wait(self.position, after, seconds)

    def head(self) -> TreeHead:
        """Give how many records there are, and the root of the Merkle tree over them."""
        with self._questioned() as database:
            return newest_head(database)

    def tile(self, level: int, number: int) -> Hashes:
        """Give the hashes of a tile of the Merkle tree: all there are by now, of the last one of a level too."""
        with self._questioned() as database:
            return tile_of(database, level, number)

    def verify(self, *, deep: bool = False) -> TreeHead:
        """Read all there is, and give the head of the records; raises `Damaged` at the first thing that is wrong.

        `deep` holds the answers against a replay of each initiative. The pages and indexes of the server are its own:
        `pg_amcheck` looks at these.
        """
        from ledger.stores.postgres.verify import Database  # noqa: PLC0415 - many programs never ask
        from ledger.stores.verification import require_answers, verify  # noqa: PLC0415

        with self._reading() as connection:
            if found := strange(connection, self._schema):
                raise Damaged(f"the schema is not that of a ledger: {listed(found, 5)}: {WAY_OUT}")
            head = verify(Database(connection))
            check_peaks(Database(connection).stream(HEADS))
            if deep:
                require_answers(self)
            return head

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read several times from one moment of the ledger: what others record meanwhile is not seen."""
        with self._session.reading():
            yield

    @contextmanager
    def writing(self, initiative: str) -> Iterator[PostgresAppend]:
        """Begin to write. Waits for other writers, up to the timeout: then `LedgerBusy`."""
        self._require_writable()
        with self._or_forget():
            asked = ask_stand(initiative, self._remembered.setdefault(initiative, Remembered()), self._tree)
            with self._session.writing(asked) as (connection, written, row):
                self._forget_another_server()
                remembered = self._remembered.setdefault(initiative, Remembered())
                with damage_of(self.path):
                    head, register, leaves = stand_of(row, remembered)
                    self._tree = tree = tree_after(Questioned(connection), self._tree, head.position, leaves)
                yield PostgresAppend(lambda: connection, initiative, head, remembered, register, tree, written)

    @contextmanager
    def ahead(self, initiative: str, count: int) -> Iterator[PostgresAhead | None]:
        """Begin to write a small batch without waiting for other writers, to an initiative that was written to here."""
        self._require_writable()
        with self._or_forget(), ExitStack() as stack:
            self._forget_another_server()
            remembered = self._remembered.get(initiative)
            if remembered is None or not remembered.version or count > MANY or not self._session.is_free:
                yield None
                return
            reading: list[psycopg.Connection] = []

            def ask() -> psycopg.Connection:
                if not reading:
                    reading.append(stack.enter_context(self._session.reading()))
                return reading[0]

            def write(terms: Sequence[object]) -> Row | None:
                stack.close()
                reading.clear()
                return self._session.at_once((self._call, terms), self._seen)

            head = Head(remembered.position, remembered.version, None)
            yield PostgresAhead(ask, initiative, head, remembered, write)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write several batches, all of them or none. Waits as `writing` does; nobody else writes until it ends."""
        self._require_writable()
        with self._or_forget(), self._session.together():
            yield

    def _require_writable(self) -> None:
        if self._read_only:
            raise ReadOnly(f"{self.path}: it was opened with read_only=True: open it without, to record in it")

    @contextmanager
    def _or_forget(self) -> Iterator[None]:
        with self._session.held():
            try:
                yield
            except BaseException:
                self._remembered.clear()  # they may hold what was never written
                self._tree = None
                raise

    def _forget_another_server(self) -> None:
        if self._seen != self._session.connections:
            self._seen = self._session.connections
            self._remembered.clear()
            self._tree = None

    @contextmanager
    def _reading(self) -> Iterator[psycopg.Connection]:
        with self._session.reading() as connection, damage_of(self.path):
            yield connection

    @contextmanager
    def _questioned(self) -> Iterator[Questioned]:
        with self._reading() as connection:
            yield Questioned(connection)

    def backup(self, path: str) -> TreeHead:
        """Raise `StoreError`: a server is backed up by its own means, and a copy in a file is made by `copy_to`."""
        raise StoreError(
            f"{path}: a ledger in PostgreSQL has no file to copy: let the server make its backups (pg_dump keeps all "
            "of a schema), or open a ledger at that path and bring the records there with copy_to"
        )

    def close(self) -> None:
        """Let the connection go. Closing twice is fine."""
        self._listener.close()
        self._session.close()

"""Opening a ledger file: what is there is never mistaken for what is not, and a new one appears whole."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ledger.model.errors import (
    NOTHING_WRITTEN,
    WAY_OUT,
    LedgerBusy,
    LedgerError,
    NewerFormat,
    NotALedger,
    ReadOnly,
    StoreError,
    Unconfirmed,
    listed,
    shown,
)
from ledger.stores.new_file import failing, move, unfinished_for
from ledger.stores.rows import damage_of
from ledger.stores.sqlite.schema import APPLICATION_ID, FORMAT, SQLITE_MIN, migrate, strange
from ledger.stores.tree import check_end

MEMORY = ":memory:"
NAME_MAX = 255  # bytes, as in all usual file systems
SCHEMA_MAX = 100_000  # bytes of any value while a schema is read; that of a ledger has 2,000 a table
SCHEMA_STEPS = 100_000  # of SQLite's machine, for each statement meanwhile
LENGTH_MAX = 1_000_000_000  # bytes of any value from then on, which is SQLite's own limit
LOG_MAX = 4 * 2**20  # bytes of the file beside the ledger that are kept once all of it is in the ledger itself


class Place(NamedTuple):
    """Where an open file is, and which one it is: a path may come to name another file, or none.

    `size` and `changed` (in nanoseconds) are kept of a file that SQLite takes for one that nobody writes to.
    """

    path: str  # absolute, whatever the working directory becomes
    device: int
    inode: int
    size: int | None = None
    changed: int | None = None


def connect(path: str, timeout: float, *, read_only: bool = False) -> tuple[sqlite3.Connection, Place | None]:
    """Open the ledger at a path, and say where it is; one in memory, `:memory:`, is fresh and nowhere.

    One is created where nothing is, but not if it is to be `read_only`.
    """
    if sqlite3.sqlite_version_info < SQLITE_MIN:
        raise StoreError(
            f"SQLite {sqlite3.sqlite_version} is too old: a ledger needs {'.'.join(map(str, SQLITE_MIN))} or newer"
        )
    with failing(lambda why: f"{path}: {why}: choose a folder that exists and can be written to"), errors_of(path):
        if path == MEMORY:
            return _in_memory(timeout, read_only=read_only), None
        return _in_a_file(Path(path), timeout, read_only=read_only)


@contextmanager
def errors_of(path: str) -> Iterator[None]:
    """Put what SQLite and the operating system say into this library's words."""
    try:
        yield
    except LedgerError:
        raise
    except sqlite3.DatabaseError as error:
        raise _in_words(path, error) from error
    except UnicodeDecodeError as error:  # SQLite quotes what is damaged in its message, and that is no text
        raise _damaged(path, error) from error


def _in_words(path: str, error: sqlite3.DatabaseError) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None) or 0
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_BUSY:
        return LedgerBusy(f"{path}: another writer holds it; try again, or open it with a longer timeout")
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return ReadOnly(
            f"{path}: it cannot be written to; check the rights on the file and on its folder, "
            "or open it with read_only=True to read it"
        )
    if primary == sqlite3.SQLITE_NOTADB:
        return NotALedger(f"{path}: it is no SQLite file, so no ledger; it was left as it is")
    if primary == sqlite3.SQLITE_CANTOPEN:
        return ReadOnly(
            f"{path}: it cannot be opened; check the rights on the file, on those of SQLite beside it and on "
            "its folder, or open it with read_only=True to read it"
        )
    if primary == sqlite3.SQLITE_FULL:
        return StoreError(f"{path}: the disk is full; nothing of this batch was written: make room and record it again")
    if code == sqlite3.SQLITE_IOERR_FSYNC:  # it may be found in the log when that is read after a crash
        return Unconfirmed(
            f"{path}: the disk did not confirm what was written; whether this batch is kept shows when the ledger is "
            "opened again"
        )
    # text that is no UTF-8 comes without a code
    if primary == sqlite3.SQLITE_CORRUPT or (isinstance(error, sqlite3.OperationalError) and not code):
        return _damaged(path, error)
    return StoreError(f"{path}: {error}{NOTHING_WRITTEN}")


def _damaged(path: str, error: Exception) -> StoreError:
    return StoreError(f"{path}: the file is damaged ({shown(str(error), 200)}): {WAY_OUT}")


def require_same_file(place: Place | None) -> None:
    """Raise `StoreError` if the file is no longer where it was: SQLite would write on, to a file that nobody finds."""
    if place is None:
        return
    try:
        found = os.stat(place.path)
        same = (found.st_dev, found.st_ino) == (place.device, place.inode)
    except OSError:
        same = False
    if not same:
        raise StoreError(
            f"{place.path}: the file was moved, deleted or replaced since it was opened, and is left alone: "
            "close this ledger and open it again"
        )


def require_unwritten(place: Place | None) -> None:
    """Raise `StoreError` if somebody writes to a file that was opened as one that nobody writes to."""
    if place is None or place.size is None:
        return
    found = os.stat(place.path)
    if (found.st_size, found.st_mtime_ns) != (place.size, place.changed) or _has_log(place.path):
        raise StoreError(
            f"{place.path}: somebody writes to it, and from here this cannot be followed, since the folder cannot be "
            "written to: close this ledger and open it again"
        )


def _in_memory(timeout: float, *, read_only: bool) -> sqlite3.Connection:
    if read_only:
        raise StoreError(
            f"{MEMORY}: a ledger in memory begins empty, and with read_only=True would stay so: give a file"
        )
    connection = _open(MEMORY, timeout)
    with closing(_open(MEMORY, timeout)) as empty:
        empty.deserialize(_empty_ledger())
        empty.backup(connection)  # since what is deserialised itself cannot grow past a limit
    return connection


def _in_a_file(path: Path, timeout: float, *, read_only: bool) -> tuple[sqlite3.Connection, Place]:
    if not os.path.lexists(path):
        require_no_remains(path)
        if read_only:
            raise StoreError(f"{path}: nothing is there to be read, and with read_only=True nothing is created")
        _create(path)
    return _existing(path, timeout, read_only=read_only)


def _existing(path: Path, timeout: float, *, read_only: bool) -> tuple[sqlite3.Connection, Place]:
    if path.is_dir():
        raise NotALedger(f"{path}: it is a folder: give the path of a file in it")
    if not path.exists():
        raise StoreError(f"{path}: it is a link to {path.readlink()}, where nothing is: repair or remove the link")
    if not path.is_file():  # to open a pipe would wait for somebody to write to it
        raise NotALedger(f"{path}: it is no file that keeps what is written: give the path of one")
    mode, place = _how_to_read(path) if read_only else ("rw", _place_of(path, os.stat(path)))
    connection = _open(_address(path, mode), timeout, uri=True)
    try:
        _check_schema(path, connection)
        _let_work(connection)
        _check_end(path, connection)
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
    except BaseException:
        connection.close()
        raise
    return connection, place


def address_to_read(path: Path) -> str:
    """Give the address by which SQLite itself reads a ledger that is there, and cannot write to it."""
    mode, _ = _how_to_read(path)
    return _address(path, mode)


def _address(path: Path, mode: str) -> str:
    return f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode={mode}"


def _place_of(path: Path, found: os.stat_result) -> Place:
    return Place(os.path.abspath(path), found.st_dev, found.st_ino)


def _how_to_read(path: Path) -> tuple[str, Place]:
    found = os.stat(path)
    place = _place_of(path, found)
    if os.access(os.path.dirname(os.path.realpath(path)), os.W_OK):
        return "ro", place
    return _where_no_file_can_be_made(path, place, found)


def _where_no_file_can_be_made(path: Path, place: Place, found: os.stat_result) -> tuple[str, Place]:
    """Say how to read a ledger in a folder that cannot be written to: SQLite cannot make there the files it needs.

    Without them it reads a file that it is told to be immutable: right only for as long as nobody writes to it.
    """
    if not _has_log(path):
        return "ro&immutable=1", place._replace(size=found.st_size, changed=found.st_mtime_ns)
    if not os.path.lexists(f"{os.path.realpath(path)}-shm"):
        raise ReadOnly(
            f"{path}: its newest records are in {path.name}-wal, and to read them SQLite must make a file beside it, "
            "which this folder does not allow: copy both to a folder that does, or open the ledger once with the "
            "right to write there"
        )
    return "ro", place


def _has_log(path: str | Path) -> bool:
    return any(os.path.lexists(f"{os.path.realpath(path)}{suffix}") for suffix in ("-wal", "-journal"))


def _check_schema(path: Path, connection: sqlite3.Connection) -> None:
    (application,), (version,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
    )
    if application != APPLICATION_ID:
        what = "an empty file" if path.stat().st_size == 0 else "not a ledger"
        raise NotALedger(f"{path}: it is {what}, and was left as it is: choose a path where nothing is to create one")
    if version > FORMAT:
        raise NewerFormat(
            f"{path}: it has format {version}, and this library reads up to {FORMAT}: upgrade the library"
        )
    found = strange(connection)
    if version < 1:
        found.append(f"its format is {version}, which no ledger has")
    (encoding,) = connection.execute("PRAGMA encoding").fetchone()
    if encoding != "UTF-8":  # in which texts have another order
        found.append(f"its texts are in {encoding}, and those of a ledger in UTF-8")
    if found:
        raise NotALedger(
            f"{path}: its schema is not that of a ledger, and was left as it is: {listed(found, 5)}: "
            f"{WAY_OUT}, or undo this if you know how it came about"
        )


def _check_end(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")  # others may be recording, and all must be of one moment
    try:
        with damage_of(str(path)):
            check_end(connection)
    finally:
        connection.rollback()


def require_no_remains(path: Path) -> None:
    """Raise `NotALedger` where a ledger is gone, and what SQLite kept beside it is left.

    `StoreError` where the name leaves no room for what SQLite will keep there.
    """
    if len(os.fsencode(path.name)) > NAME_MAX - len("-journal"):
        raise StoreError(f"{path}: the name is too long, since SQLite keeps files beside it: give a shorter one")
    for suffix in ("-wal", "-shm", "-journal"):
        if os.path.lexists(f"{path}{suffix}"):
            raise NotALedger(
                f"{path}: it is gone, but {path.name}{suffix} is left of it, and would be taken for a part of a new "
                "ledger: put the file back, or move its remains away first"
            )


def _create(path: Path) -> None:
    """Make a new ledger beside the path, and move it there whole; if somebody was faster, theirs stays."""
    with unfinished_for(path) as unfinished:
        with closing(_open(str(unfinished), 0)) as connection:
            _create_tables(connection)
            connection.execute("PRAGMA journal_mode = WAL")
        move(unfinished, path)


@cache  # property tests open a ledger in memory for each example, and to make the tables takes milliseconds
def _empty_ledger() -> bytes:
    with closing(_open(MEMORY, 0)) as connection:
        _create_tables(connection)
        return connection.serialize()


def _create_tables(connection: sqlite3.Connection) -> None:
    from sqlite_utils import Database  # noqa: PLC0415 - only a new file needs it, and it takes long to load

    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrate(Database(connection, execute_plugins=False))
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _open(path: str, timeout: float, *, uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False, uri=uri)
    if uri:  # a stranger may have made it, and columns of statistics that are computed as the schema is read
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, SCHEMA_MAX)
        connection.set_progress_handler(lambda: 1, SCHEMA_STEPS)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_MAX}")
    return connection


def _let_work(connection: sqlite3.Connection) -> None:
    """Lift what a connection is held to until the schema is known."""
    connection.set_progress_handler(None, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LENGTH_MAX)

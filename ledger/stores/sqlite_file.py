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
from uuid import uuid4

from sqlite_utils import Database

from ledger.model.errors import (
    DamagedRecord,
    LedgerBusy,
    LedgerError,
    NewerFormat,
    NotALedger,
    ReadOnly,
    StoreError,
    listed,
    shown,
)
from ledger.stores.sqlite_schema import APPLICATION_ID, FORMAT, SQLITE_MIN, migrate, strange
from ledger.stores.sqlite_tree import check_end

MEMORY = ":memory:"


def connect(path: str, timeout: float) -> sqlite3.Connection:
    """Open the ledger at a path, or create one where nothing is; `:memory:` gives a fresh one."""
    if sqlite3.sqlite_version_info < SQLITE_MIN:
        raise StoreError(
            f"SQLite {sqlite3.sqlite_version} is too old: a ledger needs {'.'.join(map(str, SQLITE_MIN))} or newer"
        )
    try:
        with errors_of(path):
            if path == MEMORY:
                connection = _open(MEMORY, timeout)
                with closing(_open(MEMORY, timeout)) as empty:
                    empty.deserialize(_empty_ledger())
                    empty.backup(connection)  # since what is deserialised itself cannot grow past a limit
                return connection
            if not os.path.lexists(path):
                _require_no_remains(Path(path))
                _create(Path(path))
            return _existing(Path(path), timeout)
    except StoreError:  # which is an OSError too
        raise
    except OSError as error:
        why = error.strerror or error
        raise StoreError(f"{path}: {why}: choose a folder that exists and can be written to") from error


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


@contextmanager
def damage_of(path: str) -> Iterator[None]:
    """Put into words what comes of reading rows that hold something else than what was written."""
    try:
        yield
    except StoreError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise DamagedRecord(f"{path}: a row is not as it was written ({error}): restore it from a backup") from error


def _in_words(path: str, error: sqlite3.DatabaseError) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None) or 0
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_BUSY:
        return LedgerBusy(f"{path}: another writer holds it; try again, or open it with a longer timeout")
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return ReadOnly(f"{path}: it cannot be written to; check the rights on the file and on its folder")
    if primary == sqlite3.SQLITE_NOTADB:
        return NotALedger(f"{path}: it is no SQLite file, so no ledger; it was left as it is")
    if primary == sqlite3.SQLITE_CANTOPEN:
        return ReadOnly(f"{path}: it cannot be opened; check the rights on the file and on its folder")
    if primary == sqlite3.SQLITE_FULL:
        return StoreError(f"{path}: the disk is full; nothing of this batch was written: make room and record it again")
    # text that is no UTF-8 comes without a code
    if primary == sqlite3.SQLITE_CORRUPT or (isinstance(error, sqlite3.OperationalError) and not code):
        return _damaged(path, error)
    return StoreError(f"{path}: {error}; if this was a recording, nothing of it was written")


def _damaged(path: str, error: Exception) -> StoreError:
    return StoreError(f"{path}: the file is damaged ({shown(str(error), 200)}): restore it from a backup")


class Place(NamedTuple):
    """Where an open file is, and which one it is: a path may come to name another file, or none."""

    path: str  # absolute, whatever the working directory becomes
    device: int
    inode: int


def place_of(path: str) -> Place | None:
    """Say where a file that was just opened is; None for one in memory."""
    if path == MEMORY:
        return None
    found = os.stat(path)
    return Place(os.path.abspath(path), found.st_dev, found.st_ino)


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


def _existing(path: Path, timeout: float) -> sqlite3.Connection:
    if path.is_dir():
        raise NotALedger(f"{path}: it is a folder: give the path of a file in it")
    if not path.exists():
        raise StoreError(f"{path}: it is a link to {path.readlink()}, where nothing is: repair or remove the link")
    connection = _open(f"file:{quote(os.fsencode(path.absolute()))}?mode=rw", timeout, uri=True)
    try:
        _check(path, connection)
        connection.execute("PRAGMA journal_mode = WAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(path: Path, connection: sqlite3.Connection) -> None:
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
    if found := strange(connection):
        raise NotALedger(
            f"{path}: its schema is not that of a ledger, and was left as it is: {listed(found, 5)}: "
            "restore it from a backup, or undo this if you know how it came about"
        )
    with damage_of(str(path)):
        check_end(connection)


def _require_no_remains(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        if os.path.lexists(f"{path}{suffix}"):
            raise NotALedger(
                f"{path}: it is gone, but {path.name}{suffix} is left of it, and would be taken for a part of a new "
                "ledger: put the file back, or move its remains away first"
            )


def _create(path: Path) -> None:
    """Make a new ledger beside the path, and move it there whole; if somebody was faster, theirs stays."""
    if not path.absolute().parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.absolute().parent}: create it first")
    unfinished = path.with_name(f".ledger-{uuid4().hex}.new")  # short, whatever the length of the other
    try:
        with closing(_open(str(unfinished), 0)) as connection:
            _create_tables(connection)
            connection.execute("PRAGMA journal_mode = WAL")
        _move(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _move(unfinished: Path, path: Path) -> None:
    try:
        os.link(unfinished, path)  # unlike a renaming, this never overwrites
    except FileExistsError:
        return
    except OSError:  # a file system without links, such as that of a memory stick
        if not os.path.lexists(path):
            unfinished.rename(path)


@cache  # property tests open a ledger in memory for each example, and to make the tables takes milliseconds
def _empty_ledger() -> bytes:
    with closing(_open(MEMORY, 0)) as connection:
        _create_tables(connection)
        return connection.serialize()


def _create_tables(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrate(Database(connection, execute_plugins=False))
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _open(path: str, timeout: float, *, uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False, uri=uri)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection

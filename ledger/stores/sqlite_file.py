"""Opening a ledger file: what is there is never mistaken for what is not, and a new one appears whole."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from sqlite_utils import Database

from ledger.model.errors import LedgerBusy, LedgerError, NewerFormat, NotALedger, ReadOnly, StoreError
from ledger.stores.sqlite_schema import APPLICATION_ID, FORMAT, SQLITE_MIN, migrations

MEMORY = ":memory:"


def connect(path: str, timeout: float) -> sqlite3.Connection:
    """Open the ledger at a path, or create one where nothing is; `:memory:` gives a fresh one."""
    if sqlite3.sqlite_version_info < SQLITE_MIN:
        raise StoreError(
            f"SQLite {sqlite3.sqlite_version} is too old: a ledger needs {'.'.join(map(str, SQLITE_MIN))} or newer"
        )
    with errors_of(path):
        if path == MEMORY:
            connection = _open(MEMORY, timeout)
            _create_tables(connection)
            return connection
        if not os.path.lexists(path):
            _create(Path(path))
        return _existing(Path(path), timeout)


@contextmanager
def errors_of(path: str) -> Iterator[None]:
    """Put what SQLite and the operating system say into this library's words."""
    try:
        yield
    except LedgerError:
        raise
    except sqlite3.DatabaseError as error:
        raise _in_words(path, error) from error
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror or error}: choose a folder that exists and can be written to"
        ) from error


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
    if primary == sqlite3.SQLITE_CORRUPT:
        return StoreError(f"{path}: the file is damaged ({error}): restore it from a backup")
    return StoreError(f"{path}: {error}; nothing of this batch was written")


def _existing(path: Path, timeout: float) -> sqlite3.Connection:
    if path.is_dir():
        raise NotALedger(f"{path}: it is a folder: give the path of a file in it")
    connection = _open(f"file:{quote(str(path.absolute()))}?mode=rw", timeout, uri=True)
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
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    lost = {"records", "registers", "facts", "retractions"} - tables
    if lost:
        raise NotALedger(f"{path}: its tables {', '.join(sorted(lost))} are gone: restore it from a backup")


def _create(path: Path) -> None:
    """Make a new ledger beside the path, and move it there whole; if somebody was faster, theirs stays."""
    if not path.absolute().parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.absolute().parent}: create it first")
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}.new")
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


def _create_tables(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrations.apply(Database(connection))
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _open(path: str, timeout: float, *, uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False, uri=uri)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection

"""Backups: a ledger copied page by page, by SQLite itself, to a new file that appears whole or not at all.

To copy the file of an open ledger would not do: its newest records lie in another file beside it, and pages may be
written while one reads.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from stat import S_IMODE

from ledger.model.errors import Damaged, StoreError
from ledger.model.heads import TreeHead
from ledger.stores.new_file import failing, move, unfinished_for
from ledger.stores.rows import damage_of
from ledger.stores.sqlite.file import Place, connect, require_no_remains
from ledger.stores.sqlite.verify import require_whole, verify


def write_backup(path: str, copy: Callable[[sqlite3.Connection], None], source: Place | None) -> TreeHead:
    """Write what `copy` brings to a new file at a path, and give the head of the records in it.

    The file may be read by those who may read the source. Raises `StoreError` where something is at the path, or
    where it cannot be written, and `Damaged` where the source is: then nothing is left at the path.
    """
    target = Path(path)
    if os.path.lexists(target):
        raise _taken(path)
    require_no_remains(target)
    with failure_of(path), unfinished_for(target) as unfinished:
        unfinished.touch(0o666 if source is None else S_IMODE(os.stat(source.path).st_mode) | 0o600, exist_ok=False)
        with closing(sqlite3.connect(unfinished)) as connection:
            copy(connection)
            connection.execute("PRAGMA journal_mode = DELETE")  # so that it needs no files beside it
        head = _verified(path, unfinished)
        if not move(unfinished, target):
            raise _taken(path)
    return head


def failure_of(path: str) -> AbstractContextManager[None]:
    """Say of what fails that there is no backup."""
    return failing(lambda why: f"{path}: no backup could be written, and nothing is left of it: {why}")


def _verified(path: str, copy: Path) -> TreeHead:
    """Read a copy through, since SQLite copies pages as they are."""
    try:
        connection, _ = connect(str(copy), 0, read_only=True)
        with closing(connection), damage_of(path):
            head = verify(connection)
            require_whole(connection)
            return head
    except Damaged as error:
        raise type(error)(f"{path}: no backup is left there, since {error}") from error


def _taken(path: str) -> StoreError:
    return StoreError(f"{path}: something is there already, and nothing overwrites it: choose another path")

"""Backups: a ledger copied page by page, by SQLite itself, to a new file that appears whole or not at all.

To copy the file of an open ledger would not do: its newest records lie in another file beside it, and pages may be
written while one reads.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from stat import S_IMODE
from typing import Final

from ledger.model.errors import DamagedRecord, StoreError
from ledger.recording.batch import COLUMNS, digest_of
from ledger.stores.sqlite_file import Place, connect, errors_of, move, require_no_remains, unfinished_for
from ledger.stores.sqlite_schema import quoted

_COLUMNS: Final = quoted(COLUMNS)


def write_backup(path: str, copy: Callable[[sqlite3.Connection], None], source: Place | None) -> int:
    """Write what `copy` brings to a new file at a path, and give the position of the newest record in it.

    The file may be read by those who may read the source. Raises `StoreError` where something is at the path, or
    where it cannot be written, and what `require_sound` and `copy` raise: then nothing is left at the path.
    """
    target = Path(path)
    if os.path.lexists(target):
        raise _taken(path)
    require_no_remains(target)
    with failure_of(path), unfinished_for(target) as unfinished:
        unfinished.touch(0o666 if source is None else S_IMODE(os.stat(source.path).st_mode) | 0o600, exist_ok=False)
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
            copy(connection)
            connection.execute("PRAGMA journal_mode = DELETE")  # so that it needs no files beside it
        position = require_sound(path, unfinished)
        if not move(unfinished, target):
            raise _taken(path)
    return position


@contextmanager
def failure_of(path: str) -> Iterator[None]:
    """Say of what fails that there is no backup."""
    try:
        yield
    except StoreError:  # which is an OSError too
        raise
    except (OSError, sqlite3.DatabaseError) as error:
        why = getattr(error, "strerror", None) or error
        raise StoreError(f"{path}: no backup could be written, and nothing is left of it: {why}") from error


def require_sound(path: str, copy: Path) -> int:
    """Read a copied file through, and give its newest position: no gaps, and each digest that of its record.

    Raises `DamagedRecord` for what is not so, which was so in the ledger already: SQLite copies pages as they are.
    """
    versions: dict[str, int] = {}
    position = 0
    connection, _ = connect(str(copy), 0, read_only=True)
    with closing(connection), errors_of(path):
        for position, row in enumerate(connection.execute(f"SELECT {_COLUMNS} FROM records ORDER BY position"), 1):
            initiative = row[1]
            versions[initiative] = versions.get(initiative, 0) + 1
            if (row[0], row[2]) != (position, versions[initiative]) or row[-1] != digest_of(row[:-1]):
                raise DamagedRecord(
                    f"{path}: no backup is left there, since record {row[0]} of the ledger is not as it was written: "
                    "restore it from an earlier backup"
                )
    return position


def _taken(path: str) -> StoreError:
    return StoreError(f"{path}: something is there already, and no backup overwrites it: choose another path")

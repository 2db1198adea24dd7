"""New files: one appears at its path whole, and on the disk, or not at all; what is there is never overwritten.

Only a picture or a page may take the place of another file, where that is asked for; of a database nothing ever does.
Whatever writes a file at a path that it is given does it here.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE
from typing import Final
from uuid import uuid4

from ledger.model.errors import BadInput, StoreError, shown

KEPT_BESIDE: Final = ("-wal", "-shm", "-journal")
"""How the names end of the files that SQLite keeps beside a database."""

_SERVER: Final = re.compile(r"postgres(ql)?(\+\w+)?:/", re.IGNORECASE)

_DATABASE: Final = b"SQLite format 3\0"
_BEGINNINGS: Final = (_DATABASE, b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")
"""How a database of SQLite begins, and what it keeps beside one: a write-ahead log, of either kind, and a journal."""


def is_address(path: object) -> bool:
    """Tell whether this is, or was meant to be, the address of a PostgreSQL server.

    >>> is_address("postgresql://db.example/clubs"), is_address("clubs.db")
    (True, False)
    """
    return isinstance(path, str | os.PathLike) and _SERVER.match(str(path)) is not None


def name_of(path: object) -> str:
    """Give a path as text; raises `BadInput` for what no file can have: no path, no text, or the name of a folder.

    Nor for the address of a server, which is not shown: there may be a password in it.
    """
    if is_address(path):
        raise BadInput(
            "the address of a PostgreSQL server is no path: only ledger.open takes one, as text that begins with "
            "postgresql://, and copy_to brings what is there into a file"
        )
    try:
        name = os.fspath(path)  # type: ignore[call-overload]  # that it may be no path is why it is asked
        os.fsencode(name)  # refuses what no file can be named
    except (TypeError, UnicodeEncodeError):
        name = None
    if not isinstance(name, str) or "\0" in name or not name:
        raise BadInput(f"{shown(path)} is no path: give the name of a file as text or a Path")
    if os.path.basename(name) in ("", ".", ".."):  # which would be dropped on the way
        raise BadInput(f"{shown(path)} names a folder: give the path of a file in it")
    return name


@contextmanager
def failing(told: Callable[[object], str]) -> Iterator[None]:
    """Raise `StoreError` for what the system or SQLite says of a file, in the words that `told` makes of that."""
    try:
        yield
    except StoreError:  # which is an OSError too
        raise
    except (OSError, sqlite3.DatabaseError) as error:
        raise StoreError(told(getattr(error, "strerror", None) or error)) from error


@contextmanager
def unfinished_for(path: Path) -> Iterator[Path]:
    """Give the name of a file beside a path, which is to be moved there when it is whole; it is removed at the end.

    A process that is killed leaves it, and what SQLite keeps beside it; nobody ever reads that, and another process
    takes another name.
    """
    if not path.absolute().parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.absolute().parent}: create it first")
    _require_not_beside_a_database(path)
    unfinished = path.with_name(f".ledger-{uuid4().hex}.new")  # short, whatever the length of the other
    try:
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)


def require_place(path: object, *, replace: bool) -> Path:
    """Give the path of a file to write; raises `BadInput` where it must not be.

    Something is there, and is not to be replaced, or is no file; or it is a database, such as a ledger, or a part of
    one: by what is in it, whatever its name, and through links.
    """
    target = Path(name_of(path))
    _require_not_beside_a_database(target)
    if not os.path.lexists(target):
        return target
    if not replace:
        raise _taken(target)
    if target.exists():
        if not target.is_file():  # a folder, or a device, which programs rely on
            raise BadInput(f"{target}: what is there is no file, and is not replaced: choose another path")
        if _beginning(target).startswith(_BEGINNINGS):
            raise BadInput(f"{target}: a database is there, and nothing ever replaces one: choose another path")
    return target


@contextmanager
def written_whole(path: object, *, replace: bool) -> Iterator[Path]:
    """Give the name of a file to write, which takes its place at a path when it is whole, or else is removed.

    What a link points at is replaced, not the link, and the new file may be read by whom the old one may. Raises
    `BadInput` as `require_place` does, and `StoreError` where it cannot be written: then what was there stays.
    """
    with failing(lambda why: f"{path}: {why}"):
        target = require_place(path, replace=replace)
        target = Path(os.path.realpath(target)) if target.is_symlink() else target
        with unfinished_for(target) as unfinished:
            yield unfinished
            if replace and target.exists():
                require_place(path, replace=True)  # once more, since what was written may have taken long
                unfinished.chmod(S_IMODE(target.stat().st_mode))
                _synchronise(unfinished)
                unfinished.replace(target)
                _synchronise_folder(target)
            elif not move(unfinished, target):
                raise _taken(target)


def _taken(path: Path) -> BadInput:
    return BadInput(f"{path}: something is there already: choose another path, or say replace=True")


def _require_not_beside_a_database(path: Path) -> None:
    """Raise `BadInput` for the name of a file that SQLite would take for a part of the database beside it."""
    real = os.path.realpath(path)
    for suffix in KEPT_BESIDE:
        database = Path(real[: -len(suffix)])
        if real.casefold().endswith(suffix) and database.is_file() and _beginning(database) == _DATABASE:
            raise BadInput(f"{path}: it would be taken for a part of the database {database}: choose another path")


def _beginning(path: Path) -> bytes:
    with failing(lambda why: f"{path}: {why}"), path.open("rb") as file:
        return file.read(len(_DATABASE))


def move(unfinished: Path, path: Path) -> bool:
    """Move a file to a path, to stay there though the power fails; tell whether it did: what is there is kept."""
    _synchronise(unfinished)
    try:
        os.link(unfinished, path)  # unlike a renaming, this never overwrites
    except FileExistsError:
        return False
    except OSError:  # a file system without links, such as that of a memory stick
        if os.path.lexists(path):
            return False
        unfinished.rename(path)
    _synchronise_folder(path)
    return True


def _synchronise_folder(path: Path) -> None:
    with suppress(PermissionError):  # where folders cannot be opened, the system is left to it
        _synchronise(path.absolute().parent)


def _synchronise(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

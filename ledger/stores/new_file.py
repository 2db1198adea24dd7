"""New files: one appears at its path whole, and on the disk, or not at all; what is there is never overwritten."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from ledger.model.errors import BadInput, StoreError, shown


def name_of(path: object) -> str:
    """Give a path as text; raises `BadInput` for what no file can have: no path, no text, or the name of a folder."""
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
    unfinished = path.with_name(f".ledger-{uuid4().hex}.new")  # short, whatever the length of the other
    try:
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)


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
    with suppress(PermissionError):  # where folders cannot be opened, the system is left to it
        _synchronise(path.absolute().parent)
    return True


def _synchronise(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

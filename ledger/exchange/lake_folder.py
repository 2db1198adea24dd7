"""The folder of a lake: which of its files are whole, and hold together.

Files are written under names of their own and never changed. At the end a manifest names all of them, and has the next
number: so two who write at once cannot both finish, and whoever reads sees what one of them wrote, whole. The files of
the manifest before stay until another one follows, for those who read them meanwhile.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from attrs import frozen
from cattrs.errors import BaseValidationError
from cattrs.preconf.msgspec import MsgspecJsonConverter, make_converter
from msgspec import DecodeError
from msgspec.json import decode

from ledger.model.errors import BadInput, NewerFormat, StoreError, shown
from ledger.model.heads import TreeHead
from ledger.stores.new_file import failing, name_of, written_whole

FORMAT: Final = 1
"""Of a lake: another one has other tables, or other columns."""

_MANIFEST: Final = re.compile(r"manifest-(\d{8})\.json")
_UNFINISHED: Final = re.compile(r"\.ledger-[0-9a-f]{32}\.new")


@frozen
class LakeFile:
    """A Parquet file: where it is in the folder, its partition, how many rows it has, and up to which position."""

    path: str
    partition: int
    rows: int
    position: int


@frozen
class Manifest:
    """All that a lake holds: the files of each table, of which ledger by its name, and the head of its records.

    `partitions` and `scale` are those with which it was begun. `number` counts the manifests.
    """

    format: int
    number: int
    ledger: str
    partitions: int
    scale: int
    head: str
    files: Mapping[str, tuple[LakeFile, ...]]

    @property
    def size(self) -> int:
        """How many records it holds."""
        return TreeHead.parse(self.head).size


def folder_of(path: object) -> Path:
    """Give the folder of a lake; raises `BadInput` for what is no path."""
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise BadInput(f"{shown(path)} is no path: give the name of a folder as text or a Path")
    return Path(name_of(Path(path, "lake"))).parent


def newest(folder: Path, tables: Collection[str]) -> Manifest | None:
    """Read the newest manifest; None where nothing is there yet, or only what an interrupted beginning left of tables.

    Raises `StoreError` for one that cannot be read, or is of a newer format, and `BadInput` for a folder of other
    things, in which nothing is written.
    """
    found = _manifests(folder)
    if not found:
        strange = sorted({one.name for one in _entries(folder) if not _UNFINISHED.fullmatch(one.name)} - {*tables})
        if strange:
            raise BadInput(f"{folder}: {shown(strange[0])} is there, and no lake: give a folder that is new or empty")
        return None
    return _read(found[-1])


def publish(folder: Path, manifest: Manifest) -> None:
    """Let a manifest be the newest one; raises `StoreError` where somebody else was faster."""
    path = folder / f"manifest-{manifest.number:08}.json"
    try:
        with written_whole(path, replace=False) as unfinished:
            unfinished.write_bytes(_converter().dumps(manifest))
    except BadInput as error:  # that number is taken
        raise StoreError(str(error)) from error


def clear(folder: Path) -> None:
    """Remove what neither of the two newest manifests names: older files, and those of whoever was killed."""
    paths = _manifests(folder)
    kept = [_read(path) for path in paths[-2:]]
    named = {folder / file.path for manifest in kept for files in manifest.files.values() for file in files}
    tables = {table for manifest in kept for table in manifest.files}
    found = [path for table in tables for path in folder.glob(f"{table}/**/*") if path.is_file()]
    with failing(lambda why: f"{folder}: {why}"):
        for path in [*paths[:-2], *(one for one in found if one not in named)]:
            path.unlink(missing_ok=True)


def _manifests(folder: Path) -> list[Path]:
    return sorted(path for path in _entries(folder) if _MANIFEST.fullmatch(path.name))


def _entries(folder: Path) -> list[Path]:
    with failing(lambda why: f"{folder}: {why}"):
        return list(folder.iterdir()) if folder.exists() else []


def _read(path: Path) -> Manifest:
    with failing(lambda why: f"{path}: {why}"):
        text = path.read_bytes()
    try:
        found = _converter().structure(decode(text, type=dict), Manifest)
        TreeHead.parse(found.head)
    except (BaseValidationError, DecodeError, ValueError, TypeError) as error:
        raise StoreError(f"{path}: it is no manifest of a lake, or a damaged one: write a new lake") from error
    if found.format != FORMAT:
        raise NewerFormat(f"{path}: the lake has format {found.format}, and this program knows {FORMAT}: update it")
    return found


@cache
def _converter() -> MsgspecJsonConverter:
    return make_converter(forbid_extra_keys=True)

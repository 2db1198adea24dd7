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

_DAMAGED: Final = "it is no manifest of a lake, or a damaged one: write a new lake"
_MANIFEST: Final = re.compile(r"manifest-(\d{8})\.json")
_PATTERN: Final = "*?[]{},\\"
_OURS: Final = re.compile(r"\.ledger-[0-9a-f]{32}\.new|(columns-|\d{12}-)*[0-9a-f]{8}\.parquet")
"""Names of the files that are written for a table, unfinished or whole."""


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
    """Give the folder of a lake, on this machine; raises `BadInput` for what is no path, or would be no sound one."""
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise BadInput(f"{shown(path)} is no path: give the name of a folder as text or a Path")
    if "://" in str(path):
        raise BadInput(f"{path}: a lake is in a folder of this machine, or of one that is mounted: copy it elsewhere")
    folder = Path(name_of(Path(path, "lake"))).parent.absolute()
    if any(sign in folder.as_posix() for sign in _PATTERN):
        raise BadInput(f"{folder}: engines take {' '.join(_PATTERN)} for a pattern: give the folder another name")
    return folder


def newest(folder: Path, tables: Collection[str]) -> Manifest | None:
    """Read the newest manifest; None where nothing is there yet, or only what an interrupted beginning left of tables.

    Raises `StoreError` for one that cannot be read, or is of a newer format, and `BadInput` for a folder of other
    things, in which nothing is written.
    """
    found = _manifests(folder)
    if not found:
        # names that begin with a point are of unfinished files, or of what systems keep in every folder
        strange = sorted({one.name for one in _entries(folder) if not one.name.startswith(".")} - {*tables})
        if strange:
            raise BadInput(f"{folder}: {shown(strange[0])} is there, and no lake: give a folder that is new or empty")
        return None
    manifest = _read(found[-1])
    if {*manifest.files} != {*tables} or manifest.partitions < 1:
        raise StoreError(f"{found[-1]}: {_DAMAGED}")
    return manifest


def publish(folder: Path, manifest: Manifest) -> None:
    """Let a manifest be the newest one; raises `StoreError` where somebody else was faster."""
    path = folder / f"manifest-{manifest.number:08}.json"
    try:
        with written_whole(path, replace=False) as unfinished:
            unfinished.write_bytes(_converter().dumps(manifest))
    except BadInput as error:  # that number is taken
        raise StoreError(str(error)) from error
    if _manifests(folder)[-1] != path:  # it was, and is free again since several have followed
        path.unlink()
        raise StoreError(f"{path}: others have followed already")


def clear(folder: Path) -> None:
    """Remove what neither of the two newest manifests names: older files, and those of whoever was killed."""
    paths = _manifests(folder)
    kept = [_read(path) for path in paths[-2:]]
    named = {folder / file.path for manifest in kept for files in manifest.files.values() for file in files}
    tables = {table for manifest in kept for table in manifest.files}
    found = [path for table in tables for path in folder.glob(f"{table}/**/*") if _OURS.fullmatch(path.name)]
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
        raise StoreError(f"{path}: {_DAMAGED}") from error
    if found.format != FORMAT:
        raise NewerFormat(f"{path}: the lake has format {found.format}, and this program knows {FORMAT}: update it")
    return found


@cache
def _converter() -> MsgspecJsonConverter:
    return make_converter(forbid_extra_keys=True)

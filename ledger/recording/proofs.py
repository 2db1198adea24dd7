"""Proofs that leave the house: that a record is in a ledger, and that a ledger only grew.

A proof is a small JSON object. Whoever holds it, and the head or heads that were published, needs neither the ledger
nor this library to check it: `examples/verify_proof.py` does so in a few lines.
"""

from __future__ import annotations

from json import dumps, loads
from typing import Any, Final, TypeAlias, cast

from attrs import field, frozen
from attrs.validators import instance_of

from ledger.model.errors import BadInput, shown
from ledger.model.heads import TreeHead, head_of
from ledger.recording.batch import COLUMNS, digest_of
from ledger.recording.codec import each_name_once
from ledger.recording.merkle import HASH, extends, includes

Path: TypeAlias = tuple[str, ...]
"""The hashes of a proof, in hexadecimal, from the leaves up."""

PATH_MAX: Final = 128  # hashes, of which a tree of 2**63 records needs half


def _require_columns(_: object, __: object, columns: object) -> None:
    values = columns if isinstance(columns, tuple) else (None,)
    kinds = [isinstance(value, str | int | None) and not isinstance(value, bool) for value in values]
    if len(values) != len(COLUMNS) - 1 or not all(kinds) or type(values[0]) is not int or not _is_text(values):
        raise BadInput(f"columns={shown(columns)} are not the {len(COLUMNS) - 1} columns of a record")


def _require_path(_: object, __: object, path: object) -> None:
    hashes = path if isinstance(path, tuple) else (None,)
    if len(hashes) > PATH_MAX or not all(isinstance(one, str) and _is_hash(one) for one in hashes):
        raise BadInput(f"path={shown(path)} is no list of at most {PATH_MAX} hashes in lower-case hexadecimal")


@frozen
class InclusionProof:
    """That a record was among those of a head, at its position (RFC 9162, section 2.1.3).

    `columns` are all that is stored of the record, but its digest, in the order of the table `records`.
    """

    columns: tuple[str | int | None, ...] = field(validator=_require_columns)
    head: TreeHead = field(validator=instance_of(TreeHead))
    path: Path = field(validator=_require_path)

    @property
    def position(self) -> int:
        """The position of the record."""
        return cast("int", self.columns[0])

    def holds(self, head: TreeHead | str) -> bool:
        """Does it prove that the record is among those of this head or checkpoint, which somebody published?"""
        published = head_of(head)
        leaf = bytes.fromhex(digest_of(self.columns))
        return published == self.head and includes(
            bytes.fromhex(published.root), published.size, self.position - 1, leaf, _bytes(self.path)
        )

    def to_json(self) -> str:
        """Write it as JSON, on one line."""
        return _json({"proof": "inclusion", "head": _head(self.head), "columns": self.columns, "path": self.path})

    @classmethod
    def from_json(cls, text: str) -> InclusionProof:
        """Read it back; raises `BadInput` for what is no such proof. Whether it holds is not asked here."""
        found = _read(text, "inclusion", {"head", "columns", "path"})
        return cls(_tuple(found["columns"]), _head_of(found["head"]), _tuple(found["path"]))


@frozen
class GrowthProof:
    """That the records of one head are the first ones of another (RFC 9162, section 2.1.4)."""

    old: TreeHead = field(validator=instance_of(TreeHead))
    new: TreeHead = field(validator=instance_of(TreeHead))
    path: Path = field(validator=_require_path)

    def holds(self, old: TreeHead | str, new: TreeHead | str) -> bool:
        """Does it prove that a ledger went on from one of these heads or checkpoints to the other, changing nothing?"""
        one, other = head_of(old), head_of(new)
        return (one, other) == (self.old, self.new) and extends(
            one.size, bytes.fromhex(one.root), other.size, bytes.fromhex(other.root), _bytes(self.path)
        )

    def to_json(self) -> str:
        """Write it as JSON, on one line."""
        return _json({"proof": "growth", "old": _head(self.old), "new": _head(self.new), "path": self.path})

    @classmethod
    def from_json(cls, text: str) -> GrowthProof:
        """Read it back; raises `BadInput` for what is no such proof. Whether it holds is not asked here."""
        found = _read(text, "growth", {"old", "new", "path"})
        return cls(_head_of(found["old"]), _head_of(found["new"]), _tuple(found["path"]))


def _json(content: dict[str, Any]) -> str:
    return dumps(content, ensure_ascii=False, separators=(",", ":"))


def _head(head: TreeHead) -> dict[str, Any]:
    return {"size": head.size, "root": head.root}


def _bytes(path: Path) -> list[bytes]:
    return list(map(bytes.fromhex, path))


def _read(text: str, kind: str, names: set[str]) -> dict[str, Any]:
    try:  # others who read what says two things by one name might show the other one
        found = loads(text, object_pairs_hook=each_name_once) if isinstance(text, str) else None
    except (RecursionError, ValueError):
        found = None
    if not isinstance(found, dict) or found.get("proof") != kind or found.keys() != {"proof", *names}:
        raise BadInput(
            f"{shown(text)} is no proof of {kind}: a JSON object of proof, {', '.join(sorted(names))} was expected"
        )
    return found


def _head_of(found: object) -> TreeHead:
    if not isinstance(found, dict) or found.keys() != {"size", "root"}:
        raise BadInput(f"{shown(found)} is no head: an object of size and root was expected")
    return TreeHead(found["size"], found["root"])


def _tuple(found: object) -> Any:
    return tuple(found) if isinstance(found, list) else found


def _is_text(columns: tuple[Any, ...]) -> bool:
    try:
        digest_of(columns)
    except ValueError:  # JSON can escape half a character, which no column holds
        return False
    return True


def _is_hash(text: str) -> bool:
    return len(text) == 2 * HASH and not text.strip("0123456789abcdef")

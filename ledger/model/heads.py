r"""Heads of a ledger: how many records it had, and the one hash that stands for all of them.

Whoever has a head can tell, years later, whether a ledger still holds what it held then, in the same order. So heads
are made to leave the house: printed, mailed, published beside a report. As text they are C2SP checkpoints
(https://c2sp.org/tlog-checkpoint), which other tools read and witnesses sign.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from ledger.model.errors import BadInput, shown

if TYPE_CHECKING:
    from attrs import Attribute

ORIGIN: Final = "membership-ledger"
"""The first line of a checkpoint, which says what log it is of, unless you give one of your own."""

SIZE_MAX: Final = 2**63 - 1

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_ROOT: Final = re.compile(r"[0-9a-f]{64}")


def _size(_: TreeHead, __: Attribute[int], size: int) -> None:
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= SIZE_MAX:
        raise BadInput(f"size={shown(size)} is no number of records: a whole number from 0")


def _root(_: TreeHead, __: Attribute[str], root: str) -> None:
    if not isinstance(root, str) or not _ROOT.fullmatch(root):
        raise BadInput(f"root={shown(root)} is no SHA-256: 64 digits of lower-case hexadecimal")


@frozen
class TreeHead:
    """How many records a ledger had, and the root of the Merkle tree over them (RFC 9162, section 2.1).

    `root` is in hexadecimal. `str()` gives one line, as it stands in a file; `checkpoint` what one publishes.

    >>> str(TreeHead(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
    '0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """

    size: int = field(validator=_size)
    root: str = field(validator=_root)

    def __str__(self) -> str:
        return f"{self.size} {self.root}"

    def checkpoint(self, origin: str = ORIGIN) -> str:
        r"""Write it as a C2SP checkpoint: three lines, with the root in base64.

        `origin` names the log in the eyes of others, such as `example.org/clusters`. Raises `BadInput` for one that
        is empty or has a blank, a plus sign or a line break in it.

        >>> print(TreeHead(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855").checkpoint(), end="")
        membership-ledger
        0
        47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
        """
        if not isinstance(origin, str) or not _is_origin(origin):
            raise BadInput(f"the origin {shown(origin)} must be printable text without blanks and plus signs")
        return f"{origin}\n{self.size}\n{b2a_base64(bytes.fromhex(self.root)).decode()}"

    @classmethod
    def parse(cls, text: str) -> TreeHead:
        r"""Read a head from a checkpoint of whatever origin, or from the one line that `str()` gives.

        Further lines of a checkpoint, such as signatures, are passed over: they are not verified here. Raises
        `BadInput`.

        >>> TreeHead.parse("example.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").size
        0
        """
        if isinstance(text, str):
            number, _, root = text.strip().partition(" ")
            if _SIZE.fullmatch(number) and _ROOT.fullmatch(root):
                return cls(int(number), root)
            lines = text.strip().replace("\r\n", "\n").split("\n")  # mailed and pasted as it may have been
            if len(lines) > 2 and _SIZE.fullmatch(lines[1]) and (found := _decoded(lines[2])):
                return cls(int(lines[1]), found)
        raise BadInput(f"{shown(text)} is no checkpoint: an origin, a size and a root in base64, each on its own line")


def head_of(head: TreeHead | str) -> TreeHead:
    """Give a head that may come as text; raises `BadInput`."""
    return head if isinstance(head, TreeHead) else TreeHead.parse(head)


def _is_origin(text: str) -> bool:
    return bool(text) and text.isprintable() and " " not in text and "+" not in text


def _decoded(root: str) -> str | None:
    try:
        found = a2b_base64(root)
    except ValueError:
        return None
    return found.hex() if len(found) == 32 and b2a_base64(found, newline=False).decode() == root else None

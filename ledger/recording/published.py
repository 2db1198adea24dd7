"""Heads that were published: whether records are still those that a head was made of.

What holds for a ledger holds for records on their way into another one, so it is asked here for both.
"""

from __future__ import annotations

from typing import Final

from ledger.model.errors import WAY_OUT, Rewritten, Truncated
from ledger.model.heads import TreeHead

ASK_AGAIN: Final = "ask for the records, or for the head, again"  # of records on their way


def require_size(head: TreeHead, size: int, way_out: str = WAY_OUT) -> None:
    """Raise `Truncated` where there are fewer records than a head counts; `way_out` says what to do then."""
    if size < head.size:
        raise Truncated(
            f"there are {size} records, and the head counts {head.size}: what is missing at the end was lost, or the "
            f"head is of another ledger; {way_out}"
        )


def require_root(head: TreeHead, root: bytes, way_out: str = WAY_OUT) -> None:
    """Raise `Rewritten` where the first records, as many as a head counts, do not give its root.

    `root` is that of the tree over them: of a head that counts none, that of the empty tree.
    """
    if head.root != root.hex():
        raise Rewritten(
            f"the first {head.size} records are not those that the head was made of: somebody rewrote them, or the "
            f"head is of another ledger; {way_out}, and compare the two"
            if head.size
            else "the head counts no records, and its root is not that of none: it is damaged; ask for it again"
        )

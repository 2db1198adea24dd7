"""The Merkle tree in PostgreSQL: reading on in it, and what lets it grow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ledger.model.errors import WAY_OUT, Damaged
from ledger.recording.batch import Row, leaves_of
from ledger.recording.merkle import HASH, Tree, hashes_in, root_over
from ledger.stores.postgres.server import Statement
from ledger.stores.questions import Database
from ledger.stores.tree import tree_at

HEADS: Final = "SELECT size, root, peaks FROM heads"
_TILE: Final = "INSERT INTO tiles (level, number, root, hashes) VALUES (%s, %s, %s, %s)"


def tree_after(database: Database, known: Tree | None, size: int, leaves: Sequence[str] | None) -> Tree:
    """Give the tree of so many leaves, from one that lacks these, or from what is written down."""
    if known is None or leaves is None:
        return tree_at(database, size)
    known.grow(map(bytes.fromhex, leaves))
    return known


def check_peaks(heads: Iterable[Row]) -> None:
    """Raise `Damaged` if, of the sizes, roots and peaks of heads, any root is not that over its peaks."""
    for size, root, peaks in heads:
        if len(peaks) != HASH * size.bit_count() or root_over(hashes_in(peaks)) != root:
            raise Damaged(f"the peaks of the Merkle tree over {size} records are not those of its root: {WAY_OUT}")


def tree_statements(tree: Tree, rows: Sequence[Row]) -> list[Statement]:
    """Let the tree grow by a batch, and give what writes down its full tiles and its head."""
    tiles = [(_TILE, tile) for tile in tree.grow(leaves_of(rows))]
    return [*tiles, ("INSERT INTO heads VALUES (%s, %s, %s)", (tree.size, tree.root(), tree.peaks()))]

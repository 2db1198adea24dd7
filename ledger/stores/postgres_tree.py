"""The Merkle tree in PostgreSQL: reading on in it, and what lets it grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ledger.recording.batch import Row, leaves_of
from ledger.recording.merkle import Tree
from ledger.stores.postgres_server import Statement
from ledger.stores.questions import Database
from ledger.stores.tree import tree_at

_TILE: Final = "INSERT INTO tiles (level, number, root, hashes) VALUES (%s, %s, %s, %s)"


def tree_after(database: Database, known: Tree | None, size: int, leaves: Sequence[str] | None) -> Tree:
    """Give the tree of so many leaves, from one that lacks these, or from what is written down."""
    if known is None or leaves is None:
        return tree_at(database, size)
    known.grow(map(bytes.fromhex, leaves))
    return known


def tree_statements(tree: Tree, rows: Sequence[Row]) -> list[Statement]:
    """Let the tree grow by a batch, and give what writes down its full tiles and its head."""
    tiles = [(_TILE, tile) for tile in tree.grow(leaves_of(rows))]
    return [*tiles, ("INSERT INTO heads (size, root) VALUES (%s, %s)", (tree.size, tree.root()))]

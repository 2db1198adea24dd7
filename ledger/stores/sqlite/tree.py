"""The Merkle tree in its file: reading on in it, and letting it grow."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from ledger.recording.batch import Row, leaves_of
from ledger.recording.merkle import WIDTH, Tree
from ledger.stores.tree import hashes_of, tree_at

_READ_ON_MAX: Final = WIDTH  # leaves that others wrote; where there are more, the tiles are quicker to read


def tree_after(connection: sqlite3.Connection, known: Tree | None, size: int) -> Tree:
    """Give the tree of so many leaves, from one that may lack what others wrote since."""
    if known is None or not size - _READ_ON_MAX <= known.size <= size:
        return tree_at(connection, size)
    if known.size < size:
        known.grow(hashes_of(connection, 0, known.size, size))
    return known


def write_tree(connection: sqlite3.Connection, tree: Tree, rows: Sequence[Row]) -> None:
    """Let the tree grow by a batch, and write down its full tiles and its head."""
    full = tree.grow(leaves_of(rows))
    connection.executemany("INSERT INTO tiles (level, number, root, hashes) VALUES (?, ?, ?, ?)", full)
    connection.execute("INSERT INTO heads (size, root) VALUES (?, ?)", (tree.size, tree.root()))

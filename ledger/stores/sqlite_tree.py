"""The Merkle tree in its file: the head after each batch, and the tiles that are full."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from ledger.model.errors import WAY_OUT, Damaged, shown
from ledger.model.heads import TreeHead
from ledger.recording.batch import COLUMNS, Row, leaves_of, require_digest
from ledger.recording.merkle import EMPTY, HASH, WIDTH, Hashes, Tree, hashes_in
from ledger.stores.rows import quoted

_VERSION: Final = COLUMNS.index("version")
_READ_ON_MAX: Final = WIDTH  # leaves that others wrote; where there are more, the tiles are quicker to read


def newest_head(connection: sqlite3.Connection) -> TreeHead:
    """Give the head after the newest batch."""
    found = connection.execute("SELECT size, root FROM heads ORDER BY size DESC LIMIT 1").fetchone()
    size, root = found or (0, EMPTY)
    return TreeHead(size, _bytes(root).hex())


def tree_at(connection: sqlite3.Connection, size: int) -> Tree:
    """Read the tree as it was when it had so many leaves: what is in no full tile, of each level."""
    edges = []
    level, hashes = 0, size
    while hashes:
        first = hashes // WIDTH * WIDTH
        edges.append(_hashes(connection, level, first, hashes))
        level, hashes = level + 1, hashes // WIDTH
    return Tree(size, edges)


def tree_after(connection: sqlite3.Connection, known: Tree | None, size: int) -> Tree:
    """Give the tree of so many leaves, from one that may lack what others wrote since."""
    if known is None or not size - _READ_ON_MAX <= known.size <= size:
        return tree_at(connection, size)
    if known.size < size:
        known.grow(_hashes(connection, 0, known.size, size))
    return known


def write_tree(connection: sqlite3.Connection, tree: Tree, rows: Sequence[Row]) -> None:
    """Let the tree grow by a batch, and write down its full tiles and its head."""
    full = tree.grow(leaves_of(rows))
    connection.executemany("INSERT INTO tiles (level, number, root, hashes) VALUES (?, ?, ?, ?)", full)
    connection.execute("INSERT INTO heads (size, root) VALUES (?, ?)", (tree.size, tree.root()))


def tile_of(connection: sqlite3.Connection, level: int, number: int) -> Hashes:
    """Give the hashes of a tile, all there are by now: none, where the tree has not come so far."""
    found = connection.execute("SELECT hashes FROM tiles WHERE level = ? AND number = ?", (level, number)).fetchone()
    if found is not None:
        return hashes_in(_bytes(found[0]))
    return _hashes(connection, level, number * WIDTH, (number + 1) * WIDTH)


def check_end(connection: sqlite3.Connection) -> None:
    """Raise `Damaged` if the newest record, the number of records or the root is not as the last batch left it.

    This takes no longer in a large ledger: of the tree only its right edge is read.
    """
    row = connection.execute(f"SELECT {quoted(COLUMNS)} FROM records ORDER BY position DESC LIMIT 1").fetchone()
    head = newest_head(connection)
    position = row[0] if row else 0
    if position != head.size:
        raise Damaged(f"the newest record is at position {position}, and the newest head counts {head.size}: {WAY_OUT}")
    if row:
        require_digest(row)
        if not 0 < row[_VERSION] <= position:
            raise Damaged(f"record {position} has the version {row[_VERSION]}, which cannot be: {WAY_OUT}")
    if tree_at(connection, position).root().hex() != head.root:
        raise Damaged(
            f"the root of the Merkle tree over {position} records is not the one that was written with the last "
            f"batch: verify() says which record is to blame; {WAY_OUT}"
        )


def _hashes(connection: sqlite3.Connection, level: int, start: int, end: int) -> list[bytes]:
    """Read hashes of a level one by one, from `start` to before `end`: digests of records, or roots of tiles."""
    if level == 0:
        rows = connection.execute(
            "SELECT digest FROM records WHERE position > ? AND position <= ? ORDER BY position", (start, end)
        )
        return [bytes.fromhex(digest) for (digest,) in rows]
    roots = connection.execute(
        "SELECT root FROM tiles WHERE level = ? AND number >= ? AND number < ? ORDER BY number", (level - 1, start, end)
    )
    return [_bytes(root) for (root,) in roots]


def _bytes(found: object) -> bytes:
    if not isinstance(found, bytes) or len(found) % HASH:
        raise Damaged(f"the Merkle tree holds {shown(found)} where a hash should be: {WAY_OUT}")
    return found

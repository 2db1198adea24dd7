"""The Merkle tree in PostgreSQL: the head after each batch, and the tiles that are full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import psycopg

from ledger.model.errors import WAY_OUT, Damaged
from ledger.model.heads import TreeHead
from ledger.recording.batch import COLUMNS, Row, leaves_of, require_digest
from ledger.recording.merkle import EMPTY, WIDTH, Hashes, Tree, hashes_in
from ledger.stores.postgres_server import Statement
from ledger.stores.rows import quoted

_TILE: Final = "INSERT INTO tiles (level, number, root, hashes) VALUES (%s, %s, %s, %s)"


def newest_head(connection: psycopg.Connection) -> TreeHead:
    """Give the head after the newest batch."""
    found = connection.execute("SELECT size, root FROM heads ORDER BY size DESC LIMIT 1").fetchone()
    size, root = found or (0, EMPTY)
    return TreeHead(size, root.hex())


def tree_at(connection: psycopg.Connection, size: int) -> Tree:
    """Read the tree as it was when it had so many leaves: what is in no full tile, of each level."""
    edges = []
    level, hashes = 0, size
    while hashes:
        first = hashes // WIDTH * WIDTH
        edges.append(_hashes(connection, level, first, hashes))
        level, hashes = level + 1, hashes // WIDTH
    return Tree(size, edges)


def tree_after(connection: psycopg.Connection, known: Tree | None, size: int, leaves: Sequence[str] | None) -> Tree:
    """Give the tree of so many leaves, from one that lacks these, or from what is written down."""
    if known is None or leaves is None:
        return tree_at(connection, size)
    known.grow(map(bytes.fromhex, leaves))
    return known


def tree_statements(tree: Tree, rows: Sequence[Row]) -> list[Statement]:
    """Let the tree grow by a batch, and give what writes down its full tiles and its head."""
    tiles = [(_TILE, tile) for tile in tree.grow(leaves_of(rows))]
    return [*tiles, ("INSERT INTO heads (size, root) VALUES (%s, %s)", (tree.size, tree.root()))]


def tile_of(connection: psycopg.Connection, level: int, number: int) -> Hashes:
    """Give the hashes of a tile, all there are by now: none, where the tree has not come so far."""
    found = connection.execute("SELECT hashes FROM tiles WHERE level = %s AND number = %s", (level, number)).fetchone()
    if found is not None:
        return hashes_in(found[0])
    return _hashes(connection, level, number * WIDTH, (number + 1) * WIDTH)


def check_end(connection: psycopg.Connection) -> None:
    """Raise `Damaged` if the newest record, the number of records or the root is not as the last batch left it."""
    row = connection.execute(f"SELECT {quoted(COLUMNS)} FROM records ORDER BY position DESC LIMIT 1").fetchone()
    head = newest_head(connection)
    position = row[0] if row else 0
    if position != head.size:
        raise Damaged(f"the newest record is at position {position}, and the newest head counts {head.size}: {WAY_OUT}")
    if row:
        require_digest(row)
    if tree_at(connection, position).root().hex() != head.root:
        raise Damaged(
            f"the root of the Merkle tree over {position} records is not the one that was written with the last "
            f"batch: verify() says which record is to blame; {WAY_OUT}"
        )


def _hashes(connection: psycopg.Connection, level: int, start: int, end: int) -> list[bytes]:
    """Read hashes of a level one by one, from `start` to before `end`: digests of records, or roots of tiles."""
    if level == 0:
        rows = connection.execute(
            "SELECT digest FROM records WHERE position > %s AND position <= %s ORDER BY position", (start, end)
        )
        return [bytes.fromhex(digest) for (digest,) in rows]
    roots = connection.execute(
        "SELECT root FROM tiles WHERE level = %s AND number >= %s AND number < %s ORDER BY number",
        (level - 1, start, end),
    )
    return [root for (root,) in roots]

"""The Merkle tree as a database keeps it: the head after each batch, and the tiles that are full."""

from __future__ import annotations

from typing import Final

from ledger.model.errors import WAY_OUT, Damaged, shown
from ledger.model.heads import TreeHead
from ledger.recording.batch import COLUMNS, require_digest
from ledger.recording.merkle import EMPTY, HASH, WIDTH, Hashes, Tree, hashes_in
from ledger.stores.questions import Database
from ledger.stores.rows import quoted

_VERSION: Final = COLUMNS.index("version")


def newest_head(database: Database) -> TreeHead:
    """Give the head after the newest batch."""
    found = database.execute("SELECT size, root FROM heads ORDER BY size DESC LIMIT 1").fetchone()
    size, root = found or (0, EMPTY)
    return TreeHead(size, _bytes(root).hex())


def tree_at(database: Database, size: int) -> Tree:
    """Read the tree as it was when it had so many leaves: what is in no full tile, of each level."""
    edges = []
    level, hashes = 0, size
    while hashes:
        first = hashes // WIDTH * WIDTH
        edges.append(hashes_of(database, level, first, hashes))
        level, hashes = level + 1, hashes // WIDTH
    return Tree(size, edges)


def tile_of(database: Database, level: int, number: int) -> Hashes:
    """Give the hashes of a tile, all there are by now: none, where the tree has not come so far."""
    found = database.execute("SELECT hashes FROM tiles WHERE level = ? AND number = ?", (level, number)).fetchone()
    if found is not None:
        return hashes_in(_bytes(found[0]))
    return hashes_of(database, level, number * WIDTH, (number + 1) * WIDTH)


def check_end(database: Database) -> None:
    """Raise `Damaged` if the newest record, the number of records or the root is not as the last batch left it.

    This takes no longer in a large ledger: of the tree only its right edge is read.
    """
    row = database.execute(f"SELECT {quoted(COLUMNS)} FROM records ORDER BY position DESC LIMIT 1").fetchone()
    head = newest_head(database)
    position = row[0] if row else 0
    if position != head.size:
        raise Damaged(f"the newest record is at position {position}, and the newest head counts {head.size}: {WAY_OUT}")
    if row:
        require_digest(row)
        if not 0 < row[_VERSION] <= position:
            raise Damaged(f"record {position} has the version {row[_VERSION]}, which cannot be: {WAY_OUT}")
    if tree_at(database, position).root().hex() != head.root:
        raise Damaged(
            f"the root of the Merkle tree over {position} records is not the one that was written with the last "
            f"batch: verify() says which record is to blame; {WAY_OUT}"
        )


def hashes_of(database: Database, level: int, start: int, end: int) -> list[bytes]:
    """Read hashes of a level one by one, from `start` to before `end`: digests of records, or roots of tiles."""
    if level == 0:
        rows = database.execute(
            "SELECT digest FROM records WHERE position > ? AND position <= ? ORDER BY position", (start, end)
        )
        return [bytes.fromhex(digest) for (digest,) in rows]
    roots = database.execute(
        "SELECT root FROM tiles WHERE level = ? AND number >= ? AND number < ? ORDER BY number", (level - 1, start, end)
    )
    return [_bytes(root) for (root,) in roots]


def _bytes(found: object) -> bytes:
    if not isinstance(found, bytes) or len(found) % HASH:
        raise Damaged(f"the Merkle tree holds {shown(found)} where a hash should be: {WAY_OUT}")
    return found

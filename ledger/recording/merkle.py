"""The Merkle tree over the records of a ledger, after RFC 9162: its root, and proofs against it.

A leaf is the digest of a record, and a node is the SHA-256 of a byte 1 and its two children (RFC 9162, section 2.1.1).
The tree is kept as in C2SP's tlog-tiles: a tile holds 256 hashes in a row, of the leaves or of every eighth level
above them, and is written once, when it is full. What is in no full tile yet is at most 255 hashes a level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final, NamedTuple, TypeAlias

from ledger.model.errors import WAY_OUT, Damaged
from ledger.model.heads import TreeHead

WIDTH: Final = 256  # hashes in a full tile
RISE: Final = 8  # levels of the tree between one level of tiles and the next
HASH: Final = 32  # bytes

Hashes: TypeAlias = Sequence[bytes]

Tiles: TypeAlias = Callable[[int, int], Hashes]
"""Gives the hashes of a tile by its level and its number on that level: of one that is not full, all there are."""

EMPTY: Final = sha256(b"").digest()
"""The root of no leaves at all."""


class Tile(NamedTuple):
    """A full tile. `root` is the hash over all of it, which stands in a tile of the level above."""

    level: int
    number: int
    root: bytes
    hashes: bytes


def node(left: bytes, right: bytes) -> bytes:
    """Give the hash over two subtrees."""
    return sha256(b"\1" + left + right).digest()


def hashes_in(tile: bytes) -> list[bytes]:
    """Take the bytes of a tile apart."""
    return [tile[start : start + HASH] for start in range(0, len(tile), HASH)]


class Tree:
    r"""A tree that grows at its right edge.

    `edges` holds, by level, the hashes of the tile that is not full yet: all that must be known to go on.

    >>> tree = Tree()
    >>> tree.grow([sha256(b"\0").digest()]), tree.size, tree.root().hex()[:16]
    ([], 1, '6e340b9cffb37a98')
    """

    def __init__(self, size: int = 0, edges: Iterable[Hashes] = ()) -> None:
        self.size = size
        self.edges = [list(edge) for edge in edges]
        # the roots of its largest full subtrees, from the left: one for each bit of the size
        self._peaks = [peak for edge in reversed(self.edges) for peak in _peaks(edge)]

    def grow(self, leaves: Iterable[bytes]) -> list[Tile]:
        """Add leaves, and give the tiles that became full, in that order."""
        full: list[Tile] = []
        for leaf in leaves:
            self._put(0, leaf)
            top, height = leaf, 0
            while self.size >> height & 1:
                top = node(self._peaks.pop(), top)
                height += 1
                if height % RISE == 0:
                    level = height // RISE - 1
                    full.append(Tile(level, self.size >> height, top, b"".join(self.edges[level])))
                    self.edges[level].clear()
                    self._put(level + 1, top)
            self._peaks.append(top)
            self.size += 1
        return full

    def edge(self, level: int, number: int) -> Hashes:
        """Give the hashes of a tile that is not full yet: of the last one of a level; of any other one, none."""
        last = self.size >> RISE * (level + 1)
        return tuple(self.edges[level]) if level < len(self.edges) and number == last else ()

    def root(self) -> bytes:
        """Give the root of the tree as it stands."""
        return root_over(self._peaks)

    def peaks(self) -> bytes:
        """Give the roots of its largest full subtrees, from the left: all that a root needs to go on."""
        return b"".join(self._peaks)

    def head(self) -> TreeHead:
        """Give its size and root."""
        return TreeHead(self.size, self.root().hex())

    def copy(self) -> Tree:
        """Give another tree that is the same, and grows by itself."""
        return Tree(self.size, self.edges)

    def _put(self, level: int, one: bytes) -> None:
        if level == len(self.edges):
            self.edges.append([])
        self.edges[level].append(one)


def root_over(peaks: Hashes) -> bytes:
    """Give the root of a tree, by the roots of its largest full subtrees, from the left."""
    if not peaks:
        return EMPTY
    *rest, root = peaks
    for peak in reversed(rest):
        root = node(peak, root)
    return root


def root_at(tiles: Tiles, size: int) -> bytes:
    """Give the root that the tree had when it had so many leaves."""
    return _hash(tiles, 0, size) if size else EMPTY


def inclusion(tiles: Tiles, index: int, size: int) -> list[bytes]:
    """Prove that the leaf at `index`, from 0, is in the tree of the first `size` leaves (RFC 9162, section 2.1.3.1).

    It must be: 0 <= index < size.
    """
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_hash(tiles, middle, end))
            end = middle
        else:
            path.append(_hash(tiles, start, middle))
            start = middle
    return path[::-1]


def growth(tiles: Tiles, old: int, new: int) -> list[bytes]:
    """Prove that the tree of `new` leaves begins with that of `old` leaves (RFC 9162, section 2.1.4.1).

    It must be: 0 <= old <= new. From no leaves, and where there are no more, the proof is empty.
    """
    path = []
    start, end = 0, new
    while old > start and old < end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_hash(tiles, middle, end))
            end = middle
        else:
            path.append(_hash(tiles, start, middle))
            start = middle
    if start:
        path.append(_hash(tiles, start, end))
    return path[::-1]


def includes(root: bytes, size: int, index: int, leaf: bytes, path: Hashes) -> bool:
    """Does a proof lead from a leaf to the root of a tree of that size (RFC 9162, section 2.1.3.2)?"""
    if not (0 <= index < size and _well_formed([root, leaf, *path])):
        return False
    left, last, top = index, size - 1, leaf
    for beside in path:
        if not last:
            return False
        if left & 1 or left == last:
            top = node(beside, top)
            while not left & 1:  # it is not 0: where it is even, it equals `last`
                left, last = left >> 1, last >> 1
        else:
            top = node(top, beside)
        left, last = left >> 1, last >> 1
    return last == 0 and top == root


def extends(old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Hashes) -> bool:
    """Does a proof lead from one root to that of a tree that goes on from it (RFC 9162, section 2.1.4.2)?"""
    if not (0 <= old_size <= new_size and _well_formed([old_root, new_root, *path])):
        return False
    if old_size in (0, new_size):
        return not path and old_root == (EMPTY if not old_size else new_root) and (new_size > 0 or new_root == EMPTY)
    left, last = old_size - 1, new_size - 1
    while left & 1:
        left, last = left >> 1, last >> 1
    first, *rest = [old_root, *path] if not left else path or [b""]
    before = after = first
    for beside in rest:
        if not last:
            return False
        if left & 1 or left == last:
            before, after = node(beside, before), node(beside, after)
            while not left & 1:  # it is not 0: where it is even, it equals `last`
                left, last = left >> 1, last >> 1
        else:
            after = node(after, beside)
        left, last = left >> 1, last >> 1
    return last == 0 and (before, after) == (old_root, new_root)


def _split(width: int) -> int:
    """Give the largest power of two that is smaller."""
    return 1 << (width - 1).bit_length() - 1


def _hash(tiles: Tiles, start: int, end: int) -> bytes:
    """Give the hash over the leaves from `start` to before `end`, which lie as RFC 9162 divides a tree."""
    width = end - start
    if width & (width - 1):
        middle = start + _split(width)
        return node(_hash(tiles, start, middle), _hash(tiles, middle, end))
    level, inner = divmod(width.bit_length() - 1, RISE)
    number, place = divmod(start >> RISE * level, WIDTH)
    hashes = tiles(level, number)[place : place + (1 << inner)]
    if len(hashes) < 1 << inner:
        raise Damaged(f"tile {number} of level {level} of the Merkle tree lacks hashes: verify() says more; {WAY_OUT}")
    return _folded(hashes)


def _folded(hashes: Hashes) -> bytes:
    """Give the root over a number of hashes that is a power of two."""
    while len(hashes) > 1:
        hashes = list(map(node, hashes[::2], hashes[1::2]))
    return hashes[0]


def _peaks(hashes: Hashes) -> Iterator[bytes]:
    """Give the roots of the largest full subtrees over some hashes, from the left."""
    start = 0
    while start < len(hashes):
        width = 1 << (len(hashes) - start).bit_length() - 1
        yield _folded(hashes[start : start + width])
        start += width


def _well_formed(hashes: Iterable[object]) -> bool:
    return all(isinstance(one, bytes) and len(one) == HASH for one in hashes)

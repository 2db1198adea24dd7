"""The Merkle tree in its file is the one that grew in one go, wherever it is read or taken up again."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from itertools import pairwise

import pytest

import ledger
from ledger import MemberJoined
from ledger.model.errors import Damaged
from ledger.model.heads import TreeHead
from ledger.recording.merkle import EMPTY, HASH, WIDTH, Tree, hashes_in
from ledger.stores.sqlite.tree import tree_after, write_tree
from ledger.stores.tree import check_end, newest_head, tile_of, tree_at

SIZES = (0, 1, WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH - 1, 2 * WIDTH, 2 * WIDTH + 44)
WHOLE = WIDTH * (WIDTH + 1) + 3  # a full tile of the second level, and some leaves more
LARGE = (WIDTH * WIDTH - 1, WIDTH * WIDTH, WIDTH * WIDTH + 1, WHOLE)


@pytest.fixture(scope="module")
def leaves():
    return [sha256(number.to_bytes(4, "big")).digest() for number in range(WHOLE)]


@pytest.fixture(scope="module")
def trees(leaves):
    """The tree at each of the sizes."""
    tree, found = Tree(), {}
    for size in (*SIZES, *LARGE):
        tree.grow(leaves[tree.size : size])
        found[size] = tree.copy()
    return found


@pytest.fixture
def empty():
    """A ledger's own tables without their guards: records are nothing but digests here."""
    with ledger.open(":memory:") as book:
        connection = book._store._connection
        connection.execute("PRAGMA foreign_keys = OFF")
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        yield connection


def write(connection, leaves, start, end, tree):
    rows = [(position, leaves[position - 1].hex()) for position in range(start + 1, end + 1)]
    connection.executemany(
        "INSERT INTO records VALUES (?1, ?1, 1, ?1, 'x', 1, NULL, NULL, NULL, '', NULL, NULL, '', '', '', '',"
        " NULL, NULL, ?2)",
        rows,
    )
    write_tree(connection, tree, rows)


def grown(leaves, size):
    tree = Tree()
    tree.grow(leaves[:size])
    return tree


def same(one, other):
    return (one.size, one.root(), [*filter(None, one.edges)]) == (
        other.size,
        other.root(),
        [*filter(None, other.edges)],
    )


@pytest.mark.unmeasured
def test_a_tree_that_is_read_is_the_one_that_grew(empty, leaves, trees):
    tree = Tree()
    for start, end in pairwise((*SIZES, WHOLE)):
        write(empty, leaves, start, end, tree)
        assert newest_head(empty) == trees[end].head()
    for size, expected in trees.items():
        assert same(tree_at(empty, size), expected)


@pytest.mark.unmeasured
def test_every_tile_holds_the_leaves_or_the_roots_of_those_below(empty, leaves, trees):
    write(empty, leaves, 0, WHOLE, Tree())
    roots = [grown(leaves[start : start + WIDTH], WIDTH).root() for start in range(0, WHOLE - WIDTH, WIDTH)]
    for number in 0, 1, WIDTH - 1, WIDTH, WIDTH + 1, WIDTH + 2:
        assert list(tile_of(empty, 0, number)) == leaves[number * WIDTH : (number + 1) * WIDTH]
    assert list(tile_of(empty, 1, 0)) == roots[:WIDTH]
    assert list(tile_of(empty, 1, 1)) == roots[WIDTH:]
    assert list(tile_of(empty, 2, 0)) == [trees[WIDTH * WIDTH].root()]
    assert tile_of(empty, 1, 2) == tile_of(empty, 2, 1) == tile_of(empty, 3, 0) == []
    found = empty.execute("SELECT level, number, root, hashes FROM tiles ORDER BY level, number").fetchall()
    assert [tile[:2] for tile in found] == [*((0, number) for number in range(WIDTH + 1)), (1, 0)]
    assert all(grown(hashes_in(hashes), WIDTH).root() == root for _, _, root, hashes in found)


def test_a_tree_that_lacks_what_others_wrote_or_has_more_than_is_there_is_brought_to_the_size(empty, leaves, trees):
    write(empty, leaves, 0, SIZES[-1], Tree())
    for size in SIZES:
        for known in (None, *(trees[other].copy() for other in SIZES)):
            assert same(tree_after(empty, known, size), trees[size])


def test_a_tree_that_is_read_on_is_the_one_that_is_known(empty, leaves):
    """Only where many leaves are new is it read anew."""
    write(empty, leaves, 0, SIZES[-1], Tree())
    known = grown(leaves, 10)
    assert tree_after(empty, known, 10) is tree_after(empty, known, 10 + WIDTH) is known
    known = grown(leaves, 10)
    assert tree_after(empty, known, 11 + WIDTH) is not known
    assert known.size == 10


def test_the_end_of_an_empty_ledger_is_sound(empty):
    assert newest_head(empty) == TreeHead(0, EMPTY.hex())
    check_end(empty)


@pytest.mark.parametrize("hashes", [bytes(HASH * WIDTH - 1), bytes(HASH + 1), "x" * HASH, None])
def test_what_is_no_row_of_hashes_is_damage(hashes):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE tiles (level, number, root, hashes)")
        connection.execute("INSERT INTO tiles VALUES (0, 0, ?1, ?1)", (hashes,))
        for read in lambda: tile_of(connection, 0, 0), lambda: tile_of(connection, 1, 0):
            with pytest.raises(Damaged, match=r"the Merkle tree holds .* where a hash should be: restore the ledger"):
                read()


@pytest.mark.parametrize("size", [WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH + 1])
def test_a_ledger_of_about_a_tile_is_opened_and_goes_on(tmp_path, size):
    path = tmp_path / "club.db"
    with ledger.open(path) as book:
        book.initiative("club").record(*(MemberJoined(f"m{number}", "2020") for number in range(size)))
        before = book.head
    for more in range(2):
        with ledger.open(path) as book:
            book.initiative(f"other{more}").record(MemberJoined("ada", "2020"))
            assert book.verify(before, deep=True) == book.head
            digests = [bytes.fromhex(record.digest) for record in book.records()]
            assert book.head == grown(digests, size + more + 1).head()
            assert book.prove(size + 1).holds(book.head)


def test_a_tile_too_many_is_found():
    with ledger.open(":memory:") as book:
        book.initiative("club").record(*(MemberJoined(f"m{number}", "2020") for number in range(WIDTH)))
        book.verify()
        book._store._connection.execute("INSERT INTO tiles VALUES (0, 1, zeroblob(32), zeroblob(8192))")
        with pytest.raises(Damaged, match="there are tiles of no record up to 256, the last one"):
            book.verify()

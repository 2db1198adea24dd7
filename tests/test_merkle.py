"""The tree is that of RFC 9162, held against its own recursion; every proof that is not right is refused."""

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.model.errors import Damaged
from ledger.model.heads import TreeHead
from ledger.recording.merkle import EMPTY, HASH, WIDTH, Tree, extends, growth, hashes_in, includes, inclusion, root_at

SIZES = range(65)

# the test tree of certificate transparency: eight inputs, and the roots of the first one, two, ... of them
# (https://github.com/transparency-dev/merkle, testonly/constants.go)
CT_INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_GOLDEN = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def leaf(data):
    return sha256(b"\0" + data).digest()


LEAVES = [leaf(bytes([number])) for number in range(len(SIZES))]


def mth(leaves):
    """RFC 9162, section 2.1.1, word by word, from leaf hashes."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = largest_power_below(len(leaves))
    return sha256(b"\1" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m, leaves):
    """Section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m, leaves, whole):
    """Section 2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def largest_power_below(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


class Grown:
    """A tree with all its full tiles, as a store keeps it."""

    def __init__(self, leaves):
        self.tree = Tree()
        self.full = {(tile.level, tile.number): tile for tile in self.tree.grow(leaves)}

    def __call__(self, level, number):
        tile = self.full.get((level, number))
        return hashes_in(tile.hashes) if tile else self.tree.edge(level, number)


def test_the_golden_root_of_certificate_transparency():
    tree = Tree()
    tree.grow(leaf(bytes.fromhex(data)) for data in CT_INPUTS)
    assert tree.root().hex() == CT_GOLDEN


@pytest.mark.parametrize("size", SIZES)
def test_roots_and_proofs_are_those_of_the_recursion(size):
    leaves = LEAVES[:size]
    tiles = Grown(leaves)
    root = mth(leaves)
    assert tiles.tree.root() == root_at(tiles, size) == root
    for index in range(size):
        proof = inclusion(tiles, index, size)
        assert proof == path(index, leaves)
        assert includes(root, size, index, leaves[index], proof)
    for old in range(size + 1):
        proof = growth(tiles, old, size)
        assert proof == (subproof(old, leaves, True) if old else [])
        assert root_at(tiles, old) == mth(leaves[:old])
        assert extends(old, mth(leaves[:old]), size, root, proof)


def wrong(proof):
    """Every proof that is a little off."""
    yield from (proof[:end] for end in range(len(proof)))
    yield from (proof[start:] for start in range(1, len(proof)))
    for extra in [bytes(HASH), *proof[:1], *proof[-1:]]:
        yield from ([*proof[:place], extra, *proof[place:]] for place in range(len(proof) + 1))
    yield from (
        [*proof[:place], second, first, *proof[place + 2 :]]
        for place, (first, second) in enumerate(pairwise(proof))
        if first != second
    )
    for place, one in enumerate(proof):
        yield [*proof[:place], one[:-1], *proof[place + 1 :]]
        yield [*proof[:place], one + b"\0", *proof[place + 1 :]]
        for bit in range(8 * HASH):
            flipped = bytearray(one)
            flipped[bit // 8] ^= 1 << bit % 8
            yield [*proof[:place], bytes(flipped), *proof[place + 1 :]]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 64])
def test_every_proof_of_inclusion_that_is_a_little_off_is_refused(size):
    tiles, root = Grown(LEAVES[:size]), mth(LEAVES[:size])
    for index in {0, size // 3, size // 2, size - 1}:
        proof = inclusion(tiles, index, size)
        for other in wrong(proof):
            assert includes(root, size, index, LEAVES[index], other) is False
        for place in {*range(-1, size + 2)} - {index}:
            assert not includes(root, size, place, LEAVES[index], proof)
        assert not includes(mth(LEAVES[: size - 1]), size, index, LEAVES[index], proof)
        assert not includes(root[:-1], size, index, LEAVES[index], proof)
        assert not includes(root, size, index, LEAVES[index][1:], proof)
        assert not includes(root, size, index, LEAVES[index - 1] if size > 1 else EMPTY, proof)
        assert not includes(root, size, index, LEAVES[index], [one.hex() for one in proof] or ["ab"])


@pytest.mark.parametrize(("old", "new"), [(1, 2), (2, 3), (3, 4), (4, 8), (6, 8), (7, 13), (8, 13), (32, 64), (33, 64)])
def test_every_proof_of_growth_that_is_a_little_off_is_refused(old, new):
    tiles, first, second = Grown(LEAVES[:new]), mth(LEAVES[:old]), mth(LEAVES[:new])
    proof = growth(tiles, old, new)
    assert extends(old, first, new, second, proof)
    for other in wrong(proof):
        assert extends(old, first, new, second, other) is False
    assert not extends(old, second, new, second, proof)
    assert not extends(old, first, new, first, proof)
    assert not extends(new, second, old, first, proof)
    assert not extends(old, first[1:], new, second, proof)
    assert not extends(-1, first, new, second, proof)


@pytest.mark.long
def test_every_proof_of_each_size_up_to_64_that_is_a_little_off_is_refused():
    roots = [mth(LEAVES[:size]) for size in range(65)]
    for size in range(1, 65):
        tiles = Grown(LEAVES[:size])
        for index in range(size):
            for other in wrong(inclusion(tiles, index, size)):
                assert not includes(roots[size], size, index, LEAVES[index], other)
            if index:
                for other in wrong(growth(tiles, index, size)):
                    assert not extends(index, roots[index], size, roots[size], other)


def test_where_nothing_grew_there_is_nothing_to_prove_and_nothing_to_forge():
    one, two = mth(LEAVES[:1]), mth(LEAVES[:2])
    assert extends(0, EMPTY, 2, two, [])
    assert extends(2, two, 2, two, [])
    assert extends(0, EMPTY, 0, EMPTY, [])
    assert not extends(0, one, 2, two, [])
    assert not extends(0, EMPTY, 2, two, [one])
    assert not extends(0, EMPTY, 0, one, [])
    assert not extends(2, one, 2, two, [])
    assert not extends(2, two, 2, two, [one])
    assert not extends(1, one, 2, two, [])
    assert not extends(3, one, 4, two, [])


def node(left, right):
    return sha256(b"\1" + left + right).digest()


def test_a_proof_that_is_longer_than_the_tree_is_high_is_refused_though_it_leads_to_the_root():
    # whoever says the size wrong, and the root right, could else put the leaf at another place
    a, b, c, d, e, *_ = LEAVES
    assert includes(node(a, b), 1, 0, b, [a]) is False
    assert includes(node(a, b), 2, 1, b, [a]) is True
    old, new = node(node(a, b), c), node(node(a, b), node(c, d))
    assert extends(3, old, 4, new, [c, d, node(a, b)]) is True
    assert extends(3, node(e, old), 4, node(e, new), [c, d, node(a, b), e]) is False


def test_a_proof_that_is_shorter_than_the_tree_is_high_is_refused_though_it_leads_to_the_root():
    a, b, c, d, *_ = LEAVES
    assert includes(node(a, b), 2, 0, a, [b]) is True
    assert includes(node(a, b), 3, 0, a, [b]) is False
    old, new = node(node(a, b), c), node(node(a, b), node(c, d))
    assert extends(3, old, 7, new, [c, d, node(a, b)]) is False


def test_hashes_of_other_lengths_are_refused_though_they_come_to_the_same_bytes():
    a, b, *_ = LEAVES
    assert includes(node(a, b), 2, 0, a + b[:1], [b[1:]]) is False
    assert includes(node(a, b), 2, 0, a, [b]) is True
    assert extends(1, a + b[:1], 2, node(a, b), [b[1:]]) is False
    assert extends(1, a, 2, node(a, b), [b]) is True
    assert includes(node(a, b), 2, 0, a, ["b" * HASH]) is extends(1, a, 2, node(a, b), ["b" * HASH]) is False


def test_the_edge_of_a_tree_is_what_is_in_no_full_tile():
    tree = Tree()
    assert (tree.size, tree.edge(0, 0)) == (0, ())
    tree.grow(LEAVES[:3])
    before = tree.edge(0, 0)
    assert before == tuple(LEAVES[:3])
    assert tree.edge(0, 1) == tree.edge(1, 0) == tree.edge(1, 1) == tree.edge(2, 0) == ()
    tree.grow(LEAVES[3:4])
    assert (before, tree.edge(0, 0)) == (tuple(LEAVES[:3]), tuple(LEAVES[:4]))
    assert tree.head() == TreeHead(4, mth(LEAVES[:4]).hex())


def test_a_node_is_no_leaf():
    # a second preimage: the two children of the root as the text of one leaf
    two = mth(LEAVES[:2])
    assert leaf(LEAVES[0] + LEAVES[1]) != two
    assert not includes(two, 1, 0, leaf(LEAVES[0] + LEAVES[1]), [])


@given(st.integers(0, 3 * WIDTH), st.integers(0, 3 * WIDTH))
def test_a_tree_that_is_taken_up_again_grows_as_one_that_never_stopped(first, more):
    leaves = [leaf(number.to_bytes(4, "big")) for number in range(first + more)]
    whole = Grown(leaves)
    part = Grown(leaves[:first])
    again = Tree(first, part.tree.edges)
    rest = again.copy().grow(leaves[first:])
    assert again.size == first
    assert again.root() == part.tree.root()
    assert {**part.full, **{(tile.level, tile.number): tile for tile in rest}} == whole.full
    again.grow(leaves[first:])
    assert (again.size, again.root(), again.edges) == (whole.tree.size, whole.tree.root(), whole.tree.edges)


def test_a_tile_that_lacks_hashes_is_damage():
    with pytest.raises(Damaged, match="tile 0 of level 0 of the Merkle tree lacks hashes"):
        root_at(lambda level, number: LEAVES[:3], 4)


@pytest.mark.unmeasured
def test_tiles_of_all_levels():
    leaves = [leaf(number.to_bytes(4, "big")) for number in range(WIDTH * WIDTH + WIDTH + 1)]
    tiles = Grown(leaves)
    assert sorted(tiles.full) == [*((0, number) for number in range(WIDTH + 1)), (1, 0)]
    for (level, number), tile in tiles.full.items():
        assert (tile.level, tile.number, len(tile.hashes)) == (level, number, WIDTH * HASH)
        assert tile.root == tiles(level + 1, number // WIDTH)[number % WIDTH] == mth(hashes_in(tile.hashes))
    assert list(map(len, tiles.tree.edges)) == [1, 1, 1]
    size, root = len(leaves), mth(leaves)
    assert tiles.tree.root() == root
    for index in 0, 255, 256, 65_535, 65_536, size - 1:
        assert includes(root, size, index, leaves[index], inclusion(tiles, index, size))
    for old in 1, 255, 256, 257, 65_536, 65_537, size - 1:
        assert extends(old, mth(leaves[:old]), size, root, growth(tiles, old, size))

"""The trees are those of RFC 9162 s2.1 (and so RFC 6962), by the vectors of the reference implementation."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.id_ranges import holds, ids_in, ranges_of, size, without
from chalicelib.domain.merkle import inclusion_proofs, leaf_hash, node_hash, root_by_proof, root_hash

# github.com/google/certificate-transparency, merkletree tests: the entries, and the root of the first n.
ENTRIES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
PROOFS = {
    (0, 1): (),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
LEAVES = [leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES]
ids = st.sets(st.integers(1, 60))


@pytest.mark.parametrize("count", range(9))
def test_the_root_is_that_of_the_reference(count: int) -> None:
    assert root_hash(LEAVES[:count]).hex() == ROOTS[count]


@pytest.mark.parametrize(("index", "count"), PROOFS)
def test_the_proof_is_that_of_the_reference(index: int, count: int) -> None:
    proof = inclusion_proofs(LEAVES[:count])[index]
    assert tuple(each.hex() for each in proof) == PROOFS[index, count]


def test_a_node_never_passes_for_a_leaf() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right) == sha256(b"\x01" + left + right).digest()


def by_definition(leaves: list[bytes]) -> bytes:
    """Return the root as RFC 9162 s2.1.1 defines it: split at the largest power of two below the size."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


@given(st.lists(st.binary(max_size=3), min_size=1, max_size=70), st.data())
def test_every_leaf_has_a_proof_that_leads_to_the_root_and_to_no_other_place(
    entries: list[bytes], data: st.DataObject
) -> None:
    leaves = [leaf_hash(b"%d:" % at + entry) for at, entry in enumerate(entries)]
    root, proofs = root_hash(leaves), inclusion_proofs(leaves)
    assert root == by_definition(leaves)
    count = len(leaves)
    for index, leaf in enumerate(leaves):
        assert root_by_proof(leaf, index, count, proofs[index]) == root
    index, other = data.draw(st.integers(0, count - 1)), data.draw(st.integers(0, count - 1))
    if index != other:
        assert root_by_proof(leaves[index], other, count, proofs[index]) != root
        assert root_by_proof(leaves[other], index, count, proofs[index]) != root
    assert root_by_proof(leaves[index], index, count, (*proofs[index], root)) != root
    assert root_by_proof(leaves[index], count, count, proofs[index]) is None


@given(ids, ids)
def test_ranges_are_sets(some: set[int], others: set[int]) -> None:
    ranges, taken = ranges_of(some), ranges_of(others)
    assert (set(ids_in(ranges)), size(ranges)) == (some, len(some))
    assert set(ids_in(without(ranges, taken))) == some - others
    assert all(holds(ranges, each) == (each in some) for each in range(62))

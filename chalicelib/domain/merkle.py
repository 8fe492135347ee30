"""Merkle trees as certificate transparency has them (RFC 9162 s2.1), which is RFC 6962's with SHA-256.

A leaf and a node are hashed behind different bytes, so that no node passes for a leaf.
"""

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry."""
    return sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return sha256(_NODE + left + right).digest()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes (RFC 9162 s2.1.1); that of no leaf is the hash of nothing."""
    if not leaves:
        return sha256().digest()
    level = list(leaves)
    while len(level) > 1:  # an odd one goes up as it is: the same tree as the recursive definition's
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def inclusion_proofs(leaves: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """Return for each leaf the hashes beside its way up (RFC 9162 s2.1.3.1), the lowest first."""
    proofs: list[list[bytes]] = [[] for _ in leaves]
    level = [(leaf, range(index, index + 1)) for index, leaf in enumerate(leaves)]
    while len(level) > 1:
        above = []
        for (left, own), (right, other) in zip(level[::2], level[1::2], strict=False):
            for index in own:
                proofs[index].append(right)
            for index in other:
                proofs[index].append(left)
            above.append((node_hash(left, right), range(own.start, other.stop)))
        level = above + level[len(above) * 2 :]
    return [tuple(proof) for proof in proofs]


def root_by_proof(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Return the root that a proof leads to (RFC 9162 s2.1.3.2); None when it fits no such tree."""
    if not 0 <= index < size:
        return None
    position, last, reached = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if position % 2 or position == last:
            reached = node_hash(sibling, reached)
            while position % 2 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        position, last = position >> 1, last >> 1
    return reached if last == 0 else None

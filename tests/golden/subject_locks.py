"""What whoever adds a person locks first (decision 0053), as sql/sign_in.sql computes it."""

from hashlib import sha256


def subject_locks(indexes: tuple[bytes, ...]) -> list[int]:
    """Return the numbers to lock for somebody's indexes, in the one order that all lock in."""
    return sorted(int.from_bytes(sha256(index).digest()[:8], "big", signed=True) for index in indexes)

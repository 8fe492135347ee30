"""Find a person's rows without knowing what is in them.

An index is HMAC-SHA256 under a key of its own, which KMS wraps: whoever holds only the database can't try out
addresses or subjects. Every purpose is a domain of its own, so an index of one says nothing about another.
"""

import hmac
import unicodedata

from chalicelib.domain.personal_data import framed

INDEX_DOMAIN = b"serenya-auth/v1/blind-index"
KEY_BYTES_MIN = 32


class BlindIndex:
    """Keyed, one-way indexes of 32 bytes each."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """Take the index key. Raises ValueError when it has less than 32 bytes."""
        if len(key) < KEY_BYTES_MIN:
            raise ValueError("the blind-index key has at least 32 bytes")
        self._key = key

    def subject(self, provider: str, issuer: str, subject: str) -> bytes:
        """Return the index of a provider's person: the one thing that identifies."""
        return self._index(b"subject", provider.encode(), issuer.encode(), subject.encode())

    def email(self, address: str) -> bytes:
        """Return the index of an e-mail address, whatever its case; it finds people, it never identifies."""
        return self._index(b"email", normalised_email(address).encode())

    def device(self, device_id: str) -> bytes:
        """Return the index of a device, the same for all people who use it (decision 0011)."""
        return self._index(b"device", device_id.encode())

    def bucket(self, limit: str, subject: str) -> bytes:
        """Return the index of the bucket in which a limit counts somebody's requests."""
        return self._index(b"bucket", limit.encode(), subject.encode())

    def digest(self, purpose: str, content: bytes) -> bytes:
        """Return a digest that tells whether content has changed, without decrypting what was kept of it."""
        return self._index(b"digest", purpose.encode(), content)

    def _index(self, *parts: bytes) -> bytes:
        return hmac.digest(self._key, framed(INDEX_DOMAIN, *parts), "sha256")


def normalised_email(address: str) -> str:
    """Return the spelling under which an address is indexed: NFC, lower case.

    NFKC and case folding would merge addresses that may be two mailboxes; dots and plus-tags are for the
    provider to judge.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", address).lower())

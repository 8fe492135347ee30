"""Seal personal data so that it opens with one key, at one address, and nowhere else.

AES-GCM alone doesn't commit to its key: a ciphertext can be made that opens under two keys. So the data key
itself encrypts nothing; HKDF-SHA256 derives from it an encryption key and a commitment, and the commitment
travels in front of the ciphertext and is compared first. It is the construction of the AWS Encryption SDK's
committing suites (AWS Encryption SDK specification, client-apis/key-derivation.md, "HKDF Commit Key").

Unlike there, HKDF gets no salt of the message, and the derivation is done once a key. A salt would push the
limit of random nonces away (2^32 messages a key, NIST SP 800-38D s8.3), but a key of ours belongs to one
person, or to one session, and seals some thousands of records in its life: it would buy nothing and cost 32
bytes a row.

A sealed record: version (1 byte) | commitment (32) | nonce (12) | ciphertext | tag (16).
"""

import os
from dataclasses import InitVar, dataclass, field
from hmac import compare_digest
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.personal_data import RecordAddress

FORMAT_VERSION = b"\x01"
ENCRYPTION_PURPOSE = b"serenya-auth/v1/envelope DERIVEKEY"
COMMITMENT_PURPOSE = b"serenya-auth/v1/envelope COMMITKEY"
KEY_BYTES = 32
COMMITMENT_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
HEADER_BYTES = len(FORMAT_VERSION) + COMMITMENT_BYTES
OVERHEAD_BYTES = HEADER_BYTES + NONCE_BYTES + TAG_BYTES
PLAINTEXT_BYTES_MAX = 16 * 1024  # the largest body the API takes; a profile has some hundred bytes


class SealRefused(Exception):
    """Says in the log which check refused a sealed record; it carries no data of the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """The key of one owner's records; the secret itself isn't kept, only what was derived from it.

    Raises IntegrityFailure unless the secret has 32 bytes.
    """

    owner_id: UUID
    version: int
    secret: InitVar[bytes]
    _commitment: bytes = field(init=False, repr=False)
    _cipher: AESGCM = field(init=False, repr=False, compare=False)

    def __post_init__(self, secret: bytes) -> None:
        """Derive once what every record needs."""
        if len(secret) != KEY_BYTES:
            raise IntegrityFailure from SealRefused("key_length")
        object.__setattr__(self, "_commitment", derived_key(secret, COMMITMENT_PURPOSE))
        object.__setattr__(self, "_cipher", AESGCM(derived_key(secret, ENCRYPTION_PURPOSE)))

    def seal(self, address: RecordAddress, plaintext: bytes) -> bytes:
        """Return the plaintext sealed for one address; no two seals are alike.

        Raises IntegrityFailure when the address names another key version or the plaintext exceeds its limit.
        """
        self._require_version(address)
        if len(plaintext) > PLAINTEXT_BYTES_MAX:
            raise IntegrityFailure from SealRefused("plaintext_length")
        nonce = os.urandom(NONCE_BYTES)
        ciphertext = self._cipher.encrypt(nonce, plaintext, address.aad())
        return FORMAT_VERSION + self._commitment + nonce + ciphertext

    def open_sealed(self, address: RecordAddress, sealed: bytes) -> bytes:
        """Return the plaintext of a record that was sealed with this key for this address.

        Raises IntegrityFailure for everything else: cut, changed, moved, another's key, an unknown format.
        """
        self._require_version(address)
        nonce, ciphertext = self._split(sealed)
        try:
            return self._cipher.decrypt(nonce, ciphertext, address.aad())
        except InvalidTag as error:
            raise IntegrityFailure from error

    def _split(self, sealed: bytes) -> tuple[bytes, bytes]:
        if len(sealed) < OVERHEAD_BYTES:
            raise IntegrityFailure from SealRefused("truncated")
        if sealed[:1] != FORMAT_VERSION:
            raise IntegrityFailure from SealRefused("format_version")
        if not compare_digest(sealed[1:HEADER_BYTES], self._commitment):
            raise IntegrityFailure from SealRefused("key_commitment")
        body = sealed[HEADER_BYTES:]
        return body[:NONCE_BYTES], body[NONCE_BYTES:]

    def _require_version(self, address: RecordAddress) -> None:
        if address.key_version != self.version:
            raise IntegrityFailure from SealRefused("key_version")


def derived_key(secret: bytes, purpose: bytes) -> bytes:
    """Return the 256-bit key that HKDF-SHA256 derives from a secret for one purpose (RFC 5869 s2)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(secret)

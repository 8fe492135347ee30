"""Single-use nonces that cost nothing until they are used.

A nonce carries its own expiry and a MAC, so issuing one writes no row (nobody can fill a table with them);
using one inserts its hash, and the primary key makes it single-use (decision 0002).
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from chalicelib.domain.errors import InvalidNonce

CHALLENGE_TTL = timedelta(minutes=5)  # a slow network, and a person who hesitates at the provider's page
RETRIED_FOR = timedelta(minutes=1)  # a sign-in may be repeated when its nonce has just expired
RANDOM_BYTES = 16
_EXPIRY_BYTES = 5
_MAC_BYTES = 16
_ENCODED_CHARS = 50  # 37 bytes as base64url


class ChallengePurpose(StrEnum):
    """What a nonce may be used for; one made for another purpose is refused."""

    LINK_IDENTITY = "link_identity"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A nonce that is ours; whether it was used, only the store knows."""

    nonce_hash: bytes
    expires_at: datetime

    def ensure_fresh(self, now: datetime) -> None:
        """Let a nonce through that may still be used for the first time.

        Raises:
            InvalidNonce: it has expired.
        """
        if now >= self.expires_at:
            raise InvalidNonce


def issue_challenge(
    secret: bytes, purpose: ChallengePurpose, randomness: bytes, now: datetime
) -> tuple[str, datetime]:
    """Return a fresh nonce and the moment it expires, in whole seconds."""
    expires_at = (now + CHALLENGE_TTL).replace(microsecond=0)
    body = randomness + int(expires_at.timestamp()).to_bytes(_EXPIRY_BYTES, "big")
    return urlsafe_b64encode(body + _mac(secret, purpose, body)).rstrip(b"=").decode(), expires_at


def read_challenge(
    secrets: Sequence[bytes], purpose: ChallengePurpose, nonce: str, now: datetime
) -> Challenge:
    """Return the challenge behind a nonce.

    Raises:
        InvalidNonce: not ours, for another purpose, long expired, or not in its one canonical spelling. One
            just expired passes, for the exact retry of a sign-in; `ensure_fresh` guards its first use.
    """
    raw = _decode(nonce)
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if not any(hmac.compare_digest(mac, _mac(secret, purpose, body)) for secret in secrets):
        raise InvalidNonce
    expires_at = datetime.fromtimestamp(int.from_bytes(body[RANDOM_BYTES:], "big"), UTC)
    if now >= expires_at + RETRIED_FOR:
        raise InvalidNonce
    return Challenge(nonce_hash=sha256(raw).digest(), expires_at=expires_at)


def _decode(nonce: str) -> bytes:
    if len(nonce) != _ENCODED_CHARS or not nonce.isascii():
        raise InvalidNonce
    try:
        raw = urlsafe_b64decode(nonce + "==")
    except ValueError as error:
        raise InvalidNonce from error
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != nonce:
        raise InvalidNonce
    return raw


def _mac(secret: bytes, purpose: ChallengePurpose, body: bytes) -> bytes:
    return hmac.digest(secret, b"serenya-auth/challenge\x00" + purpose.encode() + b"\x00" + body, sha256)[
        :_MAC_BYTES
    ]

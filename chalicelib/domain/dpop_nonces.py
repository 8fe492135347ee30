"""Server nonces for DPoP proofs (RFC 9449 s8): a MACed minute, so that none is stored.

A proof with a nonce was made after the nonce, whatever the phone's clock says, and can't have been made in
advance (s11.2). A nonce serves many proofs in its five minutes; `jti` makes each single-use (decision 0081).
"""

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from chalicelib.domain.dpop import base64url

NONCE_LIFETIME = timedelta(minutes=5)
NONCE_EVERY = timedelta(minutes=1)
CLOCKS_DIFFER = timedelta(minutes=1)  # between containers; a clock set back further costs one more round
_MINUTE_BYTES = 5
_MAC_BYTES = 16
_NONCE_CHARS = 28  # 21 bytes as base64url


class NonceDemand(StrEnum):
    """When a proof needs a nonce of ours."""

    ON_DEMAND = "on_demand"  # when the phone's clock is too far off to date the proof
    REQUIRED = "required"  # always


def issue_nonce(secret: bytes, now: datetime) -> str:
    """Return the nonce of this minute, the same one in every container."""
    minute = int(now.timestamp() // NONCE_EVERY.total_seconds()).to_bytes(_MINUTE_BYTES, "big")
    return base64url(minute + _mac(secret, minute))


def nonce_issued_at(secrets: Sequence[bytes], nonce: str, now: datetime) -> datetime | None:
    """Return since when a nonce of ours is handed out; None for one that isn't ours, or isn't fresh."""
    if len(nonce) != _NONCE_CHARS or not nonce.isascii():
        return None
    try:
        raw = urlsafe_b64decode(nonce)
    except ValueError:
        return None
    minute, mac = raw[:_MINUTE_BYTES], raw[_MINUTE_BYTES:]
    is_ours = any(hmac.compare_digest(mac, _mac(secret, minute)) for secret in secrets)
    if base64url(raw) != nonce or not is_ours:
        return None
    issued_at = datetime.fromtimestamp(int.from_bytes(minute, "big") * NONCE_EVERY.total_seconds(), UTC)
    return issued_at if -CLOCKS_DIFFER <= now - issued_at <= NONCE_LIFETIME else None


def _mac(secret: bytes, minute: bytes) -> bytes:
    return hmac.digest(secret, b"serenya-auth/dpop-nonce\x00" + minute, sha256)[:_MAC_BYTES]

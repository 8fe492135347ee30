"""What a phone's key is asked to sign: a challenge that says what it is for, and can be used once.

Issuing one stores nothing: its MAC tells later that it is ours. Using one inserts its hash.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from chalicelib.domain.challenges import CHALLENGE_TTL
from chalicelib.domain.errors import ChallengeExpired, ChallengeInvalid, ChallengeMismatch
from chalicelib.domain.formats import Format, integer, required, text, text_or_none

CHALLENGE_CHARS_MAX = 512
_MAC_PREFIX = b"serenya-auth/biometric-challenge\x00"


class Purpose(StrEnum):
    """What a challenge is signed for."""

    REGISTER = "register"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceChallenge:
    """What the phone is asked to sign. `key` names the key that is registered by it (RFC 7638), else None."""

    service: str
    purpose: Purpose
    session_id: UUID
    key: str | None
    expires_at: datetime
    nonce: str

    def encode(self, secret: bytes) -> str:
        """Return the text that is sent, and signed as it is: what it says, and a MAC of that."""
        said = CHALLENGE.write(
            {
                "service": self.service,
                "purpose": self.purpose.value,
                "session": str(self.session_id),
                "key": self.key,
                "expires_at": int(self.expires_at.timestamp()),
                "nonce": self.nonce,
            }
        )
        body = _base64url(json.dumps(said, separators=(",", ":")).encode())
        return f"{body}.{_base64url(_mac(secret, body))}"


CHALLENGE = Format(
    "presence_challenge",
    {
        "service": required(text),
        "purpose": required(Purpose),
        "session": required(UUID),
        "key": required(text_or_none),
        "expires_at": required(lambda seconds: datetime.fromtimestamp(integer(seconds), UTC)),
        "nonce": required(text),
    },
    fault=ChallengeInvalid,
)


def presence_challenge(
    purpose: Purpose, *, service: str, session_id: UUID, key: str | None, randomness: bytes, now: datetime
) -> PresenceChallenge:
    """Return a fresh challenge for one session."""
    return PresenceChallenge(
        service=service,
        purpose=purpose,
        session_id=session_id,
        key=key,
        expires_at=(now + CHALLENGE_TTL).replace(microsecond=0),
        nonce=_base64url(randomness),
    )


def read_presence_challenge(text: str, secrets: Sequence[bytes]) -> PresenceChallenge:
    """Return what a challenge of ours says. Raises ChallengeInvalid: it isn't one."""
    body, _, mac = text.partition(".")
    if len(text) > CHALLENGE_CHARS_MAX or not text.isascii():
        raise ChallengeInvalid
    if not any(hmac.compare_digest(mac, _base64url(_mac(secret, body))) for secret in secrets):
        raise ChallengeInvalid
    said = CHALLENGE.read_json(urlsafe_b64decode(body + "=" * (-len(body) % 4)))  # ours: the MAC says so
    return PresenceChallenge(session_id=said.pop("session"), **said)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedChallenge:
    """A challenge as it came back, with the signature over its text."""

    text: str
    signature: bytes

    @property
    def nonce_hash(self) -> bytes:
        """What is remembered of a used one."""
        return sha256(self.text.encode()).digest()


def ensure_meant(
    challenge: PresenceChallenge,
    purpose: Purpose,
    *,
    service: str,
    session_id: UUID,
    key: str | None,
    now: datetime,
) -> None:
    """Let a challenge through that was made for this act; whether it was used, the store says.

    Raises:
        ChallengeMismatch: it names another service, purpose, session or key.
        ChallengeExpired: it is older than `CHALLENGE_TTL`.
    """
    meant = (challenge.service, challenge.purpose, challenge.session_id, challenge.key)
    if meant != (service, purpose, session_id, key):
        raise ChallengeMismatch
    if now >= challenge.expires_at:
        raise ChallengeExpired


def _mac(secret: bytes, body: str) -> bytes:
    return hmac.digest(secret, _MAC_PREFIX + body.encode(), sha256)


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()

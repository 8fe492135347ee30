"""Keys in a phone's secure hardware, and what their proof of presence is worth.

The phone lets its key sign only after a finger or a face was recognised. This service never sees either; it
checks a signature over a challenge of its own.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chalicelib.domain.limits import Taken
from chalicelib.domain.sessions import Session
from chalicelib.domain.tokens import RefreshToken

KEYS_MAX = 10  # of one person: a few phones, each with a key before and after a new enrolment
NAME_CHARS_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceKey:
    """A public key, on its curve; `thumbprint` is RFC 7638's, `spki` its DER."""

    thumbprint: str
    spki: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRegistration:
    """A key as it is stored; its name is sealed."""

    id: UUID
    device_id: UUID
    created_at: datetime
    last_used_at: datetime | None
    name: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A key as its person sees it. `current` tells whether it is on the device that asks."""

    id: UUID
    device_id: UUID
    created_at: datetime
    last_used_at: datetime | None
    current: bool
    name: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRegistration:
    """A key that has signed its challenge."""

    id: UUID
    session_id: UUID
    user_id: UUID
    spki: bytes
    nonce_hash: bytes
    nonce_expires_at: datetime
    name: bytes | None = field(repr=False)


class Registered(StrEnum):
    """What came of a registration."""

    REGISTERED = "registered"
    FULL = "full"
    CHALLENGE_USED = "challenge_used"
    REFUSED = "refused"
    LIMITED = "limited"


@dataclass(slots=True, kw_only=True)
class RegisterOutcome:
    """The same, with the session in any state, what came of its place, and the key that is registered."""

    outcome: Registered
    session: Session | None
    taken: Taken | None
    registration: StoredRegistration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceProof:
    """A proof of presence whose signature was checked, and the refresh token that came with it.

    A session that was rotated within `grace` by the same refresh token is the same session's: a phone that
    refreshes and proves at once is not refused.
    """

    registration_id: UUID
    token: RefreshToken
    nonce_hash: bytes
    nonce_expires_at: datetime
    grace: timedelta
    idle_expires_at: datetime


class Proved(StrEnum):
    """What came of a proof of presence."""

    PROVED = "proved"
    REPEATED = "repeated"
    CHALLENGE_USED = "challenge_used"
    UNKNOWN_KEY = "unknown_key"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"
    WRONG_KEY = "wrong_key"
    REUSED = "reused"

"""How a signing key lives: next, current, retiring, gone; its times alone decide (decision 0003)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.domain.tokens import ACCESS_TOKEN_TTL_MAX

SIGNING_KEY_LIFETIME = timedelta(
    days=90
)  # how long one key signs; NIST SP 800-57 pt 1 allows years, we like practice
PUBLISHED_BEFORE_USE = timedelta(days=1)  # longer than any cache of our JWKS may keep it
PRIVATE_JWK_MEMBERS = frozenset(
    {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
)  # RFC 7518 s6.2.2, s6.3.2, s6.4.1
RETIRING_MARGIN = timedelta(minutes=5)  # clocks of the backends that verify our tokens


class SigningAlgorithm(StrEnum):
    """How our JWTs are signed; one algorithm a key (RFC 8725 s3.1)."""

    ES256 = "ES256"
    RS256 = "RS256"


class ServiceKeyUse(StrEnum):
    """What a secret of the service is for; no key has two uses."""

    BLIND_INDEX = "blind_index"
    CHALLENGE = "challenge"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name of a use, not a secret


class KeyState(StrEnum):
    """Where a signing key stands in its life."""

    NEXT = "next"
    CURRENT = "current"
    RETIRING = "retiring"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRecord:
    """A signing key as it is stored: its private half only wrapped."""

    kid: str
    algorithm: SigningAlgorithm
    public_jwk: dict[str, Any]
    wrapped_private: bytes = field(repr=False)
    created_at: datetime
    activates_at: datetime
    expires_at: datetime | None
    kms_key_id: str | None = None  # None: the first KMS key of all
    retired_at: datetime | None = None  # withdrawn before its time: it is trusted no more


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKeyRecord:
    """A secret of the service as it is stored: wrapped."""

    use: ServiceKeyUse
    version: int
    wrapped: bytes = field(repr=False)
    created_at: datetime
    activates_at: datetime  # accepted before, written with from then on
    kms_key_id: str | None = None
    retired_at: datetime | None = None  # accepted until then


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKeys:
    """All keys of the service, each kind the oldest first."""

    signing: tuple[SigningKeyRecord, ...]
    service: tuple[ServiceKeyRecord, ...]


def is_trusted(key: SigningKeyRecord, now: datetime) -> bool:
    """Return whether what a key signed still counts."""
    return key.retired_at is None and (key.expires_at is None or key.expires_at > now)


def current_key(
    keys: Iterable[SigningKeyRecord], algorithm: SigningAlgorithm, now: datetime
) -> SigningKeyRecord | None:
    """Return the key that signs at this moment: of those in use, the youngest.

    A clock that is behind the very first key's beginning signs with that one: it has no other (F-16).
    """
    of_kind = sorted(
        (key for key in keys if key.algorithm is algorithm and key.retired_at is None),
        key=lambda key: (key.activates_at, key.kid),
    )
    in_use = [key for key in of_kind if key.activates_at <= now]
    return next(iter(in_use[-1:] or of_kind[:1]), None)


def youngest_beside(key: SigningKeyRecord, keys: Iterable[SigningKeyRecord]) -> SigningKeyRecord | None:
    """Return the youngest of the other keys of a key's kind that were not retired."""
    others = (each for each in keys if each.algorithm is key.algorithm and each.retired_at is None)
    youngest = sorted(others, key=lambda each: (each.activates_at, each.kid))
    return next((each for each in reversed(youngest) if each.kid != key.kid), None)


def state_of(key: SigningKeyRecord, keys: Iterable[SigningKeyRecord], now: datetime) -> KeyState:
    """Return where a key stands among its kind."""
    if not is_trusted(key, now):
        return KeyState.GONE
    if current_key(keys, key.algorithm, now) == key:
        return KeyState.CURRENT
    return KeyState.NEXT if key.activates_at > now else KeyState.RETIRING


def activation_of_next(
    keys: Iterable[SigningKeyRecord], algorithm: SigningAlgorithm, now: datetime, *, lifetime: timedelta
) -> datetime | None:
    """Return when a key made now would start to sign; None while no new one is due.

    The very first key signs at once, since nobody can have cached a set without it.
    """
    of_kind = [key for key in keys if key.algorithm is algorithm and key.retired_at is None]
    if not of_kind:
        return now
    if any(key.activates_at > now for key in of_kind):
        return None
    youngest = max(key.activates_at for key in of_kind)
    return now + PUBLISHED_BEFORE_USE if now >= youngest + lifetime - PUBLISHED_BEFORE_USE else None


def expiry_after(successor_activates_at: datetime) -> datetime:
    """Return when the predecessor leaves the JWKS: once its last token has expired."""
    return successor_activates_at + ACCESS_TOKEN_TTL_MAX + RETIRING_MARGIN

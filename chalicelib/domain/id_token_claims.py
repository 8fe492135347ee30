"""Hold a provider's claims to a schema that leaves nothing open (OpenID Connect Core s2, s3.1.3.7).

The signature says who wrote the claims, not that they make sense: libraries were found without these rules.
A refusal names the claim and never its value, since its text ends in a log.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.domain.errors import IdTokenExpired

LEEWAY = timedelta(seconds=60)  # GG4: how far our clock and the provider's may differ
TEXT_CHARS_MAX = 255  # OpenID Connect Core s2 sets it for sub; kept for client ids and nonces too

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_MAX = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that a datetime holds
_SUBJECT = re.compile(r"[!-~]{1,255}")

Claims = Mapping[str, object]


class ClaimRefused(ValueError):
    """A claim isn't as declared; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """When a token was issued and until when it may be used."""

    issued_at: datetime
    expires_at: datetime


def read_subject(claims: Claims) -> str:
    """Return `sub`, the one key of a person at the provider (GG5)."""
    subject = _text(claims, "sub")
    if _SUBJECT.fullmatch(subject) is None:
        raise ClaimRefused("sub")
    return subject


def read_client(claims: Claims, clients: Collection[str]) -> str:
    """Return which of our client ids the token was issued to: `azp` where there is one, else `aud` (GG2).

    Both must be ours. A list of audiences is refused: others who accept the token could pass it on to us.
    """
    audience = _text(claims, "aud")
    party = _text(claims, "azp") if "azp" in claims else audience
    if audience not in clients:
        raise ClaimRefused("aud")
    if party not in clients:
        raise ClaimRefused("azp")
    return party


def read_nonce(claims: Claims) -> str | None:
    """Return the token's nonce, to be compared by `id_tokens.check_nonce`; None when there is none."""
    if "nonce" not in claims:
        return None
    nonce = _text(claims, "nonce")
    if not 1 <= len(nonce) <= TEXT_CHARS_MAX:
        raise ClaimRefused("nonce")
    return nonce


def read_validity(claims: Claims, now: datetime, lifetime_max: timedelta) -> Validity:
    """Return when the token was issued and expires, once it makes sense and has not expired (GG4).

    Raises:
        ClaimRefused: a time is no number, in the wrong order, too far apart, or yet to come.
        IdTokenExpired: everything else is right, and `exp` is more than the leeway ago.
    """
    issued_at, expires_at = read_instant(claims, "iat"), read_instant(claims, "exp")
    if not timedelta(0) < expires_at - issued_at <= lifetime_max:
        raise ClaimRefused("exp")
    if issued_at > now + LEEWAY:
        raise ClaimRefused("iat")
    if "nbf" in claims and read_instant(claims, "nbf") > now + LEEWAY:
        raise ClaimRefused("nbf")
    if now >= expires_at + LEEWAY:
        raise IdTokenExpired
    return Validity(issued_at=issued_at, expires_at=expires_at)


def read_instant(claims: Claims, name: str) -> datetime:
    """Return a claim that is a time: seconds since 1970, perhaps with a fraction (RFC 7519 s2)."""
    seconds = claims.get(name)
    # type(), not isinstance: a bool is an int, and `exp: true` would be 1970. NaN is in no range.
    if type(seconds) not in {int, float} or not isinstance(seconds, int | float):
        raise ClaimRefused(name)
    if not 0 <= seconds <= _SECONDS_MAX:
        raise ClaimRefused(name)
    return _EPOCH + timedelta(seconds=seconds)


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise ClaimRefused(name)
    return value

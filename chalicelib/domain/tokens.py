"""What our two tokens say: the access token's claims, and a refresh token that can be derived again.

A refresh token is ``session.generation.mac``, or ``session.generation.jkt.mac`` if it is bound to a phone's
key (decision 0080).
Its MAC is made with a secret that only KMS can unwrap, so a forged one costs no query, nor does one that came
without its key; the database holds nothing that could be presented, and the successor of a generation can be
computed a second time when the phone lost the first answer.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from chalicelib.domain.dpop import Proof
from chalicelib.domain.errors import RefreshTokenInvalid

ACCESS_TOKEN_TTL = timedelta(minutes=15)  # how long other backends may trust a revoked session
ACCESS_TOKEN_TTL_MAX = timedelta(hours=1)  # what the setting allows; a retired signing key verifies that long
CLOCK_LEEWAY = timedelta(minutes=5)  # a clock set back must sign nobody out (F-16); for nbf and iat only
SEED_BYTES = 16
_TOKEN_FORMAT = re.compile(
    r"([A-Za-z0-9_-]{43})\.(0|[1-9][0-9]{0,17})\.(?:([A-Za-z0-9_-]{43})\.)?([A-Za-z0-9_-]{43})"
)


class Scope(StrEnum):
    """What a token opens; other backends enforce it from the token alone."""

    ACCOUNT = "account"
    AI = "ai"
    APP = "app"
    CONSENTS = "consents"
    LOGOUT = "logout"
    SESSIONS = "sessions"


FEDERATED_AMR = (
    "fed",
)  # a provider vouched; how it asked the person, only it knows (RFC 8176 has no value for it)


PRESENT_AMR = ("hwk", "user")  # RFC 8176 s2: a key in hardware, and a test of the user's presence
PRESENCE_LASTS = timedelta(
    days=7
)  # so long a proof raises what a session's later tokens say (docs/biometrics.md)


class Acr(StrEnum):
    """How surely the person was present (``acr``, OpenID Connect Core s2)."""

    FEDERATED = "aal1"
    PRESENT = "aal2"  # a hardware key that a finger or face unlocked, in a session that a provider opened


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """The claims of an access token (RFC 9068 s2.2); nothing personal (s6)."""

    user_id: UUID
    session_id: UUID
    client_id: str
    scopes: frozenset[Scope]
    issued_at: datetime
    expires_at: datetime
    token_id: UUID
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    jkt: str | None = None  # the key whose proofs it needs (RFC 9449 s6.1); None: whoever bears it
    proof: Proof | None = None  # that came with it; whatever serves the request uses it up


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token whose MAC was checked, or one about to be sent.

    ``seed`` is known to the phone alone: it opens the session's sealed copy of the profile and is never
    stored. ``jkt`` names the phone's key if the session is bound to one (RFC 9449 s5).
    """

    session_id: UUID
    seed: bytes = field(repr=False)
    generation: int
    jkt: str | None

    def successor(self) -> "RefreshToken":
        """Return the token of the next generation."""
        return replace(self, generation=self.generation + 1)

    def encode(self, secret: bytes) -> str:
        """Return the compact form, MACed with the newest refresh secret."""
        handle = self.session_id.bytes + self.seed
        bound = () if self.jkt is None else (self.jkt,)
        mac = _mac(secret, handle, self.generation, self.jkt)
        return ".".join((_base64url(handle), str(self.generation), *bound, _base64url(mac)))


def parse_refresh_token(text: str, secrets: Sequence[bytes]) -> RefreshToken:
    """Return the token that one of the secrets vouches for.

    Raises:
        RefreshTokenInvalid: not ours, forged, or not in its one canonical spelling.
    """
    match = _TOKEN_FORMAT.fullmatch(text)
    if match is None:
        raise RefreshTokenInvalid
    handle, generation, jkt, mac = (
        urlsafe_b64decode(match[1] + "="),
        int(match[2]),
        match[3],
        urlsafe_b64decode(match[4] + "="),
    )
    if _base64url(handle) != match[1] or _base64url(mac) != match[4]:
        raise RefreshTokenInvalid
    if not any(hmac.compare_digest(mac, _mac(secret, handle, generation, jkt)) for secret in secrets):
        raise RefreshTokenInvalid
    return RefreshToken(session_id=UUID(bytes=handle[:16]), seed=handle[16:], generation=generation, jkt=jkt)


def session_seed(secret: bytes, id_token: str) -> bytes:
    """Return the seed of the session that this ID token opens.

    Derived from the whole token, of which the database keeps only a hash: the exact retry of a sign-in
    gets the same seed, and nobody who has the database and the secret can compute it.
    """
    return hmac.digest(secret, b"serenya-auth/session-seed\x00" + id_token.encode(), sha256)[:SEED_BYTES]


def _mac(secret: bytes, handle: bytes, generation: int, jkt: str | None) -> bytes:
    said = handle + generation.to_bytes(8, "big") + (jkt or "").encode()  # only the last has no fixed length
    return hmac.digest(secret, b"serenya-auth/refresh\x00" + said, sha256)


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()

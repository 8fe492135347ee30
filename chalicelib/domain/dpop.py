"""The rules of a DPoP proof (RFC 9449): what it must say of a request, and whose tokens it opens.

A proof is a JWT that a phone signs for one request, with a key that never leaves its secure hardware. A
session that began with one is bound to that key: its tokens are worth nothing to whoever lacks it.
"""

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import unquote, urlsplit

from chalicelib.domain.errors import InvalidAccessToken, InvalidDpopProof, RefreshTokenInvalid

# A phone's clock may be minutes off (decision 0081); a phone further off gets a nonce, which dates its
# proofs instead (s4.3 check 11). How long a proof is remembered follows from it.
PROOF_WINDOW = timedelta(minutes=5)
JTI_CHARS = range(16, 129)  # 16: the 96 random bits that s4.2 wants, as base64url; a UUID has 36
ALGORITHMS = ("ES256", "EdDSA")  # what Secure Enclave and StrongBox sign with; Ed25519 is the only EdDSA
THUMBPRINT_CHARS = 43  # SHA-256 as base64url
_URL = re.compile(r"[!-~]{1,2048}")
_PORTS = {"http": 80, "https": 443}
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")  # RFC 3986 s2.3


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedProof:
    """A proof whose signature its own key verified; what it says is still to be judged."""

    jkt: str  # the key's thumbprint (RFC 7638)
    jti: str
    htm: str
    htu: str
    issued_at: datetime
    ath: str | None
    nonce: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The request as the phone sees it: its method, and host and path of its URL, by the gateway's word."""

    method: str
    place: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof that is right for its request; that it came once, only the store knows."""

    jkt: str
    ath: str | None
    replay_key: bytes
    expires_at: datetime
    has_nonce: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedToken:
    """An access token as it came: under which scheme of the Authorization header."""

    text: str = field(repr=False)
    is_dpop: bool


def check_target(signed: SignedProof, target: Target, scheme: str) -> None:
    """Let a proof through that was made for this request (s4.3 checks 8 and 9).

    Raises:
        InvalidDpopProof: it was made for another.
    """
    seen = normalised(f"{scheme}://{target.place}") if target.place else None
    if signed.htm != target.method or seen is None or normalised(signed.htu) != seen:
        raise InvalidDpopProof


def is_timely(signed: SignedProof, now: datetime) -> bool:
    """Tell whether its own clock alone dates a proof well enough (s4.3 check 11)."""
    return abs(now - signed.issued_at) <= PROOF_WINDOW


def accepted(signed: SignedProof, *, until: datetime) -> Proof:
    """Return the proof, to be refused should it come again until that moment (s11.1)."""
    return Proof(
        jkt=signed.jkt,
        ath=signed.ath,
        replay_key=sha256(f"{signed.jkt} {signed.jti}".encode()).digest(),
        expires_at=until,
        has_nonce=signed.nonce is not None,
    )


def check_scheme(jkt: str | None, offered: OfferedToken) -> None:
    """Let a bound token through that came as DPoP, and any other that came as Bearer (s7.1, s7.2).

    Raises:
        InvalidAccessToken: it came as what it isn't.
    """
    if (jkt is not None) != offered.is_dpop:
        raise InvalidAccessToken(is_bound=jkt is not None)


def check_holder(jkt: str, proof: Proof | None, offered: OfferedToken) -> Proof:
    """Return the proof that opens a bound access token (s4.3 check 12).

    Raises:
        InvalidDpopProof: none came, or it was made for another token.
        InvalidAccessToken: the token is bound to another key, which no other proof mends.
    """
    if proof is None or proof.ath != base64url(sha256(offered.text.encode()).digest()):
        raise InvalidDpopProof
    if proof.jkt != jkt:
        raise InvalidAccessToken(is_bound=True)
    return proof


def check_refresher(jkt: str, proof: Proof | None) -> Proof:
    """Return the proof that opens a bound refresh token (s5).

    Raises:
        InvalidDpopProof: none came.
        RefreshTokenInvalid: the token is bound to another key, which no other proof mends.
    """
    if proof is None:
        raise InvalidDpopProof
    if proof.jkt != jkt:
        raise RefreshTokenInvalid
    return proof


def normalised(url: str) -> str | None:
    """Return a URL without its query, spelled the one way (RFC 3986 s6.2.2, s6.2.3); None if it is none."""
    try:
        parts = urlsplit(url) if _URL.fullmatch(url) else None
        if parts is None or not parts.hostname or "@" in parts.netloc or parts.scheme not in _PORTS:
            return None
        port = f":{parts.port}" if parts.port not in {None, _PORTS[parts.scheme]} else ""
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}{_without_dots(_ESCAPED.sub(_unescaped, parts.path))}"


def base64url(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unescaped(escape: re.Match[str]) -> str:
    character = unquote(escape[0], "latin-1")
    return character if _UNRESERVED.fullmatch(character) else escape[0].upper()


def _without_dots(path: str) -> str:
    """Return a path without its dot segments (RFC 3986 s5.2.4)."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    ends_in_dots = path.endswith(("/.", "/.."))
    return "/" + "/".join([*kept, ""] if ends_in_dots else kept)

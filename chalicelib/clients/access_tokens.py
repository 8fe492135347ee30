"""Write and read our access tokens (RFC 9068), strictly: what is written is the only thing that is read.

PyJWT signs and verifies; a parser of our own stands in front, since PyJWT too accepts duplicate names and
base64 in several spellings. Neither the header nor a claim ever chooses a key's place or an algorithm (RFC
8725 s3.1).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt

from chalicelib.clients.base64url import encode_base64url
from chalicelib.clients.compact_jws import take_apart
from chalicelib.clients.jwt_keys import TokenKey
from chalicelib.domain.errors import AccessTokenExpired, InvalidAccessToken
from chalicelib.domain.formats import Format, added, array, integer, optional, required, text
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.domain.tokens import CLOCK_LEEWAY, AccessClaims, Scope

TOKEN_CHARS_MAX = 4096  # ours have some 700
_SCOPES = {scope.value: scope for scope in Scope}
_HEADERS_MAX = 16  # of few keys and few types
TYPE = "at+jwt"  # RFC 9068 s2.1
# each algorithm verifies bytes with a key; which one, the key says and never the token (RFC 8725 s3.1)
_ALGORITHMS = {name: jwt.get_algorithm_by_name(name.value) for name in SigningAlgorithm}


class AccessTokenCodec:
    """Access tokens of one issuer for one audience."""

    def __init__(self, *, issuer: str, audience: str) -> None:
        """Take what `iss` and `aud` must say."""
        self._issuer = issuer
        self._audience = audience

    def encode(self, claims: AccessClaims, key: TokenKey) -> str:
        """Return the signed token."""
        return _signed(self.payload(claims), TYPE, key)

    def payload(self, claims: AccessClaims) -> dict[str, object]:
        """Return what a token of these claims says."""
        return CLAIMS.write(
            {
                "iss": self._issuer,
                "aud": self._audience,
                "sub": str(claims.user_id),
                "client_id": claims.client_id,
                "iat": _seconds(claims.issued_at),
                "nbf": _seconds(claims.issued_at),
                "exp": _seconds(claims.expires_at),
                "jti": str(claims.token_id),
                "sid": str(claims.session_id),
                "scope": " ".join(sorted(claims.scopes)),
                "auth_time": _seconds(claims.auth_time),
                "acr": claims.acr,
                "amr": list(claims.amr),
                **({} if claims.jkt is None else {"cnf": {"jkt": claims.jkt}}),
            }
        )

    def sign(self, document: Mapping[str, Any], typ: str, key: TokenKey, now: datetime) -> str:
        """Return a document as a JWS that says who issued it and when; `typ` keeps it from being a token."""
        return _signed({**document, "iss": self._issuer, "iat": _seconds(now)}, typ, key)

    def decode(self, token: str, keys: Mapping[str, TokenKey], now: datetime) -> AccessClaims:
        """Return the claims of a token that one of our keys signed and that is in its lifetime.

        Raises:
            AccessTokenExpired: ours, but too old.
            InvalidAccessToken: anything else.
        """
        claims = self.identify(token, keys, now)
        if now >= claims.expires_at:
            raise AccessTokenExpired
        return claims

    def identify(self, token: str, keys: Mapping[str, TokenKey], now: datetime) -> AccessClaims:
        """Return the claims of a token that one of our keys signed, even if it is past its lifetime.

        Raises:
            InvalidAccessToken: anything else.
        """
        try:
            claims = self._read(token, keys)
        except (ValueError, TypeError, KeyError, OverflowError, OSError, jwt.PyJWTError) as error:
            raise InvalidAccessToken from error
        if now + CLOCK_LEEWAY < claims.issued_at:
            raise InvalidAccessToken
        return claims

    def _read(self, token: str, keys: Mapping[str, TokenKey]) -> AccessClaims:
        claims = CLAIMS.read(_verified_payload(token, keys))
        if claims["iss"] != self._issuer or claims["aud"] != self._audience:
            raise ValueError("iss or aud")
        return AccessClaims(
            user_id=claims["sub"],
            session_id=claims["sid"],
            client_id=claims["client_id"],
            scopes=claims["scope"],
            issued_at=claims["iat"],
            expires_at=claims["exp"],
            token_id=claims["jti"],
            auth_time=claims["auth_time"],
            acr=claims["acr"],
            amr=claims["amr"],
            jkt=claims["cnf"],
        )


def _signed(payload: Mapping[str, object], typ: str, key: TokenKey) -> str:
    """Return a compact JWS (RFC 7515 s3.1); PyJWT's own way there reads and checks what is made here."""
    signing_input = _header(key.algorithm, key.kid, typ) + b"." + encode_base64url(_json(payload))
    signature = _ALGORITHMS[key.algorithm].sign(signing_input, key.private)
    return (signing_input + b"." + encode_base64url(signature)).decode("ascii")


@lru_cache(_HEADERS_MAX)
def _header(algorithm: SigningAlgorithm, kid: str, typ: str) -> bytes:
    return encode_base64url(_json({"alg": algorithm.value, "kid": kid, "typ": typ}))


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _verified_payload(token: str, keys: Mapping[str, TokenKey]) -> dict[str, object]:
    jws = take_apart(token, chars_max=TOKEN_CHARS_MAX)
    header = jws.header
    if header.keys() != {"alg", "kid", "typ"} or header["typ"] != TYPE:
        raise ValueError("header")
    key = keys[text(header["kid"])]
    if header["alg"] != key.algorithm.value:
        raise ValueError("alg")
    if not _ALGORITHMS[key.algorithm].verify(jws.signing_input, key.public, jws.signature):
        raise ValueError("signature")
    return jws.payload


def _scopes(claim: str) -> frozenset[Scope]:
    """Return the scopes that this release knows."""
    return frozenset(_SCOPES[word] for word in text(claim).split() if word in _SCOPES)


def _jkt(claim: object) -> str:
    """Return the thumbprint of the key that a token is bound to (RFC 9449 s6.1)."""
    if not isinstance(claim, dict) or claim.keys() != {"jkt"}:
        raise ValueError("cnf")
    return text(claim["jkt"])


def _moment(claim: object) -> datetime:
    return datetime.fromtimestamp(integer(claim), UTC)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


CLAIMS = Format(
    "access_token",
    {
        "iss": required(text),
        "aud": required(text),
        "sub": required(UUID),
        "client_id": required(text),
        "iat": required(_moment),
        "nbf": optional(_moment),
        "exp": required(_moment),
        "jti": required(UUID),
        "sid": required(UUID),
        "scope": required(_scopes),
        "auth_time": required(_moment),
        "acr": required(text),
        "amr": required(lambda claim: tuple(map(text, array(claim)))),
        "cnf": added(_jkt, is_written=True),
    },
    fault=InvalidAccessToken,
)

"""Write and read our access tokens (RFC 9068), strictly: what is written is the only thing that is read.

PyJWT signs and verifies; a parser of our own stands in front, since PyJWT too accepts duplicate names and
base64 in several spellings. Neither the header nor a claim ever chooses a key's place or an algorithm (RFC
8725 s3.1).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt

from chalicelib.clients.compact_jws import take_apart
from chalicelib.clients.jwt_keys import TokenKey
from chalicelib.domain.errors import AccessTokenExpired, InvalidAccessToken
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.domain.tokens import CLOCK_LEEWAY, AccessClaims, Scope

TOKEN_CHARS_MAX = 4096  # ours have some 700
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
        headers = {"typ": TYPE, "kid": key.kid}
        return jwt.encode(self.payload(claims), key.private, algorithm=key.algorithm.value, headers=headers)

    def payload(self, claims: AccessClaims) -> dict[str, object]:
        """Return what a token of these claims says."""
        return {
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

    def sign(self, document: Mapping[str, Any], typ: str, key: TokenKey, now: datetime) -> str:
        """Return a document as a JWS that says who issued it and when; `typ` keeps it from being a token."""
        payload = {**document, "iss": self._issuer, "iat": _seconds(now)}
        headers = {"typ": typ, "kid": key.kid}
        return jwt.encode(payload, key.private, algorithm=key.algorithm.value, headers=headers)

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
        payload = _verified_payload(token, keys)
        if payload["iss"] != self._issuer or payload["aud"] != self._audience:
            raise ValueError("iss or aud")
        return AccessClaims(
            user_id=UUID(_text(payload, "sub")),
            session_id=UUID(_text(payload, "sid")),
            client_id=_text(payload, "client_id"),
            scopes=frozenset(scope for scope in Scope if scope.value in _text(payload, "scope").split()),
            issued_at=_moment(payload, "iat"),
            expires_at=_moment(payload, "exp"),
            token_id=UUID(_text(payload, "jti")),
            auth_time=_moment(payload, "auth_time"),
            acr=_text(payload, "acr"),
            amr=_texts(payload, "amr"),
            jkt=_jkt(payload),
        )


def _verified_payload(token: str, keys: Mapping[str, TokenKey]) -> dict[str, object]:
    jws = take_apart(token, chars_max=TOKEN_CHARS_MAX)
    header = jws.header
    if header.keys() != {"alg", "kid", "typ"} or header["typ"] != TYPE:
        raise ValueError("header")
    key = keys[_text(header, "kid")]
    if header["alg"] != key.algorithm.value:
        raise ValueError("alg")
    if not _ALGORITHMS[key.algorithm].verify(jws.signing_input, key.public, jws.signature):
        raise ValueError("signature")
    return jws.payload


def _jkt(claims: Mapping[str, object]) -> str | None:
    """Return the thumbprint of the key that a token is bound to (RFC 9449 s6.1), None for no binding."""
    if "cnf" not in claims:
        return None
    cnf = claims["cnf"]
    if not isinstance(cnf, dict) or cnf.keys() != {"jkt"}:
        raise ValueError("cnf")
    return _text(cnf, "jkt")


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _texts(claims: Mapping[str, object], name: str) -> tuple[str, ...]:
    values = claims[name]
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(name)
    return tuple(values)


def _moment(claims: Mapping[str, object], name: str) -> datetime:
    value = claims[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(name)
    return datetime.fromtimestamp(value, UTC)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())

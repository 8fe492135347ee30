"""Hold a provider's public keys, once they were found fit to decide who signs in (J3, F-15).

A set that has one key we wouldn't trust is refused whole: a provider doesn't publish such keys, so the answer
isn't the provider's, and the last good set is worth more than the half of a poisoned one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from google.auth.crypt import RSAVerifier

from chalicelib.clients.base64url import decode_base64url
from chalicelib.clients.strict_json import read_object

KEY_SET_BYTES_MAX = 65_536  # Google's is 1.5 kB
KEYS_MAX = 20  # Google publishes two or three
MODULUS_BITS_MIN = 2_048  # J3
MODULUS_BITS_MAX = 8_192  # beyond, one verification costs milliseconds
EXPONENT_MIN = 65_537
EXPONENT_MAX = 2**32 - 1  # the same bound on our time
_KID = re.compile(r"[!-~]{1,128}")
_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


class KeySetError(Exception):
    """A key set couldn't be had; the one before stays in use."""


class KeySetRefused(KeySetError):
    """An answer came, and isn't a key set we would trust."""


class KeySetUnreachable(KeySetError):
    """No answer came in time."""


class SignatureVerifier(Protocol):
    """What checks a signature with one key: google-auth's RSAVerifier."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is the message's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKey:
    """One RSA key: as it was published, and ready to verify, since building that costs more than using it."""

    jwk: Mapping[str, str]
    verifier: SignatureVerifier = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKeySet:
    """A provider's keys by kid, when they were fetched, and until when the provider lets them be kept."""

    keys: Mapping[str, ProviderKey]
    fetched_at: datetime
    fresh_until: datetime


class ProviderKeySource(Protocol):
    """Where the verifier finds the provider's current keys (GG1)."""

    def current(self, now: datetime) -> ProviderKeySet:
        """Return the set in use, for readiness and for publishing.

        Raises:
            DependencyUnavailable: there is none, or only one past its staleness limit.
        """

    def find(self, kid: str, now: datetime) -> SignatureVerifier | None:
        """Return the key's verifier; None when the provider has no such key.

        Raises:
            DependencyUnavailable: as above, or it can't be told because the provider can't be asked.
        """


def read_keys(document: bytes) -> dict[str, ProviderKey]:
    """Return the keys of a JWK set (RFC 7517 s5), by kid.

    Raises:
        KeySetRefused: too large, not strict JSON, empty, or with a key that isn't fit.
    """
    if len(document) > KEY_SET_BYTES_MAX:
        raise KeySetRefused("too large")
    try:
        return keys_of(read_object(document).get("keys"))
    except ValueError as error:
        raise KeySetRefused(str(error)) from error


def keys_of(jwks: object) -> dict[str, ProviderKey]:
    """Return the keys in a parsed `keys` member, by kid.

    Raises:
        ValueError: it is no list, empty, too long, names a kid twice, or has a key that isn't fit.
    """
    if not isinstance(jwks, list) or not 1 <= len(jwks) <= KEYS_MAX:
        raise ValueError("number of keys")
    keys = dict(map(_read_key, jwks))
    if len(keys) != len(jwks):
        raise ValueError("duplicate kid")
    return keys


def _read_key(jwk: object) -> tuple[str, ProviderKey]:
    if not isinstance(jwk, dict) or jwk.keys() & _PRIVATE_MEMBERS:
        raise ValueError("not a public key")
    if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig" or jwk.get("alg", "RS256") != "RS256":
        raise ValueError("kty, use or alg")
    if jwk.get("key_ops", ["verify"]) != ["verify"]:
        raise ValueError("key_ops")
    kid, modulus, exponent = _text(jwk, "kid"), _text(jwk, "n"), _text(jwk, "e")
    if _KID.fullmatch(kid) is None:
        raise ValueError("kid")
    published = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": modulus, "e": exponent}
    return kid, ProviderKey(jwk=published, verifier=_verifier(_number(modulus), _number(exponent)))


def _verifier(modulus: int, exponent: int) -> SignatureVerifier:
    if not MODULUS_BITS_MIN <= modulus.bit_length() <= MODULUS_BITS_MAX or modulus % 2 == 0:
        raise ValueError("modulus")
    if not EXPONENT_MIN <= exponent <= EXPONENT_MAX or exponent % 2 == 0:
        raise ValueError("exponent")
    key = RSAPublicNumbers(exponent, modulus).public_key()
    verifier: SignatureVerifier = RSAVerifier(key)
    return verifier


def _text(jwk: Mapping[str, object], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise ValueError(name)  # noqa: TRY004 - one error for all that is wrong with a document from outside
    return value


def _number(encoded: str) -> int:
    # RFC 7518 s6.3.1: big-endian; a leading zero octet is not canonical, and two spellings of one key no harm
    return int.from_bytes(decode_base64url(encoded.encode()), "big")

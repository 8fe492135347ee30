"""Hold a provider's public keys, once they were found fit to decide who signs in (J3, F-15).

A set that has one key we wouldn't trust is refused whole: a provider doesn't publish such keys, so the answer
isn't the provider's, and the last good set is worth more than the half of a poisoned one.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib.clients.base64url import decode_base64url
from chalicelib.clients.signatures import SignatureVerifier, p256_verifier, rsa_verifier
from chalicelib.clients.strict_json import read_object
from chalicelib.domain.keys import SigningAlgorithm

KEY_SET_BYTES_MAX = 65_536  # Google's is 1.5 kB
KEYS_MAX = 20  # Google publishes two or three
_KID = re.compile(r"[!-~]{1,128}")
_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


class KeySetError(Exception):
    """A key set couldn't be had; the one before stays in use."""


class KeySetRefused(KeySetError):
    """An answer came, and isn't a key set we would trust."""


class KeySetUnreachable(KeySetError):
    """No answer came in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKey:
    """One key, of one algorithm: as published, and ready to verify: building it costs more than using it."""

    algorithm: SigningAlgorithm
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

    def find(self, kid: str, now: datetime) -> ProviderKey | None:
        """Return the key of a name; None when the provider has no such key.

        Raises:
            DependencyUnavailable: as above, or the provider can't be asked just now (decision 0008).
        """


def read_keys(document: bytes, algorithms: Collection[SigningAlgorithm]) -> dict[str, ProviderKey]:
    """Return the keys of a JWK set (RFC 7517 s5), by kid; all are of algorithms that their provider uses.

    Raises:
        KeySetRefused: too large, not strict JSON, empty, or with a key that isn't fit.
    """
    if len(document) > KEY_SET_BYTES_MAX:
        raise KeySetRefused("too large")
    try:
        return keys_of(read_object(document).get("keys"), algorithms)
    except ValueError as error:
        raise KeySetRefused(str(error)) from error


def keys_of(jwks: object, algorithms: Collection[SigningAlgorithm]) -> dict[str, ProviderKey]:
    """Return the keys in a parsed `keys` member, by kid.

    Raises:
        ValueError: it is no list, empty, too long, names a kid twice, or has a key that isn't fit.
    """
    if not isinstance(jwks, list) or not 1 <= len(jwks) <= KEYS_MAX:
        raise ValueError("number of keys")
    keys = dict(_read_key(jwk, algorithms) for jwk in jwks)
    if len(keys) != len(jwks):
        raise ValueError("duplicate kid")
    return keys


def _read_key(jwk: object, algorithms: Collection[SigningAlgorithm]) -> tuple[str, ProviderKey]:
    if not isinstance(jwk, dict) or jwk.keys() & _PRIVATE_MEMBERS:
        raise ValueError("not a public key")
    kind = next(
        (kind for kind in _KINDS if kind.kty == jwk.get("kty") and kind.algorithm in algorithms), None
    )
    if kind is None or jwk.get("use", "sig") != "sig" or jwk.get("alg", kind.algorithm) != kind.algorithm:
        raise ValueError("kty, use or alg")
    if jwk.get("key_ops", ["verify"]) != ["verify"]:
        raise ValueError("key_ops")
    kid = _text(jwk, "kid")
    if _KID.fullmatch(kid) is None:
        raise ValueError("kid")
    own = {name: _text(jwk, name) for name in kind.members}
    published = {"kty": kind.kty, "use": "sig", "alg": kind.algorithm.value, "kid": kid, **own}
    return kid, ProviderKey(algorithm=kind.algorithm, jwk=published, verifier=kind.verifier(own))


def _rsa(members: Mapping[str, str]) -> SignatureVerifier:
    # RFC 7518 s6.3.1: big-endian; a leading zero octet is not canonical, and two spellings of one key no harm
    modulus, exponent = (int.from_bytes(_bytes(members[name]), "big") for name in ("n", "e"))
    return rsa_verifier(modulus, exponent)


def _p256(members: Mapping[str, str]) -> SignatureVerifier:
    if members["crv"] != "P-256":
        raise ValueError("crv")
    return p256_verifier(_bytes(members["x"]), _bytes(members["y"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How keys of one algorithm are written, and what verifies with them."""

    kty: str
    algorithm: SigningAlgorithm
    members: tuple[str, ...]
    verifier: Callable[[Mapping[str, str]], SignatureVerifier]


_KINDS = (
    _Kind(kty="RSA", algorithm=SigningAlgorithm.RS256, members=("n", "e"), verifier=_rsa),
    _Kind(kty="EC", algorithm=SigningAlgorithm.ES256, members=("crv", "x", "y"), verifier=_p256),
)


def _text(jwk: Mapping[str, object], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise ValueError(name)  # noqa: TRY004 - one error for all that is wrong with a document from outside
    return value


def _bytes(encoded: str) -> bytes:
    return decode_base64url(encoded.encode())

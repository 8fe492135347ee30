"""Hold a provider's public keys, once they were found fit to decide who signs in (J3, F-15).

Keys of kinds that we don't use are ignored (RFC 7517 s5): a provider may publish one any day. A set that has
one key of ours that we wouldn't trust is refused whole: a provider doesn't publish such keys, so the answer
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
from chalicelib.domain.keys import PRIVATE_JWK_MEMBERS, SigningAlgorithm

KEY_SET_BYTES_MAX = 65_536  # Google's is 1.5 kB
KEYS_MAX = 20  # Google publishes two or three
_KID = re.compile(r"[!-~]{1,128}")
_KNOWN_KTY = {"RSA", "EC", "OKP", "oct"}  # in these, a member with a private name is private


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
    """Return the keys in a parsed `keys` member that are of a kind we use, by kid.

    Raises:
        ValueError: it is no list, has none or too many of ours, names a kid twice, or has a key that isn't
        fit.
    """
    if not isinstance(jwks, list):
        raise ValueError("no list")  # noqa: TRY004 - one error for all that is wrong with a document from outside
    ours = [(kind, jwk) for jwk in jwks for kind in [_kind_of(jwk, algorithms)] if kind is not None]
    if not 1 <= len(ours) <= KEYS_MAX:
        raise ValueError("number of keys")
    keys = dict(_read_key(kind, jwk) for kind, jwk in ours)
    if len(keys) != len(ours):
        raise ValueError("duplicate kid")
    return keys


def _kind_of(jwk: object, algorithms: Collection[SigningAlgorithm]) -> "_Kind | None":
    """Return the kind of a key that may verify, None for one that we have no use for.

    Raises:
        ValueError: it is no key, or one with a private part.
    """
    if not isinstance(jwk, dict):
        raise ValueError("not a key")  # noqa: TRY004 - as above
    if any(jwk.get("kty") == kty for kty in _KNOWN_KTY) and jwk.keys() & PRIVATE_JWK_MEMBERS:
        raise ValueError("not a public key")
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    return next((kind for kind in _KINDS if kind.algorithm in algorithms and kind.fits(jwk)), None)


def _read_key(kind: "_Kind", jwk: Mapping[str, object]) -> tuple[str, ProviderKey]:
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
    return p256_verifier(_bytes(members["x"]), _bytes(members["y"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How keys of one algorithm are written, and what verifies with them."""

    kty: str
    algorithm: SigningAlgorithm
    members: tuple[str, ...]
    verifier: Callable[[Mapping[str, str]], SignatureVerifier]
    crv: str | None = None

    def fits(self, jwk: Mapping[str, object]) -> bool:
        """Tell whether a key is of this kind; one that names no algorithm may be."""
        is_of_curve = self.crv is None or jwk.get("crv") == self.crv
        return is_of_curve and (jwk.get("kty"), jwk.get("alg", self.algorithm)) == (self.kty, self.algorithm)


_KINDS = (
    _Kind(kty="RSA", algorithm=SigningAlgorithm.RS256, members=("n", "e"), verifier=_rsa),
    _Kind(kty="EC", crv="P-256", algorithm=SigningAlgorithm.ES256, members=("crv", "x", "y"), verifier=_p256),
)


def _text(jwk: Mapping[str, object], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise ValueError(name)  # noqa: TRY004 - one error for all that is wrong with a document from outside
    return value


def _bytes(encoded: str) -> bytes:
    return decode_base64url(encoded.encode())

"""Make, load and check the keys that sign our JWTs: P-256 on its curve, RSA of 3072 bits or more (J3)."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, assert_never

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from chalicelib.clients.base64url import encode_base64url
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.keys import SigningAlgorithm

RSA_BITS = 3072  # NIST SP 800-57 pt 1: 128 bits of strength
RSA_EXPONENT = 65537
PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey
PublicKey = EllipticCurvePublicKey | RSAPublicKey
_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}  # RFC 7638 s3.2


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made; its private half is PKCS #8 DER and still plain."""

    kid: str
    public_jwk: dict[str, Any]
    private_der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """A key that signs and verifies, with the one algorithm it may be used with (RFC 8725 s3.1)."""

    kid: str
    algorithm: SigningAlgorithm
    private: PrivateKey = field(repr=False)
    public: PublicKey


def make_key(algorithm: SigningAlgorithm) -> NewKey:
    """Return a fresh key, named by its thumbprint (RFC 7638)."""
    private = _generate(algorithm)
    public_jwk = _public_jwk(private, algorithm)
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return NewKey(kid=public_jwk["kid"], public_jwk=public_jwk, private_der=der)


def load_key(kid: str, algorithm: SigningAlgorithm, private_der: bytes) -> TokenKey:
    """Return the key behind an unwrapped private half.

    Raises:
        IntegrityFailure: not a key of this algorithm and strength, or not the one of this name.
    """
    try:
        private = load_der_private_key(private_der, password=None)
    except ValueError as error:
        raise IntegrityFailure from error
    if not isinstance(private, PrivateKey):
        raise IntegrityFailure
    public = _checked(private.public_key(), algorithm)
    if _thumbprint(public) != kid:
        raise IntegrityFailure
    return TokenKey(kid=kid, algorithm=algorithm, private=private, public=public)


def _generate(algorithm: SigningAlgorithm) -> PrivateKey:
    match algorithm:
        case SigningAlgorithm.ES256:
            return generate_private_key(SECP256R1())
        case SigningAlgorithm.RS256:
            return generate_rsa_key(public_exponent=RSA_EXPONENT, key_size=RSA_BITS)
        case _:
            assert_never(algorithm)


def _checked(public: PublicKey, algorithm: SigningAlgorithm) -> PublicKey:
    match algorithm:
        case SigningAlgorithm.ES256:
            fits = isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1)
        case SigningAlgorithm.RS256:
            fits = isinstance(public, RSAPublicKey) and public.key_size >= RSA_BITS
        case _:
            assert_never(algorithm)
    if not fits:
        raise IntegrityFailure
    return public


def _public_jwk(private: PrivateKey, algorithm: SigningAlgorithm) -> dict[str, Any]:
    public = private.public_key()
    return {**_bare_jwk(public), "kid": _thumbprint(public), "use": "sig", "alg": algorithm.value}


def _bare_jwk(public: PublicKey) -> dict[str, Any]:
    if isinstance(public, EllipticCurvePublicKey):
        jwk = ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        jwk = RSAAlgorithm.to_jwk(public, as_dict=True)
    return {name: jwk[name] for name in _THUMBPRINT_MEMBERS[jwk["kty"]]}


def _thumbprint(public: PublicKey) -> str:
    canonical = json.dumps(_bare_jwk(public), sort_keys=True, separators=(",", ":")).encode()
    return encode_base64url(sha256(canonical).digest()).decode()

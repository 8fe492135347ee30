"""Check signatures of providers: RSA's with google-auth, those on P-256 with cryptography itself."""

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from google.auth.crypt import RSAVerifier

P256_BYTES = 32
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # FIPS 186-4 D.1.2.3
MODULUS_BITS_MIN = 2_048  # J3
MODULUS_BITS_MAX = 8_192  # beyond, one verification costs milliseconds
EXPONENT_MIN = 65_537
EXPONENT_MAX = 2**32 - 1  # the same bound on our time


class SignatureVerifier(Protocol):
    """What checks a signature with one key: google-auth's RSAVerifier, or `P256Verifier`."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is the message's."""


class P256Verifier:
    """Checks ECDSA with SHA-256 on P-256, signatures being r and s of 32 bytes each (RFC 7518 s3.4)."""

    def __init__(self, key: EllipticCurvePublicKey) -> None:
        """Take the key."""
        self._key = key

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is the message's."""
        if len(signature) != 2 * P256_BYTES:
            return False
        try:
            self._key.verify(encode_dss_signature(*_numbers(signature)), message, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def one_of_two(signature: bytes) -> bytes:
    """Return the one with the smaller s of the two ECDSA signatures that anybody can make of one.

    If (r, s) verifies, so does (r, n - s). Without this, a used token would have a second, unused spelling
    (decision 0089).
    Anything that is no such signature comes back as it is.
    """
    if len(signature) != 2 * P256_BYTES:
        return signature
    _, s = _numbers(signature)
    if not 0 < s < P256_ORDER:
        return signature
    return signature[:P256_BYTES] + min(s, P256_ORDER - s).to_bytes(P256_BYTES, "big")


def rsa_verifier(modulus: int, exponent: int) -> SignatureVerifier:
    """Return what verifies RS256 with a key. Raises ValueError: the key isn't fit (J3)."""
    if not MODULUS_BITS_MIN <= modulus.bit_length() <= MODULUS_BITS_MAX or modulus % 2 == 0:
        raise ValueError("modulus")
    if not EXPONENT_MIN <= exponent <= EXPONENT_MAX or exponent % 2 == 0:
        raise ValueError("exponent")
    verifier: SignatureVerifier = RSAVerifier(RSAPublicNumbers(exponent, modulus).public_key())
    return verifier


def p256_verifier(x: bytes, y: bytes) -> SignatureVerifier:
    """Return what verifies ES256 with a key. Raises ValueError: it is no point of the curve (J3)."""
    if len(x) != P256_BYTES or len(y) != P256_BYTES:  # RFC 7518 s6.2.1.2
        raise ValueError("coordinate")
    point = EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), SECP256R1())
    return P256Verifier(point.public_key())


def _numbers(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:P256_BYTES], "big"), int.from_bytes(signature[P256_BYTES:], "big")

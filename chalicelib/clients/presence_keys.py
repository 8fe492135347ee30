"""Read a phone's public key, and check what its private half signed: ECDSA on P-256 with SHA-256."""

import hashlib
import json
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from chalicelib.clients.base64url import decode_base64url, encode_base64url
from chalicelib.domain.biometrics import PresenceKey
from chalicelib.domain.errors import (
    IntegrityFailure,
    PublicKeyInvalid,
    PublicKeyUnsupported,
    SignatureInvalid,
)
from chalicelib.domain.presence_challenges import SignedChallenge

COORDINATE_BYTES = 32
CURVE = "P-256"  # the one curve that Secure Enclave and StrongBox both have


class PresenceKeys:
    """Public keys on P-256, and what their private halves sign with SHA-256."""

    def read(self, jwk: Mapping[str, str]) -> PresenceKey:
        """Return the key of a JWK (RFC 7517, RFC 7518 s6.2.1).

        Raises:
            PublicKeyUnsupported: another kind of key, or another curve.
            PublicKeyInvalid: a coordinate not in its one spelling, or a point that isn't on the curve.
        """
        if (jwk["kty"], jwk["crv"]) != ("EC", CURVE):
            raise PublicKeyUnsupported
        point = ec.EllipticCurvePublicNumbers(_coordinate(jwk["x"]), _coordinate(jwk["y"]), ec.SECP256R1())
        try:
            key = point.public_key()
        except ValueError as error:
            raise PublicKeyInvalid from error
        members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}  # RFC 7638 s3.2, in this order
        canonical = json.dumps(members, separators=(",", ":")).encode()
        return PresenceKey(
            thumbprint=encode_base64url(hashlib.sha256(canonical).digest()).decode(),
            spki=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        )

    def check(self, spki: bytes, proof: SignedChallenge) -> None:
        """Accept a signature in DER, as phones make them. Raises SignatureInvalid, IntegrityFailure."""
        key = load_der_public_key(spki)
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise IntegrityFailure  # only such keys are stored
        try:
            key.verify(proof.signature, proof.text.encode(), ec.ECDSA(SHA256()))
        except InvalidSignature as error:
            raise SignatureInvalid from error


def _coordinate(text: str) -> int:
    try:
        raw = decode_base64url(text.encode("ascii"))
    except ValueError as error:
        raise PublicKeyInvalid from error
    if len(raw) != COORDINATE_BYTES:
        raise PublicKeyInvalid
    return int.from_bytes(raw, "big")

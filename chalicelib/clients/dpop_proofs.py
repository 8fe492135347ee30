"""Read DPoP proofs: a JWT of strangers, verified with the key that it brings along (RFC 9449 s4.2, s4.3).

The only place where a header chooses a key, since the proof proves nothing but that key. Its kind is ours to
choose: P-256 with ES256, Ed25519 with EdDSA, on their curves, never with a private part. The second signature
that ECDSA lets anyone make of the first is no second proof: `jti` is remembered, not the bytes.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chalicelib.clients.base64url import decode_base64url, encode_base64url
from chalicelib.clients.compact_jws import REFUSED_HEADERS, CompactJws, take_apart
from chalicelib.domain.dpop import ALGORITHMS, JTI_CHARS, SignedProof
from chalicelib.domain.errors import InvalidDpopProof
from chalicelib.domain.id_token_claims import read_instant
from chalicelib.domain.keys import PRIVATE_JWK_MEMBERS

PROOF_CHARS_MAX = 2048  # ES256 with nonce and `ath` needs some 800
TYPE = "dpop+jwt"
SIGNATURE_BYTES = 64  # of both algorithms (RFC 7518 s3.4, RFC 8032 s5.1.6)
COORDINATE_BYTES = 32  # RFC 7518 s6.2.1.2, RFC 8037 s2
_KINDS = {"ES256": ("EC", "P-256", ("x", "y")), "EdDSA": ("OKP", "Ed25519", ("x",))}
_VERIFIERS = {name: jwt.get_algorithm_by_name(name) for name in ALGORITHMS}
_WORD = re.compile(r"[!-~]{1,255}")
_FIELD_PRIME = 2**255 - 19
_SIGN_BIT = 2**255
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# the y of points of order 1, 2, 4 and 8: under such a key some signatures fit any message
SMALL_ORDER = {0, 1, _FIELD_PRIME - 1, _ORDER_8, _FIELD_PRIME - _ORDER_8}


def read_proof(text: str) -> SignedProof:
    """Return what a proof says, whose signature its own key verifies (checks 2 to 7).

    Raises:
        InvalidDpopProof: whatever else came, and nothing but this.
    """
    try:
        return _read(take_apart(text, chars_max=PROOF_CHARS_MAX))
    except (ValueError, TypeError, KeyError, OverflowError, OSError, jwt.PyJWTError) as error:
        raise InvalidDpopProof from error


def _read(jws: CompactJws) -> SignedProof:
    header, claims = jws.header, jws.payload
    if header.keys() & REFUSED_HEADERS or header["typ"] != TYPE:
        raise ValueError("header")
    algorithm, jwk = _word(header, "alg"), header["jwk"]
    if not isinstance(jwk, dict):
        raise TypeError("jwk")
    members, key = _read_key(algorithm, jwk)
    is_signed = len(jws.signature) == SIGNATURE_BYTES
    if not is_signed or not _VERIFIERS[algorithm].verify(jws.signing_input, key, jws.signature):
        raise ValueError("signature")
    return SignedProof(
        jkt=_thumbprint(members),
        jti=_jti(claims),
        htm=_word(claims, "htm"),
        htu=_text(claims, "htu"),
        issued_at=read_instant(claims, "iat"),
        ath=_word(claims, "ath") if "ath" in claims else None,
        nonce=_word(claims, "nonce") if "nonce" in claims else None,
    )


def _read_key(
    algorithm: str, jwk: Mapping[str, object]
) -> tuple[dict[str, str], EllipticCurvePublicKey | Ed25519PublicKey]:
    """Return the members that name the key, and the key."""
    kty, crv, coordinates = _KINDS[algorithm]
    if jwk.keys() & PRIVATE_JWK_MEMBERS:  # check 7
        raise ValueError("private jwk")
    if (jwk["kty"], jwk["crv"]) != (kty, crv) or jwk.get("alg", algorithm) != algorithm:
        raise ValueError("jwk kind")
    if jwk.get("use", "sig") != "sig":
        raise ValueError("jwk use")
    spelled = {name: _word(jwk, name) for name in coordinates}
    raw = [decode_base64url(text.encode()) for text in spelled.values()]
    if any(len(coordinate) != COORDINATE_BYTES for coordinate in raw):
        raise ValueError("jwk size")
    return {"kty": kty, "crv": crv, **spelled}, _ed25519(*raw) if kty == "OKP" else _p256(*raw)


def _p256(x: bytes, y: bytes) -> EllipticCurvePublicKey:
    """Return the key. Raises ValueError for a point that isn't on the curve."""
    numbers = EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), SECP256R1())
    return numbers.public_key()


def _ed25519(x: bytes) -> Ed25519PublicKey:
    y_coordinate = int.from_bytes(x, "little") % _SIGN_BIT
    if y_coordinate >= _FIELD_PRIME or y_coordinate in SMALL_ORDER:
        raise ValueError("weak point")
    return Ed25519PublicKey.from_public_bytes(x)


def _thumbprint(members: Mapping[str, str]) -> str:
    """Return the thumbprint of a key (RFC 7638 s3, RFC 8037 s2)."""
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return encode_base64url(sha256(canonical).digest()).decode()


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _word(claims: Mapping[str, object], name: str) -> str:
    text = _text(claims, name)
    if _WORD.fullmatch(text) is None:
        raise ValueError(name)
    return text


def _jti(claims: Mapping[str, object]) -> str:
    jti = _word(claims, "jti")
    if len(jti) not in JTI_CHARS:
        raise ValueError("jti")
    return jti

"""Stand in front of every signature check: only tokens pass that all read alike (decision 0006).

google-auth lets duplicate header names, NaN, unknown `crit`, foreign `typ` and malleated base64 pass, and
answers some input with TypeError, KeyError, binascii.Error or RecursionError. So the token is parsed here,
once, and what checks signatures is handed bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from chalicelib.clients.base64url import encode_base64url
from chalicelib.clients.compact_jws import take_apart
from chalicelib.clients.signatures import one_of_two
from chalicelib.domain.errors import InvalidIdToken
from chalicelib.domain.id_tokens import UnverifiedIdToken
from chalicelib.domain.keys import SigningAlgorithm

TOKEN_BYTES_MAX = 8_192  # Google's are about 1.2 kB, Apple's less
_KID = re.compile(r"[!-~]{1,128}")
# Any other name is refused: `crit`, `b64`, `zip` and `enc` change what a token means, and `jwk`, `jku`, `x5u`
# and `x5c` may lead nowhere (RFC 8725 s3.10).
_HEADER_NAMES = {"alg", "kid", "typ"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedIdToken:
    """A token in its parts: well-formed, and not to be believed before its signature was checked."""

    kid: str
    algorithm: SigningAlgorithm
    claims: dict[str, object] = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def token(self) -> UnverifiedIdToken:
        """Return the token in its one spelling."""
        return UnverifiedIdToken((self.signing_input + b"." + encode_base64url(self.signature)).decode())

    def digest(self) -> bytes:
        """Return what tells this token from every other: SHA-256 of the bytes signed and of the signature.

        RSASSA-PKCS1-v1_5 has one signature a message, of ECDSA's two one was chosen, and each part has one
        spelling: one token has one digest.
        """
        return sha256(self.signing_input + b"." + self.signature).digest()


def parse_id_token(token: UnverifiedIdToken, typ: str | None = None) -> ParsedIdToken:
    """Return the parts of a compact JWS; whether its provider uses that algorithm, the verifier says.

    `typ` is what the header must say (RFC 8725 s3.11); of ID tokens it says `JWT`, or nothing.

    Raises:
        InvalidIdToken: whatever else came, and nothing but this; no message holds a part of the token.
    """
    try:
        return _parse(token, typ)
    except ValueError as error:
        raise InvalidIdToken from error


def _parse(token: str, typ: str | None) -> ParsedIdToken:
    jws = take_apart(token, chars_max=TOKEN_BYTES_MAX)
    kid, algorithm = _read_header(jws.header, typ)
    return ParsedIdToken(
        kid=kid,
        algorithm=algorithm,
        claims=jws.payload,
        signing_input=jws.signing_input,
        signature=one_of_two(jws.signature) if algorithm is SigningAlgorithm.ES256 else jws.signature,
    )


def _read_header(header: Mapping[str, object], typ: str | None) -> tuple[str, SigningAlgorithm]:
    if not header.keys() <= _HEADER_NAMES:
        raise ValueError("header name")
    algorithm = header.get("alg")
    is_of_type = header.get("typ", "JWT") == "JWT" if typ is None else header.get("typ") == typ
    if not isinstance(algorithm, str) or not is_of_type:
        raise ValueError("alg or typ")
    kid = header.get("kid")
    if not isinstance(kid, str) or _KID.fullmatch(kid) is None:
        raise ValueError("kid")
    return kid, SigningAlgorithm(algorithm)

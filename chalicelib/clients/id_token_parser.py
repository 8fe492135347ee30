"""Stand in front of google-auth: let only tokens reach it that every reader reads alike (assurance 0.1).

google-auth lets duplicate header names, NaN, unknown `crit`, foreign `typ` and malleated base64 pass, and
answers some input with TypeError, KeyError, binascii.Error or RecursionError. So the token is parsed here,
once, and google-auth is handed bytes whose signature it checks.
"""

import re
from dataclasses import dataclass, field
from hashlib import sha256

from chalicelib.clients.base64url import decode_base64url
from chalicelib.clients.strict_json import read_object
from chalicelib.domain.errors import InvalidIdToken
from chalicelib.domain.id_tokens import UnverifiedIdToken

TOKEN_BYTES_MAX = 8_192  # Google's are about 1.2 kB
_SEGMENTS = 3
_KID = re.compile(r"[!-~]{1,128}")
# Any other name is refused: `crit`, `b64`, `zip` and `enc` change what a token means, and `jwk`, `jku`, `x5u`
# and `x5c` may lead nowhere (RFC 8725 s3.10).
_HEADER_NAMES = {"alg", "kid", "typ"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedIdToken:
    """A token in its parts: well-formed, and not to be believed before its signature was checked."""

    kid: str
    claims: dict[str, object] = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def digest(self) -> bytes:
        """Return what tells this token from every other: SHA-256 of the bytes signed and of the signature.

        RSASSA-PKCS1-v1_5 has one signature a message and each part one spelling: one token has one digest.
        """
        return sha256(self.signing_input + b"." + self.signature).digest()


def parse_id_token(token: UnverifiedIdToken) -> ParsedIdToken:
    """Return the parts of a compact RS256 JWS.

    Raises:
        InvalidIdToken: whatever else came, and nothing but this; no message holds a part of the token.
    """
    try:
        return _parse(token)
    except ValueError as error:
        raise InvalidIdToken from error


def _parse(token: str) -> ParsedIdToken:
    if len(token) > TOKEN_BYTES_MAX or not token.isascii():
        raise ValueError("too long, or not ASCII")
    segments = token.encode("ascii").split(b".")
    if len(segments) != _SEGMENTS:
        raise ValueError("not three segments")
    header, payload, signature = map(decode_base64url, segments)
    return ParsedIdToken(
        kid=_read_header(header),
        claims=read_object(payload),
        signing_input=b".".join(segments[:2]),
        signature=signature,
    )


def _read_header(raw: bytes) -> str:
    header = read_object(raw)
    if not header.keys() <= _HEADER_NAMES:
        raise ValueError("header name")
    if header.get("alg") != "RS256" or header.get("typ", "JWT") != "JWT":
        raise ValueError("alg or typ")
    kid = header.get("kid")
    if not isinstance(kid, str) or _KID.fullmatch(kid) is None:
        raise ValueError("kid")
    return kid

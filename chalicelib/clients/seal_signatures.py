"""Check the signature of a seal, years after: with a key that an earlier seal vouched for.

A key is named by its thumbprint (RFC 7638), so that no other key can stand under its name. The algorithm is
that of the key's kind, whatever a header says (RFC 8725 s3.1).
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import jwt

from chalicelib.clients.base64url import decode_base64url, encode_base64url
from chalicelib.clients.strict_json import read_object
from chalicelib.domain.audit_seals import SEAL_TYPE

_ALGORITHMS = {"EC": "ES256", "RSA": "RS256"}
_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}  # RFC 7638 s3.2
_JWS = jwt.PyJWS()


def check_seal(signed: str, keys: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the document of a seal, or None when none of the keys signed it as one."""
    try:
        return _opened(signed, keys)
    except (ValueError, KeyError, TypeError, jwt.PyJWTError):
        return None


def _opened(signed: str, keys: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    header, payload, _ = map(decode_base64url, signed.encode("ascii").split(b"."))
    fields = read_object(header)
    kid = str(fields["kid"])
    jwk = keys[kid]
    if fields["typ"] != SEAL_TYPE or _thumbprint(jwk) != kid:
        raise ValueError("not a seal, or not this key")
    _JWS.decode(signed, jwt.PyJWK(dict(jwk)).key, algorithms=[_ALGORITHMS[jwk["kty"]]])
    return read_object(payload)


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    members = {name: jwk[name] for name in _THUMBPRINT_MEMBERS[jwk["kty"]]}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return encode_base64url(sha256(canonical).digest()).decode()

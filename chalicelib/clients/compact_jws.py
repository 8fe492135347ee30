"""Take a compact JWS apart (RFC 7515 s7.1) so that every reader reads it alike; nothing is verified here.

Three segments in canonical base64url, bounded, ASCII; header and payload are strict JSON objects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from chalicelib.clients.base64url import decode_base64url
from chalicelib.clients.strict_json import read_object

# What would change the meaning of a token (`crit`, `b64`, `zip`, `enc`, `cty`), or lead to another's key (RFC
# 8725 s3.10), is refused; any other header member that isn't known is ignored (RFC 7515 s4).
REFUSED_HEADERS = frozenset({"crit", "b64", "zip", "enc", "cty", "jku", "x5u", "x5c"})
_SEGMENTS = 3
_HEADERS_MAX = 64  # of few keys; strangers can only push them out


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactJws:
    """The parts; nothing in them is to be believed before the signature was checked."""

    header: Mapping[str, object]
    payload: dict[str, object] = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def take_apart(token: str, *, chars_max: int) -> CompactJws:
    """Return the parts.

    Raises:
        ValueError: too long, or not the strict kind; no message holds a part of the token.
    """
    if len(token) > chars_max or not token.isascii():
        raise ValueError("too long, or not ASCII")
    segments = token.encode("ascii").split(b".")
    if len(segments) != _SEGMENTS:
        raise ValueError("not three segments")
    header, payload, signature = segments
    return CompactJws(
        header=_read_header(header),
        payload=read_object(decode_base64url(payload)),
        signing_input=header + b"." + payload,
        signature=decode_base64url(signature),
    )


@lru_cache(_HEADERS_MAX)
def _read_header(segment: bytes) -> Mapping[str, object]:
    """Return the header in a segment; all tokens of one key have the same."""
    return MappingProxyType(read_object(decode_base64url(segment)))

"""Take a compact JWS apart (RFC 7515 s7.1) so that every reader reads it alike; nothing is verified here.

Three segments in canonical base64url, bounded, ASCII; header and payload are strict JSON objects.
"""

from dataclasses import dataclass, field

from chalicelib.clients.base64url import decode_base64url
from chalicelib.clients.strict_json import read_object

_SEGMENTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactJws:
    """The parts; nothing in them is to be believed before the signature was checked."""

    header: dict[str, object]
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
    header, payload, signature = map(decode_base64url, segments)
    return CompactJws(
        header=read_object(header),
        payload=read_object(payload),
        signing_input=b".".join(segments[:2]),
        signature=signature,
    )

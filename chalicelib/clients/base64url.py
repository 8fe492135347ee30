"""Read base64url in its one canonical spelling (RFC 7515 s2, RFC 4648 s3.5).

The standard decoder skips foreign characters and ignores trailing bits, so one signature has many
spellings: a used token would look new.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

_PADDING = (b"", b"===", b"==", b"=")


def decode_base64url(encoded: bytes) -> bytes:
    """Return the bytes.

    Raises:
        ValueError: empty, padded, with a foreign character, or with trailing bits that aren't zero.
    """
    raw = urlsafe_b64decode(encoded + _PADDING[len(encoded) % 4])
    if not raw or encode_base64url(raw) != encoded:
        raise ValueError("not canonical base64url")
    return raw


def encode_base64url(raw: bytes) -> bytes:
    """Return the canonical spelling, without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=")

"""Read bodies that an RFC wants in another form than JSON, as strictly; which form, the route declares."""

import re
from enum import StrEnum
from urllib.parse import parse_qsl

from chalicelib.domain.errors import MalformedBody
from chalicelib.routes.body import ensure_plain, read_body

FIELDS_MAX = 16
TOKEN_FIELD = "token"  # noqa: S105 - the one name in a body that is nothing but a token
_FORM = re.compile(r"(?:[!-$&-~]|%[0-9A-Fa-f]{2})*")  # what is percent-encoded has two digits


class BodyFormat(StrEnum):
    """A media type that a route takes."""

    JSON = "application/json"
    FORM = "application/x-www-form-urlencoded"
    SECURITY_EVENT = "application/secevent+jwt"  # RFC 8935 s2


def read_format(
    raw: bytes, body_format: BodyFormat, content_type: str | None, content_encoding: str | None
) -> dict[str, object]:
    """Return the members of a body that isn't empty. Raises as `read_body`."""
    if body_format is BodyFormat.JSON:
        return read_body(raw, content_type, content_encoding)
    ensure_plain(raw, content_type, content_encoding, body_format)
    try:
        text = raw.decode("ascii")
        return _form(text) if body_format is BodyFormat.FORM else {TOKEN_FIELD: text}
    except ValueError:
        raise MalformedBody from None


def _form(text: str) -> dict[str, object]:
    """Return the fields that have a value; none comes twice (RFC 6749 s3.2)."""
    if _FORM.fullmatch(text) is None:
        raise MalformedBody
    pairs = parse_qsl(
        text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=FIELDS_MAX
    )
    fields = dict(pairs)
    if len(fields) != len(pairs) or any("\x00" in part for pair in pairs for part in pair):
        raise MalformedBody
    return {name: value for name, value in fields.items() if value}

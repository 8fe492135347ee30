"""Take the access token out of the Authorization header, the only place it may come in (RFC 6750 s2.1)."""

import re
from collections.abc import Sequence

from chalicelib.domain.errors import InvalidAccessToken, MissingToken

AUTHORIZATION_CHARS_MAX = 8 * 1024  # our tokens are below 1 kB; API Gateway lets 10 kB of headers through
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)  # RFC 6750 s2.1, RFC 9110 s11.1
_SCHEME = re.compile(r"bearer(?: |$)", re.IGNORECASE)


def bearer_token(authorization: Sequence[str]) -> str:
    """Return the one token in the Authorization headers of a request.

    Raises:
        MissingToken: no credentials came, or none of ours.
        InvalidAccessToken: they aren't exactly one Bearer token of sane length.
    """
    if not any(authorization):
        raise MissingToken
    if len(authorization) > 1 or len(authorization[0]) > AUTHORIZATION_CHARS_MAX:
        raise InvalidAccessToken
    if _SCHEME.match(authorization[0]) is None:
        raise MissingToken
    match = _BEARER.fullmatch(authorization[0])
    if match is None:
        raise InvalidAccessToken
    return match[1]


def offered_token(authorization: Sequence[str]) -> str | None:
    """Return the token if exactly one came as it should, else None."""
    try:
        return bearer_token(authorization)
    except (MissingToken, InvalidAccessToken):
        return None

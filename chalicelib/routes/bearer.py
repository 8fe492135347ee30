"""Take the access token out of the Authorization header, the only place it may come in (RFC 6750 s2.1)."""

import re
from collections.abc import Sequence

from chalicelib.domain.dpop import OfferedToken
from chalicelib.domain.errors import InvalidAccessToken, MissingToken

AUTHORIZATION_CHARS_MAX = 8 * 1024  # our tokens are below 1 kB; API Gateway lets 10 kB of headers through
_TOKEN = re.compile(  # RFC 6750 s2.1, RFC 9449 s7.1, RFC 9110 s11.1
    r"(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE
)
_SCHEME = re.compile(r"(?:bearer|dpop)(?: |$)", re.IGNORECASE)
_DPOP = "dpop"
_BLANKS = " \t"  # around a header's value they are no part of it (RFC 9110 s5.5)


def access_token(authorization: Sequence[str]) -> OfferedToken:
    """Return the one token in the Authorization headers of a request.

    Raises:
        MissingToken: no credentials came, or none of ours.
        InvalidAccessToken: they aren't exactly one token of sane length.
    """
    if not any(authorization):
        raise MissingToken
    if len(authorization) > 1 or len(authorization[0]) > AUTHORIZATION_CHARS_MAX:
        raise InvalidAccessToken
    credentials = authorization[0].strip(_BLANKS)
    if _SCHEME.match(credentials) is None:
        raise MissingToken
    match = _TOKEN.fullmatch(credentials)
    if match is None:
        raise InvalidAccessToken
    return OfferedToken(text=match[2], is_dpop=match[1].lower() == _DPOP)


def offered_token(authorization: Sequence[str]) -> OfferedToken | None:
    """Return the token if exactly one came as it should, else None."""
    try:
        return access_token(authorization)
    except (MissingToken, InvalidAccessToken):
        return None


def tries_dpop(authorization: Sequence[str]) -> bool:
    """Tell whether a request came under the DPoP scheme, well-formed or not."""
    return any(value.lstrip(_BLANKS)[: len(_DPOP)].lower() == _DPOP for value in authorization)

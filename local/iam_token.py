"""Check an RDS login token as AWS does: the signature (SigV4 in the query), its age, its place, its role."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

SECRET: Final = "local"  # noqa: S105 - the local AWS's dummy
LIFETIME: Final = timedelta(minutes=15)
EMPTY: Final = hashlib.sha256(b"").hexdigest()


class TokenError(Exception):
    """The token doesn't let anybody in; the message says why."""


def check_token(token: str, place: str, role: str) -> None:
    """Return if the token was made for this role at this place within its lifetime. Raises: TokenError."""
    url = urlsplit(f"https://{token}")
    told = dict(parse_qsl(url.query, strict_parsing=True))
    signed_at = datetime.fromisoformat(told["X-Amz-Date"])
    if (url.netloc, told["DBUser"], told["Action"]) != (place, role, "connect"):
        raise TokenError("the token is for another place or role")
    if not timedelta() <= datetime.now(UTC) - signed_at + timedelta(seconds=1) <= LIFETIME:
        raise TokenError("the token has expired")
    if not hmac.compare_digest(told.pop("X-Amz-Signature"), _signature(url.netloc, told)):
        raise TokenError("the token isn't signed by this function's role")


def _signature(netloc: str, told: dict[str, str]) -> str:
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(told[name], safe='-_.~')}" for name in sorted(told))
    request = f"GET\n/\n{query}\nhost:{netloc}\n\nhost\n{EMPTY}"
    scope = told["X-Amz-Credential"].partition("/")[2]
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    digest = hashlib.sha256(request.encode()).hexdigest()
    said = f"AWS4-HMAC-SHA256\n{told['X-Amz-Date']}\n{scope}\n{digest}"
    return hmac.digest(key, said.encode(), "sha256").hex()

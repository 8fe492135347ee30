"""What `make run` prints while it serves: a short line for each request, for people.

It says which check refused an ID token. A response never does, and neither does a deployed log: whoever sends
forged tokens would learn from it.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from chalicelib.domain.failures import ServiceError
from chalicelib.observation import log
from chalicelib.observation.metrics import MEASURED
from chalicelib.observation.tally import COUNTED

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

# By `check` of the error, or else by its code.
REASONS: Final[Mapping[str, str]] = {
    "alg": "the provider doesn't sign with the algorithm of its header (alg)",
    "aud": "its audience (aud) is none of the provider's client ids in the settings",
    "azp": "its authorized party (azp) is none of the provider's client ids in the settings",
    "events": "it is a notice about an account, not an ID token",
    "exp": "its times (iat, exp) aren't those of a sign-in with this provider",
    "form": "it isn't a signed JWT with the header that an ID token has",
    "hd": "its hosted domain (hd) isn't the one in the settings",
    "iat": "it was issued in the future (iat): compare the clocks",
    "iss": "its issuer (iss) isn't this provider",
    "kid": "the provider has no such key (kid) for its algorithm",
    "nbf": "it isn't valid yet (nbf)",
    "nonce": "its nonce isn't a text of 1 to 255 characters",
    "nonce_absent": "a nonce was sent, and the ID token has none",
    "nonce_optional": "its nonce is neither the one that was sent nor its SHA-256",
    "nonce_raw": "its nonce isn't the one that was sent",
    "nonce_sha256": "its nonce isn't the SHA-256 of the one that was sent, as lower-case hex",
    "platform": "its client id isn't set up for the device's platform",
    "signature": "its signature isn't by the provider's key",
    "sub": "its subject (sub) isn't 1 to 255 printable characters",
    # codes
    "id_token_expired": "it has expired (exp)",
    "id_token_used": "it was used before, for another request",
    "invalid_nonce": "the nonce isn't one of POST /auth/challenge for this purpose, has expired or was used",
    "nonce_required": "the client id's settings demand a nonce, and none was sent",
}
NOT_FOR_PEOPLE: Final = frozenset(MEASURED) | COUNTED | {"request_id"}


class ConsoleLines(logging.Formatter):
    """Write a record as one line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = getattr(record, "fields", None)
        if not isinstance(fields, dict):
            level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
            return f"{time} {level}{record.name} at {record.filename}:{record.lineno}"
        words = request(fields) if record.msg == "request" else other(str(record.msg), record.levelno, fields)
        return " ".join((time, *filter(None, words)))


def request(fields: Mapping[str, object]) -> Iterator[str]:
    """Yield what is said of a request: method, path, status, code, milliseconds, cause."""
    yield f"{fields.get('method') or '-':<6}"
    yield f"{fields.get('route') or '(no route)':<28}"
    yield str(fields.get("status", "-"))
    yield str(fields.get("code") or "")
    if "duration_ms" in fields:
        yield f"{fields['duration_ms']:.0f} ms"
    because = cause(fields)
    if because:
        yield f"- {because}"


def cause(fields: Mapping[str, object]) -> str:
    """Return why a request was refused or failed; nothing where its code says it all."""
    error = fields.get("failure")
    while isinstance(error, BaseException):
        if isinstance(error, ServiceError) and (error.check or error.code in REASONS):
            check = error.check or error.code
            return REASONS.get(check, f"its claim {check} isn't as it must be")
        if error.__cause__ is None:
            break
        error = error.__cause__
    if "at" in fields:
        return f"{fields.get('cause') or fields.get('error')} at {fields['at']}"
    return ""


def other(event: str, level: int, fields: Mapping[str, object]) -> Iterator[str]:
    """Yield what is said of any other event: its name, and its fields but for measurements."""
    if level >= logging.WARNING:
        yield f"{logging.getLevelName(level).lower()}:"
    yield event
    for name, value in fields.items():
        if name not in NOT_FOR_PEOPLE:
            yield f"{name}={value}"


def install(stream: "SupportsWrite[str]", *, as_json: bool) -> None:
    """Let every logger of the process write lines for people to the stream, or JSON as in the cloud."""
    log.install(stream, "local")
    if not as_json:
        for handler in logging.getLogger().handlers:
            handler.setFormatter(ConsoleLines())

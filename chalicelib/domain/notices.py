"""What a provider tells of an account at its side, unasked, and what follows here (decisions 0092, 0104)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType

from chalicelib.domain.id_token_claims import TEXT_CHARS_MAX, ClaimRefused, Claims, read_subject
from chalicelib.domain.id_tokens import Provider

_DOMAIN = b"serenya-auth/notice\x00"


class NoticeForm(StrEnum):
    """How a provider writes its notices."""

    APPLE = "apple"  # JSON as a text in `events`, in a JWT like an ID token
    SECURITY_EVENT = "security_event"  # RFC 8417


class Consequence(StrEnum):
    """What a notice changes here."""

    END_SESSIONS = "end_sessions"
    END_AND_UNLINK = "end_and_unlink"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"


# Apple's words; its documentation has had both for a deleted account
CONSEQUENCES: Mapping[str, Consequence] = MappingProxyType(
    {
        "account-delete": Consequence.END_AND_UNLINK,
        "account-deleted": Consequence.END_AND_UNLINK,
        "consent-revoked": Consequence.END_SESSIONS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderNotice:
    """A verified notice about one identity; `kind` is the provider's word for it.

    `subject` is None when it isn't about a person, `consequence` when nothing follows. From `expires_at` on,
    a repetition would be refused for its age.
    """

    provider: Provider
    issuer: str
    subject: str | None = field(repr=False)
    kind: str
    consequence: Consequence | None
    id_hash: bytes
    expires_at: datetime


def read_notice_id(claims: Claims, issuer: str) -> bytes:
    """Return the hash of a notice's `jti`, by which its repetition is known."""
    name = read_text(claims, "jti")
    return sha256(_DOMAIN + issuer.encode() + b"\x00" + name.encode()).digest()


def read_event(event: Claims) -> tuple[str, str]:
    """Return the kind of an event and whom it is about, as Apple writes them."""
    return read_text(event, "type"), read_subject(event)


def read_text(claims: Claims, name: str) -> str:
    """Return a claim that must be a text of sane length."""
    value = claims.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_CHARS_MAX:
        raise ClaimRefused(name)
    return value

"""What a provider tells of an account at its side, unasked, and what follows here (decision 0092)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from chalicelib.domain.id_token_claims import TEXT_CHARS_MAX, ClaimRefused, Claims, read_subject
from chalicelib.domain.id_tokens import Provider

_DOMAIN = b"serenya-auth/notice\x00"


class NoticeKind(StrEnum):
    """What happened at the provider. Apple's documentation has had both words for the first."""

    ACCOUNT_DELETE = "account-delete"
    ACCOUNT_DELETED = "account-deleted"
    CONSENT_REVOKED = "consent-revoked"
    EMAIL_DISABLED = "email-disabled"
    EMAIL_ENABLED = "email-enabled"


class Consequence(StrEnum):
    """What a notice changes here."""

    END_SESSIONS = "end_sessions"
    END_AND_UNLINK = "end_and_unlink"


CONSEQUENCES = {
    NoticeKind.ACCOUNT_DELETE: Consequence.END_AND_UNLINK,
    NoticeKind.ACCOUNT_DELETED: Consequence.END_AND_UNLINK,
    NoticeKind.CONSENT_REVOKED: Consequence.END_SESSIONS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderNotice:
    """A verified notice about one identity; `kind` is the provider's word, known here or not."""

    provider: Provider
    issuer: str
    subject: str = field(repr=False)
    kind: str
    id_hash: bytes
    expires_at: datetime

    @property
    def consequence(self) -> Consequence | None:
        """Return what follows; None where nothing does."""
        return CONSEQUENCES.get(NoticeKind(self.kind)) if self.kind in set(NoticeKind) else None


def read_notice_id(claims: Claims, issuer: str) -> bytes:
    """Return the hash of a notice's `jti`, by which its repetition is known."""
    name = _text(claims, "jti")
    return sha256(_DOMAIN + issuer.encode() + b"\x00" + name.encode()).digest()


def read_event(event: Claims) -> tuple[str, str]:
    """Return the kind of an event and whom it is about."""
    return _text(event, "type"), read_subject(event)


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_CHARS_MAX:
        raise ClaimRefused(name)
    return value

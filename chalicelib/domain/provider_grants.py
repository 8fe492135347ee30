"""What a provider lets us do in a person's name while they have an account: Apple's refresh token."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from chalicelib.domain.formats import Format, required, text


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderGrant:
    """A refresh token, and the client that it was issued to."""

    client_id: str
    refresh_token: str = field(repr=False)

    def to_bytes(self) -> bytes:
        """Return what is sealed."""
        return json.dumps(self.details()).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "ProviderGrant":
        """Return what was sealed. Raises IntegrityFailure."""
        return cls(**GRANT.read_json(content))

    def details(self) -> dict[str, Any]:
        """Return it as it is sealed, and as the outbound job that revokes it takes it."""
        return GRANT.write({"client_id": self.client_id, "refresh_token": self.refresh_token})


GRANT = Format("provider_grant", {"client_id": required(text), "refresh_token": required(text)})
EXCHANGE = Format(
    "apple_exchange",
    {
        "user_id": required(text),
        "issuer": required(text),
        "subject": required(text),
        "client_id": required(text),
        "code": required(text),
    },
)
EXCHANGED = Format(
    "apple_exchange_result",
    {
        "user_id": required(UUID),
        "issuer": required(text),
        "subject": required(text),
        "client_id": required(text),
        "refresh_token": required(text),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCode:
    """An authorization code that came with a sign-in, and whose it is."""

    user_id: UUID
    issuer: str
    subject: str = field(repr=False)
    client_id: str
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedGrant:
    """A sealed refresh token of an identity that ended."""

    identity_id: UUID
    user_id: UUID
    refresh_token: bytes = field(repr=False)

"""What a provider lets us do in a person's name while they have an account: Apple's refresh token."""

import json
from dataclasses import dataclass, field
from uuid import UUID

from chalicelib.domain.errors import IntegrityFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderGrant:
    """A refresh token, and the client that it was issued to."""

    client_id: str
    refresh_token: str = field(repr=False)

    def to_bytes(self) -> bytes:
        """Return what is sealed."""
        return json.dumps({"client_id": self.client_id, "refresh_token": self.refresh_token}).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "ProviderGrant":
        """Return what was sealed. Raises IntegrityFailure."""
        try:
            return cls(**json.loads(content))
        except (TypeError, ValueError) as error:
            raise IntegrityFailure from error


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

"""Several providers for one person: what linking stores, and what it comes to."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chalicelib.domain.challenges import Challenge
from chalicelib.domain.errors import IdentityInUse, IdTokenUsed, InvalidNonce
from chalicelib.domain.id_tokens import Provider, UnverifiedIdToken
from chalicelib.domain.sessions import Session

IDENTITIES_MAX = 10  # a person has a few; without a bound, one account could gather all that was ever stolen


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A request to let another identity sign in to the account as well."""

    provider: Provider
    id_token: UnverifiedIdToken = field(repr=False)
    nonce: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedIdentity:
    """A provider's word for a person, without a word of it."""

    id: UUID
    provider: Provider
    linked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIdentity:
    """All that a link stores, for the person and the session that ask for it."""

    session_id: UUID
    user_id: UUID
    identity_id: UUID
    provider: Provider
    index_version: int
    index_versions: tuple[int, ...]
    subject_index: bytes
    subject_indexes: tuple[bytes, ...]
    email_index: bytes | None
    subject: bytes = field(repr=False)
    token_hash: bytes
    token_expires_at: datetime
    challenge: Challenge


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOutcome:
    """What the statement that links found and did; `is_live` tells whether the session may act.

    Without knowing every index key it does nothing: the identity may be there under another.
    """

    is_live: bool
    knows_every_key: bool
    linked: LinkedIdentity | None
    owner_id: UUID | None
    count: int
    is_nonce_used: bool
    is_token_used: bool

    def of(self, user_id: UUID) -> LinkedIdentity | None:
        """Return the identity that is the person's now; None if it must be looked at again.

        Raises:
            IdentityInUse: it is another person's.
            InvalidNonce, IdTokenUsed: used before, for whatever.
        """
        if self.owner_id is not None and self.owner_id != user_id:
            raise IdentityInUse
        if self.linked is not None:
            return self.linked
        if self.is_nonce_used:
            raise InvalidNonce
        if self.is_token_used:
            raise IdTokenUsed
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkOutcome:
    """What the statement that unlinks found and did."""

    is_live: bool
    is_known: bool
    is_removed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnIdentities:
    """A session with the identities of its person, the first one first."""

    session: Session
    identities: tuple[LinkedIdentity, ...]

"""Several providers for one person: what linking stores, and what it comes to."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chalicelib.domain.challenges import Challenge
from chalicelib.domain.id_tokens import Platform, Provider, UnverifiedIdToken
from chalicelib.domain.limits import Taken
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
    """All that a link stores, for the person and the session that ask for it.

    `platforms` are those that its client id is for. The first of the indexes is the one to write.
    """

    session_id: UUID
    user_id: UUID
    identity_id: UUID
    provider: Provider
    platforms: frozenset[Platform]
    index_version: int
    index_versions: tuple[int, ...]
    subject_indexes: tuple[bytes, ...]
    email_index: bytes | None
    subject: bytes = field(repr=False)
    token_hash: bytes
    token_expires_at: datetime
    challenge: Challenge


class Linked(StrEnum):
    """What came of a link."""

    LINKED = "linked"
    IN_USE = "in_use"
    FULL = "full"
    WRONG_PLATFORM = "wrong_platform"
    NONCE_USED = "nonce_used"
    TOKEN_USED = "token_used"  # noqa: S105 - an outcome, not a secret
    INDEX_KEYS_CHANGED = "index_keys_changed"
    REFUSED = "refused"
    LIMITED = "limited"


@dataclass(slots=True, kw_only=True)
class LinkOutcome:
    """The same, with the session in any state, what came of its place, and the identity that is linked."""

    outcome: Linked
    session: Session | None
    taken: Taken | None
    identity: LinkedIdentity | None


class Unlinked(StrEnum):
    """What came of an unlink."""

    UNLINKED = "unlinked"
    LAST = "last"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(slots=True, kw_only=True)
class UnlinkOutcome:
    """The same, with the session in any state, and whether the provider must be told."""

    outcome: Unlinked
    session: Session | None
    is_revocable: bool

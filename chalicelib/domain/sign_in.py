"""What a phone brings to sign in, once it was read and verified."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chalicelib.domain.account import Account, PersonName, StoredPerson
from chalicelib.domain.challenges import Challenge
from chalicelib.domain.consents import ConsentAnswer, ConsentState
from chalicelib.domain.devices import Device
from chalicelib.domain.dpop import Proof
from chalicelib.domain.errors import IdTokenUsed, MissingConsent
from chalicelib.domain.id_tokens import Platform, Provider, UnverifiedIdToken
from chalicelib.domain.limits import Taken, Taking
from chalicelib.domain.sessions import OwnSession, Session
from chalicelib.domain.tokens import Scope

RETRY_WINDOW = timedelta(seconds=60)  # how long an exact retry of a sign-in answers the same session


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A request to sign in with a provider's ID token; `name` is what only the app was told, once."""

    provider: Provider
    id_token: UnverifiedIdToken = field(repr=False)
    nonce: str | None = field(repr=False)
    device: Device
    consents: tuple[ConsentAnswer, ...]
    name: PersonName | None = None
    authorization_code: str | None = field(default=None, repr=False)
    proof: Proof | None = None  # of the key that the session will be bound to (RFC 9449 s5)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """All that a sign-in stores; ids, times and seals are made before, the statement decides.

    What is indexed is stored under `index_version`, and looked for under each of `index_versions`.
    """

    provider: Provider
    index_version: int
    index_versions: tuple[int, ...]
    subject_index: bytes
    subject_indexes: tuple[bytes, ...]
    token_hash: bytes
    token_expires_at: datetime
    challenge: Challenge | None
    session_id: UUID
    device_id: UUID
    device_index: bytes
    device_indexes: tuple[bytes, ...]
    platform: Platform
    client_id: str
    now: datetime
    idle_expires_at: datetime
    expires_at: datetime
    jkt: str | None
    profile: bytes = field(repr=False)
    profile_digest: bytes = field(repr=False)
    answers: tuple[ConsentAnswer, ...]
    locale: str
    app_version: str | None
    request_id: str
    place: Taking | None  # of the person's limit; None where limits are lifted


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """What a new person adds to it, sealed under the key that was just made for them."""

    user_id: UUID
    identity_id: UUID
    key_version: int
    email_index: bytes | None
    subject: bytes = field(repr=False)
    profile: bytes = field(repr=False)
    device_description: bytes = field(repr=False)
    device_digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the statement of a sign-in found and did: no person, no session, or a session that is open now.

    `is_first_identity` tells whether the person had no identity before this one: it speaks for the profile.
    `taken` says what came of the place it asked for; None where it didn't.
    """

    person: StoredPerson | None
    states: tuple[ConsentState, ...]
    own: OwnSession | None
    is_first_identity: bool
    taken: Taken | None = None


class Conflict(StrEnum):
    """Why a new account was not made: somebody was faster, something was used, the index key is another."""

    IDENTITY = "identity"
    INDEX_KEY = "index_key"
    ID_TOKEN = "id_token"  # noqa: S105 - a name, not a secret
    NONCE = "nonce"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedIdToken:
    """The session that an ID token opened before."""

    own: OwnSession
    used_at: datetime
    same_device: bool

    def ensure_exact_retry(self, now: datetime, jkt: str | None) -> None:
        """Let a phone through that repeats a sign-in whose answer it lost.

        Raises:
            IdTokenUsed: another device or key, too late, or the session has moved on since.
        """
        same_phone = self.same_device and self.own.session.jkt == jkt
        untouched = self.own.session.generation == 0 and self.own.session.ended_at is None
        if not (same_phone and untouched and now - self.used_at <= RETRY_WINDOW):
            raise IdTokenUsed

    @property
    def is_new_user(self) -> bool:
        """Tell whether that session was the person's first, made with their account."""
        return self.own.person.created_at == self.own.session.created_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What sign-in and refresh answer, in this one shape."""

    access_token: str = field(repr=False)
    access_token_lifetime: timedelta
    refresh_token: str = field(repr=False)
    refresh_token_lifetime: timedelta
    scopes: frozenset[Scope]
    is_new_user: bool
    account: Account
    session: Session
    device: Device
    consents_missing: tuple[MissingConsent, ...]

"""What a phone brings to sign in, once it was read and verified."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chalicelib.domain.account import Account, PersonName
from chalicelib.domain.challenges import Challenge
from chalicelib.domain.consents import ConsentAnswer, ConsentState
from chalicelib.domain.devices import Device
from chalicelib.domain.dpop import Proof
from chalicelib.domain.errors import MissingConsent
from chalicelib.domain.id_tokens import Platform, Provider, UnverifiedIdToken
from chalicelib.domain.limits import Taken, Taking
from chalicelib.domain.sessions import OwnSession, Session
from chalicelib.domain.tokens import Scope

RETRY_WINDOW = timedelta(seconds=60)  # for the exact retry of a sign-in; contract 2


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
    """All that a sign-in stores; ids, times and seals are made before, the database decides.

    What is indexed is stored under the first of its indexes, and looked for under each.
    """

    provider: Provider
    index_version: int
    index_versions: tuple[int, ...]
    subject_indexes: tuple[bytes, ...]
    token_hash: bytes
    token_expires_at: datetime
    challenge: Challenge | None
    session_id: UUID
    device_id: UUID
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
    at_address: Taking | None  # the place in the bucket of the address; None where it was taken before
    place: Taking | None  # the place in the person's bucket; None where limits are lifted
    proof: Proof | None  # to be used up; None where none came, or it was used up before


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


class Entered(StrEnum):
    """What came of a sign-in."""

    OPENED = "opened"
    CREATED = "created"
    REPEATED = "repeated"  # the ID token opened this session a moment ago: a phone asks again
    LIMITED = "limited"
    SUSPENDED = "suspended"
    TOKEN_USED = "token_used"  # noqa: S105 - a name, not a secret
    NONCE_USED = "nonce_used"
    UNKNOWN_PERSON = "unknown_person"
    INDEX_KEYS_CHANGED = "index_keys_changed"
    CONSENTS_CHANGED = "consents_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a sign-in found and did.

    `own` is the session if it was opened, created or repeated; `states` are the documents, for a stranger
    too. `user_id` is the person, whatever came of it. `is_first_identity` tells whether they had no identity
    before this one: it speaks for the profile. `at_address` and `taken` say what came of the places that it
    asked for; None where it didn't.
    """

    outcome: Entered
    user_id: UUID | None
    is_first_identity: bool
    own: OwnSession | None
    states: tuple[ConsentState, ...]
    at_address: Taken | None
    taken: Taken | None

    @property
    def is_new_user(self) -> bool:
        """Tell whether the session was made with the person's account, now or by the attempt it repeats."""
        if self.outcome is Entered.REPEATED and self.own is not None:
            return self.own.person.created_at == self.own.session.created_at
        return self.outcome is Entered.CREATED


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

"""What the services need of the world; stores and clients fit these by their shape alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from chalicelib.domain.account import RenewedData
from chalicelib.domain.consents import ConsentDocument, ConsentEvent
from chalicelib.domain.id_tokens import GoogleIdentity, UnverifiedIdToken
from chalicelib.domain.keys import ServiceKeyRecord, SigningAlgorithm, SigningKeyRecord
from chalicelib.domain.personal_data import RecordAddress
from chalicelib.domain.sessions import OwnSession, Session, SessionEnd
from chalicelib.domain.sign_in import Conflict, Entry, NewPerson, NewSession, UsedIdToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Under which request something is done, and in which language it is answered."""

    request_id: str
    locale: str


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, UTC."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""


class Ids(Protocol):
    """Ids and randomness."""

    def new_uuid(self) -> UUID:
        """Return a random id."""

    def random_bytes(self, length: int) -> bytes:
        """Return bytes that nobody can guess."""


class IdTokenVerifier(Protocol):
    """A provider's tokens."""

    def verify(self, token: UnverifiedIdToken, now: datetime) -> GoogleIdentity:
        """Return whom the provider vouches for, or raise InvalidIdToken, IdTokenExpired."""


class DataKey(Protocol):
    """A person's key, or that of a session's own copy."""

    @property
    def version(self) -> int:
        """The key's version, a part of every address."""

    def seal(self, address: RecordAddress, plaintext: bytes) -> bytes:
        """Return the plaintext sealed for one address."""

    def open_sealed(self, address: RecordAddress, sealed: bytes) -> bytes:
        """Return the plaintext, or raise IntegrityFailure."""


class DataKeys(Protocol):
    """The keys of all people. Never called inside a transaction."""

    def create(self, user_id: UUID) -> DataKey:
        """Make a person's key and keep it wrapped."""

    def get(self, user_id: UUID) -> DataKey | None:
        """Return a person's key; None when it was discarded."""

    def discard(self, user_id: UUID) -> None:
        """Forget a person's key everywhere."""


class SessionKeys(Protocol):
    """Makes the key that only a phone's refresh token brings back."""

    def __call__(self, seed: bytes, session_id: UUID) -> DataKey:
        """Return the key of one session's copy."""


class BlindIndex(Protocol):
    """Keyed indexes."""

    def subject(self, provider: str, issuer: str, subject: str) -> bytes:
        """Return the index of a provider's person."""

    def email(self, address: str) -> bytes:
        """Return the index of an address."""

    def device(self, device_id: str) -> bytes:
        """Return the index of a device."""

    def digest(self, purpose: str, content: bytes) -> bytes:
        """Return a digest that tells whether content changed."""


class Wrapping(Protocol):
    """A KMS key."""

    def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        """Return the plaintext wrapped."""

    def decrypt(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Return what was wrapped with this context."""


class NewKey(Protocol):
    """A signing key that was just made."""

    @property
    def kid(self) -> str:
        """Its name."""

    @property
    def public_jwk(self) -> dict[str, Any]:
        """Its public half."""

    @property
    def private_der(self) -> bytes:
        """Its private half, plain."""


class KeyStore(Protocol):
    """The rows of the service's keys."""

    def signing_keys(self) -> tuple[SigningKeyRecord, ...]:
        """Return all signing keys."""

    def service_keys(self) -> tuple[ServiceKeyRecord, ...]:
        """Return all secrets, wrapped."""

    def add_signing_key(
        self, key: SigningKeyRecord, *, predecessors_expire_at: datetime, request_id: str
    ) -> None:
        """Publish a key."""

    def add_service_key(self, key: ServiceKeyRecord, *, request_id: str) -> None:
        """Keep a secret, unless there is one."""


class KeyMaker(Protocol):
    """Makes signing keys."""

    def __call__(self, algorithm: SigningAlgorithm) -> NewKey:
        """Return a fresh key."""


class SignInStore(Protocol):
    """Signing in, as rows."""

    def open_session(self, new: NewSession) -> Entry:
        """Open a known person's session, if all is right."""

    def create_account(self, new: NewSession, person: NewPerson) -> Entry | Conflict:
        """Make a person with their first session."""

    def used_id_token(self, new: NewSession) -> UsedIdToken | None:
        """Return what this ID token opened before."""


class SessionStore(Protocol):
    """Sessions, as rows."""

    def rotate(
        self,
        session_id: UUID,
        generation: int,
        *,
        idle_expires_at: datetime,
        locale: str,
        now: datetime,
        request_id: str,
    ) -> OwnSession | None:
        """Advance a live session from this generation."""

    def find(self, session_id: UUID, *, locale: str, now: datetime) -> OwnSession | None:
        """Return a session in any state."""

    def end(self, session_id: UUID, reason: SessionEnd, *, now: datetime, request_id: str) -> None:
        """End a session."""

    def end_all(self, session_id: UUID, *, now: datetime, request_id: str) -> None:
        """End all sessions of a session's person."""

    def live_beside(self, session_id: UUID, *, now: datetime) -> tuple[Session, ...]:
        """Return a person's live sessions, and this one."""

    def end_one(
        self, session_id: UUID, target_id: UUID, *, now: datetime, request_id: str
    ) -> tuple[Session | None, bool]:
        """End a session of the same person."""

    def end_others(self, session_id: UUID, *, now: datetime, request_id: str) -> Session | None:
        """End all other sessions of the person."""


class AccountStore(Protocol):
    """People, as rows."""

    def renew(self, data: RenewedData, *, now: datetime, request_id: str) -> None:
        """Replace what is sealed of a person."""

    def renew_session_copy(self, session_id: UUID, profile: bytes, profile_digest: bytes) -> None:
        """Replace a session's own copy."""

    def suspend(self, user_id: UUID, *, now: datetime, request_id: str) -> bool:
        """Suspend a person."""

    def reinstate(self, user_id: UUID, *, now: datetime, request_id: str) -> bool:
        """Reinstate a person."""


class DocumentStore(Protocol):
    """Texts and answers, as rows."""

    def publish(self, document: ConsentDocument, *, now: datetime, request_id: str) -> None:
        """Add a text."""

    def published(self) -> tuple[ConsentDocument, ...]:
        """Return every text."""

    def current(self, *, locale: str, now: datetime) -> tuple[ConsentDocument, ...]:
        """Return the texts in force."""

    def history(self, session_id: UUID) -> tuple[ConsentEvent, ...]:
        """Return the answers of a session's person."""

"""What the services need of the database; stores fit these by their shape alone."""

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from chalicelib.domain.account import ChosenData, RenewedData, StoredPerson
from chalicelib.domain.consents import AnsweredText, ConsentAnswer, ConsentDocument, ConsentEvent
from chalicelib.domain.dpop import Proof
from chalicelib.domain.export import StoredExport
from chalicelib.domain.keys import ServiceKeyRecord, SigningKeyRecord, StoredKeys
from chalicelib.domain.limits import Taken, Taking
from chalicelib.domain.sessions import OwnSession, Rotation, Session
from chalicelib.domain.sign_in import Entry, NewPerson, NewSession
from chalicelib.domain.tokens import RefreshToken


class KeySource(Protocol):
    """The service's keys as they are stored."""

    def stored(self) -> StoredKeys:
        """Return all keys."""


class KeyStore(Protocol):
    """The rows of the service's keys, for those who make and retire them."""

    def signing_keys(self) -> tuple[SigningKeyRecord, ...]:
        """Return all signing keys."""

    def service_keys(self) -> tuple[ServiceKeyRecord, ...]:
        """Return all secrets, wrapped."""

    def add_signing_key(
        self,
        key: SigningKeyRecord,
        *,
        predecessors_expire_at: datetime,
        youngest_seen: datetime | None,
        request_id: str,
    ) -> None:
        """Publish a key."""

    def add_service_key(self, key: ServiceKeyRecord, *, request_id: str) -> None:
        """Keep a secret, unless there is one."""


class SignInStore(Protocol):
    """Signing in, as rows."""

    def open_session(self, new: NewSession) -> Entry:
        """Open a known person's session, if all is right."""

    def create_account(self, new: NewSession, person: NewPerson) -> Entry:
        """Make a person with their first session."""


class SessionStore(Protocol):
    """Sessions, as rows."""

    def rotate(
        self,
        token: RefreshToken,
        *,
        proof: Proof | None,
        idle_expires_at: datetime,
        grace: timedelta,
        locale: str,
        place: Taking | None,
        now: datetime,
        request_id: str,
    ) -> Rotation:
        """Advance a live session from this token's generation."""

    def find(
        self, session_id: UUID, *, locale: str, now: datetime, proof: Proof | None = None
    ) -> OwnSession | None:
        """Return a session in any state."""

    def check(
        self, session_id: UUID, *, proof: Proof | None, place: Taking | None, now: datetime
    ) -> tuple[Session | None, Taken | None]:
        """Return the session that asks, in any state, and what came of its place."""

    def end(self, session_id: UUID, *, now: datetime, request_id: str, proof: Proof | None = None) -> None:
        """End a session."""

    def end_all(self, session_id: UUID, *, proof: Proof | None, now: datetime, request_id: str) -> None:
        """End all sessions of a session's person."""

    def live_beside(self, session_id: UUID, *, proof: Proof | None, now: datetime) -> tuple[Session, ...]:
        """Return a person's live sessions, and this one."""

    def end_one(
        self, session_id: UUID, target_id: UUID, *, proof: Proof | None, now: datetime, request_id: str
    ) -> tuple[Session | None, bool]:
        """End a session of the same person."""

    def end_others(
        self, session_id: UUID, *, proof: Proof | None, now: datetime, request_id: str
    ) -> Session | None:
        """End all other sessions of the person."""


class AccountStore(Protocol):
    """People, as rows."""

    def renew(self, data: RenewedData, *, now: datetime, request_id: str) -> None:
        """Replace what is sealed of a person."""

    def read(
        self, session_id: UUID, *, proof: Proof | None, now: datetime
    ) -> tuple[Session, StoredPerson] | None:
        """Return a session in any state, with its person."""

    def choose(
        self, session_id: UUID, data: ChosenData, *, now: datetime, request_id: str
    ) -> tuple[bool, tuple[Session, StoredPerson] | None]:
        """Replace what a person chose, if nobody was faster; return whether, and the person."""

    def renew_session_copy(self, session_id: UUID, profile: bytes, copy_digest: bytes) -> None:
        """Replace a session's own copy."""

    def is_erased(self, user_id: UUID) -> bool:
        """Tell whether a person is erased by now."""


class ExportStore(Protocol):
    """All rows of a person."""

    def export(
        self,
        session_id: UUID,
        *,
        part: int,
        proof: Proof | None,
        place: Taking | None,
        now: datetime,
        request_id: str,
    ) -> tuple[Session | None, Taken | None, StoredExport | None]:
        """Return a session, what came of its place, and one part of the rows; record it."""


class DocumentStore(Protocol):
    """Texts, as rows."""

    def current(self, *, locale: str, now: datetime) -> tuple[ConsentDocument, ...]:
        """Return the texts in force."""


class ConsentStore(Protocol):
    """Answers, as rows."""

    def answer(
        self,
        session_id: UUID,
        answers: tuple[ConsentAnswer, ...],
        *,
        proof: Proof | None,
        app_version: str | None,
        locale: str,
        now: datetime,
        request_id: str,
    ) -> OwnSession | None:
        """Append answers, all or none; return what stood before."""

    def withdraw(
        self,
        session_id: UUID,
        document: str,
        method: str,
        *,
        proof: Proof | None,
        app_version: str | None,
        locale: str,
        now: datetime,
        request_id: str,
    ) -> OwnSession | None:
        """Append a withdrawal; return what stood before."""

    def read(
        self, session_id: UUID, *, proof: Proof | None, locale: str, now: datetime
    ) -> tuple[OwnSession | None, tuple[ConsentEvent, ...], tuple[AnsweredText, ...]]:
        """Return a session in any state, and of a live one all answers and what their texts say."""

"""What the services need of the world; stores and clients fit these by their shape alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from chalicelib.domain.id_tokens import UnverifiedIdToken, VerifiedIdentity
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.domain.limits import Taking
from chalicelib.domain.personal_data import RecordAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Under which request something is done, and in which language it is answered.

    `place` is the request's place in the bucket of its address, on routes whose function takes it.
    """

    request_id: str
    locale: str
    app_version: str | None = None
    place: Taking | None = None


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

    def verify(self, token: UnverifiedIdToken, now: datetime) -> VerifiedIdentity:
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

    def bucket(self, limit: str, subject: str) -> bytes:
        """Return the index of a limit's bucket."""

    def digest(self, purpose: str, content: bytes) -> bytes:
        """Return a digest that tells whether content changed."""


class Wrapping(Protocol):
    """A KMS key, and those before it."""

    @property
    def key_id(self) -> str:
        """The key that wraps."""

    def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        """Return the plaintext wrapped."""

    def decrypt(self, wrapped: bytes, context: Mapping[str, str], wrapped_by: str | None = None) -> bytes:
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


class KeyMaker(Protocol):
    """Makes signing keys."""

    def __call__(self, algorithm: SigningAlgorithm) -> NewKey:
        """Return a fresh key."""

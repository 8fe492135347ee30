"""What the keys of phones need of the world."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from chalicelib.domain.biometrics import (
    NewRegistration,
    PresenceKey,
    Proof,
    Registered,
    StoredRegistration,
)
from chalicelib.domain.presence_challenges import SignedChallenge
from chalicelib.domain.sessions import OwnSession, Session


class PresenceKeys(Protocol):
    """Public keys of phones."""

    def read(self, jwk: Mapping[str, str]) -> PresenceKey:
        """Return the key of a JWK, or raise PublicKeyInvalid, PublicKeyUnsupported."""

    def check(self, spki: bytes, proof: SignedChallenge) -> None:
        """Accept what the key signed, or raise SignatureInvalid."""


class BiometricStore(Protocol):
    """Registrations, as rows."""

    def register(self, new: NewRegistration, *, now: datetime, request_id: str) -> Registered:
        """Keep a key, unless the person has too many or the challenge was used."""

    def key(self, session_id: UUID, registration_id: UUID) -> tuple[Session | None, bytes | None]:
        """Return a session, and the key of a registration if it is of its person and device."""

    def prove(self, proof: Proof, *, locale: str, now: datetime, request_id: str) -> OwnSession | None:
        """Step a live session up; None if nothing was changed."""

    def proved(
        self, proof: Proof, *, locale: str, now: datetime
    ) -> tuple[OwnSession | None, datetime | None]:
        """Return the session in any state, and when this challenge was used."""

    def registrations(self, session_id: UUID) -> tuple[Session | None, tuple[StoredRegistration, ...]]:
        """Return a session, and its person's keys."""

    def remove(
        self, session_id: UUID, registration_id: UUID, *, now: datetime, request_id: str
    ) -> tuple[Session | None, bool]:
        """Forget a key of the acting session's person; tell whether there was one."""

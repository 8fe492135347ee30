"""What the keys of phones need of the world."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from chalicelib.domain.biometrics import (
    NewRegistration,
    PresenceKey,
    PresenceProof,
    Proved,
    RegisterOutcome,
    StoredRegistration,
)
from chalicelib.domain.dpop import Proof
from chalicelib.domain.limits import Taken, Taking
from chalicelib.domain.presence_challenges import SignedChallenge
from chalicelib.domain.sessions import OwnSession, Session


class PresenceKeys(Protocol):
    """Public keys of phones."""

    def read(self, jwk: Mapping[str, str]) -> PresenceKey:
        """Return the key of a JWK, or raise PublicKeyInvalid, PublicKeyUnsupported."""

    def check(self, spki: bytes, proof: SignedChallenge) -> None:
        """Accept what the key signed, or raise SignatureInvalid."""


class DeviceKeyStore(Protocol):
    """Registrations, as rows."""

    def register(
        self,
        new: NewRegistration,
        *,
        proof: Proof | None,
        place: Taking | None,
        now: datetime,
        request_id: str,
    ) -> RegisterOutcome:
        """Keep a key, unless the person has too many or the challenge was used."""

    def key(
        self,
        session_id: UUID,
        registration_id: UUID,
        *,
        proof: Proof | None,
        place: Taking | None,
        now: datetime,
    ) -> tuple[Session | None, Taken | None, bytes | None]:
        """Return a session, what came of its place, and the key of its person and device."""

    def prove(
        self, proof: PresenceProof, *, locale: str, now: datetime, request_id: str
    ) -> tuple[Proved, OwnSession | None]:
        """Step a live session up, or say why not."""

    def registrations(
        self, session_id: UUID, *, proof: Proof | None, now: datetime
    ) -> tuple[Session | None, tuple[StoredRegistration, ...]]:
        """Return a session, and of a live one its person's keys."""

    def remove(
        self,
        session_id: UUID,
        registration_id: UUID,
        *,
        proof: Proof | None,
        now: datetime,
        request_id: str,
    ) -> tuple[Session | None, bool]:
        """Forget a key of the acting session's person."""

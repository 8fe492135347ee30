"""Phones' keys, as rows. Whoever acts is checked in the statement that acts."""

from datetime import datetime
from uuid import UUID

from chalicelib.domain.biometrics import NewRegistration, Proof, Registered, StoredRegistration
from chalicelib.domain.sessions import OwnSession, Session
from chalicelib.stores.database import Database
from chalicelib.stores.described import described
from chalicelib.stores.prepared import Row
from chalicelib.stores.session_rows import read_own, read_session

consent_statements = described("consent_statements")
statements = described("biometric_statements")


class BiometricStore:
    """Registrations."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def register(self, new: NewRegistration, *, now: datetime, request_id: str) -> Registered:
        """Keep a key, unless its person has too many or its challenge was used; twice is once."""
        parameters = {
            "p_session_id": new.session_id,
            "p_key_id": new.id,
            "p_spki": new.spki,
            "p_name": new.name,
            "p_nonce_hash": new.nonce_hash,
            "p_nonce_expires_at": new.nonce_expires_at,
            "p_now": now,
            "p_request_id": request_id,
        }
        row = self._database.row_behind(consent_statements.LOCK, statements.REGISTER, parameters)
        if row is None:
            return Registered(session=None, registration=None, is_full=False)
        return Registered(
            session=read_session(row), registration=_registration(row), is_full=bool(row.is_full)
        )

    def key(self, session_id: UUID, registration_id: UUID) -> tuple[Session | None, bytes | None]:
        """Return a session in any state, and the key of a registration of its person and device."""
        parameters = {"p_session_id": session_id, "p_key_id": registration_id}
        row = self._database.row(statements.KEY, parameters)
        return (read_session(row), row.spki) if row else (None, None)

    def prove(self, proof: Proof, *, locale: str, now: datetime, request_id: str) -> OwnSession | None:
        """Step a live session up, its challenge used up with it; None if nothing was changed."""
        parameters = {
            "p_session_id": proof.session_id,
            "p_generation": proof.generation,
            "p_key_id": proof.registration_id,
            "p_nonce_hash": proof.nonce_hash,
            "p_nonce_expires_at": proof.nonce_expires_at,
            "p_rotated_after": proof.rotated_after,
            "p_idle_expires_at": proof.idle_expires_at,
            "p_locale": locale,
            "p_now": now,
            "p_request_id": request_id,
        }
        row = self._database.row(statements.PROVE, parameters)
        return read_own(row, row.states) if row else None

    def proved(
        self, proof: Proof, *, locale: str, now: datetime
    ) -> tuple[OwnSession | None, datetime | None]:
        """Return the session in any state, and when this challenge was used."""
        parameters = {
            "p_session_id": proof.session_id,
            "p_nonce_hash": proof.nonce_hash,
            "p_locale": locale,
            "p_now": now,
        }
        row = self._database.row(statements.PROVED, parameters)
        return (read_own(row, row.states), row.used_at) if row else (None, None)

    def registrations(self, session_id: UUID) -> tuple[Session | None, tuple[StoredRegistration, ...]]:
        """Return a session in any state, and its person's keys, the oldest first."""
        rows = self._database.rows(statements.REGISTRATIONS, {"p_session_id": session_id})
        found = tuple(one for row in rows if (one := _registration(row)) is not None)
        return (read_session(rows[0]), found) if rows else (None, ())

    def remove(
        self, session_id: UUID, registration_id: UUID, *, now: datetime, request_id: str
    ) -> tuple[Session | None, bool]:
        """Forget a key of the acting session's person; tell whether there was one."""
        parameters = {
            "p_session_id": session_id,
            "p_key_id": registration_id,
            "p_now": now,
            "p_request_id": request_id,
        }
        row = self._database.row(statements.REMOVE, parameters)
        return (read_session(row), row.is_known) if row else (None, False)


def _registration(row: Row) -> StoredRegistration | None:
    if row.key_id is None:
        return None
    return StoredRegistration(
        id=row.key_id,
        device_id=row.key_device_id,
        created_at=row.key_created_at,
        last_used_at=row.key_last_used_at,
        name=row.key_name,
    )

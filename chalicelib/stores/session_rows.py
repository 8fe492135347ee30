"""A session, its device and its person as the domain knows them, read of what functions return."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chalicelib.domain.account import StoredPerson, UserStatus
from chalicelib.domain.devices import StoredDevice
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.sessions import OwnSession, Session, SessionEnd
from chalicelib.postgres.calls import Row
from chalicelib.stores.consent_rows import StateJson, read_states


class SessionRow(Row):
    """The view session_row in sql/rows.sql."""

    id: UUID
    user_id: UUID
    client_id: str
    generation: int
    acr: str
    amr: list[str]
    auth_time: datetime
    created_at: datetime
    rotated_at: datetime
    idle_expires_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    jkt: str | None
    profile: bytes | None
    profile_digest: bytes | None
    device_id: UUID
    device_platform: str
    device_description: bytes | None
    device_digest: bytes | None
    device_seen_at: datetime
    user_status: str
    user_created_at: datetime
    user_key_version: int
    user_profile: bytes | None
    user_profile_digest: bytes | None
    user_chosen: bytes | None


class OwnRow(Row):
    """A session with where its person stands; null if there is none."""

    own: SessionRow | None
    states: list[StateJson] | None


def read_session(row: SessionRow) -> Session:
    """Return the session of a row."""
    return Session(
        id=row.id,
        user_id=row.user_id,
        user_status=UserStatus(row.user_status),
        user_created_at=row.user_created_at,
        client_id=row.client_id,
        generation=row.generation,
        acr=row.acr,
        amr=tuple(row.amr),
        auth_time=row.auth_time,
        created_at=row.created_at,
        rotated_at=row.rotated_at,
        idle_expires_at=row.idle_expires_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        end_reason=SessionEnd(row.end_reason) if row.end_reason else None,
        device=read_device(row),
        jkt=row.jkt,
        profile=row.profile,
        profile_digest=row.profile_digest,
    )


def read_own(row: SessionRow, states: Sequence[StateJson] | None) -> OwnSession:
    """Return a session with its person and where they stand on the documents."""
    return OwnSession(session=read_session(row), person=read_person(row), states=read_states(states))


def read_person(row: SessionRow) -> StoredPerson:
    """Return the person of a row."""
    return StoredPerson(
        id=row.user_id,
        status=UserStatus(row.user_status),
        created_at=row.user_created_at,
        key_version=row.user_key_version,
        profile=row.user_profile,
        profile_digest=row.user_profile_digest,
        chosen=row.user_chosen,
    )


def read_device(row: SessionRow) -> StoredDevice:
    """Return the device of a row."""
    return StoredDevice(
        id=row.device_id,
        platform=Platform(row.device_platform),
        description=row.device_description,
        description_digest=row.device_digest,
        first_seen_at=row.device_seen_at,
    )

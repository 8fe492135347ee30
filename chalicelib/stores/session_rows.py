"""A session, its device and its person as the domain knows them, read of rows with `session_columns`."""

from chalicelib.domain.account import StoredPerson
from chalicelib.domain.devices import StoredDevice
from chalicelib.domain.sessions import OwnSession, Session
from chalicelib.stores.consent_rows import read_states
from chalicelib.stores.prepared import Row


def read_session(row: Row) -> Session:
    """Return the session of a row that has their columns."""
    return Session(
        id=row.id,
        user_id=row.user_id,
        user_status=row.user_status,
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
        end_reason=row.end_reason,
        device=read_device(row),
        jkt=row.jkt,
        profile=row.profile,
        profile_digest=row.profile_digest,
    )


def read_own(row: Row) -> OwnSession:
    """Return the session of a row, with its person and their consents."""
    return OwnSession(session=read_session(row), person=read_person(row), states=read_states(row.states))


def read_person(row: Row) -> StoredPerson:
    """Return the person of a row that has their columns."""
    return StoredPerson(
        id=row.user_id,
        status=row.user_status,
        created_at=row.user_created_at,
        key_version=row.user_key_version,
        profile=row.user_profile,
        profile_digest=row.user_profile_digest,
        chosen=row.user_chosen,
    )


def read_device(row: Row) -> StoredDevice:
    """Return the device of a row that has their columns."""
    return StoredDevice(
        id=row.device_id,
        platform=row.device_platform,
        description=row.device_description,
        description_digest=row.device_digest,
        first_seen_at=row.device_seen_at,
    )

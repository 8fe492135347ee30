"""A session as statements select it, and as the domain knows it: columns beside their reader."""

from typing import Any

from sqlalchemy import ColumnElement, null

from chalicelib.domain.account import StoredPerson
from chalicelib.domain.devices import StoredDevice
from chalicelib.domain.sessions import OwnSession, Session
from chalicelib.stores.consent_parts import read_states
from chalicelib.stores.parameters import NOW
from chalicelib.stores.prepared import Row
from chalicelib.stores.schema import Devices, Sessions, Users

SESSION_COLUMNS: tuple[Any, ...] = (
    *(Sessions.id, Sessions.user_id, Sessions.client_id, Sessions.generation, Sessions.acr, Sessions.amr),
    *(
        Sessions.auth_time,
        Sessions.created_at,
        Sessions.rotated_at,
        Sessions.idle_expires_at,
        Sessions.expires_at,
    ),
    *(Sessions.ended_at, Sessions.end_reason, Sessions.jkt, Sessions.profile),
    Sessions.profile_digest,
)
# an ended session keeps no copy that an old refresh token could still open
ENDED: dict[str, Any] = {"ended_at": NOW, "profile": null(), "profile_digest": null()}
DEVICE_COLUMNS: tuple[ColumnElement[Any], ...] = (
    Devices.id.label("device_id"),
    Devices.platform.label("device_platform"),
    Devices.description.label("device_description"),
    Devices.description_digest.label("device_digest"),
    Devices.created_at.label("device_seen_at"),
)
PERSON_COLUMNS: tuple[ColumnElement[Any], ...] = (
    *(
        Users.id.label("user_id"),
        Users.status.label("user_status"),
        Users.created_at.label("user_created_at"),
    ),
    *(Users.key_version.label("user_key_version"), Users.profile.label("user_profile")),
    *(Users.profile_digest.label("user_profile_digest"), Users.chosen.label("user_chosen")),
)


def read_session(row: Row) -> Session:
    """Return the session of a row that has the columns above."""
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
    """Return the person of a row that has the columns above."""
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
    """Return the device of a row that has the columns above."""
    return StoredDevice(
        id=row.device_id,
        platform=row.device_platform,
        description=row.device_description,
        description_digest=row.device_digest,
        first_seen_at=row.device_seen_at,
    )

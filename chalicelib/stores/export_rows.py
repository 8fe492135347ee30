"""The export's lists, as JSON rows tell them and as the domain knows them."""

from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from chalicelib.domain.biometrics import StoredRegistration
from chalicelib.domain.consents import ConsentAction, ConsentEvent
from chalicelib.domain.devices import StoredDevice
from chalicelib.domain.export import (
    PART_ITEMS,
    HeldDevice,
    HeldEvent,
    HeldKey,
    HeldSession,
    StoredExport,
    StoredIdentity,
)
from chalicelib.domain.id_tokens import Platform, Provider
from chalicelib.domain.sessions import Session, SessionEnd
from chalicelib.stores.prepared import Row
from chalicelib.stores.session_rows import read_person

Line = dict[str, Any]


def read_export(row: Row, session: Session | None = None) -> StoredExport:
    """Return what the statement of an export selected."""
    return StoredExport(
        person=read_person(row),
        session=session,
        status_changed_at=row.status_changed_at,
        parts=max(1, ceil(row.longest / PART_ITEMS)),
        identities=tuple(_identity(line) for line in row.identities_page or ()),
        devices=tuple(_device(line) for line in row.devices_page or ()),
        biometric_keys=tuple(_key(line) for line in row.biometric_keys_page or ()),
        sessions=tuple(_session(line) for line in row.sessions_page or ()),
        consents=tuple(_consent(line) for line in row.consents_page or ()),
        events=tuple(_event(line) for line in row.events_page or ()),
    )


def _identity(line: Line) -> StoredIdentity:
    return StoredIdentity(
        id=UUID(line["id"]),
        provider=Provider(line["provider"]),
        created_at=_moment(line["created_at"]),
        subject=_bytes(line["subject"]),
    )


def _device(line: Line) -> HeldDevice:
    description = line["description"]
    stored = StoredDevice(
        id=UUID(line["id"]),
        platform=Platform(line["platform"]),
        description=None if description is None else _bytes(description),
        description_digest=None,
        first_seen_at=_moment(line["created_at"]),
    )
    return HeldDevice(
        stored=stored, created_at=stored.first_seen_at, last_seen_at=_moment(line["last_seen_at"])
    )


def _key(line: Line) -> HeldKey:
    name, used = line["name"], line["last_used_at"]
    stored = StoredRegistration(
        id=UUID(line["id"]),
        device_id=UUID(line["device_id"]),
        created_at=_moment(line["created_at"]),
        last_used_at=None if used is None else _moment(used),
        name=None if name is None else _bytes(name),
    )
    return HeldKey(stored=stored, spki=_bytes(line["spki"]))


def _session(line: Line) -> HeldSession:
    ended_at, end_reason = line["ended_at"], line["end_reason"]
    return HeldSession(
        id=UUID(line["id"]),
        device_id=UUID(line["device_id"]),
        client_id=line["client_id"],
        acr=line["acr"],
        amr=tuple(line["amr"]),
        auth_time=_moment(line["auth_time"]),
        created_at=_moment(line["created_at"]),
        last_used_at=_moment(line["rotated_at"]),
        refreshes=line["generation"],
        idle_expires_at=_moment(line["idle_expires_at"]),
        expires_at=_moment(line["expires_at"]),
        ended_at=None if ended_at is None else _moment(ended_at),
        end_reason=None if end_reason is None else SessionEnd(end_reason),
        jkt=line["jkt"],
    )


def _consent(line: Line) -> ConsentEvent:
    return ConsentEvent(
        document=line["kind"],
        version=line["version"],
        locale=line["locale"],
        sha256=line["sha256"],
        action=ConsentAction(line["action"]),
        method=line["method"],
        app_version=line["app_version"],
        session_id=UUID(line["session_id"]),
        occurred_at=_moment(line["occurred_at"]),
    )


def _event(line: Line) -> HeldEvent:
    session_id = line["session_id"]
    return HeldEvent(
        id=line["id"],
        occurred_at=_moment(line["occurred_at"]),
        kind=line["kind"],
        session_id=None if session_id is None else UUID(session_id),
        request_id=line["request_id"],
        details=line["details"],
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _bytes(text: str) -> bytes:
    """Return the bytes that PostgreSQL writes as hex behind a backslash and an x."""
    return bytes.fromhex(text.removeprefix("\\x"))

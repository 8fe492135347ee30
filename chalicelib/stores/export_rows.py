"""The export's lists, as JSON rows tell them and as the domain knows them."""

from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from chalicelib.domain.account import StoredPerson
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
from chalicelib.domain.sessions import SessionEnd
from chalicelib.postgres.calls import Row
from chalicelib.stores.json_values import read_bytes, read_moment

Line = dict[str, Any]


class PagesRow(Row):
    """The type export_pages in sql/rows.sql."""

    status_changed_at: datetime
    longest: int
    identities_page: list[Line] | None
    devices_page: list[Line] | None
    biometric_keys_page: list[Line] | None
    sessions_page: list[Line] | None
    consents_page: list[Line] | None
    events_page: list[Line] | None


def read_export(pages: PagesRow, person: StoredPerson) -> StoredExport:
    """Return what read_pages in sql/export.sql returned of a person."""
    return StoredExport(
        person=person,
        status_changed_at=pages.status_changed_at,
        parts=max(1, ceil(pages.longest / PART_ITEMS)),
        identities=tuple(_identity(line) for line in pages.identities_page or ()),
        devices=tuple(_device(line) for line in pages.devices_page or ()),
        biometric_keys=tuple(_key(line) for line in pages.biometric_keys_page or ()),
        sessions=tuple(_session(line) for line in pages.sessions_page or ()),
        consents=tuple(_consent(line) for line in pages.consents_page or ()),
        events=tuple(_event(line) for line in pages.events_page or ()),
    )


def _identity(line: Line) -> StoredIdentity:
    return StoredIdentity(
        id=UUID(line["id"]),
        provider=Provider(line["provider"]),
        created_at=read_moment(line["created_at"]),
        subject=read_bytes(line["subject"]),
    )


def _device(line: Line) -> HeldDevice:
    description = line["description"]
    stored = StoredDevice(
        id=UUID(line["id"]),
        platform=Platform(line["platform"]),
        description=None if description is None else read_bytes(description),
        description_digest=None,
        first_seen_at=read_moment(line["created_at"]),
    )
    return HeldDevice(
        stored=stored, created_at=stored.first_seen_at, last_seen_at=read_moment(line["last_seen_at"])
    )


def _key(line: Line) -> HeldKey:
    stored = StoredRegistration(
        id=UUID(line["id"]),
        device_id=UUID(line["device_id"]),
        created_at=read_moment(line["created_at"]),
        last_used_at=None if line["last_used_at"] is None else read_moment(line["last_used_at"]),
        name=None if line["name"] is None else read_bytes(line["name"]),
    )
    return HeldKey(stored=stored, spki=read_bytes(line["spki"]))


def _session(line: Line) -> HeldSession:
    ended_at, end_reason = line["ended_at"], line["end_reason"]
    return HeldSession(
        id=UUID(line["id"]),
        device_id=UUID(line["device_id"]),
        client_id=line["client_id"],
        acr=line["acr"],
        amr=tuple(line["amr"]),
        auth_time=read_moment(line["auth_time"]),
        created_at=read_moment(line["created_at"]),
        last_used_at=read_moment(line["rotated_at"]),
        refreshes=line["generation"],
        idle_expires_at=read_moment(line["idle_expires_at"]),
        expires_at=read_moment(line["expires_at"]),
        ended_at=None if ended_at is None else read_moment(ended_at),
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
        occurred_at=read_moment(line["occurred_at"]),
    )


def _event(line: Line) -> HeldEvent:
    session_id = line["session_id"]
    return HeldEvent(
        id=line["id"],
        occurred_at=read_moment(line["occurred_at"]),
        kind=line["kind"],
        session_id=None if session_id is None else UUID(session_id),
        request_id=line["request_id"],
        details=line["details"],
    )

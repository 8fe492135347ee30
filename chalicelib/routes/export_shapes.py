"""The shape of an export, and how it is filled; its JSON Schema is written from here."""

from base64 import b64encode
from typing import Any

from chalicelib.domain.export import (
    FORMAT,
    PART_ITEMS,
    Export,
    HeldDevice,
    HeldEvent,
    HeldIdentity,
    HeldKey,
    HeldSession,
)
from chalicelib.domain.processing import PROCESSING, RIGHTS, Processing
from chalicelib.domain.receipts import Controller
from chalicelib.domain.sessions import SessionEnd
from chalicelib.routes import consent_shapes
from chalicelib.routes.fields import Choice, Integer, Text, Timestamp, Uuid
from chalicelib.routes.schema import Items, Record, nullable, optional, required
from chalicelib.routes.shapes import DEVICE, PROVIDER, USER, device, user

SENTENCE = Text(max_chars=512)
WORD = Text(max_chars=256)
DETAIL = optional(WORD)

CONTROLLER = Record(
    "Controller",
    {"name": required(WORD), "contact": required(nullable(WORD))},
    description="Who answers for the data (GDPR art. 4(7)).",
    open=True,
)
IDENTITY = Record(
    "ExportedIdentity",
    {
        "id": required(Uuid()),
        "provider": required(PROVIDER),
        "subject": required(Text(max_chars=255, description="The provider's own id of the person.")),
        "created_at": required(Timestamp()),
    },
    open=True,
)
HELD_DEVICE = Record(
    "ExportedDevice",
    {
        "id": required(Uuid(description="As sessions name it.")),
        "created_at": required(Timestamp()),
        "last_seen_at": required(Timestamp()),
        "device": required(DEVICE),
    },
    open=True,
)
HELD_KEY = Record(
    "ExportedBiometricKey",
    {
        "id": required(Uuid()),
        "device_id": required(Uuid()),
        "name": required(nullable(WORD)),
        "public_key": required(Text(max_chars=256, description="SubjectPublicKeyInfo, DER, base64.")),
        "created_at": required(Timestamp()),
        "last_used_at": required(nullable(Timestamp())),
    },
    open=True,
)
HELD_SESSION = Record(
    "ExportedSession",
    {
        "id": required(Uuid()),
        "device_id": required(Uuid()),
        **{name: required(WORD) for name in ("client_id", "acr")},
        "amr": required(Items(of=WORD, max_items=16)),
        **{name: required(Timestamp()) for name in ("auth_time", "created_at")},
        "last_used_at": required(Timestamp(description="The last sign-in or refresh.")),
        "refreshes": required(Integer()),
        "idle_expires_at": required(Timestamp()),
        "expires_at": required(Timestamp()),
        "ended_at": required(nullable(Timestamp())),
        "end_reason": required(nullable(Choice(SessionEnd))),
        "key_thumbprint": required(nullable(WORD)),
    },
    open=True,
)
DETAILS = Record(
    "ExportedDetails",
    {
        "changed": DETAIL,
        "device_id": DETAIL,
        "document": DETAIL,
        "notice": DETAIL,
        "part": DETAIL,
        "provider": DETAIL,
        "reason": DETAIL,
        "registration_id": DETAIL,
        "version": DETAIL,
    },
    description="What of an event's details is about the person.",
    open=True,
)
AUDIT_EVENT = Record(
    "ExportedAuditEvent",
    {
        "id": required(Integer()),
        "occurred_at": required(Timestamp()),
        "kind": required(WORD),
        "session_id": required(nullable(Uuid())),
        "request_id": required(WORD),
        "details": required(DETAILS),
    },
    open=True,
)
PROCESSING_RECORD = Record(
    "Processing",
    {
        "section": required(WORD),
        "data": required(SENTENCE),
        "purpose": required(SENTENCE),
        "legal_basis": required(SENTENCE),
        "source": required(SENTENCE),
        "recipients": required(Items(of=SENTENCE, max_items=16)),
        "retention": required(SENTENCE),
    },
    description="Why one section's data is processed (GDPR art. 15(1)).",
    open=True,
)


def _list(of: Record) -> Items:
    return Items(of=of, max_items=PART_ITEMS)


EXPORT = Record(
    "AccountExport",
    {
        "format": required(Choice((FORMAT,))),
        "exported_at": required(Timestamp()),
        "part": required(Integer(minimum=1)),
        "parts": required(
            Integer(minimum=1, description="How many there are: each carries the next lines of each list.")
        ),
        "controller": required(CONTROLLER),
        "account": required(USER),
        "account_status": required(WORD),
        "account_status_changed_at": required(Timestamp()),
        "identities": required(_list(IDENTITY)),
        "devices": required(_list(HELD_DEVICE)),
        "biometric_keys": required(_list(HELD_KEY)),
        "sessions": required(_list(HELD_SESSION)),
        "consents": required(_list(consent_shapes.EVENT)),
        "audit_events": required(_list(AUDIT_EVENT)),
        "processing": required(Items(of=PROCESSING_RECORD, max_items=32)),
        "rights": required(Items(of=SENTENCE, max_items=32)),
    },
    description="All that is held about the person (GDPR art. 15, 20), the oldest line of a list first.",
    open=True,
)


def export(exported: Export, controller: Controller) -> dict[str, Any]:
    """Return `EXPORT`."""
    stored = exported.stored
    return {
        "format": FORMAT,
        "exported_at": exported.exported_at,
        "part": exported.part,
        "parts": stored.parts,
        "controller": {"name": controller.name, "contact": controller.contact},
        "account": user(exported.account),
        "account_status": stored.person.status.value,
        "account_status_changed_at": stored.status_changed_at,
        "identities": [_identity(each) for each in exported.identities],
        "devices": [_device(each) for each in exported.devices],
        "biometric_keys": [_key(each) for each in exported.biometric_keys],
        "sessions": [_session(each) for each in stored.sessions],
        "consents": [consent_shapes.event(each) for each in stored.consents],
        "audit_events": [_event(each) for each in stored.events],
        "processing": [_processing(each) for each in PROCESSING],
        "rights": list(RIGHTS),
    }


def _identity(held: HeldIdentity) -> dict[str, Any]:
    return {
        "id": held.id,
        "provider": held.provider,
        "subject": held.subject,
        "created_at": held.created_at,
    }


def _device(held: HeldDevice) -> dict[str, Any]:
    return {
        "id": held.stored.id,
        "created_at": held.created_at,
        "last_seen_at": held.last_seen_at,
        "device": device(held.stored, held.described),
    }


def _key(held: HeldKey) -> dict[str, Any]:
    return {
        "id": held.stored.id,
        "device_id": held.stored.device_id,
        "name": held.name,
        "public_key": b64encode(held.spki).decode(),
        "created_at": held.stored.created_at,
        "last_used_at": held.stored.last_used_at,
    }


def _session(held: HeldSession) -> dict[str, Any]:
    return {
        "id": held.id,
        "device_id": held.device_id,
        "client_id": held.client_id,
        "acr": held.acr,
        "amr": list(held.amr),
        "auth_time": held.auth_time,
        "created_at": held.created_at,
        "last_used_at": held.last_used_at,
        "refreshes": held.refreshes,
        "idle_expires_at": held.idle_expires_at,
        "expires_at": held.expires_at,
        "ended_at": held.ended_at,
        "end_reason": held.end_reason and held.end_reason.value,
        "key_thumbprint": held.jkt,
    }


def _event(held: HeldEvent) -> dict[str, Any]:
    return {
        "id": held.id,
        "occurred_at": held.occurred_at,
        "kind": held.kind,
        "session_id": held.session_id,
        "request_id": held.request_id,
        "details": held.shown,
    }


def _processing(record: Processing) -> dict[str, Any]:
    return {
        "section": record.section,
        "data": record.data,
        "purpose": record.purpose,
        "legal_basis": record.legal_basis,
        "source": record.source,
        "recipients": list(record.recipients),
        "retention": record.retention,
    }

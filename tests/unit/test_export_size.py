"""A part of an export stays below what Lambda may answer, however long everything in it is."""

import json
from datetime import UTC, datetime
from uuid import UUID

from chalicelib.domain.account import Account, Profile, StoredPerson, UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.biometrics import KEYS_MAX, NAME_CHARS_MAX, StoredRegistration
from chalicelib.domain.chosen import Chosen
from chalicelib.domain.consents import ConsentAction, ConsentEvent
from chalicelib.domain.devices import Device, StoredDevice
from chalicelib.domain.export import (
    PART_ITEMS,
    Export,
    HeldDevice,
    HeldEvent,
    HeldIdentity,
    HeldKey,
    HeldSession,
    StoredExport,
)
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.providers import GOOGLE
from chalicelib.domain.receipts import Controller
from chalicelib.domain.sessions import SessionEnd
from chalicelib.routes.export_shapes import EXPORT, export
from chalicelib.routes.reply import to_json
from chalicelib.routes.schema import conforms

LAMBDA_ANSWER_BYTES_MAX = 6 * 1024 * 1024
NOW, ID = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), UUID(int=2**128 - 1)
WIDE = "\N{ROCKET}"  # four bytes in UTF-8
STORED = StoredDevice(
    id=ID, platform=Platform.android, description=None, description_digest=None, first_seen_at=NOW
)
PERSON = StoredPerson(
    id=ID,
    status=UserStatus.SUSPENDED,
    created_at=NOW,
    key_version=1,
    profile=None,
    profile_digest=None,
    chosen=None,
)


def longest() -> Export:
    """Return a part with every list full and every text as long as it may be."""
    profile = Profile(
        email=WIDE * 320,
        email_verified=True,
        name=WIDE * 2048,
        given_name=WIDE * 2048,
        family_name=WIDE * 2048,
        picture="p" * 2048,
    )
    chosen = Chosen(display_name=WIDE * 100, language="zh-Hant-TW", time_zone="A" * 64)
    described = Device(
        id="d" * 128,
        platform=Platform.android,
        name=WIDE * 128,
        model=WIDE * 128,
        os_version=WIDE * 64,
        app_version="\N{SNAKE}" * 64,  # as wide; not kept out of a repr
    )
    stored = StoredExport(
        person=PERSON,
        status_changed_at=NOW,
        parts=1,
        identities=(),
        devices=(),
        biometric_keys=(),
        sessions=(session(),) * PART_ITEMS,
        consents=(consent(),) * PART_ITEMS,
        events=(event(),) * PART_ITEMS,
    )
    return Export(
        exported_at=NOW,
        part=1,
        stored=stored,
        account=Account(id=ID, created_at=NOW, profile=profile, chosen=chosen),
        identities=(identity(),) * PART_ITEMS,
        devices=(held(described),) * PART_ITEMS,
        biometric_keys=(key(),) * KEYS_MAX,
    )


def held(described: Device) -> HeldDevice:
    return HeldDevice(stored=STORED, created_at=NOW, last_seen_at=NOW, described=described)


def identity() -> HeldIdentity:
    return HeldIdentity(id=ID, provider=GOOGLE.name, created_at=NOW, subject="1" * 255)


def key() -> HeldKey:
    stored = StoredRegistration(id=ID, device_id=ID, created_at=NOW, last_used_at=NOW, name=None)
    return HeldKey(stored=stored, spki=b"k" * 91, name=WIDE * NAME_CHARS_MAX)


def session() -> HeldSession:
    return HeldSession(
        id=ID,
        device_id=ID,
        client_id="c" * 100,
        acr="aal1",
        amr=("fed", "hwk", "user"),
        auth_time=NOW,
        created_at=NOW,
        last_used_at=NOW,
        refreshes=10**6,
        idle_expires_at=NOW,
        expires_at=NOW,
        ended_at=NOW,
        end_reason=SessionEnd.LOGOUT_ALL,
        jkt="k" * 43,
    )


def consent() -> ConsentEvent:
    return ConsentEvent(
        document="d" * 64,
        version="1" * 32,
        locale="en",
        sha256="a" * 64,
        action=ConsentAction.SUPERSEDED,
        method="m" * 64,
        app_version="1" * 64,
        session_id=ID,
        occurred_at=NOW,
    )


def event() -> HeldEvent:
    return HeldEvent(
        id=2**53 - 1,
        occurred_at=NOW,
        kind=AuditKind.CONSENT_SUPERSEDED.value,
        session_id=ID,
        request_id="r" * 128,
        details={"document": "d" * 64, "version": "1" * 32},
    )


def test_the_largest_part_fits_into_an_answer_of_lambda() -> None:
    body = to_json(export(longest(), Controller(name="n" * 200, contact="c" * 200)))
    assert conforms(EXPORT, json.loads(body))
    assert len(json.dumps({"body": body}, ensure_ascii=False).encode()) < LAMBDA_ANSWER_BYTES_MAX


def test_nothing_personal_is_in_a_repr() -> None:
    shown = repr(longest())
    assert [text for text in (WIDE, "1" * 255) if text in shown] == []

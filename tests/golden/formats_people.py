"""What is kept of people: plain, sealed, and as keyed indexes."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.clients.blind_index import BlindIndex
from chalicelib.clients.envelope import DataKey
from chalicelib.clients.session_seal import session_key
from chalicelib.domain.account import PROFILE, Profile, UserStatus, copy_digest
from chalicelib.domain.chosen import CHOSEN, NOTHING, Chosen
from chalicelib.domain.devices import DEVICE, Device, StoredDevice
from chalicelib.domain.formats import Format as StoredFormat
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.limits import client_prefix
from chalicelib.domain.personal_data import Field, RecordAddress
from chalicelib.domain.provider_grants import ProviderGrant
from chalicelib.domain.sessions import Session
from chalicelib.services.session_copy import SessionCopies, SessionCopy
from tests.golden.records import Format, Given
from tests.golden.subject_locks import subject_locks

MOMENT = datetime.fromisoformat("2026-11-23T12:00:00+00:00")


def _device(says: Given) -> Device:
    return Device(**{**says, "platform": Platform(says["platform"])})


def _read_sealed(given: Given, stored: str) -> str:
    return _key(given).open_sealed(_address(given), bytes.fromhex(stored)).decode()


def _sealed(given: Given, says: str) -> str:
    return _key(given).seal(_address(given), says.encode()).hex()


def _key(given: Given) -> DataKey:
    return DataKey(
        owner_id=UUID(given["owner_id"]),
        version=given["key_version"],
        secret=bytes.fromhex(given["secret"]),
    )


def _address(given: Given) -> RecordAddress:
    field = Field((given["table"], given["column"]))
    return field.at(UUID(given["row_id"]), given["key_version"])


def _copied(given: Given, says: Given) -> str:
    copy = SessionCopy(
        profile=Profile(**says["profile"]),
        device=_device(says["device"]),
        chosen=Chosen(**says["chosen"]) if says["chosen"] else NOTHING,
    )
    seed, session_id = bytes.fromhex(given["seed"]), UUID(given["session_id"])
    return SessionCopies(session_key).seal(copy, seed=seed, session_id=session_id).hex()


def _read_copy(given: Given, stored: str) -> dict[str, Any]:
    session = _session(UUID(given["session_id"]), bytes.fromhex(stored))
    copy = SessionCopies(session_key).open(session, seed=bytes.fromhex(given["seed"]))
    chosen = _said(CHOSEN, copy.chosen) if copy.chosen else None
    return {"profile": _said(PROFILE, copy.profile), "device": _said(DEVICE, copy.device), "chosen": chosen}


def _said(form: StoredFormat, record: Profile | Device | Chosen) -> dict[str, Any]:
    """Return a record without names that came later and that it lacks."""
    return form.write(asdict(record))


def _session(session_id: UUID, profile: bytes) -> Session:
    """Return a session in which only its id and its sealed copy matter."""
    device = StoredDevice(
        id=session_id,
        platform=Platform("ios"),
        description=None,
        description_digest=None,
        first_seen_at=MOMENT,
    )
    return Session(
        id=session_id,
        user_id=session_id,
        user_status=UserStatus.ACTIVE,
        user_created_at=MOMENT,
        client_id="client",
        generation=0,
        acr="aal1",
        amr=("fed",),
        auth_time=MOMENT,
        created_at=MOMENT,
        rotated_at=MOMENT,
        idle_expires_at=MOMENT,
        expires_at=MOMENT,
        ended_at=None,
        end_reason=None,
        device=device,
        jkt=None,
        profile=profile,
        profile_digest=None,
    )


def _index(given: Given) -> BlindIndex:
    return BlindIndex(bytes.fromhex(given["key"]))


FORMATS = {
    "profile": Format(
        write=lambda _, says: Profile(**says).to_bytes().decode(),
        read=lambda _, stored: _said(PROFILE, Profile.from_bytes(stored.encode())),
    ),
    "device": Format(
        write=lambda _, says: _device(says).to_bytes().decode(),
        read=lambda _, stored: _said(DEVICE, Device.from_bytes(stored.encode())),
    ),
    "chosen": Format(
        write=lambda _, says: Chosen(**says).to_bytes().decode(),
        read=lambda _, stored: _said(CHOSEN, Chosen.from_bytes(stored.encode())),
    ),
    "provider_grant": Format(
        write=lambda _, says: ProviderGrant(**says).to_bytes().decode(),
        read=lambda _, stored: asdict(ProviderGrant.from_bytes(stored.encode())),
    ),
    "record_address": Format(write=lambda given, _: _address(given).aad().hex()),
    "sealed_record": Format(write=_sealed, read=_read_sealed, is_exact=False),
    "session_copy": Format(write=_copied, read=_read_copy, is_exact=False),
    "index_of_subject": Format(
        write=lambda given, says: (
            _index(given).subject(says["provider"], says["issuer"], says["subject"]).hex()
        )
    ),
    "index_of_email": Format(write=lambda given, says: _index(given).email(says).hex()),
    "index_of_device": Format(write=lambda given, says: _index(given).device(says).hex()),
    "index_of_bucket": Format(
        write=lambda given, says: _index(given).bucket(says["limit"], says["subject"]).hex()
    ),
    "digest_of_content": Format(
        write=lambda given, says: _index(given).digest(says["purpose"], says["content"].encode()).hex()
    ),
    "digest_of_copy": Format(
        write=lambda _, says: copy_digest(
            bytes.fromhex(says["profile_digest"]), bytes.fromhex(says["chosen"]) if says["chosen"] else None
        ).hex()
    ),
    "limit_subject_of_address": Format(write=lambda _, says: client_prefix(says)),
    "subject_lock": Format(write=lambda _, says: subject_locks((bytes.fromhex(says),))),
}

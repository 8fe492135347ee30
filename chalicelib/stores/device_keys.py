"""Keys in phones' secure hardware, as rows (sql/device_keys.sql)."""

from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from chalicelib.domain.biometrics import (
    KEYS_MAX,
    NewRegistration,
    PresenceProof,
    Proved,
    Registered,
    RegisterOutcome,
    StoredRegistration,
)
from chalicelib.domain.dpop import Proof
from chalicelib.domain.limits import Taken, Taking
from chalicelib.domain.sessions import OwnSession, Session
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores import limits
from chalicelib.stores.consent_rows import StateJson
from chalicelib.stores.database import Database
from chalicelib.stores.json_values import read_bytes, read_moment
from chalicelib.stores.limits import PlaceParameters
from chalicelib.stores.proofs import ProofParameters, used
from chalicelib.stores.session_rows import SessionRow, read_own, read_session


class DeviceKeyJson(TypedDict):
    """The view device_key in sql/rows.sql, as JSON."""

    id: str
    user_id: str
    device_id: str
    name: str | None
    spki: str
    created_at: str
    last_used_at: str | None


class RegisteredRow(Row):
    """What came of a registration."""

    outcome: str
    own: SessionRow | None
    device_key: DeviceKeyJson | None
    place_is_taken: bool | None
    place_arrives_at: datetime | None


class RegisterDeviceKey(Call[RegisteredRow], function="register_device_key"):
    p_session_id: UUID
    p_user_id: UUID
    p_key_id: UUID
    p_keys_max: int
    p_spki: bytes
    p_name: bytes | None
    p_nonce_hash: bytes
    p_nonce_expires_at: datetime
    proof: ProofParameters
    place: PlaceParameters
    p_now: datetime
    p_request_id: str


class DeviceKeysRow(Row):
    """A session in any state, and of a live one the keys of its person."""

    own: SessionRow | None
    device_keys: list[DeviceKeyJson] | None


class ListDeviceKeys(Call[DeviceKeysRow], function="list_device_keys"):
    p_session_id: UUID
    proof: ProofParameters
    p_now: datetime


class RemovedRow(Row):
    """A session in any state, and whether there was such a key."""

    own: SessionRow | None
    is_known: bool


class RemoveDeviceKey(Call[RemovedRow], function="remove_device_key"):
    p_session_id: UUID
    p_key_id: UUID
    proof: ProofParameters
    p_now: datetime
    p_request_id: str


class FoundKeyRow(Row):
    """A session in any state, the public half of its key, and what came of the place of its request."""

    own: SessionRow | None
    spki: bytes | None
    place_is_taken: bool | None
    place_arrives_at: datetime | None


class FindDeviceKey(Call[FoundKeyRow], function="find_device_key"):
    p_session_id: UUID
    p_key_id: UUID
    proof: ProofParameters
    place: PlaceParameters
    p_now: datetime


class ProvedRow(Row):
    """What came of a proof of presence."""

    outcome: str
    own: SessionRow | None
    states: list[StateJson] | None


class ProvePresence(Call[ProvedRow], function="prove_presence"):
    p_session_id: UUID
    p_generation: int
    p_jkt: str | None
    p_key_id: UUID
    p_nonce_hash: bytes
    p_nonce_expires_at: datetime
    p_idle_expires_at: datetime
    p_grace: timedelta
    p_locale: str
    p_now: datetime
    p_request_id: str


class DeviceKeyStore:
    """Registrations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(
        self,
        new: NewRegistration,
        *,
        proof: Proof | None,
        place: Taking | None,
        now: datetime,
        request_id: str,
    ) -> RegisterOutcome:
        """Keep a key, unless its person has too many or its challenge was used; twice is once."""
        row = self._database.one(
            RegisterDeviceKey(
                p_session_id=new.session_id,
                p_user_id=new.user_id,
                p_key_id=new.id,
                p_keys_max=KEYS_MAX,
                p_spki=new.spki,
                p_name=new.name,
                p_nonce_hash=new.nonce_hash,
                p_nonce_expires_at=new.nonce_expires_at,
                proof=used(proof),
                place=limits.place(place),
                p_now=now,
                p_request_id=request_id,
            )
        )
        return RegisterOutcome(
            outcome=Registered(row.outcome),
            session=read_session(row.own) if row.own else None,
            taken=limits.read_place(row.place_is_taken, row.place_arrives_at),
            registration=read_registration(row.device_key) if row.device_key else None,
        )

    def key(
        self,
        session_id: UUID,
        registration_id: UUID,
        *,
        proof: Proof | None,
        place: Taking | None,
        now: datetime,
    ) -> tuple[Session | None, Taken | None, bytes | None]:
        """Return a session in any state, and the key of a registration of its person and device.

        In between, what came of the place of its request.
        """
        row = self._database.one(
            FindDeviceKey(
                p_session_id=session_id,
                p_key_id=registration_id,
                proof=used(proof),
                place=limits.place(place),
                p_now=now,
            )
        )
        taken = limits.read_place(row.place_is_taken, row.place_arrives_at)
        return read_session(row.own) if row.own else None, taken, row.spki

    def prove(
        self, proof: PresenceProof, *, locale: str, now: datetime, request_id: str
    ) -> tuple[Proved, OwnSession | None]:
        """Step a live session up, its challenge used up with it; a session comes with what was proved."""
        row = self._database.one(
            ProvePresence(
                p_session_id=proof.token.session_id,
                p_generation=proof.token.generation,
                p_jkt=proof.token.jkt,
                p_key_id=proof.registration_id,
                p_nonce_hash=proof.nonce_hash,
                p_nonce_expires_at=proof.nonce_expires_at,
                p_idle_expires_at=proof.idle_expires_at,
                p_grace=proof.grace,
                p_locale=locale,
                p_now=now,
                p_request_id=request_id,
            )
        )
        return Proved(row.outcome), read_own(row.own, row.states) if row.own else None

    def registrations(
        self, session_id: UUID, *, proof: Proof | None, now: datetime
    ) -> tuple[Session | None, tuple[StoredRegistration, ...]]:
        """Return a session in any state, and of a live one its person's keys, the oldest first."""
        row = self._database.one(ListDeviceKeys(p_session_id=session_id, proof=used(proof), p_now=now))
        found = tuple(read_registration(line) for line in row.device_keys or ())
        return read_session(row.own) if row.own else None, found

    def remove(
        self,
        session_id: UUID,
        registration_id: UUID,
        *,
        proof: Proof | None,
        now: datetime,
        request_id: str,
    ) -> tuple[Session | None, bool]:
        """Forget a key of the acting session's person; return whether there was one."""
        row = self._database.one(
            RemoveDeviceKey(
                p_session_id=session_id,
                p_key_id=registration_id,
                proof=used(proof),
                p_now=now,
                p_request_id=request_id,
            )
        )
        return read_session(row.own) if row.own else None, row.is_known


def read_registration(line: DeviceKeyJson) -> StoredRegistration:
    """Return a key as it is stored."""
    name, used_at = line["name"], line["last_used_at"]
    return StoredRegistration(
        id=UUID(line["id"]),
        device_id=UUID(line["device_id"]),
        created_at=read_moment(line["created_at"]),
        last_used_at=read_moment(used_at) if used_at else None,
        name=read_bytes(name) if name else None,
    )

"""Stand in for everything outside, in memory: one class a port; contract tests hold fake and real alike."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chalicelib.clients.key_vault import WrappedKey
from chalicelib.domain.erasure import Erasure, Position
from chalicelib.domain.errors import IntegrityFailure, ServiceError
from chalicelib.domain.keys import ServiceKeyRecord, ServiceKeyUse, SigningKeyRecord, StoredKeys

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class FakeClock:
    """Time that passes only when a test says so."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._monotonic = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, duration: timedelta) -> None:
        self._now += duration
        self._monotonic += duration.total_seconds()

    def jump(self, duration: timedelta) -> None:
        """Move the wall clock alone, as a freeze (forwards) or a corrected clock (backwards) does."""
        self._now += duration

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(timedelta(seconds=seconds))


class SequentialIds:
    """Ids and bytes that differ at each call and are the same in each run."""

    def __init__(self) -> None:
        self._count = 0

    def new_uuid(self) -> UUID:
        self._count += 1
        return UUID(int=self._count, version=4)

    def random_bytes(self, length: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._count.to_bytes(8, "big")).digest(length)


class InMemoryKms:
    """A KMS key that wraps by remembering."""

    def __init__(self, name: str = "key-1") -> None:
        self._name = name
        self._wrapped: dict[bytes, tuple[bytes, dict[str, str]]] = {}
        self.calls: Counter[str] = Counter()
        self.fault: ServiceError | None = None  # raised by every call while it is set

    @property
    def key_id(self) -> str:
        return self._name

    def generate_data_key(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        self._called("generate_data_key")
        plaintext = hashlib.sha256(f"{self._name} {len(self._wrapped)}".encode()).digest()
        return plaintext, self._wrap(plaintext, context)

    def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        self._called("encrypt")
        return self._wrap(plaintext, context)

    def decrypt(self, wrapped: bytes, context: Mapping[str, str], wrapped_by: str | None = None) -> bytes:
        self._called("decrypt")
        plaintext, wrapped_with = self._wrapped.get(wrapped, (b"", None))
        if wrapped_by not in {None, self._name} or wrapped_with != dict(context):
            raise IntegrityFailure
        return plaintext

    def _wrap(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        wrapped = f"wrapped by {self._name}, {len(self._wrapped)}".encode()
        self._wrapped[wrapped] = (plaintext, dict(context))
        return wrapped

    def _called(self, operation: str) -> None:
        self.calls[operation] += 1
        if self.fault is not None:
            raise self.fault


class InMemoryKeyStore:
    """The rows of the service's keys as lists."""

    def __init__(self) -> None:
        self._signing: list[SigningKeyRecord] = []
        self._service: list[ServiceKeyRecord] = []
        self.audited: list[str] = []
        self.reads = 0
        self.fault: ServiceError | None = None  # raised by every call while it is set

    def stored(self) -> StoredKeys:
        self._called()
        return StoredKeys(
            signing=tuple(sorted(self._signing, key=lambda key: (key.activates_at, key.kid))),
            service=tuple(
                sorted(self._service, key=lambda key: (list(ServiceKeyUse).index(key.use), key.version))
            ),
        )

    def signing_keys(self) -> tuple[SigningKeyRecord, ...]:
        return self.stored().signing

    def service_keys(self) -> tuple[ServiceKeyRecord, ...]:
        return self.stored().service

    def add_signing_key(
        self,
        key: SigningKeyRecord,
        *,
        predecessors_expire_at: datetime,
        youngest_seen: datetime | None,
        request_id: str,
    ) -> None:
        self._called()
        of_kind = [known for known in self._signing if known.algorithm is key.algorithm]
        is_known = key.kid in {known.kid for known in self._signing}
        if is_known or any(youngest_seen is None or known.activates_at > youngest_seen for known in of_kind):
            return
        retired = [
            replace(known, expires_at=known.expires_at or predecessors_expire_at)
            if known.algorithm is key.algorithm
            else known
            for known in self._signing
        ]
        self._signing = [*retired, key]
        self.audited.append(key.kid)

    def add_service_key(self, key: ServiceKeyRecord, *, request_id: str) -> None:
        self._called()
        if (key.use, key.version) not in {(known.use, known.version) for known in self._service}:
            self._service.append(key)
            self.audited.append(f"service_key:{key.use}")

    def _called(self) -> None:
        self.reads += 1
        if self.fault is not None:
            raise self.fault


class InMemoryKeyVault:
    """The key vault as a dict."""

    def __init__(self) -> None:
        self._keys: dict[UUID, WrappedKey] = {}
        self.calls: Counter[str] = Counter()
        self.fault: ServiceError | None = None  # raised by every call while it is set

    def put(
        self,
        user_id: UUID,
        wrapped: bytes,
        version: int,
        created_at: datetime,
        kms_key_id: str | None = None,
    ) -> None:
        self._called("put")
        if self._keys.get(user_id, WrappedKey(wrapped=wrapped, version=version)).wrapped != wrapped:
            raise IntegrityFailure
        self._keys[user_id] = WrappedKey(wrapped=wrapped, version=version, kms_key_id=kms_key_id)

    def get(self, user_id: UUID) -> WrappedKey | None:
        self._called("get")
        return self._keys.get(user_id)

    def delete(self, user_id: UUID) -> None:
        self._called("delete")
        self._keys.pop(user_id, None)

    def _called(self, operation: str) -> None:
        self.calls[operation] += 1
        if self.fault is not None:
            raise self.fault


class InMemoryErasureLedger:
    """The ledger of erasures as a dict."""

    def __init__(self) -> None:
        self._entries: dict[tuple[UUID, int, str], Erasure | None] = {}

    def record(self, erasure: Erasure) -> None:
        self._entries[erasure.lineage, erasure.epoch, str(erasure.id)] = erasure

    def mark(self, position: Position) -> None:
        self._entries[position.lineage, position.epoch, "mark"] = None

    def last(self, position: Position) -> int:
        return max((epoch for epoch, _, _ in self._beyond(position)), default=position.epoch)

    def after(self, position: Position) -> tuple[Erasure, ...]:
        return tuple(erasure for _, _, erasure in self._beyond(position) if erasure is not None)

    def _beyond(self, position: Position) -> list[tuple[int, str, Erasure | None]]:
        return [
            (epoch, name, erasure)
            for (lineage, epoch, name), erasure in sorted(self._entries.items(), key=lambda item: item[0])
            if lineage == position.lineage and epoch > position.epoch
        ]


class OpenGate:
    """Lets everybody through."""

    def ensure_open(self) -> None:
        """Do nothing."""

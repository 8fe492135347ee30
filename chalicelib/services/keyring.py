"""The service's own keys, unwrapped and at hand: what signs, what verifies, what MACs, what indexes.

Loaded once a container and looked at again every few minutes of wall-clock time, so that a rotation is
picked up and a thawed container does not trust what it knew hours ago (F-36). While PostgreSQL or KMS is
away, the keys at hand go on serving; a key that was unwrapped once needs KMS no more.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.domain.key_life import writing
from chalicelib.domain.keys import ServiceKeyRecord, ServiceKeyUse, SigningKeyRecord
from chalicelib.observation.log import warn
from chalicelib.services.ports import Clock, Wrapping
from chalicelib.services.store_ports import KeyStore

RELOAD_AFTER = timedelta(minutes=5)  # far below the day for which a next key is published before its use
RETRY_AFTER = timedelta(seconds=10)  # between looks while a dependency is away
TokenKeyT = TypeVar("TokenKeyT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys(Generic[TokenKeyT]):
    """All keys of one moment."""

    signing: tuple[SigningKeyRecord, ...]
    token_keys: Mapping[str, TokenKeyT] = field(repr=False)
    secrets: Mapping[ServiceKeyUse, tuple[bytes, ...]] = field(repr=False)
    activations: Mapping[ServiceKeyUse, tuple[datetime, ...]]  # in the order of the secrets


class KeyRing(Generic[TokenKeyT]):
    """Keeps the keys; `load_key` makes of an unwrapped private half what signs and verifies."""

    def __init__(
        self,
        *,
        store: KeyStore,
        signing_kms: Wrapping,
        service_kms: Wrapping,
        load_key: Callable[[SigningKeyRecord, bytes], TokenKeyT],
        clock: Clock,
    ) -> None:
        """Start empty; the first use loads."""
        self._store = store
        self._signing_kms = signing_kms
        self._service_kms = service_kms
        self._load_key = load_key
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Keys[TokenKeyT] | None = None
        self._unwrapped: dict[tuple[ServiceKeyUse, int, bytes], bytes] = {}
        self._look_again_at: datetime | None = None
        self._failures = 0

    def keys(self) -> Keys[TokenKeyT]:
        """Return the keys at hand, looked at again when they are old.

        Raises:
            DependencyUnavailable: none at hand, and they can't be had now; or they can't be unwrapped at all,
                since the database belongs to other KMS keys (its cause is an IntegrityFailure then).
        """
        now, keys = self._clock.now(), self._keys
        if keys is not None and not self._is_due(now):
            return keys
        failures = self._failures
        if keys is not None and not self._lock.acquire(blocking=False):
            return keys  # somebody is looking already
        if keys is None:
            self._lock.acquire()
        try:
            if self._keys is None and self._failures != failures:
                raise DependencyUnavailable(
                    retry_after=RETRY_AFTER
                )  # whoever was waited for found nothing (F-2)
            return self._reloaded(now)
        finally:
            self._lock.release()

    def secrets(self, use: ServiceKeyUse) -> tuple[bytes, ...]:
        """Return the secrets of one use, the newest first. Raises as `keys`."""
        return self._with(use).secrets[use]

    def writing_secret(self, use: ServiceKeyUse) -> bytes:
        """Return the newest active secret of a use: every container accepts it already. Raises as `keys`."""
        keys = self._with(use)
        dated = zip(keys.activations[use], keys.secrets[use], strict=True)
        return writing(dated, self._clock.now())

    def fresh(self) -> Keys[TokenKeyT]:
        """Return the keys as they are stored now, as a readiness check wants them. Raises as `keys`."""
        with self._lock:
            self._keys = self._load(self._clock.now())
            return self._keys

    def _with(self, use: ServiceKeyUse) -> Keys[TokenKeyT]:
        keys = self.keys()
        if not keys.secrets.get(use):
            raise DependencyUnavailable(retry_after=RETRY_AFTER)
        return keys

    def _is_due(self, now: datetime) -> bool:
        due = self._look_again_at
        return due is None or now >= due or due - now > RELOAD_AFTER  # the last: the clock jumped back

    def _reloaded(self, now: datetime) -> Keys[TokenKeyT]:
        if self._keys is not None and not self._is_due(now):
            return self._keys
        try:
            self._keys = self._load(now)
        except (DependencyUnavailable, IntegrityFailure) as error:
            self._failures += 1
            warn("keys_not_reloaded", error=type(error).__name__)
            if self._keys is None:
                raise DependencyUnavailable(retry_after=RETRY_AFTER) from error
            self._look_again_at = now + RETRY_AFTER
            return self._keys
        self._look_again_at = now + RELOAD_AFTER
        return self._keys

    def _load(self, now: datetime) -> Keys[TokenKeyT]:
        signing = tuple(k for k in self._store.signing_keys() if k.expires_at is None or k.expires_at > now)
        secrets: dict[ServiceKeyUse, tuple[bytes, ...]] = {}
        activations: dict[ServiceKeyUse, tuple[datetime, ...]] = {}
        for record in self._store.service_keys():
            secrets[record.use] = (self._secret(record), *secrets.get(record.use, ()))
            activations[record.use] = (record.activates_at, *activations.get(record.use, ()))
        token_keys = {key.kid: self._token_key(key) for key in signing}
        return Keys(signing=signing, token_keys=token_keys, secrets=secrets, activations=activations)

    def _token_key(self, key: SigningKeyRecord) -> TokenKeyT:
        known = self._keys.token_keys.get(key.kid) if self._keys else None
        if known is not None:
            return known
        private = self._signing_kms.decrypt(key.wrapped_private, signing_key_context(key.kid))
        return self._load_key(key, private)

    def _secret(self, record: ServiceKeyRecord) -> bytes:
        name = (record.use, record.version, record.wrapped)
        if name not in self._unwrapped:
            context = service_key_context(record.use, record.version)
            self._unwrapped[name] = self._service_kms.decrypt(record.wrapped, context, record.kms_key_id)
        return self._unwrapped[name]


def signing_key_context(kid: str) -> dict[str, str]:
    """Return the KMS encryption context of a signing key's private half: ids only (K1)."""
    return {"purpose": "signing_key", "kid": kid}


def service_key_context(use: ServiceKeyUse, version: int) -> dict[str, str]:
    """Return the KMS encryption context of a secret of the service."""
    return {"purpose": "service_key", "use": use.value, "version": str(version)}

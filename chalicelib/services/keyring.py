"""The service's own keys, unwrapped and at hand: what signs, what verifies, what MACs, what indexes.

Loaded once a container and looked at again every few minutes of wall-clock time, so that a rotation is
picked up and a thawed container does not trust what it knew hours ago (F-36). While PostgreSQL or KMS is
away, the keys at hand go on serving; a key that was unwrapped once needs KMS no more.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.domain.key_life import writing
from chalicelib.domain.keys import ServiceKeyRecord, ServiceKeyUse, SigningKeyRecord, is_trusted
from chalicelib.observation.log import warn
from chalicelib.services.ports import Clock, Wrapping
from chalicelib.services.store_ports import KeySource

RELOAD_AFTER = timedelta(minutes=5)  # far below the day for which a next key is published before its use
RETRY_AFTER = timedelta(seconds=10)  # between looks while a dependency is away
TokenKeyT = TypeVar("TokenKeyT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A version of a secret, unwrapped."""

    version: int
    activates_at: datetime
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys(Generic[TokenKeyT]):
    """All keys of one moment."""

    signing: tuple[SigningKeyRecord, ...]
    token_keys: Mapping[str, TokenKeyT] = field(repr=False)
    secrets: Mapping[ServiceKeyUse, tuple[Secret, ...]]  # the newest first

    def without_retired(
        self, signing: Collection[SigningKeyRecord], service: Collection[ServiceKeyRecord]
    ) -> "Keys[TokenKeyT]":
        """Return those of these keys that are stored still: what is retired ends though KMS is away."""
        kids, versions = {key.kid for key in signing}, {(key.use, key.version) for key in service}
        return Keys(
            signing=tuple(key for key in self.signing if key.kid in kids),
            token_keys={kid: key for kid, key in self.token_keys.items() if kid in kids},
            secrets={
                use: tuple(each for each in secrets if (use, each.version) in versions)
                for use, secrets in self.secrets.items()
            },
        )


class KeyRing(Generic[TokenKeyT]):
    """Keeps the keys; `load_key` makes of an unwrapped private half what signs and verifies."""

    def __init__(
        self,
        *,
        store: KeySource,
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

    def secrets(self, use: ServiceKeyUse) -> tuple[Secret, ...]:
        """Return the accepted secrets of a use: first the one that writes, then the newest. Raises as `keys`.

        The newest active one writes: every container accepts it already.
        """
        secrets = self.keys().secrets.get(use)
        if not secrets:
            raise DependencyUnavailable(retry_after=RETRY_AFTER)
        writes = writing(((each.activates_at, each) for each in secrets), self._clock.now())
        return (writes, *(each for each in secrets if each is not writes))

    def fresh(self) -> Keys[TokenKeyT]:
        """Return the keys as they are stored now, as a readiness check wants them. Raises as `keys`."""
        with self._lock:
            self._keys = self._load(self._clock.now())
            return self._keys

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
        stored = self._store.stored()
        signing = tuple(key for key in stored.signing if is_trusted(key, now))
        service = tuple(key for key in stored.service if key.retired_at is None)
        try:
            return self._unwrapped_keys(signing, service)
        except (DependencyUnavailable, IntegrityFailure):
            self._keys = self._keys and self._keys.without_retired(signing, service)
            raise

    def _unwrapped_keys(
        self, signing: tuple[SigningKeyRecord, ...], service: tuple[ServiceKeyRecord, ...]
    ) -> Keys[TokenKeyT]:
        secrets: dict[ServiceKeyUse, tuple[Secret, ...]] = {}
        for key in service:
            secret = Secret(version=key.version, activates_at=key.activates_at, secret=self._secret(key))
            secrets[key.use] = (secret, *secrets.get(key.use, ()))
        token_keys = {key.kid: self._token_key(key) for key in signing}
        return Keys(signing=signing, token_keys=token_keys, secrets=secrets)

    def _token_key(self, key: SigningKeyRecord) -> TokenKeyT:
        known = self._keys.token_keys.get(key.kid) if self._keys else None
        if known is not None:
            return known
        context = signing_key_context(key.kid)
        private = self._signing_kms.decrypt(key.wrapped_private, context, key.kms_key_id)
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

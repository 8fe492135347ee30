"""Give each person one data key, made and unwrapped by KMS, kept wrapped in the vault, cached for minutes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from chalicelib.clients.envelope import DataKey
from chalicelib.clients.key_cache import CacheLimits, Clock, KeyCache
from chalicelib.clients.key_vault import WrappedKey
from chalicelib.domain.key_life import data_key_context

FIRST_VERSION = 1
STANDARD_LIMITS = CacheLimits()


class KeyWrapping(Protocol):
    """What is needed of KMS."""

    def generate_data_key(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        """Return a new key, plain and wrapped."""

    @property
    def key_id(self) -> str:
        """The KMS key that wraps now."""

    def decrypt(self, wrapped: bytes, context: Mapping[str, str], wrapped_by: str | None = None) -> bytes:
        """Return the plain key."""


class WrappedKeys(Protocol):
    """What is needed of the key vault."""

    def put(
        self,
        user_id: UUID,
        wrapped: bytes,
        version: int,
        created_at: datetime,
        kms_key_id: str | None = None,
    ) -> None:
        """Keep a person's first key."""

    def get(self, user_id: UUID) -> WrappedKey | None:
        """Return a person's key."""

    def delete(self, user_id: UUID) -> None:
        """Delete a person's key for good."""


class DataKeys:
    """The data keys of all people.

    Every method but a cached `get` calls out, so none is called inside a database transaction; all raise
    DependencyUnavailable.
    """

    def __init__(
        self, kms: KeyWrapping, vault: WrappedKeys, clock: Clock, limits: CacheLimits = STANDARD_LIMITS
    ) -> None:
        """Start with an empty cache."""
        self._kms = kms
        self._vault = vault
        self._clock = clock
        self._cache = KeyCache(clock, limits)

    def create(self, user_id: UUID) -> DataKey:
        """Make a new person's key and keep it, wrapped, in the vault.

        Call it before the row is written: a key without a person is harmless and swept, the reverse is a loss
        (F-20).
        """
        drops = self._cache.drops
        plain, wrapped = self._kms.generate_data_key(data_key_context(user_id, FIRST_VERSION))
        key = DataKey(owner_id=user_id, version=FIRST_VERSION, secret=plain)
        self._vault.put(user_id, wrapped, FIRST_VERSION, self._clock.now(), self._kms.key_id)
        self._cache.keep(key, drops)
        return key

    def get(self, user_id: UUID) -> DataKey | None:
        """Return a person's key; None when it was discarded: what was sealed with it is gone for good.

        Raises IntegrityFailure when the vault holds something else than this person's key.
        """
        return self._cache.take(user_id) or self._fetch(user_id)

    def discard(self, user_id: UUID) -> None:
        """Make everything that was sealed for a person unreadable for ever (GDPR art. 17(1)).

        Other containers forget the key within the cache's age.
        """
        try:
            self._vault.delete(user_id)
        finally:
            self._cache.drop(user_id)

    def _fetch(self, user_id: UUID) -> DataKey | None:
        drops = self._cache.drops
        kept = self._vault.get(user_id)
        if kept is None:
            return None
        plain = self._kms.decrypt(kept.wrapped, data_key_context(user_id, kept.version), kept.kms_key_id)
        key = DataKey(owner_id=user_id, version=kept.version, secret=plain)
        self._cache.keep(key, drops)
        return key

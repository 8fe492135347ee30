"""Withdraw a key of the service that leaked, or that nothing needs any more; its successor is there first."""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.failures import NotPossible
from chalicelib.domain.key_life import SecretState, state_of_secret, successor_of
from chalicelib.domain.keys import (
    KeyState,
    ServiceKeyRecord,
    ServiceKeyUse,
    SigningAlgorithm,
    SigningKeyRecord,
    state_of,
    youngest_beside,
)
from chalicelib.domain.operators import Order
from chalicelib.services.key_life_ports import KeyChanges
from chalicelib.services.keys import KeyRotation
from chalicelib.services.ports import Clock
from chalicelib.services.secret_rotation import SecretRotation
from chalicelib.services.store_ports import KeyStore


class KeyRetirement:
    """Retires one key at a time, for good; containers notice when they look again, within 5 minutes."""

    def __init__(
        self,
        *,
        store: KeyStore,
        changes: KeyChanges,
        secrets: SecretRotation,
        signing: KeyRotation,
        algorithm: SigningAlgorithm,
        clock: Clock,
    ) -> None:
        """Let the rotations make what takes over; `algorithm` is the one that signs now."""
        self._store = store
        self._changes = changes
        self._secrets = secrets
        self._signing = signing
        self._algorithm = algorithm
        self._clock = clock

    def retire_secret(
        self, use: ServiceKeyUse, version: int, order: Order, request_id: str
    ) -> ServiceKeyRecord | None:
        """Accept nothing any more that this version made; return what writes from now on, if that changed.

        Raises:
            NotPossible: there is no such version, or people are still indexed under it.
        """
        now, keys = self._clock.now(), self._store.service_keys()
        key = next((each for each in keys if (each.use, each.version) == (use, version)), None)
        if key is None:
            raise NotPossible(f"there is no version {version} of {use}")
        state = state_of_secret(key, keys, now)
        if state is SecretState.RETIRED:
            return None
        if use is ServiceKeyUse.BLIND_INDEX and state is SecretState.CURRENT:
            raise NotPossible(
                "new people are indexed under it: rotate it, and wait until its successor writes"
            )
        successor = self._successor_of_secret(key, keys, now, request_id)
        retired_at = self._clock.now()  # not before its successor was made
        done = self._changes.retire_secret(key, successor, order, now=retired_at, request_id=request_id)
        if not done and use is ServiceKeyUse.BLIND_INDEX:
            raise NotPossible("people are indexed under it still: reindex them first")
        return successor

    def retire_signing_key(self, kid: str, order: Order, request_id: str) -> SigningKeyRecord | None:
        """Take a key out of the JWKS, its tokens with it; return what signs from now on, if that changed.

        Raises:
            NotPossible: there is no such key, or it is gone already.
        """
        now, keys = self._clock.now(), self._store.signing_keys()
        key = next((each for each in keys if each.kid == kid), None)
        if key is None or (key.retired_at is None and state_of(key, keys, now) is KeyState.GONE):
            raise NotPossible(f"no signing key {kid} is in use")
        if key.retired_at is not None:
            return None
        successor = self._successor_of_signing_key(key, keys, now, request_id)
        # one that waits takes over at once, but for another that waited too
        takes_over = successor.kid if successor and key.activates_at <= now else None
        self._changes.retire_signing_key(kid, takes_over, order, now=now, request_id=request_id)
        return successor

    def _successor_of_secret(
        self, key: ServiceKeyRecord, keys: Sequence[ServiceKeyRecord], now: datetime, request_id: str
    ) -> ServiceKeyRecord | None:
        """Return what writes in place of a version; None when it isn't the one that writes."""
        if state_of_secret(key, keys, now) is not SecretState.CURRENT:
            return None
        newest = [each for each in keys if each.use is key.use][-1]
        return successor_of(key, keys) or self._secrets.make_after(newest, now, request_id)

    def _successor_of_signing_key(
        self, key: SigningKeyRecord, keys: Sequence[SigningKeyRecord], now: datetime, request_id: str
    ) -> SigningKeyRecord | None:
        """Return what signs in place of a key; None when it signs no more, or for another algorithm."""
        if key.algorithm is not self._algorithm or state_of(key, keys, now) is KeyState.RETIRING:
            return None
        youngest = youngest_beside(key, keys)
        if youngest is None or youngest.activates_at <= now:
            self._signing.publish(max(now, key.activates_at), request_id)
            youngest = youngest_beside(key, self._store.signing_keys())
        return youngest

"""Wrap the service's own keys anew when a KMS key changes, so that nothing needs the old one any more.

They are a handful, so one pass takes them all. Repeated, it finds its own work done.
"""

from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.keys import ServiceKeyRecord, SigningKeyRecord
from chalicelib.observation.log import warn
from chalicelib.services.key_life_ports import KeyChanges, Rewrapping
from chalicelib.services.keyring import service_key_context, signing_key_context
from chalicelib.services.ports import Clock
from chalicelib.services.store_ports import KeyStore


class OwnRewrap:
    """Secrets and signing keys, each under its own KMS key."""

    def __init__(
        self,
        *,
        store: KeyStore,
        changes: KeyChanges,
        signing_kms: Rewrapping,
        service_kms: Rewrapping,
        clock: Clock,
    ) -> None:
        """Wrap with the keys that the two wrap with now."""
        self._store = store
        self._changes = changes
        self._signing_kms = signing_kms
        self._service_kms = service_kms
        self._clock = clock

    def run(self, request_id: str) -> int:
        """Return how many keys were wrapped anew; retired ones aren't. Raises DependencyUnavailable."""
        secrets = [self._rewrap_secret(key, request_id) for key in self._store.service_keys()]
        return sum(
            [*secrets, *(self._rewrap_signing_key(key, request_id) for key in self._store.signing_keys())]
        )

    def _rewrap_secret(self, key: ServiceKeyRecord, request_id: str) -> bool:
        context = service_key_context(key.use, key.version)
        return self._rewrap(key, key.wrapped, context, self._service_kms, request_id)

    def _rewrap_signing_key(self, key: SigningKeyRecord, request_id: str) -> bool:
        context = signing_key_context(key.kid)
        return self._rewrap(key, key.wrapped_private, context, self._signing_kms, request_id)

    def _rewrap(
        self,
        key: ServiceKeyRecord | SigningKeyRecord,
        seen: bytes,
        context: dict[str, str],
        kms: Rewrapping,
        request_id: str,
    ) -> bool:
        if key.retired_at is not None or key.kms_key_id == kms.key_id:
            return False
        try:
            wrapped = kms.rewrap(seen, context, key.kms_key_id)
        except IntegrityFailure:
            warn("own_key_damaged")  # readiness says so too
            return False
        now = self._clock.now()
        return self._changes.rewrap(key, wrapped, kms.key_id, now=now, request_id=request_id)

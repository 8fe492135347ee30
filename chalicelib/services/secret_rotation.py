"""Give a use of the service's secrets its next version, accepted everywhere a day before it writes."""

from datetime import datetime

from chalicelib.domain.key_life import ACCEPTED_BEFORE_USE
from chalicelib.domain.keys import ServiceKeyRecord, ServiceKeyUse
from chalicelib.services.keyring import service_key_context
from chalicelib.services.keys import SECRET_BYTES
from chalicelib.services.ports import Clock, Ids, Wrapping
from chalicelib.services.store_ports import KeyStore


class SecretRotation:
    """Rotates one use at a time."""

    def __init__(self, *, store: KeyStore, kms: Wrapping, clock: Clock, ids: Ids) -> None:
        """Wrap new secrets with `kms`."""
        self._store = store
        self._kms = kms
        self._clock = clock
        self._ids = ids

    def rotate(self, use: ServiceKeyUse, request_id: str) -> ServiceKeyRecord:
        """Return the version that comes next: made now, unless one waits already."""
        newest, now = self._newest(use), self._clock.now()
        if newest.activates_at > now and newest.retired_at is None:
            return newest
        return self.make_after(newest, now + ACCEPTED_BEFORE_USE, request_id)

    def make_after(
        self, newest: ServiceKeyRecord, activates_at: datetime, request_id: str
    ) -> ServiceKeyRecord:
        """Return the version after one, which writes from then on; of two at once, the one that is stored."""
        use, version, now = newest.use, newest.version + 1, self._clock.now()
        secret = self._ids.random_bytes(SECRET_BYTES)
        record = ServiceKeyRecord(
            use=use,
            version=version,
            wrapped=self._kms.encrypt(secret, service_key_context(use, version)),
            created_at=now,
            activates_at=max(now, activates_at),
            kms_key_id=self._kms.key_id,
        )
        self._store.add_service_key(record, request_id=request_id)
        return self._newest(use)

    def _newest(self, use: ServiceKeyUse) -> ServiceKeyRecord:
        return [key for key in self._store.service_keys() if key.use is use][-1]

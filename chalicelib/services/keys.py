"""Make and rotate the service's own keys; run at a release and by a schedule, as often as one likes."""

from datetime import datetime, timedelta

from chalicelib.domain.keys import (
    SIGNING_KEY_LIFETIME,
    ServiceKeyRecord,
    ServiceKeyUse,
    SigningAlgorithm,
    SigningKeyRecord,
    activation_of_next,
    expiry_after,
)
from chalicelib.services.keyring import service_key_context, signing_key_context
from chalicelib.services.ports import Clock, Ids, KeyMaker, Wrapping
from chalicelib.services.store_ports import KeyStore

SECRET_BYTES = 32


class KeyRotation:
    """Sees to it that every use has its secret, and that a next signing key is published in time."""

    def __init__(
        self,
        *,
        store: KeyStore,
        signing_kms: Wrapping,
        service_kms: Wrapping,
        make_key: KeyMaker,
        algorithm: SigningAlgorithm,
        clock: Clock,
        ids: Ids,
        lifetime: timedelta = SIGNING_KEY_LIFETIME,
    ) -> None:
        """Rotate keys of one algorithm."""
        self._store = store
        self._signing_kms = signing_kms
        self._service_kms = service_kms
        self._make_key = make_key
        self._algorithm = algorithm
        self._clock = clock
        self._ids = ids
        self._lifetime = lifetime

    def run(self, request_id: str) -> None:
        """Make what is missing or due; does nothing else, however often it runs."""
        self._make_missing_secrets(request_id)
        self._publish_next_signing_key(request_id)

    def _make_missing_secrets(self, request_id: str) -> None:
        present = {record.use for record in self._store.service_keys()}
        for use in sorted(set(ServiceKeyUse) - present):
            context = service_key_context(use, 1)
            wrapped = self._service_kms.encrypt(self._ids.random_bytes(SECRET_BYTES), context)
            now = self._clock.now()
            record = ServiceKeyRecord(
                use=use,
                version=1,
                wrapped=wrapped,
                created_at=now,
                activates_at=now,
                kms_key_id=self._service_kms.key_id,
            )
            self._store.add_service_key(record, request_id=request_id)

    def _publish_next_signing_key(self, request_id: str) -> None:
        keys = self._store.signing_keys()
        activates_at = activation_of_next(keys, self._algorithm, self._clock.now(), lifetime=self._lifetime)
        if activates_at is not None:
            self.publish(activates_at, request_id)

    def publish(self, activates_at: datetime, request_id: str) -> None:
        """Make a signing key that signs from then on, unless another rotation is faster."""
        keys = self._store.signing_keys()
        new = self._make_key(self._algorithm)
        wrapped = self._signing_kms.encrypt(new.private_der, signing_key_context(new.kid))
        record = SigningKeyRecord(
            kid=new.kid,
            algorithm=self._algorithm,
            public_jwk=new.public_jwk,
            wrapped_private=wrapped,
            created_at=self._clock.now(),
            activates_at=activates_at,
            expires_at=None,
            kms_key_id=self._signing_kms.key_id,
        )
        youngest = max((key.activates_at for key in keys if key.algorithm is self._algorithm), default=None)
        self._store.add_signing_key(
            record,
            predecessors_expire_at=expiry_after(activates_at),
            youngest_seen=youngest,
            request_id=request_id,
        )

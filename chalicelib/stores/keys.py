"""The service's own keys as a container reads them, every secret half wrapped (sql/keys.sql)."""

from datetime import datetime
from typing import Any

from chalicelib.domain.keys import (
    ServiceKeyRecord,
    ServiceKeyUse,
    SigningAlgorithm,
    SigningKeyRecord,
    StoredKeys,
)
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database


class SigningKeyRow(Row):
    """The view signing_key_row in sql/rows.sql."""

    kid: str
    algorithm: str
    public_jwk: dict[str, Any]
    wrapped_private: bytes
    created_at: datetime
    activates_at: datetime
    expires_at: datetime | None
    kms_key_id: str | None
    retired_at: datetime | None


class ServiceKeyRow(Row):
    """The view service_key_row in sql/rows.sql."""

    use: str
    version: int
    wrapped: bytes
    created_at: datetime
    activates_at: datetime
    kms_key_id: str | None
    retired_at: datetime | None


class KeyRow(Row):
    """A key of either kind."""

    signing: SigningKeyRow | None
    service: ServiceKeyRow | None


class ListKeys(Call[KeyRow], function="list_keys"):
    pass


class KeySource:
    """The rows of the service's keys."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def stored(self) -> StoredKeys:
        """Return all keys, each kind the oldest first."""
        rows = self._database.all(ListKeys())
        return StoredKeys(
            signing=tuple(_read_signing_key(row.signing) for row in rows if row.signing),
            service=tuple(_read_service_key(row.service) for row in rows if row.service),
        )


def _read_signing_key(row: SigningKeyRow) -> SigningKeyRecord:
    return SigningKeyRecord(
        kid=row.kid,
        algorithm=SigningAlgorithm(row.algorithm),
        public_jwk=row.public_jwk,
        wrapped_private=row.wrapped_private,
        created_at=row.created_at,
        activates_at=row.activates_at,
        expires_at=row.expires_at,
        kms_key_id=row.kms_key_id,
        retired_at=row.retired_at,
    )


def _read_service_key(row: ServiceKeyRow) -> ServiceKeyRecord:
    return ServiceKeyRecord(
        use=ServiceKeyUse(row.use),
        version=row.version,
        wrapped=row.wrapped,
        created_at=row.created_at,
        activates_at=row.activates_at,
        kms_key_id=row.kms_key_id,
        retired_at=row.retired_at,
    )

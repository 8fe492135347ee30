"""The service's own keys, every secret half wrapped; written by the release and the rotation only."""

from dataclasses import asdict
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
from chalicelib.stores.described import described

statements = described("key_statements")


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


class KeyStore:
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

    def signing_keys(self) -> tuple[SigningKeyRecord, ...]:
        """Return all signing keys, the oldest first."""
        return tuple(
            SigningKeyRecord(**row._asdict()) for row in self._database.rows(statements.SIGNING_KEYS_ROWS)
        )

    def service_keys(self) -> tuple[ServiceKeyRecord, ...]:
        """Return all secrets of the service, still wrapped, the oldest first."""
        return tuple(
            ServiceKeyRecord(**row._asdict()) for row in self._database.rows(statements.SERVICE_KEYS_ROWS)
        )

    def add_signing_key(
        self,
        key: SigningKeyRecord,
        *,
        predecessors_expire_at: datetime,
        youngest_seen: datetime | None,
        request_id: str,
    ) -> None:
        """Publish a key, and date the end of those before it, unless a younger one came since the look."""
        values = {f"p_{name}": value for name, value in asdict(key).items() if name != "expires_at"}
        act = {
            "p_now": key.created_at,
            "p_request_id": request_id,
            "p_predecessors_expire_at": predecessors_expire_at,
            "p_youngest_seen": youngest_seen,
        }
        self._database.row_behind(statements.ONE_ROTATION, statements.ADD_SIGNING_KEY, values | act)

    def add_service_key(self, key: ServiceKeyRecord, *, request_id: str) -> None:
        """Keep a secret, unless one of this use and version exists."""
        values = {f"p_{name}": value for name, value in asdict(key).items()}
        self._database.rows(
            statements.ADD_SERVICE_KEY, values | {"p_now": key.created_at, "p_request_id": request_id}
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

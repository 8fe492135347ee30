"""The service's own keys, every secret half wrapped; written by the release and the rotation only."""

from dataclasses import asdict
from datetime import datetime

from chalicelib.domain.keys import ServiceKeyRecord, SigningKeyRecord
from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("key_statements")


class KeyStore:
    """The rows of the service's keys."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

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

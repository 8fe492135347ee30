"""What may still happen to the service's own keys: wrapped anew, or retired."""

from datetime import datetime
from typing import Any

from chalicelib.domain.keys import ServiceKeyRecord, ServiceKeyUse, SigningKeyRecord
from chalicelib.domain.operators import Order
from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("key_change_statements")


class KeyChanges:
    """Changes of the service's own keys; False when a key is retired already, or is another one by now."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def retire_secret(
        self,
        key: ServiceKeyRecord,
        successor: ServiceKeyRecord | None,
        order: Order,
        *,
        now: datetime,
        request_id: str,
    ) -> bool:
        """Retire a secret, its successor taking over; an index key only when nobody is indexed under it."""
        parameters = {
            "p_use": key.use,
            "p_version": key.version,
            "p_successor": successor.version if successor else None,
            "p_details": {"actor": order.actor, "reason": order.reason},
            "p_now": now,
            "p_request_id": request_id,
        }
        if key.use is ServiceKeyUse.BLIND_INDEX:
            return (
                self._database.row_behind(statements.LOCK_RETIREMENT, statements.RETIRE_INDEX_KEY, parameters)
                is not None
            )
        return self._database.row(statements.RETIRE_SECRET, parameters) is not None

    def retire_signing_key(
        self, kid: str, successor: str | None, order: Order, *, now: datetime, request_id: str
    ) -> bool:
        """Retire a signing key, its successor taking over."""
        parameters = {
            "p_kid": kid,
            "p_successor": successor,
            "p_details": {"actor": order.actor, "reason": order.reason},
            "p_now": now,
            "p_request_id": request_id,
        }
        return self._database.row(statements.RETIRE_SIGNING_KEY, parameters) is not None

    def rewrap(
        self,
        key: ServiceKeyRecord | SigningKeyRecord,
        wrapped: bytes,
        kms_key_id: str,
        *,
        now: datetime,
        request_id: str,
    ) -> bool:
        """Replace what wraps a key, if it is still what was read."""
        parameters = {
            "p_wrapped": wrapped,
            "p_kms_key_id": kms_key_id,
            "p_details": {"kms_key_id": kms_key_id},
            "p_now": now,
            "p_request_id": request_id,
        }
        if isinstance(key, SigningKeyRecord):
            of_key: dict[str, Any] = {"p_kid": key.kid, "p_seen": key.wrapped_private}
            return self._database.row(statements.REWRAP_SIGNING_KEY, parameters | of_key) is not None
        of_key = {"p_use": key.use, "p_version": key.version, "p_seen": key.wrapped}
        return self._database.row(statements.REWRAP_SECRET, parameters | of_key) is not None

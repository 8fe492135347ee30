"""Endpoints of webhooks and their secrets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.domain.webhooks import Endpoint, WebhookSecret
from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("webhook_statements")


class WebhookStore:
    """Endpoints, as rows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def all(self) -> tuple[Endpoint, ...]:
        """Return every endpoint with its secrets, the newest secret first."""
        found: dict[UUID, Endpoint] = {}
        for row in self._database.rows(statements.ALL):
            before = found.get(row.id)
            secret = () if row.version is None else (_read(row),)
            found[row.id] = Endpoint(
                id=row.id,
                address=row.address,
                created_at=row.created_at,
                secrets=(*(before.secrets if before else ()), *secret),
            )
        return tuple(found.values())

    def add(self, endpoint: Endpoint, details: Mapping[str, str], *, now: datetime, request_id: str) -> bool:
        """Add an endpoint; False when its address is there already, or there are as many as there may be."""
        secret = endpoint.secrets[0] if endpoint.secrets else None
        told = _told(endpoint.id, details, now, request_id) | _of(secret) | {"p_address": endpoint.address}
        return bool(self._database.rows(statements.ADD, told))

    def rotate(
        self,
        endpoint_id: UUID,
        secret: WebhookSecret,
        details: Mapping[str, str],
        *,
        until: datetime,
        now: datetime,
        request_id: str,
    ) -> bool:
        """Let an endpoint's messages be signed by a new secret too; False when it is gone, or was rotated."""
        told = _told(endpoint_id, details, now, request_id) | _of(secret) | {"p_until": until}
        return bool(self._database.rows(statements.ROTATE, told))

    def remove(
        self, endpoint_id: UUID, details: Mapping[str, str], *, now: datetime, request_id: str
    ) -> bool:
        """Remove an endpoint and what waits for it; False when it isn't there."""
        return bool(self._database.rows(statements.REMOVE, _told(endpoint_id, details, now, request_id)))


def _told(endpoint_id: UUID, details: Mapping[str, str], now: datetime, request_id: str) -> dict[str, Any]:
    told = {**details, "endpoint_id": str(endpoint_id)}
    return {"p_endpoint_id": endpoint_id, "p_details": told, "p_now": now, "p_request_id": request_id}


def _of(secret: WebhookSecret | None) -> dict[str, Any]:
    return {
        "p_version": secret.version if secret else None,
        "p_wrapped": secret.wrapped if secret else None,
        "p_kms_key_id": secret.kms_key_id if secret else None,
    }


def _read(row: Any) -> WebhookSecret:  # noqa: ANN401 - a row of the statement above
    return WebhookSecret(
        version=row.version,
        wrapped=bytes(row.wrapped),
        kms_key_id=row.kms_key_id,
        expires_at=row.expires_at,
    )

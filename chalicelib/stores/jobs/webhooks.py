"""Endpoints of webhooks and their secrets, each change with its record."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.webhooks import ENDPOINTS_MAX, Endpoint, WebhookSecret
from chalicelib.postgres.transactions import Transactions
from chalicelib.stores.jobs.audit import Act
from chalicelib.stores.schema import WebhookEndpoints, WebhookSecrets


class WebhookStore:
    """Endpoints, as rows."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def all(self) -> tuple[Endpoint, ...]:
        """Return every endpoint with its secrets, the newest secret first."""
        with self._transactions.begin() as connection:
            return read_endpoints(connection)

    def add(self, endpoint: Endpoint, details: Mapping[str, str], *, now: datetime, request_id: str) -> bool:
        """Add an endpoint; False when its address is there already, or there are as many as there may be."""
        row = {"id": endpoint.id, "address": endpoint.address, "created_at": now}
        added = upsert(WebhookEndpoints).on_conflict_do_nothing().returning(WebhookEndpoints.id)
        with self._transactions.begin() as connection:
            # whoever adds at the same moment waits here, and then counts this one
            connection.execute(select(func.pg_advisory_xact_lock(_ONE_ADDS)))
            others = connection.execute(select(func.count()).select_from(WebhookEndpoints)).scalar_one()
            if others >= ENDPOINTS_MAX or connection.execute(added, row).first() is None:
                return False
            for secret in endpoint.secrets[:1]:  # a bus has none
                connection.execute(insert(WebhookSecrets), _row(endpoint.id, secret))
            _record(Act(connection, now, request_id), endpoint.id, details)
        return True

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
        """Let an endpoint's messages be signed by a new secret too; False when it is gone, or was rotated.

        The secret before it goes on until then, and those whose time is over are forgotten.
        """
        of_endpoint = WebhookSecrets.endpoint_id == endpoint_id
        is_former = (WebhookSecrets.version < secret.version) & WebhookSecrets.expires_at.is_(None)
        added = upsert(WebhookSecrets).on_conflict_do_nothing().returning(WebhookSecrets.version)
        with self._transactions.begin() as connection:
            there = select(WebhookEndpoints.id).where(WebhookEndpoints.id == endpoint_id).with_for_update()
            if connection.execute(there).first() is None:
                return False
            if connection.execute(added, _row(endpoint_id, secret)).first() is None:
                return False
            connection.execute(delete(WebhookSecrets).where(of_endpoint, WebhookSecrets.expires_at <= now))
            connection.execute(update(WebhookSecrets).where(of_endpoint, is_former).values(expires_at=until))
            _record(Act(connection, now, request_id), endpoint_id, details)
        return True

    def remove(
        self, endpoint_id: UUID, details: Mapping[str, str], *, now: datetime, request_id: str
    ) -> bool:
        """Remove an endpoint and what waits for it; False when it isn't there."""
        removed = delete(WebhookEndpoints).where(WebhookEndpoints.id == endpoint_id)
        with self._transactions.begin() as connection:
            if not connection.execute(removed).rowcount:
                return False
            _record(Act(connection, now, request_id), endpoint_id, details)
        return True


_ONE_ADDS = 7_310_415_522  # any number, the same for ever


def read_endpoints(connection: Connection) -> tuple[Endpoint, ...]:
    """Return every endpoint with its secrets, the newest secret first."""
    rows = (
        select(
            WebhookEndpoints.id,
            WebhookEndpoints.address,
            WebhookEndpoints.created_at,
            WebhookSecrets.version,
            WebhookSecrets.wrapped,
            WebhookSecrets.kms_key_id,
            WebhookSecrets.expires_at,
        )
        .outerjoin(WebhookSecrets, WebhookSecrets.endpoint_id == WebhookEndpoints.id)
        .order_by(WebhookEndpoints.created_at, WebhookEndpoints.id, WebhookSecrets.version.desc())
    )
    found: dict[UUID, Endpoint] = {}
    for row in connection.execute(rows):
        before = found.get(row.id)
        secret = WebhookSecret(
            version=row.version, wrapped=row.wrapped, kms_key_id=row.kms_key_id, expires_at=row.expires_at
        )
        found[row.id] = Endpoint(
            id=row.id,
            address=row.address,
            created_at=row.created_at,
            secrets=(*(before.secrets if before else ()), *(() if row.version is None else (secret,))),
        )
    return tuple(found.values())


def _row(endpoint_id: UUID, secret: WebhookSecret) -> dict[str, object]:
    return {
        "endpoint_id": endpoint_id,
        "version": secret.version,
        "wrapped": secret.wrapped,
        "kms_key_id": secret.kms_key_id,
    }


def _record(act: Act, endpoint_id: UUID, details: Mapping[str, str]) -> None:
    act.record(AuditKind.WEBHOOK_ENDPOINT_CHANGED, details={**details, "endpoint_id": str(endpoint_id)})

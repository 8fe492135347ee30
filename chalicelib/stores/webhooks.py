"""Endpoints of webhooks and their secrets, each change with its record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.webhooks import ENDPOINTS_MAX, Endpoint, WebhookSecret
from chalicelib.stores import audit
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import WebhookEndpoints, WebhookSecrets

_ENDPOINT_ID = given("endpoint_id", WebhookEndpoints.id)
_VERSION = given("version", WebhookSecrets.version)
_DETAILS = cast(bindparam("p_details", type_=JSONB), JSONB)
_SECRET = ("endpoint_id", "version", "wrapped", "kms_key_id")


def _recorded(act: CTE) -> CTE:
    return audit.recorded(
        audit.event(
            AuditKind.WEBHOOK_ENDPOINT_CHANGED,
            act=act,
            user_id=null(),
            session_id=null(),
            details=_DETAILS,
        )
    )


def _secret(endpoint_id: ColumnElement[Any], source: CTE) -> Select[Any]:
    wrapped = given("wrapped", WebhookSecrets.wrapped)
    return select(endpoint_id, _VERSION, wrapped, given("kms_key_id", WebhookSecrets.kms_key_id)).select_from(
        source
    )


def _add() -> Select[Any]:
    """Add an endpoint, unless its address is there or they are many; a bus has no secret."""
    others = select(func.count()).select_from(WebhookEndpoints).scalar_subquery()
    row = select(_ENDPOINT_ID, given("address", WebhookEndpoints.address), NOW).where(others < ENDPOINTS_MAX)
    added = (
        upsert(WebhookEndpoints)
        .from_select(["id", "address", "created_at"], row)
        .on_conflict_do_nothing()
        .returning(WebhookEndpoints.id)
        .cte("added")
    )
    wrapped = given("wrapped", WebhookSecrets.wrapped)
    secret = insert(WebhookSecrets).from_select(
        list(_SECRET), _secret(added.c.id, added).where(wrapped.is_not(None))
    )
    return select(added.c.id).add_cte(
        secret.returning(WebhookSecrets.version).cte("secret"), _recorded(added)
    )


def _rotate() -> Select[Any]:
    """Add the next secret, let the one before it sign on for a while; forget those whose while is over."""
    is_there = exists().where(WebhookEndpoints.id == _ENDPOINT_ID)
    asked = select(_ENDPOINT_ID.label("id")).where(is_there).cte("asked")
    added = (
        upsert(WebhookSecrets)
        .from_select(list(_SECRET), _secret(asked.c.id, asked))
        .on_conflict_do_nothing()
        .returning(WebhookSecrets.endpoint_id)
        .cte("added")
    )
    of_endpoint = WebhookSecrets.endpoint_id == added.c.endpoint_id
    former = (
        update(WebhookSecrets)
        .where(of_endpoint, WebhookSecrets.version < _VERSION, WebhookSecrets.expires_at.is_(None))
        .values(expires_at=given("until", WebhookSecrets.expires_at))
    )
    over = delete(WebhookSecrets).where(of_endpoint, WebhookSecrets.expires_at <= NOW)
    return select(added.c.endpoint_id).add_cte(
        former.returning(WebhookSecrets.version).cte("former"),
        over.returning(WebhookSecrets.version).cte("over"),
        _recorded(added),
    )


def _remove() -> Select[Any]:
    removed = (
        delete(WebhookEndpoints)
        .where(WebhookEndpoints.id == _ENDPOINT_ID)
        .returning(WebhookEndpoints.id)
        .cte("removed")
    )
    return select(removed.c.id).add_cte(_recorded(removed))


ALL = (
    select(
        *(WebhookEndpoints.id, WebhookEndpoints.address, WebhookEndpoints.created_at),
        *(WebhookSecrets.version, WebhookSecrets.wrapped),
        *(WebhookSecrets.kms_key_id, WebhookSecrets.expires_at),
    )
    .outerjoin(WebhookSecrets, WebhookSecrets.endpoint_id == WebhookEndpoints.id)
    .order_by(WebhookEndpoints.created_at, WebhookEndpoints.id, WebhookSecrets.version.desc())
)
ADD, ROTATE, REMOVE = _add(), _rotate(), _remove()


class WebhookStore:
    """Endpoints, as rows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def all(self) -> tuple[Endpoint, ...]:
        """Return every endpoint with its secrets, the newest secret first."""
        found: dict[UUID, Endpoint] = {}
        for row in self._database.rows(ALL):
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
        return bool(self._database.rows(ADD, told))

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
        return bool(self._database.rows(ROTATE, told))

    def remove(
        self, endpoint_id: UUID, details: Mapping[str, str], *, now: datetime, request_id: str
    ) -> bool:
        """Remove an endpoint and what waits for it; False when it isn't there."""
        return bool(self._database.rows(REMOVE, _told(endpoint_id, details, now, request_id)))


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

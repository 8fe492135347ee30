"""The statements of webhooks' endpoints and their secrets, each change with its record."""

from typing import Any

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
from chalicelib.domain.webhooks import ENDPOINTS_MAX
from chalicelib.stores import audit
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

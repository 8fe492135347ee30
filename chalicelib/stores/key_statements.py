"""The statements of the service's own keys; a new one comes with the end of those before it."""

from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, cast, exists, func, literal, null, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, TEXT, insert

from chalicelib.domain.audit import AuditKind
from chalicelib.stores import audit
from chalicelib.stores.parameters import given
from chalicelib.stores.schema import Schema, ServiceKeys, SigningKeys

BEGINNING = text("'-infinity'::timestamptz")
SERVICE_KEY_FIELDS = ("use", "version", "wrapped", "created_at", "activates_at", "kms_key_id")


def _inserted(
    table: type[Schema], fields: tuple[str, ...], name: ColumnElement[str], *conditions: ColumnElement[bool]
) -> CTE:
    columns = {field: given(field, getattr(table, field)) for field in fields}
    values = select(*columns.values()).where(*conditions)
    created = insert(table).from_select(list(columns), values).on_conflict_do_nothing()
    return created.returning(name.label("name")).cte("key")


def _recorded(key: CTE) -> CTE:
    details = func.jsonb_build_object("key", key.c.name, type_=JSONB)
    return audit.recorded(
        audit.event(AuditKind.KEY_CREATED, act=key, user_id=null(), session_id=null(), details=details)
    )


def _add_signing_key() -> Select[Any]:
    fields = ("kid", "algorithm", "public_jwk", "wrapped_private", "created_at", "activates_at", "kms_key_id")
    of_algorithm = SigningKeys.algorithm == given("algorithm", SigningKeys.algorithm)
    moment = SigningKeys.activates_at.type
    youngest_seen = func.coalesce(cast(given("youngest_seen", SigningKeys.activates_at), moment), BEGINNING)
    was_overtaken = exists().where(of_algorithm, SigningKeys.activates_at > youngest_seen)
    key = _inserted(SigningKeys, fields, SigningKeys.__table__.c.kid, ~was_overtaken)
    retired = (
        update(SigningKeys)
        .where(
            of_algorithm,
            SigningKeys.expires_at.is_(None),
            SigningKeys.retired_at.is_(None),
            SigningKeys.kid != key.c.name,
        )
        .values(expires_at=given("predecessors_expire_at", SigningKeys.expires_at))
        .returning(SigningKeys.kid)
        .cte("retired")
    )
    return select(key.c.name).add_cte(retired, _recorded(key))


def _add_service_key() -> Select[Any]:
    name = literal("service_key:", TEXT) + cast(ServiceKeys.use, TEXT)
    key = _inserted(ServiceKeys, SERVICE_KEY_FIELDS, name)
    return select(key.c.name).add_cte(_recorded(key))


SIGNING_KEYS_ROWS = select(*SigningKeys.__table__.c).order_by(SigningKeys.activates_at, SigningKeys.kid)
SERVICE_KEYS_ROWS = select(*ServiceKeys.__table__.c).order_by(ServiceKeys.use, ServiceKeys.version)
ONE_ROTATION = select(func.pg_advisory_xact_lock(7_310_415_520))  # any number, the same for ever
ADD_SIGNING_KEY = _add_signing_key()
ADD_SERVICE_KEY = _add_service_key()

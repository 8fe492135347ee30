"""The audit record as a part of other statements: no record, no act."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Executable,
    Select,
    SelectBase,
    bindparam,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores.parameters import NOW, REQUEST_ID
from chalicelib.stores.schema import AuditEvents

_NO_DETAILS = func.jsonb_build_object()


def event(
    kind: AuditKind | ColumnElement[str],
    *,
    act: CTE,
    user_id: ColumnElement[Any],
    session_id: ColumnElement[Any],
    details: ColumnElement[Any] = _NO_DETAILS,
) -> Select[Any]:
    """Return one event for each row that an act brought about. Binds :p_now and :p_request_id."""
    name = literal(kind.value) if isinstance(kind, AuditKind) else kind
    return select(NOW, name, user_id, session_id, REQUEST_ID, details).select_from(act)


def session_ended(ended: CTE, reason: SessionEnd) -> Select[Any]:
    """Return the events of sessions that a statement ended; `ended` has their id and user_id."""
    details = func.jsonb_build_object("reason", reason.value)
    return event(
        AuditKind.SESSION_ENDED, act=ended, user_id=ended.c.user_id, session_id=ended.c.id, details=details
    )


def one_event(kind: AuditKind) -> Executable:
    """Return a statement that records an act outside the database. Binds :p_details too."""
    columns = ["occurred_at", "kind", "request_id", "details"]
    row = select(NOW, literal(kind.value), REQUEST_ID, bindparam("p_details", type_=JSONB))
    return insert(AuditEvents).from_select(columns, row).returning(AuditEvents.id)


def recorded(events: SelectBase) -> CTE:
    """Return the part of a statement that writes these events."""
    columns = ["occurred_at", "kind", "user_id", "session_id", "request_id", "details"]
    return insert(AuditEvents).from_select(columns, events).returning(AuditEvents.id).cte("audited")

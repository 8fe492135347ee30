"""The statements of seals. Nothing here locks or changes an event: acts go on meanwhile."""

from typing import Any

from sqlalchemy import (
    BIGINT,
    Select,
    bindparam,
    case,
    cast,
    column,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, TEXT, insert

from chalicelib.domain.audit import AuditKind
from chalicelib.stores.audit import one_event
from chalicelib.stores.audit_seals import FIELDS
from chalicelib.stores.parameters import given
from chalicelib.stores.schema import AuditEvents, AuditSeals

_RANGES = bindparam("p_ranges", type_=TEXT)
_LIMIT = bindparam("p_limit", type_=BIGINT)


def _events() -> Select[Any]:
    """Return the events of id ranges, and the snapshot that saw them: one statement, so one snapshot."""
    pairs = func.jsonb_to_recordset(cast(_RANGES, JSONB))
    wanted = pairs.table_valued(column("first", BIGINT), column("last", BIGINT), name="wanted")
    wanted = wanted.render_derived(name="wanted", with_types=True)
    microseconds_since_1970 = func.trunc(func.extract("epoch", AuditEvents.occurred_at) * 1_000_000)
    found = (
        select(
            AuditEvents.id,
            case((func.isfinite(AuditEvents.occurred_at), cast(microseconds_since_1970, TEXT))).label("us"),
            AuditEvents.kind,
            cast(AuditEvents.user_id, TEXT).label("user_id"),
            cast(AuditEvents.session_id, TEXT).label("session_id"),
            AuditEvents.request_id,
            cast(AuditEvents.details, TEXT).label("details"),
        )
        .where(AuditEvents.id.between(wanted.c.first, wanted.c.last))
        .order_by(AuditEvents.id)
        .limit(_LIMIT)
        .correlate(wanted)
        .lateral("found")
    )
    snapshot = func.pg_current_snapshot()
    return (
        select(
            *found.c,
            cast(cast(func.pg_snapshot_xmin(snapshot), TEXT), BIGINT).label("oldest_xid"),
            cast(cast(func.pg_snapshot_xmax(snapshot), TEXT), BIGINT).label("next_xid"),
        )
        .select_from(wanted.join(found, true()))
        .order_by(found.c.id)
        .limit(_LIMIT)
    )


EVENTS = _events()
_SEAL_COLUMNS = tuple(getattr(AuditSeals, name) for name in FIELDS)
HEAD = select(*_SEAL_COLUMNS).order_by(AuditSeals.number.desc()).limit(1)
SEALS = (
    select(*_SEAL_COLUMNS)
    .where(AuditSeals.number >= bindparam("p_first", type_=BIGINT))
    .order_by(AuditSeals.number)
    .limit(_LIMIT)
)
ADD = (
    insert(AuditSeals)
    .from_select(list(FIELDS), select(*(given(name, getattr(AuditSeals, name)) for name in FIELDS)))
    .on_conflict_do_nothing()
    .returning(AuditSeals.number)
)
SKIP_IDS = select(func.skip_audit_ids(bindparam("p_through", type_=BIGINT)))
RECORD = one_event(AuditKind.AUDIT_JOINED)

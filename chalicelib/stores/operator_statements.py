"""The statements of operators, each with the record of it: looking is an act as well."""

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    cast,
    column,
    exists,
    func,
    literal,
    null,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TEXT
from sqlalchemy.orm import InstrumentedAttribute

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.export import PART_ITEMS
from chalicelib.domain.operators import FOUND_MAX
from chalicelib.domain.sessions import SessionEnd
from chalicelib.postgres.schema_name import schema_name
from chalicelib.stores import audit
from chalicelib.stores.account_statements import USER_ID, change_of_status
from chalicelib.stores.schema import Devices, Identities, Sessions, Users
from chalicelib.stores.session_columns import ENDED, PERSON_COLUMNS
from chalicelib.stores.session_statements import NOT_EXPIRED

_INDEXES = bindparam("p_indexes", type_=ARRAY(BYTEA))
_KIND = cast(bindparam("p_kind", type_=TEXT), TEXT)
_DETAILS = cast(bindparam("p_details", type_=JSONB), JSONB)
EXPORT_LISTS = ("identities", "devices", "biometric_keys", "sessions", "consents", "events")
_NOBODY = cast(null(), Users.id.type)


def _told(act: CTE, user_id: ColumnElement[Any]) -> Select[Any]:
    return audit.event(_KIND, act=act, user_id=user_id, session_id=_NOBODY, details=_DETAILS)


def _find(index: InstrumentedAttribute[Any]) -> Select[Any]:
    """Look for people, and record each who was found, or that nobody was."""
    having_it = select(Identities.user_id).where(index == func.any(_INDEXES))
    found = (
        select(Users.id, Users.status, Users.created_at, Users.status_changed_at)
        .where(Users.id.in_(having_it))
        .order_by(Users.created_at, Users.id)
        .limit(FOUND_MAX)
        .cte("found")
    )
    nobody = select(literal(1).label("one")).where(~exists(select(found.c.id))).cte("nobody")
    events = union_all(_told(found, found.c.id), _told(nobody, _NOBODY))
    return select(found).order_by(found.c.created_at, found.c.id).add_cte(audit.recorded(events))


def _show() -> Select[Any]:
    target = select(Users.id).where(Users.id == USER_ID).cte("target")
    live = select(func.count()).where(Sessions.user_id == Users.id, NOT_EXPIRED)
    providers = select(func.jsonb_agg(Identities.provider, type_=JSONB)).where(Identities.user_id == Users.id)
    counts = (
        providers.scalar_subquery().label("providers"),
        select(func.count(Devices.id)).where(Devices.user_id == Users.id).scalar_subquery().label("devices"),
        live.scalar_subquery().label("live_sessions"),
        select(func.max(Sessions.rotated_at))
        .where(Sessions.user_id == Users.id)
        .scalar_subquery()
        .label("last_used_at"),
    )
    shown: Select[Any] = select(*PERSON_COLUMNS, Users.status_changed_at, *counts)
    return shown.join(target, target.c.id == Users.id).add_cte(audit.recorded(_told(target, target.c.id)))


def _export() -> Select[Any]:
    target = select(Users.id).where(Users.id == USER_ID, Users.status != UserStatus.ERASED).cte("target")
    functions = getattr(func, schema_name())
    part = functions.read_pages(
        USER_ID, bindparam("p_part", type_=BigInteger), literal(PART_ITEMS, BigInteger)
    )
    lists = (column(f"{name}_page", JSONB) for name in EXPORT_LISTS)
    pages = part.table_valued(
        column("status_changed_at", Users.status_changed_at.type), column("longest", BigInteger), *lists
    )
    whole: Select[Any] = select(*PERSON_COLUMNS, *pages.c).select_from(Users).join(pages, true())
    return whole.join(target, target.c.id == Users.id).add_cte(audit.recorded(_told(target, target.c.id)))


def _target() -> CTE:
    person = select(Users.id, Users.status).where(Users.id == USER_ID, Users.status != UserStatus.ERASED)
    return person.cte("target")


def _changed(
    target: CTE, status: ColumnElement[Any], changed: CTE, ended: CTE, *events: Select[Any]
) -> Select[Any]:
    audited = audit.recorded(union_all(_told(target, target.c.id), *events))
    columns = (
        exists(select(changed.c.id)).label("changed"),
        select(func.count(ended.c.id)).scalar_subquery().label("sessions_ended"),
    )
    return select(target.c.id.label("user_id"), status.label("status"), *columns).add_cte(audited)


def _set_status(before: UserStatus, after: UserStatus, kind: AuditKind) -> Select[Any]:
    target = _target()
    person, ended, events = change_of_status(before, after, kind)
    # whichever it is, from now on it is an operator's word, and no provider's event takes it back
    freed = update(Identities).where(Identities.user_id == target.c.id, Identities.held_at.is_not(None))
    claimed = freed.values(held_at=None).returning(Identities.id).cte("claimed")
    return _changed(target, literal(after, Users.status.type), person, ended, *events).add_cte(claimed)


def _end_sessions() -> Select[Any]:
    target = _target()
    ended = (
        update(Sessions)
        .where(Sessions.user_id == target.c.id, Sessions.ended_at.is_(None))
        .values(**ENDED, end_reason=SessionEnd.REVOKED)
        .returning(Sessions.id, Sessions.user_id)
        .cte("ended")
    )
    return _changed(target, target.c.status, ended, ended, audit.session_ended(ended, SessionEnd.REVOKED))


FIND_BY_EMAIL, FIND_BY_SUBJECT = _find(Identities.email_index), _find(Identities.subject_index)
SHOW = _show()
EXPORT = _export()
SUSPEND = _set_status(UserStatus.ACTIVE, UserStatus.SUSPENDED, AuditKind.ACCOUNT_SUSPENDED)
REINSTATE = _set_status(UserStatus.SUSPENDED, UserStatus.ACTIVE, AuditKind.ACCOUNT_REINSTATED)
END_SESSIONS = _end_sessions()

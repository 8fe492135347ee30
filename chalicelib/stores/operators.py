"""What operators read and change, each statement with the record of it: looking is an act as well."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    bindparam,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TEXT
from sqlalchemy.orm import InstrumentedAttribute

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.export import StoredExport
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.operators import FOUND_MAX, Changed, FoundPerson, OperatorAct, Order, ShownPerson
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores import audit
from chalicelib.stores.account import LOCK, USER_ID, change_of_status
from chalicelib.stores.database import Database
from chalicelib.stores.export import pages_of
from chalicelib.stores.export_rows import read_export
from chalicelib.stores.schema import Devices, Identities, Sessions, Users
from chalicelib.stores.session_rows import ENDED, PERSON_COLUMNS, read_person
from chalicelib.stores.session_statements import NOT_EXPIRED

_INDEXES = bindparam("p_indexes", type_=ARRAY(BYTEA))
_KIND = cast(bindparam("p_kind", type_=TEXT), TEXT)
_DETAILS = cast(bindparam("p_details", type_=JSONB), JSONB)
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
    whole: Select[Any] = select(*PERSON_COLUMNS, *pages_of(select(target.c.id).scalar_subquery()))
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
CHANGES: Mapping[OperatorAct, Select[Any]] = {
    OperatorAct.SUSPEND: _set_status(UserStatus.ACTIVE, UserStatus.SUSPENDED, AuditKind.ACCOUNT_SUSPENDED),
    OperatorAct.REINSTATE: _set_status(UserStatus.SUSPENDED, UserStatus.ACTIVE, AuditKind.ACCOUNT_REINSTATED),
    OperatorAct.END_SESSIONS: _end_sessions(),
}


class OperatorStore:
    """People, as operators meet them; `now` and `request_id` go on record with the order."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def with_email(
        self, indexes: Sequence[bytes], order: Order, *, now: datetime, request_id: str
    ) -> tuple[FoundPerson, ...]:
        """Return the people with this verified address, under any of its indexes; the oldest first."""
        return self._found(FIND_BY_EMAIL, indexes, _told_of(order, OperatorAct.FIND, now, request_id))

    def with_subject(
        self, indexes: Sequence[bytes], order: Order, *, now: datetime, request_id: str
    ) -> tuple[FoundPerson, ...]:
        """Return the person that a provider calls so."""
        return self._found(FIND_BY_SUBJECT, indexes, _told_of(order, OperatorAct.FIND, now, request_id))

    def show(
        self, user_id: UUID, act: OperatorAct, order: Order, *, now: datetime, request_id: str
    ) -> ShownPerson | None:
        """Return a person in any state, the profile still sealed; `act` tells whether it is to be opened."""
        row = self._database.row(SHOW, {"p_user_id": user_id, **_told_of(order, act, now, request_id)})
        if row is None:
            return None
        return ShownPerson(
            person=read_person(row),
            status_changed_at=row.status_changed_at,
            providers=tuple(sorted(Provider(name) for name in row.providers or ())),
            devices=row.devices,
            live_sessions=row.live_sessions,
            last_used_at=row.last_used_at,
        )

    def export(
        self, user_id: UUID, part: int, order: Order, *, now: datetime, request_id: str
    ) -> StoredExport | None:
        """Return one part of what is held about a person who is not erased."""
        told = _told_of(order, OperatorAct.EXPORT, now, request_id)
        row = self._database.row(EXPORT, {"p_user_id": user_id, "p_part": part, **told})
        return read_export(row) if row else None

    def change(
        self, user_id: UUID, act: OperatorAct, order: Order, *, now: datetime, request_id: str
    ) -> Changed | None:
        """Change a person who is not erased, behind their lock: a sign-in in flight is seen."""
        parameters = {"p_user_id": user_id, **_told_of(order, act, now, request_id)}
        row = self._database.row_behind(LOCK, CHANGES[act], parameters)
        return Changed(**row._asdict()) if row else None

    def _found(
        self, statement: Select[Any], indexes: Sequence[bytes], told: Mapping[str, Any]
    ) -> tuple[FoundPerson, ...]:
        rows = self._database.rows(statement, {"p_indexes": list(indexes), **told})
        return tuple(FoundPerson(**row._asdict()) for row in rows)


def _told_of(order: Order, act: OperatorAct, now: datetime, request_id: str) -> dict[str, Any]:
    told = {"p_kind": order.kind(act).value, "p_details": order.details(act)}
    return {**told, "p_now": now, "p_request_id": request_id}

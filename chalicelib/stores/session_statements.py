"""Parts of sessions for the statements that are no functions yet."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    func,
    select,
    union_all,
    update,
)

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores import audit, consent_parts
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Devices, Sessions, Users
from chalicelib.stores.session_columns import DEVICE_COLUMNS, ENDED, PERSON_COLUMNS, SESSION_COLUMNS

SESSION_ID = given("session_id", Sessions.id)
GENERATION = given("generation", Sessions.generation)
NOT_EXPIRED = and_(Sessions.ended_at.is_(None), Sessions.expires_at > NOW, Sessions.idle_expires_at > NOW)
OF_ACTIVE_PERSON = and_(Users.id == Sessions.user_id, Users.status == UserStatus.ACTIVE)


def advanced(kind: AuditKind, *conditions: ColumnElement[bool], **changes: object) -> Select[Any]:
    """Bring a live session that meets the conditions to the next generation, and record it."""
    rotated = (
        update(Sessions)
        .where(Sessions.id == SESSION_ID, NOT_EXPIRED, OF_ACTIVE_PERSON, *conditions)
        .values(
            **changes,
            generation=GENERATION + 1,
            rotated_at=NOW,
            idle_expires_at=func.least(
                given("idle_expires_at", Sessions.idle_expires_at), Sessions.expires_at
            ),
        )
        .returning(*SESSION_COLUMNS, Sessions.device_id.label("own_device_id"), *PERSON_COLUMNS[1:])
        .cte("rotated")
    )
    audited = audit.recorded(
        audit.event(kind, act=rotated, user_id=rotated.c.user_id, session_id=rotated.c.id)
    )
    own = (column for column in rotated.c if column.key != "own_device_id")
    columns = (*own, *DEVICE_COLUMNS, consent_parts.states_of(rotated.c.user_id).label("states"))
    answer: Select[Any] = select(*columns)
    return answer.join_from(rotated, Devices, Devices.id == rotated.c.own_device_id).add_cte(audited)


def _with_device_and_person(*columns: ColumnElement[Any]) -> Select[Any]:
    found: Select[Any] = select(*SESSION_COLUMNS, *DEVICE_COLUMNS, *PERSON_COLUMNS[1:], *columns)
    of_device = found.select_from(Sessions).join(Devices, Devices.id == Sessions.device_id)
    return of_device.join(Users, Users.id == Sessions.user_id)


def acting() -> CTE:
    """Select the session that acts, only if it is live."""
    live = select(Sessions.id, Sessions.user_id).join(Users, OF_ACTIVE_PERSON)
    return live.where(Sessions.id == SESSION_ID, NOT_EXPIRED).cte("acting")


def _end_reused() -> Select[Any]:
    ended = (
        update(Sessions)
        .where(Sessions.ended_at.is_(None), Sessions.id == SESSION_ID)
        .values(**ENDED, end_reason=SessionEnd.REUSE)
        .returning(Sessions.id, Sessions.user_id)
        .cte("ended")
    )
    kind = AuditKind.SESSION_REUSE_DETECTED
    detected = audit.event(kind, act=ended, user_id=ended.c.user_id, session_id=ended.c.id)
    events = union_all(detected, audit.session_ended(ended, SessionEnd.REUSE))
    return select(ended.c.id).add_cte(audit.recorded(events))


OWN = _with_device_and_person().where(Sessions.id == SESSION_ID)
FIND = _with_device_and_person(consent_parts.states_of(Sessions.user_id).label("states")).where(
    Sessions.id == SESSION_ID
)
END_REUSED = _end_reused()

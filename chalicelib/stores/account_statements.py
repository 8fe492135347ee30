"""Parts of statements that change a person's standing."""

from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Select, null, select, update

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores import audit
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Sessions, Users
from chalicelib.stores.session_columns import ENDED

USER_ID = given("user_id", Users.id)
LOCK = select(Users.id).where(Users.id == USER_ID).with_for_update()


def change_of_status(
    before: UserStatus,
    after: UserStatus,
    kind: AuditKind,
    *conditions: ColumnElement[bool],
    user_id: ColumnElement[UUID] = USER_ID,
) -> tuple[CTE, CTE, tuple[Select[Any], ...]]:
    """Return the person who changes from one status to another, the sessions that end, and the events."""
    person = (
        update(Users)
        .where(Users.id == user_id, Users.status == before, *conditions)
        .values(status=after, status_changed_at=NOW)
        .returning(Users.id)
        .cte("person")
    )
    ended = (
        update(Sessions)
        .where(Sessions.user_id == person.c.id, Sessions.ended_at.is_(None))
        .values(**ENDED, end_reason=SessionEnd.SUSPENDED)
        .returning(Sessions.id, Sessions.user_id)
        .cte("ended")
    )
    changed = audit.event(kind, act=person, user_id=person.c.id, session_id=null())
    return person, ended, (changed, audit.session_ended(ended, SessionEnd.SUSPENDED))

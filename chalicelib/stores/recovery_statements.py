"""The statements of the database's position, and of a restore."""

from typing import Any

from sqlalchemy import Select, func, null, select, update

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores import audit
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import DatabasePosition, Sessions
from chalicelib.stores.session_columns import ENDED

SESSIONS_A_STATEMENT = 1000  # far within the statement timeout
EPOCH = given("epoch", DatabasePosition.epoch)
POSITION = select(DatabasePosition.lineage, DatabasePosition.epoch)
ADVANCE = (
    update(DatabasePosition)
    .values(epoch=DatabasePosition.epoch + 1)
    .returning(DatabasePosition.lineage, DatabasePosition.epoch)
)


def _restored() -> Select[Any]:
    moved = (
        update(DatabasePosition)
        .values(epoch=func.greatest(DatabasePosition.epoch, EPOCH) + 1)
        .returning(DatabasePosition.lineage, DatabasePosition.epoch)
        .cte("moved")
    )
    details = func.jsonb_build_object("epoch", moved.c.epoch)
    kind = AuditKind.SERVICE_RESTORED
    event = audit.event(kind, act=moved, user_id=null(), session_id=null(), details=details)
    return select(*moved.c).add_cte(audit.recorded(event))


def _end_sessions() -> Select[Any]:
    some = (
        select(Sessions.id)
        .where(Sessions.ended_at.is_(None), Sessions.created_at <= NOW)
        .limit(SESSIONS_A_STATEMENT)
        .with_for_update()
        .cte("some")
    )
    ended = (
        update(Sessions)
        .where(Sessions.id == some.c.id)
        .values(**ENDED, end_reason=SessionEnd.RESTORED)
        .returning(Sessions.id, Sessions.user_id)
        .cte("ended")
    )
    events = audit.recorded(audit.session_ended(ended, SessionEnd.RESTORED))
    return select(func.count(ended.c.id).label("ended")).add_cte(events)


RESTORED = _restored()
END_SESSIONS = _end_sessions()

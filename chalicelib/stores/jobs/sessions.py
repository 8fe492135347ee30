"""Sessions that jobs and operators end."""

from uuid import UUID

from sqlalchemy import Select, update

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores.jobs.audit import Act
from chalicelib.stores.schema import Sessions


def end_sessions(act: Act, some: Select[UUID], reason: SessionEnd) -> int:
    """End the sessions whose ids are selected, record each, and return how many they were.

    An ended session keeps no copy of the profile that an old refresh token could still open.
    """
    found = some.with_for_update().cte("some")
    ended = (
        update(Sessions)
        .where(Sessions.id == found.c.id)
        .values(ended_at=act.now, end_reason=reason, profile=None, profile_digest=None)
        .returning(Sessions.id, Sessions.user_id)
    )
    rows = act.connection.execute(ended).all()
    details = {"reason": reason.value}
    act.record_each(
        act.event(AuditKind.SESSION_ENDED, user_id=row.user_id, session_id=row.id, details=details)
        for row in rows
    )
    return len(rows)

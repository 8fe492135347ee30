"""Parts of sessions for the statements that are no functions yet."""

from sqlalchemy import CTE, and_, select

from chalicelib.domain.account import UserStatus
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Sessions, Users

SESSION_ID = given("session_id", Sessions.id)
NOT_EXPIRED = and_(Sessions.ended_at.is_(None), Sessions.expires_at > NOW, Sessions.idle_expires_at > NOW)
OF_ACTIVE_PERSON = and_(Users.id == Sessions.user_id, Users.status == UserStatus.ACTIVE)


def acting() -> CTE:
    """Select the session that acts, only if it is live."""
    live = select(Sessions.id, Sessions.user_id).join(Users, OF_ACTIVE_PERSON)
    return live.where(Sessions.id == SESSION_ID, NOT_EXPIRED).cte("acting")

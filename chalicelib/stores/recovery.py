"""How far this database is, and what a restore changes in it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, null, select, update

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.erasure import Erasure, Origin, Position
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores import audit, erasure_statements
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import DatabasePosition, Sessions
from chalicelib.stores.session_rows import ENDED

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


class RecoveryStore:
    """The database's position, and the acts of a restore."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def position(self) -> Position | None:
        """Return how far the database is; None when the row is missing, which makes nothing ready."""
        row = self._database.row(POSITION)
        return Position(**row._asdict()) if row else None

    def advance(self) -> Position:
        """Take the next number; sent twice after a broken connection, it takes two."""
        return _position(self._database.row(ADVANCE))

    def replay(self, erasure: Erasure, *, now: datetime, request_id: str) -> None:
        """Erase again, behind the person's lock; somebody already erased stays so, without another record."""
        told = {f"p_{name}": value for name, value in asdict(erasure).items()}
        details = {"erasure_id": str(erasure.id), "origin": Origin.RESTORE.value}
        parameters = told | {
            "p_erasure_id": erasure.id,
            "p_session_id": None,
            "p_details": details,
            "p_now": now,
            "p_request_id": request_id,
        }
        self._database.row_behind(erasure_statements.LOCK, erasure_statements.REPLAY, parameters)

    def end_sessions(self, *, now: datetime, request_id: str) -> int:
        """End some of the live sessions that began until now, and return how many; 0 when none is left."""
        row = self._database.row(END_SESSIONS, {"p_now": now, "p_request_id": request_id})
        return int(row.ended) if row else 0

    def restored(self, epoch: int, *, now: datetime, request_id: str) -> Position:
        """Go beyond a number, and record the restore."""
        parameters = {"p_epoch": epoch, "p_now": now, "p_request_id": request_id}
        return _position(self._database.row(RESTORED, parameters))


def _position(row: Any) -> Position:  # noqa: ANN401 - a row, or None
    if row is None:
        raise AssertionError  # the migration inserted the one row, and nobody may delete it
    return Position(**row._asdict())

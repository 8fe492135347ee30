"""How far this database is, what a restore changes in it, and which erasures were interrupted."""

from datetime import datetime

from sqlalchemy import func, select, update

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.erasure import Erasure, Position
from chalicelib.domain.sessions import SessionEnd
from chalicelib.postgres.transactions import Transactions
from chalicelib.stores.jobs.audit import Act
from chalicelib.stores.jobs.sessions import end_sessions
from chalicelib.stores.schema import DatabasePosition, Erasures, Sessions

PENDING_MAX = 100
SESSIONS_MAX = 1000  # of one transaction: far within the time that a statement has
_POSITION = (DatabasePosition.lineage, DatabasePosition.epoch)


class RecoveryStore:
    """The database's position, and the acts of a restore."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def position(self) -> Position | None:
        """Return how far the database is; None when the row is missing, which makes nothing ready."""
        with self._transactions.begin() as connection:
            row = connection.execute(select(*_POSITION)).first()
        return Position(lineage=row.lineage, epoch=row.epoch) if row else None

    def pending(self) -> tuple[Erasure, ...]:
        """Return the oldest erasures that are not completed, up to `PENDING_MAX`."""
        oldest = (
            select(Erasures.__table__)
            .where(Erasures.completed_at.is_(None))
            .order_by(Erasures.requested_at, Erasures.id)
            .limit(PENDING_MAX)
        )
        with self._transactions.begin() as connection:
            return tuple(Erasure(**row) for row in connection.execute(oldest).mappings())

    def advance(self) -> Position:
        """Take the next number."""
        advanced = update(DatabasePosition).values(epoch=DatabasePosition.epoch + 1).returning(*_POSITION)
        with self._transactions.begin() as connection:
            row = connection.execute(advanced).one()
        return Position(lineage=row.lineage, epoch=row.epoch)

    def end_sessions(self, *, now: datetime, request_id: str) -> int:
        """End some of the live sessions that began until now, and return how many; 0 when none is left."""
        some = select(Sessions.id).where(Sessions.ended_at.is_(None), Sessions.created_at <= now)
        with self._transactions.begin() as connection:
            act = Act(connection, now, request_id)
            return end_sessions(act, some.limit(SESSIONS_MAX), SessionEnd.RESTORED)

    def restored(self, epoch: int, *, now: datetime, request_id: str) -> Position:
        """Go beyond a number, and record the restore."""
        moved = (
            update(DatabasePosition)
            .values(epoch=func.greatest(DatabasePosition.epoch, epoch) + 1)
            .returning(*_POSITION)
        )
        with self._transactions.begin() as connection:
            row = connection.execute(moved).one()
            act = Act(connection, now, request_id)
            act.record(AuditKind.SERVICE_RESTORED, details={"epoch": row.epoch})
        return Position(lineage=row.lineage, epoch=row.epoch)

"""How far this database is, and what a restore changes in it."""

from datetime import datetime
from typing import Any

from chalicelib.domain.erasure import Position
from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("recovery_statements")


class RecoveryStore:
    """The database's position, and the acts of a restore."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def position(self) -> Position | None:
        """Return how far the database is; None when the row is missing, which makes nothing ready."""
        row = self._database.row(statements.POSITION)
        return Position(**row._asdict()) if row else None

    def advance(self) -> Position:
        """Take the next number; sent twice after a broken connection, it takes two."""
        return _position(self._database.row(statements.ADVANCE))

    def end_sessions(self, *, now: datetime, request_id: str) -> int:
        """End some of the live sessions that began until now, and return how many; 0 when none is left."""
        row = self._database.row(statements.END_SESSIONS, {"p_now": now, "p_request_id": request_id})
        return int(row.ended) if row else 0

    def restored(self, epoch: int, *, now: datetime, request_id: str) -> Position:
        """Go beyond a number, and record the restore."""
        parameters = {"p_epoch": epoch, "p_now": now, "p_request_id": request_id}
        return _position(self._database.row(statements.RESTORED, parameters))


def _position(row: Any) -> Position:  # noqa: ANN401 - a row, or None
    if row is None:
        raise AssertionError  # the migration inserted the one row, and nobody may delete it
    return Position(**row._asdict())

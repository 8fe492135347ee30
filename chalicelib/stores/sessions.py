"""Sessions after sign-in: rotate, list, end. Whoever acts is checked in the statement that acts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.domain.sessions import OwnSession, Session, SessionEnd
from chalicelib.domain.tokens import RefreshToken
from chalicelib.stores.database import Database
from chalicelib.stores.described import Statement, described
from chalicelib.stores.session_rows import read_own, read_session

statements = described("session_statements")
_END = {SessionEnd.LOGOUT: statements.END, SessionEnd.REUSE: statements.END_REUSED}


class SessionStore:
    """What refreshing, listing and ending sessions reads and writes."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def rotate(
        self,
        token: RefreshToken,
        *,
        idle_expires_at: datetime,
        locale: str,
        now: datetime,
        request_id: str,
    ) -> OwnSession | None:
        """Advance a live session, if it stands at this generation and key; None if nothing was changed."""
        parameters = {
            "p_session_id": token.session_id,
            "p_generation": token.generation,
            "p_jkt": token.jkt,
            "p_idle_expires_at": idle_expires_at,
            "p_locale": locale,
            "p_now": now,
            "p_request_id": request_id,
        }
        return self._own(statements.ROTATE, parameters)

    def find(self, session_id: UUID, *, locale: str, now: datetime) -> OwnSession | None:
        """Return a session in any state, with its person and where they stand on the documents."""
        return self._own(statements.FIND, {"p_session_id": session_id, "p_locale": locale, "p_now": now})

    def end(self, session_id: UUID, reason: SessionEnd, *, now: datetime, request_id: str) -> None:
        """End a session, if it has not ended; one record whatever happens twice."""
        self._database.rows(_END[reason], _act(session_id, now, request_id))

    def end_all(self, session_id: UUID, *, now: datetime, request_id: str) -> None:
        """End every session of the person whose session this is."""
        self._database.rows(statements.END_ALL, _act(session_id, now, request_id))

    def live_beside(self, session_id: UUID, *, now: datetime) -> tuple[Session, ...]:
        """Return the live sessions of this one's person, and this one in any state; last used first."""
        rows = self._database.rows(statements.LIVE_BESIDE, {"p_session_id": session_id, "p_now": now})
        return tuple(read_session(row) for row in rows)

    def end_one(
        self, session_id: UUID, target_id: UUID, *, now: datetime, request_id: str
    ) -> tuple[Session | None, bool]:
        """End a session of the same person, if the acting one is live; tell whether there was one."""
        parameters = _act(session_id, now, request_id) | {"p_target_id": target_id}
        row = self._database.row(statements.END_ONE, parameters)
        return (read_session(row), row.target_known) if row else (None, False)

    def end_others(self, session_id: UUID, *, now: datetime, request_id: str) -> Session | None:
        """End all other sessions of the person, if the acting one is live; return the acting one."""
        row = self._database.row(statements.END_OTHERS, _act(session_id, now, request_id))
        return read_session(row) if row else None

    def _own(self, statement: Statement, parameters: dict[str, Any]) -> OwnSession | None:
        row = self._database.row(statement, parameters)
        return read_own(row) if row else None


def _act(session_id: UUID, now: datetime, request_id: str) -> dict[str, Any]:
    return {"p_session_id": session_id, "p_now": now, "p_request_id": request_id}

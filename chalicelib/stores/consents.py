"""A person's answers: appended behind the person's lock, so that doing it twice is doing it once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.domain.consents import ConsentAnswer, ConsentEvent
from chalicelib.domain.sessions import OwnSession
from chalicelib.stores import consent_rows
from chalicelib.stores.database import Database
from chalicelib.stores.described import Statement, described
from chalicelib.stores.session_rows import read_own

statements = described("consent_statements")


class ConsentStore:
    """The answers, as rows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def answer(
        self,
        session_id: UUID,
        answers: tuple[ConsentAnswer, ...],
        *,
        app_version: str | None,
        locale: str,
        now: datetime,
        request_id: str,
    ) -> OwnSession | None:
        """Append the answers if the session is live and all of them fit; return what stood before."""
        parameters = _act(session_id, app_version, locale, now, request_id)
        return self._changed(
            statements.ANSWER, parameters | {"p_answers": consent_rows.as_parameter(answers)}
        )

    def withdraw(
        self,
        session_id: UUID,
        kind: str,
        method: str,
        *,
        app_version: str | None,
        locale: str,
        now: datetime,
        request_id: str,
    ) -> OwnSession | None:
        """Append the withdrawal if the session is live and there is a grant; return what stood before."""
        parameters = _act(session_id, app_version, locale, now, request_id)
        return self._changed(statements.WITHDRAW, parameters | {"p_kind": kind, "p_method": method})

    def history(self, session_id: UUID) -> tuple[ConsentEvent, ...]:
        """Return all answers of the person whose session this is, the first first."""
        rows = self._database.rows(statements.HISTORY, {"p_session_id": session_id})
        return tuple(ConsentEvent(**row._asdict()) for row in rows)

    def _changed(self, statement: Statement, parameters: dict[str, Any]) -> OwnSession | None:
        row = self._database.row_behind(statements.LOCK, statement, parameters)
        return read_own(row, row.states) if row else None


def _act(
    session_id: UUID, app_version: str | None, locale: str, now: datetime, request_id: str
) -> dict[str, Any]:
    return {
        "p_session_id": session_id,
        "p_app_version": app_version,
        "p_locale": locale,
        "p_now": now,
        "p_request_id": request_id,
    }

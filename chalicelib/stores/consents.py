"""A person's answers: appended behind the person's lock, so that doing it twice is doing it once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, cast, select, true
from sqlalchemy.dialects.postgresql import TEXT

from chalicelib.domain.consents import ConsentAction, ConsentAnswer, ConsentEvent
from chalicelib.domain.sessions import OwnSession
from chalicelib.stores import audit, consent_parts
from chalicelib.stores.consent_parts import WORDS
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import given
from chalicelib.stores.schema import ConsentEvents, Sessions, Users
from chalicelib.stores.session_rows import read_own
from chalicelib.stores.session_statements import FIND, SESSION_ID, acting

KIND = given("kind", ConsentEvents.kind)
LOCK = (
    select(Users.id)
    .join(Sessions, Sessions.user_id == Users.id)
    .where(Sessions.id == SESSION_ID)
    .with_for_update(key_share=True, of=Users)
)


def _answer() -> Select[Any]:
    session = acting()
    fitting = select(*session.c).where(consent_parts.all_answers_fit()).cte("fitting")
    answered = consent_parts.recorded_answers(fitting)
    return FIND.add_cte(audit.recorded(consent_parts.events_of(answered)))


def _withdraw() -> Select[Any]:
    session = acting()
    latest = consent_parts.latest_answer(session.c.user_id, KIND)
    grant = (
        select(
            session.c.user_id,
            session.c.id.label("session_id"),
            KIND.label("kind"),
            *(latest.c[name].label(name) for name in WORDS[1:]),
            cast(ConsentAction.WITHDRAWN.value, ConsentEvents.action.type).label("action"),
            bindparam("p_method", type_=TEXT).label("method"),
        )
        .select_from(session.join(latest, true()))
        .where(latest.c.action == ConsentAction.GRANTED)
        .cte("granted")
    )
    withdrawn = consent_parts.recorded_withdrawal(grant)
    return FIND.add_cte(audit.recorded(consent_parts.events_of(withdrawn)))


ANSWER = _answer()
WITHDRAW = _withdraw()
HISTORY = (
    select(
        ConsentEvents.kind.label("document"),
        *(getattr(ConsentEvents, name) for name in WORDS[1:]),
        ConsentEvents.action,
        ConsentEvents.method,
        ConsentEvents.app_version,
        ConsentEvents.session_id,
        ConsentEvents.occurred_at,
    )
    .join(Sessions, and_(Sessions.user_id == ConsentEvents.user_id, Sessions.id == SESSION_ID))
    .order_by(ConsentEvents.id)
)


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
        return self._changed(ANSWER, parameters | {"p_answers": consent_parts.as_parameter(answers)})

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
        return self._changed(WITHDRAW, parameters | {"p_kind": kind, "p_method": method})

    def history(self, session_id: UUID) -> tuple[ConsentEvent, ...]:
        """Return all answers of the person whose session this is, the first first."""
        rows = self._database.rows(HISTORY, {"p_session_id": session_id})
        return tuple(ConsentEvent(**row._asdict()) for row in rows)

    def _changed(self, statement: Select[Any], parameters: dict[str, Any]) -> OwnSession | None:
        row = self._database.row_behind(LOCK, statement, parameters)
        return read_own(row) if row else None


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

"""The statements of a person's answers: appended behind the person's lock, so that twice is once."""

from typing import Any

from sqlalchemy import Select, and_, bindparam, cast, select, true
from sqlalchemy.dialects.postgresql import TEXT

from chalicelib.domain.consents import ConsentAction
from chalicelib.stores import audit, consent_parts
from chalicelib.stores.consent_parts import WORDS
from chalicelib.stores.parameters import given
from chalicelib.stores.schema import ConsentEvents, Sessions, Users
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

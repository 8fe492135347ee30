"""Documents and answers: what is current, what a person granted, and new answers, as parts of other statements."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    bindparam,
    cast,
    column,
    exists,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, TEXT, distinct_on

from chalicelib.domain.consents import (
    ConsentAction,
    ConsentAnswer,
    ConsentState,
)
from chalicelib.stores import audit
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import ConsentDocuments, ConsentEvents

LOCALE = given("locale", ConsentDocuments.locale)
ANSWERS = bindparam("p_answers", type_=TEXT)
METHOD_ONBOARDING = "onboarding"


def current_documents() -> Subquery:
    """Return the documents in force: of each kind, the version that took effect last. Binds :p_now, :p_locale."""
    return (
        select(
            ConsentDocuments.kind,
            ConsentDocuments.version,
            ConsentDocuments.locale,
            ConsentDocuments.sha256,
            ConsentDocuments.required,
        )
        .ext(distinct_on(ConsentDocuments.kind))
        .where(ConsentDocuments.locale == LOCALE, ConsentDocuments.effective_at <= NOW)
        .order_by(
            ConsentDocuments.kind, ConsentDocuments.effective_at.desc(), ConsentDocuments.version.desc()
        )
        .subquery("current_document")
    )


def states_of(user_id: ColumnElement[UUID] | Any) -> ScalarSelect[Any]:
    """Return, as one JSON value, where a person stands on every current document. Binds :p_now, :p_locale."""
    document = current_documents()
    latest = (
        select(ConsentEvents.version, ConsentEvents.action)
        .where(ConsentEvents.user_id == user_id, ConsentEvents.kind == document.c.kind)
        .order_by(ConsentEvents.id.desc())
        .limit(1)
        .correlate_except(ConsentEvents)
        .lateral("latest")
    )
    granted = and_(latest.c.action == ConsentAction.GRANTED, latest.c.version == document.c.version)
    state = func.jsonb_build_object(
        *("document", document.c.kind, "version", document.c.version, "locale", document.c.locale),
        *(
            "sha256",
            document.c.sha256,
            "required",
            document.c.required,
            "granted",
            func.coalesce(granted, False),
        ),
        type_=JSONB,
    )
    states = select(func.jsonb_agg(state)).select_from(document.outerjoin(latest, true()))
    return states.correlate_except(document, latest, ConsentEvents, ConsentDocuments).scalar_subquery()


def answered() -> Any:
    """Return the answers of a request as rows (document, version, action). Binds :p_answers, made by `as_parameter`."""
    return (
        func.jsonb_to_recordset(cast(ANSWERS, JSONB))
        .table_valued(
            column("document", TEXT),
            column("version", TEXT),
            column("action", ConsentEvents.action.type),
            name="answer",
        )
        .render_derived(name="answer", with_types=True)
    )


def as_parameter(answers: Iterable[ConsentAnswer]) -> str:
    """Return answers as the value of :p_answers."""
    return json.dumps(
        [{"document": a.document, "version": a.version, "action": a.action.value} for a in answers]
    )


def all_answers_fit() -> ColumnElement[bool]:
    """Tell whether each answer names a current document, none twice, at its current version."""
    answer, document = answered(), current_documents()
    fitting = (
        select(func.count(document.c.kind.distinct()))
        .select_from(answer)
        .join(document, and_(document.c.kind == answer.c.document, document.c.version == answer.c.version))
        .scalar_subquery()
    )
    return fitting == func.jsonb_array_length(cast(ANSWERS, JSONB))


def all_required_granted() -> ColumnElement[bool]:
    """Tell whether the answers grant every required document at its current version."""
    answer, document = answered(), current_documents()
    granted = exists().where(
        answer.c.document == document.c.kind,
        answer.c.version == document.c.version,
        answer.c.action == ConsentAction.GRANTED,
    )
    return ~exists(select(document.c.kind).where(document.c.required, ~granted))


def recorded_answers(session: CTE, name: str = "answered") -> CTE:
    """Return the part of a statement that appends what changed: an answer that stands already is not repeated."""
    answer, document = answered(), current_documents()
    latest = (
        select(ConsentEvents.version, ConsentEvents.action)
        .where(ConsentEvents.user_id == session.c.user_id, ConsentEvents.kind == document.c.kind)
        .order_by(ConsentEvents.id.desc())
        .limit(1)
        .correlate_except(ConsentEvents)
        .lateral("latest_answer")
    )
    stands = and_(latest.c.version == answer.c.version, latest.c.action == answer.c.action)
    rows = (
        select(
            session.c.user_id,
            document.c.kind,
            document.c.version,
            document.c.locale,
            document.c.sha256,
            answer.c.action,
            literal(METHOD_ONBOARDING, TEXT),
            given("app_version", ConsentEvents.app_version),
            session.c.id,
            NOW,
        )
        .select_from(session)
        .join(answer, true())
        .join(document, and_(document.c.kind == answer.c.document, document.c.version == answer.c.version))
        .outerjoin(latest, true())
        .where(~func.coalesce(stands, False))
    )
    columns = [
        "user_id",
        "kind",
        "version",
        "locale",
        "sha256",
        "action",
        "method",
        "app_version",
        "session_id",
        "occurred_at",
    ]
    inserted = insert(ConsentEvents).from_select(columns, rows)
    return inserted.returning(
        ConsentEvents.user_id,
        ConsentEvents.session_id,
        ConsentEvents.kind,
        ConsentEvents.version,
        ConsentEvents.action,
    ).cte(name)


def events_of(answered: CTE) -> Select[Any]:
    """Return the audit events of the answers that were recorded."""
    details = func.jsonb_build_object("document", answered.c.kind, "version", answered.c.version)
    kind = literal("consent.") + cast(answered.c.action, TEXT)
    return audit.event(
        kind, act=answered, user_id=answered.c.user_id, session_id=answered.c.session_id, details=details
    )


def read_states(value: Sequence[dict[str, Any]] | None) -> tuple[ConsentState, ...]:
    """Return what `states_of` selected."""
    return tuple(ConsentState(**state) for state in value or ())

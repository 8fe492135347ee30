"""Documents and answers as parts of other statements: what is current, granted, answered now."""

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
    TableValuedAlias,
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
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlalchemy.sql.selectable import LateralFromClause

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
    """Return of each kind the version that took effect last. Binds :p_now, :p_locale."""
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


def _latest_answer(user_id: SQLCoreOperations[UUID], document: Subquery) -> LateralFromClause:
    return (
        select(ConsentEvents.version, ConsentEvents.action)
        .where(ConsentEvents.user_id == user_id, ConsentEvents.kind == document.c.kind)
        .order_by(ConsentEvents.id.desc())
        .limit(1)
        .correlate_except(ConsentEvents)
        .lateral("latest")
    )


def states_of(user_id: SQLCoreOperations[UUID]) -> ScalarSelect[Any]:
    """Return as one JSON value where a person stands on what is current. Binds :p_now, :p_locale."""
    document = current_documents()
    latest = _latest_answer(user_id, document)
    granted = and_(latest.c.action == ConsentAction.GRANTED, latest.c.version == document.c.version)
    state = func.jsonb_build_object(
        *("document", document.c.kind, "version", document.c.version, "locale", document.c.locale),
        *("sha256", document.c.sha256, "required", document.c.required),
        *("granted", func.coalesce(granted, False)),
        type_=JSONB,
    )
    states = select(func.jsonb_agg(state)).select_from(document.outerjoin(latest, true()))
    return states.correlate_except(document, latest, ConsentEvents, ConsentDocuments).scalar_subquery()


def answered() -> TableValuedAlias:
    """Return a request's answers as rows (document, version, action). Binds :p_answers."""
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


def recorded_answers(session: CTE) -> CTE:
    """Return the part of a statement that appends answers; one that stands already is not repeated."""
    answer, document = answered(), current_documents()
    latest = _latest_answer(session.c.user_id, document)
    stands = and_(latest.c.version == answer.c.version, latest.c.action == answer.c.action)
    values: dict[str, Any] = {
        "user_id": session.c.user_id,
        **{name: document.c[name] for name in ("kind", "version", "locale", "sha256")},
        "action": answer.c.action,
        "method": literal(METHOD_ONBOARDING, TEXT),
        "app_version": given("app_version", ConsentEvents.app_version),
        "session_id": session.c.id,
        "occurred_at": NOW,
    }
    is_of = and_(document.c.kind == answer.c.document, document.c.version == answer.c.version)
    given_now = session.join(answer, true()).join(document, is_of).outerjoin(latest, true())
    rows = select(*values.values()).select_from(given_now).where(~func.coalesce(stands, False))
    appended = insert(ConsentEvents).from_select(list(values), rows)
    return appended.returning(*(ConsentEvents.__table__.c)).cte("answered")


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

"""Documents and answers as parts of other statements: what is current, granted, answered now."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Label,
    ScalarSelect,
    Select,
    SelectBase,
    Subquery,
    TableValuedAlias,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    insert,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, TEXT, distinct_on
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlalchemy.sql.selectable import LateralFromClause

from chalicelib.domain.consents import ConsentAction
from chalicelib.stores import audit
from chalicelib.stores.consent_rows import ANSWER_COLUMNS
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import ConsentDocuments, ConsentEvents

LOCALE = given("locale", ConsentDocuments.locale)
ANSWERS = bindparam("p_answers", type_=TEXT)
WORDS = ("kind", "version", "locale", "sha256")


def current_documents() -> Subquery:
    """Return of each kind the version that took effect last. Binds :p_now, :p_locale."""
    terms = (
        ConsentDocuments.required,
        (ConsentDocuments.effective_at + ConsentDocuments.grace).label("grace_ends_at"),
    )
    columns = (*(getattr(ConsentDocuments, name) for name in WORDS), *terms)
    newest_first = (ConsentDocuments.effective_at.desc(), ConsentDocuments.version.desc())
    return (
        select(*columns)
        .ext(distinct_on(ConsentDocuments.kind))
        .where(ConsentDocuments.locale == LOCALE, ConsentDocuments.effective_at <= NOW)
        .order_by(ConsentDocuments.kind, *newest_first)
        .subquery("current_document")
    )


def latest_answer(user_id: SQLCoreOperations[UUID], kind: SQLCoreOperations[str]) -> LateralFromClause:
    """Return a person's last answer to a kind of document."""
    return (
        select(*(getattr(ConsentEvents, name) for name in WORDS[1:]), ConsentEvents.action)
        .where(
            ConsentEvents.user_id == user_id,
            ConsentEvents.kind == kind,
            ConsentEvents.action != ConsentAction.SUPERSEDED,
        )
        .order_by(ConsentEvents.id.desc())
        .limit(1)
        .correlate_except(ConsentEvents)
        .lateral("latest")
    )


def grant_expires_at(document: Subquery, latest: LateralFromClause) -> ColumnElement[datetime]:
    """Return when newer versions end a grant; null for one of the current version.

    A version that isn't known here, or took effect when the current one did, ended with that one's effect.
    """
    granted, newer = aliased(ConsentDocuments), aliased(ConsentDocuments)
    end = (
        select(func.min(newer.effective_at + newer.grace))
        .join_from(granted, newer, and_(newer.kind == granted.kind, newer.locale == granted.locale))
        .where(
            granted.kind == document.c.kind,
            granted.version == latest.c.version,
            granted.locale == document.c.locale,
            newer.effective_at > granted.effective_at,
            newer.effective_at <= NOW,
        )
        .correlate_except(granted, newer)
        .scalar_subquery()
    )
    # where nothing is later (two took effect at one moment), the current version itself ends the others
    ends_at = func.coalesce(end, document.c.grace_ends_at)
    return case((latest.c.version == document.c.version, null()), else_=ends_at)


def states_of(user_id: SQLCoreOperations[UUID]) -> ScalarSelect[Any]:
    """Return as one JSON value where a person stands on what is current. Binds :p_now, :p_locale."""
    document = current_documents()
    latest = latest_answer(user_id, document.c.kind)
    is_granted = func.coalesce(latest.c.action == ConsentAction.GRANTED, False)
    state = func.jsonb_build_object(
        *("document", document.c.kind, "version", document.c.version, "locale", document.c.locale),
        *("sha256", document.c.sha256, "required", document.c.required),
        *("granted_version", case((is_granted, latest.c.version))),
        *("granted_until", case((is_granted, grant_expires_at(document, latest)))),
        type_=JSONB,
    )
    states = select(func.jsonb_agg(state)).select_from(document.outerjoin(latest, true()))
    return states.correlate_except(document, latest, ConsentEvents, ConsentDocuments).scalar_subquery()


def answered() -> TableValuedAlias:
    """Return a request's answers as rows. Binds :p_answers."""
    types = dict.fromkeys(ANSWER_COLUMNS, TEXT) | {"action": ConsentEvents.action.type}
    rows = func.jsonb_to_recordset(cast(ANSWERS, JSONB))
    columns = (column(name, type_) for name, type_ in types.items())
    return rows.table_valued(*columns, name="answer").render_derived(name="answer", with_types=True)


def all_answers_fit() -> ColumnElement[bool]:
    """Tell whether each answer names a current document, none twice, at its current version."""
    answer, document = answered(), current_documents()
    is_of = and_(document.c.kind == answer.c.document, document.c.version == answer.c.version)
    fitting = select(func.count(document.c.kind.distinct())).select_from(answer.join(document, is_of))
    return fitting.scalar_subquery() == func.jsonb_array_length(cast(ANSWERS, JSONB))


def recorded_answers(session: CTE) -> CTE:
    """Return the part of a statement that appends answers to what is current; none that stands already."""
    answer, current, shown = answered(), current_documents(), aliased(ConsentDocuments)
    is_current = and_(current.c.kind == answer.c.document, current.c.version == answer.c.version)
    is_shown = and_(
        shown.kind == answer.c.document,
        shown.version == answer.c.version,
        shown.locale == answer.c.shown_in,
    )
    latest = latest_answer(session.c.user_id, shown.kind)
    stands = and_(latest.c.version == answer.c.version, latest.c.action == answer.c.action)
    replaces = and_(latest.c.action == ConsentAction.GRANTED, latest.c.version != answer.c.version)
    fitting = session.join(answer, true()).join(current, is_current).join(shown, is_shown)
    change = (
        select(
            session.c.user_id,
            session.c.id.label("session_id"),
            answer.c.action,
            answer.c.method,
            *(getattr(shown, name).label(name) for name in WORDS),
            *(latest.c[name].label(f"old_{name}") for name in WORDS[1:]),
            func.coalesce(replaces, False).label("replaces"),
        )
        .select_from(fitting.outerjoin(latest, true()))
        .where(~func.coalesce(stands, False))
        .cte("change")
    )
    return _appended(union_all(_superseded_rows(change), _rows(change)))


def recorded_withdrawal(grant: CTE) -> CTE:
    """Return the part of a statement that appends the withdrawal of a grant."""
    return _appended(_rows(grant))


def _rows(change: CTE) -> Select[Any]:
    return select(*_event(change, "", change.c.action), literal(1).label("place"))


def _superseded_rows(change: CTE) -> Select[Any]:
    action = cast(ConsentAction.SUPERSEDED.value, ConsentEvents.action.type)
    # what was replaced comes before what replaces it: the order of ids is the order of history
    return select(*_event(change, "old_", action), literal(0).label("place")).where(change.c.replaces)


def _appended(rows: SelectBase) -> CTE:
    columns = ("user_id", *WORDS, "action", "method", "app_version", "session_id", "occurred_at")
    events = rows.subquery()
    ordered = select(*(events.c[name] for name in columns)).order_by(events.c.place, events.c.kind)
    appended = insert(ConsentEvents).from_select(list(columns), ordered)
    return appended.returning(*ConsentEvents.__table__.c).cte("answered")


def _event(change: CTE, prefix: str, action: ColumnElement[ConsentAction]) -> tuple[Label[Any], ...]:
    words = (change.c[f"{prefix}{name}"].label(name) for name in WORDS[1:])
    return (
        change.c.user_id.label("user_id"),
        change.c.kind.label("kind"),
        *words,
        action.label("action"),
        change.c.method.label("method"),
        given("app_version", ConsentEvents.app_version).label("app_version"),
        change.c.session_id.label("session_id"),
        NOW.label("occurred_at"),
    )


def events_of(answered: CTE) -> Select[Any]:
    """Return the audit events of the answers that were recorded."""
    details = func.jsonb_build_object("document", answered.c.kind, "version", answered.c.version)
    kind = literal("consent.") + cast(answered.c.action, TEXT)
    user_id, session_id = answered.c.user_id, answered.c.session_id
    return audit.event(kind, act=answered, user_id=user_id, session_id=session_id, details=details)

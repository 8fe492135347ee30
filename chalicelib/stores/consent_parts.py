"""Documents and answers as parts of statements: what is current, and what was granted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, case, func, null, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlalchemy.sql.selectable import LateralFromClause

from chalicelib.domain.consents import ConsentAction
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import ConsentDocuments, ConsentEvents

LOCALE = given("locale", ConsentDocuments.locale)
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

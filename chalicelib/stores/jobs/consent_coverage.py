"""How people stand on the documents: counted for operators, without reading anything personal."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    false,
    func,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlalchemy.sql.selectable import LateralFromClause

from chalicelib.domain.account import UserStatus
from chalicelib.domain.consents import ConsentAction, ConsentCoverage, NoSuchDocument, Standing
from chalicelib.postgres.transactions import Transactions
from chalicelib.stores.schema import ConsentDocuments, ConsentEvents, Users

PATIENCE = timedelta(minutes=2)  # it reads every active person once
COUNTED_LOCALE = "en"  # the languages of a version differ in words alone


class Asked(NamedTuple):
    """The version in question: whether it would be required, and whether it is the first one in force."""

    document: str | None = None
    version: str | None = None
    would_be_required: bool = False
    is_new: bool = False


class CoverageStore:
    """The counts."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def coverage(self, *, document: str | None, version: str | None, now: datetime) -> ConsentCoverage:
        """Return the counts, as if the given version of a document took effect now and its grace were over.

        Raises:
            NoSuchDocument: no version of the document was ever published, or one of the two is missing.
        """
        with self._transactions.begin(longest=PATIENCE) as connection:
            asked = _asked(connection, document, version, now)
            rows = connection.execute(by_version(now)).all()
            totals = connection.execute(totals_of(asked, now)).mappings().one()
        standings = tuple(
            Standing(document=row.kind, version=row.version, action=row.action, people=row.people)
            for row in rows
        )
        return ConsentCoverage(standings=standings, **totals)


def by_version(now: datetime) -> Select[*tuple[Any, ...]]:
    """Count the people of each answer to each version."""
    each = _standing(now)
    answer = (each.c.kind, each.c.version, each.c.action)
    return select(*answer, func.count().label("people")).group_by(*answer).order_by(*answer)


def totals_of(asked: Asked, now: datetime) -> Select[*tuple[Any, ...]]:
    """Count the people, those who are narrowed now, and those who would be, too."""
    each = _standing(now)
    is_wide = or_(not_(each.c.required), each.c.counts)
    is_granted = each.c.action == ConsentAction.GRANTED
    holds = func.coalesce(and_(each.c.version == asked.version, is_granted), False)
    would_be_wide = case(
        (each.c.kind == asked.document, true() if not asked.would_be_required else holds), else_=is_wide
    )
    # nobody can have answered to a kind of which no version was ever in force
    all_hold = false() if asked.is_new and asked.would_be_required else true()
    people = (
        select(
            each.c.user_id,
            func.bool_and(is_wide).label("is_wide"),
            and_(func.bool_and(would_be_wide), all_hold).label("would_be_wide"),
        )
        .group_by(each.c.user_id)
        .cte("people")
    )
    return select(
        func.count().label("people"),
        func.count().filter(~people.c.is_wide).label("narrowed"),
        func.count().filter(people.c.is_wide, ~people.c.would_be_wide).label("would_be_narrowed"),
    ).select_from(people)


def published(document: str) -> Select[*tuple[Any, ...]]:
    """Return the versions of a document."""
    columns = (ConsentDocuments.version, ConsentDocuments.required, ConsentDocuments.effective_at)
    return select(*columns).where(
        ConsentDocuments.kind == document, ConsentDocuments.locale == COUNTED_LOCALE
    )


def _asked(connection: Connection, document: str | None, version: str | None, now: datetime) -> Asked:
    """Return the version in question; one that isn't published is as required as the newest one that is."""
    if document is None and version is None:
        return Asked()
    versions = connection.execute(published(document)).all() if document and version else ()
    if not versions:
        raise NoSuchDocument("name a published document and a version of it, both")
    by_age = sorted(versions, key=lambda row: row.effective_at)
    named = next((row for row in by_age if row.version == version), by_age[-1])
    is_new = all(row.effective_at > now for row in versions)
    return Asked(document, version, would_be_required=named.required, is_new=is_new)


def _standing(now: datetime) -> CTE:
    """Select each active person with each document in force and their last answer to it."""
    document = _current_documents(now)
    latest = _latest_answer(Users.id, document.c.kind)
    ends_at = _grant_expires_at(document, latest, now)
    is_granted = func.coalesce(latest.c.action == ConsentAction.GRANTED, False)
    return (
        select(
            Users.id.label("user_id"),
            document.c.kind,
            document.c.required,
            latest.c.version,
            latest.c.action,
            and_(is_granted, or_(ends_at.is_(None), ends_at > now)).label("counts"),
        )
        .select_from(Users)
        .join(document, true())
        .outerjoin(latest, true())
        .where(Users.status == UserStatus.ACTIVE)
        .cte("standing")
    )


def _current_documents(now: datetime) -> Subquery:
    """Return of each kind the version that took effect last."""
    columns = (ConsentDocuments.kind, ConsentDocuments.version, ConsentDocuments.locale)
    grace_ends_at = (ConsentDocuments.effective_at + ConsentDocuments.grace).label("grace_ends_at")
    newest_first = (ConsentDocuments.effective_at.desc(), ConsentDocuments.version.desc())
    return (
        select(*columns, ConsentDocuments.required, grace_ends_at)
        .ext(distinct_on(ConsentDocuments.kind))
        .where(ConsentDocuments.locale == COUNTED_LOCALE, ConsentDocuments.effective_at <= now)
        .order_by(ConsentDocuments.kind, *newest_first)
        .subquery("current_document")
    )


def _latest_answer(user_id: SQLCoreOperations[UUID], kind: SQLCoreOperations[str]) -> LateralFromClause:
    """Return a person's last answer to a kind of document."""
    return (
        select(ConsentEvents.version, ConsentEvents.action)
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


def _grant_expires_at(
    document: Subquery, latest: LateralFromClause, now: datetime
) -> ColumnElement[datetime]:
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
            newer.effective_at <= now,
        )
        .correlate_except(granted, newer)
        .scalar_subquery()
    )
    # where nothing is later (two took effect at one moment), the current version itself ends the others
    ends_at = func.coalesce(end, document.c.grace_ends_at)
    return case((latest.c.version == document.c.version, null()), else_=ends_at)

"""Count how people stand on the documents: for operators, without anything personal."""

from datetime import datetime, timedelta

from sqlalchemy import CTE, and_, bindparam, case, func, or_, select, true
from sqlalchemy.dialects.postgresql import TEXT

from chalicelib.domain.account import UserStatus
from chalicelib.domain.consents import ConsentAction, ConsentCoverage, Standing
from chalicelib.stores.consent_parts import current_documents, grant_expires_at, latest_answer
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import NOW
from chalicelib.stores.schema import Users

PATIENCE = timedelta(minutes=2)  # it reads every active person once
_DOCUMENT, _VERSION = bindparam("p_document", type_=TEXT), bindparam("p_version", type_=TEXT)


def _standing() -> CTE:
    document = current_documents()
    latest = latest_answer(Users.id, document.c.kind)
    ends_at = grant_expires_at(document, latest)
    is_granted = func.coalesce(latest.c.action == ConsentAction.GRANTED, False)
    return (
        select(
            Users.id.label("user_id"),
            document.c.kind,
            document.c.required,
            latest.c.version,
            latest.c.action,
            and_(is_granted, or_(ends_at.is_(None), ends_at > NOW)).label("counts"),
        )
        .select_from(Users)
        .join(document, true())
        .outerjoin(latest, true())
        .where(Users.status == UserStatus.ACTIVE)
        .cte("standing")
    )


_ALL = _standing()
BY_VERSION = (
    select(_ALL.c.kind, _ALL.c.version, _ALL.c.action, func.count().label("people"))
    .group_by(_ALL.c.kind, _ALL.c.version, _ALL.c.action)
    .order_by(_ALL.c.kind, _ALL.c.version, _ALL.c.action)
)
_holds = and_(_ALL.c.version == _VERSION, _ALL.c.action == ConsentAction.GRANTED)
_would_count = case((_ALL.c.kind == _DOCUMENT, func.coalesce(_holds, False)), else_=_ALL.c.counts)
_PEOPLE = (
    select(
        _ALL.c.user_id,
        func.bool_and(or_(~_ALL.c.required, _ALL.c.counts)).label("is_wide"),
        func.bool_and(or_(~_ALL.c.required, _would_count)).label("would_be_wide"),
    )
    .group_by(_ALL.c.user_id)
    .cte("people")
)
TOTALS = select(
    func.count().label("people"),
    func.count().filter(~_PEOPLE.c.is_wide).label("narrowed"),
    func.count().filter(_PEOPLE.c.is_wide, ~_PEOPLE.c.would_be_wide).label("would_be_narrowed"),
).select_from(_PEOPLE)


class CoverageStore:
    """The counts."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def coverage(self, *, document: str | None, version: str | None, now: datetime) -> ConsentCoverage:
        """Return the counts, as if the given version of a document took effect now without grace."""
        parameters = {"p_locale": "en", "p_now": now, "p_document": document, "p_version": version}
        rows = self._database.patient_rows(BY_VERSION, parameters, PATIENCE)
        totals = self._database.patient_rows(TOTALS, parameters, PATIENCE)[0]
        standings = tuple(
            Standing(document=row.kind, version=row.version, action=row.action, people=row.people)
            for row in rows
        )
        return ConsentCoverage(standings=standings, **totals._asdict())

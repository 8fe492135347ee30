"""Count how people stand on the documents: for operators, without anything personal."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, and_, bindparam, case, func, not_, or_, select, true
from sqlalchemy.dialects.postgresql import BOOLEAN, TEXT

from chalicelib.domain.account import UserStatus
from chalicelib.domain.consents import ConsentAction, ConsentCoverage, NoSuchDocument, Standing
from chalicelib.stores.consent_parts import LOCALE, current_documents, grant_expires_at, latest_answer
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import NOW
from chalicelib.stores.schema import ConsentDocuments, Users

PATIENCE = timedelta(minutes=2)  # it reads every active person once
COUNTED_LOCALE = "en"  # the languages of a version differ in words alone
_DOCUMENT, _VERSION = bindparam("p_document", type_=TEXT), bindparam("p_version", type_=TEXT)
_WOULD_BE_REQUIRED = bindparam("p_would_be_required", type_=BOOLEAN)
_IS_NEW = bindparam("p_is_new", type_=BOOLEAN)


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
_is_wide = or_(not_(_ALL.c.required), _ALL.c.counts)
_holds = func.coalesce(and_(_ALL.c.version == _VERSION, _ALL.c.action == ConsentAction.GRANTED), False)
_would_be_wide = case((_ALL.c.kind == _DOCUMENT, or_(not_(_WOULD_BE_REQUIRED), _holds)), else_=_is_wide)
# nobody can have answered to a kind of which no version was ever in force
_all_hold = not_(and_(_IS_NEW, _WOULD_BE_REQUIRED))
_PEOPLE = (
    select(
        _ALL.c.user_id,
        func.bool_and(_is_wide).label("is_wide"),
        and_(func.bool_and(_would_be_wide), _all_hold).label("would_be_wide"),
    )
    .group_by(_ALL.c.user_id)
    .cte("people")
)
TOTALS = select(
    func.count().label("people"),
    func.count().filter(~_PEOPLE.c.is_wide).label("narrowed"),
    func.count().filter(_PEOPLE.c.is_wide, ~_PEOPLE.c.would_be_wide).label("would_be_narrowed"),
).select_from(_PEOPLE)
PUBLISHED = select(ConsentDocuments.version, ConsentDocuments.required, ConsentDocuments.effective_at).where(
    ConsentDocuments.kind == _DOCUMENT, ConsentDocuments.locale == LOCALE
)


class CoverageStore:
    """The counts."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def coverage(self, *, document: str | None, version: str | None, now: datetime) -> ConsentCoverage:
        """Return the counts, as if the given version of a document took effect now and its grace were over.

        Raises:
            NoSuchDocument: no version of the document was ever published, or one of the two is missing.
        """
        asked = {"p_locale": COUNTED_LOCALE, "p_now": now, "p_document": document, "p_version": version}
        parameters = asked | self._asked(asked)
        rows = self._database.patient_rows(BY_VERSION, parameters, PATIENCE)
        totals = self._database.patient_rows(TOTALS, parameters, PATIENCE)[0]
        standings = tuple(
            Standing(document=row.kind, version=row.version, action=row.action, people=row.people)
            for row in rows
        )
        return ConsentCoverage(standings=standings, **totals._asdict())

    def _asked(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Say of the version in question whether it would be required, and whether it is the first in force.

        A version that isn't published yet is taken to be as required as the newest one that is.
        """
        document, version = asked["p_document"], asked["p_version"]
        if document is None and version is None:
            return {"p_would_be_required": False, "p_is_new": False}
        published = self._database.rows(PUBLISHED, asked) if document and version else ()
        if not published:
            raise NoSuchDocument(f"{document} {version}: name a published document and a version of it")
        by_age = sorted(published, key=lambda row: row.effective_at)
        named = next((row for row in by_age if row.version == version), by_age[-1])
        is_new = all(row.effective_at > asked["p_now"] for row in published)
        return {"p_would_be_required": named.required, "p_is_new": is_new}

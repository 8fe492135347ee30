"""The statements that count how people stand on the documents: nothing personal is read."""

from sqlalchemy import CTE, and_, bindparam, case, func, not_, or_, select, true
from sqlalchemy.dialects.postgresql import BOOLEAN, TEXT

from chalicelib.domain.account import UserStatus
from chalicelib.domain.consents import ConsentAction
from chalicelib.stores.consent_parts import LOCALE, current_documents, grant_expires_at, latest_answer
from chalicelib.stores.parameters import NOW
from chalicelib.stores.schema import ConsentDocuments, Users

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

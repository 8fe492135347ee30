"""The statement of an export: everything that is held about a person, with the record that it was read.

Each list is read in parts, so that the answer stays bounded however long a person has been here; what is
appended later comes last, and so in a later part.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ScalarSelect, Select, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, TEXT

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.export import PART_ITEMS
from chalicelib.stores import audit
from chalicelib.stores import limit_statements as limits
from chalicelib.stores.export_sections import SECTIONS, Section
from chalicelib.stores.schema import Users
from chalicelib.stores.session_statements import FIND, SESSION_ID, acting

PART = bindparam("p_part", type_=BigInteger)


def pages_of(user_id: ScalarSelect[UUID]) -> tuple[Any, ...]:
    """Return the columns that hold one part of each list, and how long the longest list is."""
    pages = (_page(section, user_id).label(f"{name}_page") for name, section in SECTIONS.items())
    return (Users.status_changed_at, *pages, _longest(user_id).label("longest"))


def _page(section: Section, user_id: ScalarSelect[UUID]) -> ScalarSelect[Any]:
    page = (
        select(*section.columns)
        .where(section.of == user_id)
        .order_by(*section.order)
        .limit(PART_ITEMS)
        .offset((PART - 1) * PART_ITEMS)
        .subquery()
    )
    return select(func.jsonb_agg(func.to_jsonb(page.table_valued()), type_=JSONB)).scalar_subquery()


def _longest(user_id: ScalarSelect[UUID]) -> ColumnElement[int]:
    counts = (
        select(func.count()).select_from(section.table).where(section.of == user_id).scalar_subquery()
        for section in SECTIONS.values()
    )
    return func.greatest(*counts)


def _export() -> Select[Any]:
    session = acting()
    place = limits.place(session)
    session = limits.admitted(session, place)
    user_id = select(session.c.user_id).scalar_subquery()
    details = func.jsonb_build_object("part", cast(PART, TEXT))
    kind = AuditKind.ACCOUNT_EXPORTED
    exported = audit.event(
        kind, act=session, user_id=session.c.user_id, session_id=SESSION_ID, details=details
    )
    columns = (*pages_of(user_id), *limits.columns(place))
    return FIND.add_columns(*columns).add_cte(audit.recorded(exported))


EXPORT = _export()

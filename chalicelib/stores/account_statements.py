"""The statements that change a person's row: their sealed data renewed, their standing changed."""

from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Select, bindparam, func, null, select, update
from sqlalchemy.dialects.postgresql import TEXT

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores import audit
from chalicelib.stores.index_keys import INDEX_VERSION, under_any
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Devices, Identities, Sessions, Users
from chalicelib.stores.session_columns import ENDED
from chalicelib.stores.session_statements import SESSION_ID, acting

CHANGED = bindparam("p_changed", type_=TEXT)
USER_ID = given("user_id", Users.id)
DIGEST = given("profile_digest", Users.profile_digest)
COPY = {
    "profile": given("session_profile", Sessions.profile),
    "profile_digest": given("copy_digest", Sessions.profile_digest),
}
CHOSEN = given("chosen", Users.chosen)
CHOSEN_BEFORE = given("chosen_before", Users.chosen)
LOCK = select(Users.id).where(Users.id == USER_ID).with_for_update()


def _renew() -> Select[Any]:
    person = (
        update(Users)
        .where(Users.id == USER_ID, Users.status == UserStatus.ACTIVE, Users.index_version <= INDEX_VERSION)
        .values(profile=given("profile", Users.profile), profile_digest=DIGEST, index_version=INDEX_VERSION)
        .returning(Users.id)
        .cte("person")
    )
    details = func.jsonb_build_object("changed", CHANGED)
    kind = AuditKind.ACCOUNT_DATA_RENEWED
    renewed = audit.event(kind, act=person, user_id=person.c.id, session_id=SESSION_ID, details=details)
    parts = (
        _renewed_identity(person),
        _renewed_device(person),
        _renewed_copy(person),
        audit.recorded(renewed),
    )
    return select(person.c.id).add_cte(*parts)


def _renewed_identity(person: CTE) -> CTE:
    identity = update(Identities).where(
        Identities.user_id == person.c.id, under_any("subject_indexes", Identities.subject_index)
    )
    indexed = identity.values(
        subject_index=given("subject_index", Identities.subject_index),
        email_index=given("email_index", Identities.email_index),
        index_version=INDEX_VERSION,
    )
    return indexed.returning(Identities.id).cte("identity")


def _renewed_device(person: CTE) -> CTE:
    device = update(Devices).where(
        Devices.user_id == person.c.id, Devices.id == given("device_id", Devices.id)
    )
    described = device.values(
        description=given("device_description", Devices.description),
        description_digest=given("device_digest", Devices.description_digest),
    )
    return described.returning(Devices.id).cte("device")


def _renewed_copy(person: CTE) -> CTE:
    session = update(Sessions).where(
        Sessions.user_id == person.c.id, Sessions.id == SESSION_ID, Sessions.ended_at.is_(None)
    )
    return session.values(**COPY).returning(Sessions.id).cte("session")


def _choose() -> Select[Any]:
    """Replace what a live session's person chose, if it is still what was read before."""
    session = acting()
    person = (
        update(Users)
        .where(
            Users.id == session.c.user_id,
            Users.status == UserStatus.ACTIVE,
            Users.chosen.is_not_distinct_from(CHOSEN_BEFORE),
        )
        .values(chosen=CHOSEN)
        .returning(Users.id)
        .cte("person")
    )
    kind, details = AuditKind.ACCOUNT_CHANGED, func.jsonb_build_object("changed", CHANGED)
    changed = audit.event(kind, act=person, user_id=person.c.id, session_id=SESSION_ID, details=details)
    return select(person.c.id).add_cte(audit.recorded(changed))


def change_of_status(
    before: UserStatus,
    after: UserStatus,
    kind: AuditKind,
    *conditions: ColumnElement[bool],
    user_id: ColumnElement[UUID] = USER_ID,
) -> tuple[CTE, CTE, tuple[Select[Any], ...]]:
    """Return the person who changes from one status to another, the sessions that end, and the events."""
    person = (
        update(Users)
        .where(Users.id == user_id, Users.status == before, *conditions)
        .values(status=after, status_changed_at=NOW)
        .returning(Users.id)
        .cte("person")
    )
    ended = (
        update(Sessions)
        .where(Sessions.user_id == person.c.id, Sessions.ended_at.is_(None))
        .values(**ENDED, end_reason=SessionEnd.SUSPENDED)
        .returning(Sessions.id, Sessions.user_id)
        .cte("ended")
    )
    changed = audit.event(kind, act=person, user_id=person.c.id, session_id=null())
    return person, ended, (changed, audit.session_ended(ended, SessionEnd.SUSPENDED))


RENEW = _renew()
CHOOSE = _choose()
RENEW_COPY = (
    update(Sessions)
    .where(Sessions.id == SESSION_ID, Sessions.ended_at.is_(None))
    .values(**COPY)
    .returning(Sessions.id)
)
STATUS = select(Users.status).where(Users.id == USER_ID)

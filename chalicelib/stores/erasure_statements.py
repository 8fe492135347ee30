"""The statement that erases a person, built once: all that is personal goes in one transaction.

It runs behind the person's lock, so that a sign-in in flight is seen. What it leaves says nothing of anyone:
the person's row (id, status, times) for history to refer to, consent events, audit events.
"""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores import audit
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import (
    BiometricKeys,
    DatabasePosition,
    Devices,
    Erasures,
    Identities,
    Revocations,
    Sessions,
    UsedIdTokens,
    Users,
)
from chalicelib.stores.session_statements import acting

USER_ID = given("user_id", Users.id)
SESSION_ID = given("session_id", Sessions.id)
DETAILS = bindparam("p_details", type_=JSONB)
ERASURE_ID = given("erasure_id", Erasures.id)
SECRET_HASH = given("secret_hash", Erasures.secret_hash)
REQUESTED_AT = given("requested_at", Erasures.requested_at)
LOCK = select(Users.id).where(Users.id == USER_ID).with_for_update()
ERASURE_COLUMNS = (
    *(Erasures.id, Erasures.user_id, Erasures.epoch, Erasures.lineage),
    *(Erasures.secret_hash, Erasures.requested_at, Erasures.completed_at),
)


def _emptied(*conditions: ColumnElement[bool]) -> CTE:
    """Empty the person's row; what names its columns here, a test holds against the schema."""
    return (
        update(Users)
        .where(Users.id == USER_ID, Users.status != UserStatus.ERASED, *conditions)
        .values(
            status=UserStatus.ERASED,
            status_changed_at=NOW,
            profile=null(),
            profile_digest=null(),
            chosen=null(),
        )
        .returning(Users.id)
        .cte("person")
    )


def _gone(person: CTE) -> tuple[CTE, tuple[CTE, ...]]:
    """Delete what is the person's; return the sessions that were live, for the record, and all parts."""
    forgotten = (
        update(UsedIdTokens)
        .where(UsedIdTokens.session_id == Sessions.id, Sessions.user_id == person.c.id)
        .values(session_id=null())
        .returning(UsedIdTokens.token_hash)
        .cte("forgotten")
    )
    sessions = (
        delete(Sessions)
        .where(Sessions.user_id == person.c.id)
        .returning(Sessions.id, Sessions.user_id, Sessions.ended_at)
        .cte("session")
    )
    ended = select(sessions.c.id, sessions.c.user_id).where(sessions.c.ended_at.is_(None)).cte("ended")
    devices = delete(Devices).where(Devices.user_id == person.c.id).returning(Devices.id).cte("device")
    keys = (
        delete(BiometricKeys)
        .where(BiometricKeys.user_id == person.c.id)
        .returning(BiometricKeys.id)
        .cte("hardware_key")
    )
    identities = (
        delete(Identities)
        .where(Identities.user_id == person.c.id)
        .returning(Identities.id, Identities.user_id, Identities.refresh_token)
        .cte("identity")
    )
    return ended, (forgotten, sessions, devices, keys, identities, moved_aside(identities))


def moved_aside(identities: CTE) -> CTE:
    """Keep what the provider must be told of identities that a statement deletes; it has their columns."""
    row = select(identities.c.id, identities.c.user_id, identities.c.refresh_token, NOW)
    names = ["identity_id", "user_id", "refresh_token", "ended_at"]
    aside = insert(Revocations).from_select(names, row.where(identities.c.refresh_token.is_not(None)))
    return aside.returning(Revocations.identity_id).cte("aside")


def _events(person: CTE, ended: CTE) -> CTE:
    session_id = SESSION_ID  # the one that asked; none for an operator
    erased = audit.event(
        AuditKind.ACCOUNT_ERASED, act=person, user_id=person.c.id, session_id=session_id, details=DETAILS
    )
    return audit.recorded(union_all(erased, audit.session_ended(ended, SessionEnd.ERASED)))


def _erase() -> Select[Any]:
    """Erase a person who is not erased; if a session asks, only while it is live and theirs."""
    session = acting()
    may_ask = or_(SESSION_ID.is_(None), exists(select(session.c.id).where(session.c.user_id == USER_ID)))
    person = _emptied(may_ask)
    ended, parts = _gone(person)
    numbered = (
        update(DatabasePosition)
        .where(exists(select(person.c.id)))
        .values(epoch=DatabasePosition.epoch + 1)
        .returning(DatabasePosition.epoch, DatabasePosition.lineage)
        .cte("numbered")
    )
    row = select(
        ERASURE_ID, person.c.id, numbered.c.epoch, numbered.c.lineage, SECRET_HASH, REQUESTED_AT
    ).select_from(person.join(numbered, true()))
    names = ["id", "user_id", "epoch", "lineage", "secret_hash", "requested_at"]
    erasure = insert(Erasures).from_select(names, row).returning(*ERASURE_COLUMNS).cte("erasure")
    return select(*erasure.c).add_cte(*parts, _events(person, ended))


def _replay() -> Select[Any]:
    """Erase again what a restore brought back; the erasure keeps its id and number, known person or not."""
    epoch, lineage = given("epoch", Erasures.epoch), given("lineage", Erasures.lineage)
    row = select(ERASURE_ID, USER_ID, epoch, lineage, SECRET_HASH, REQUESTED_AT)
    names = ["id", "user_id", "epoch", "lineage", "secret_hash", "requested_at"]
    erasure = (
        upsert(Erasures)
        .from_select(names, row)
        .on_conflict_do_nothing()
        .returning(Erasures.id)
        .cte("erasure")
    )
    person = _emptied()
    ended, parts = _gone(person)
    return select(literal(1).label("one")).add_cte(erasure, *parts, _events(person, ended))


ERASE = _erase()
REPLAY = _replay()
FIND = select(*ERASURE_COLUMNS).where(Erasures.id == ERASURE_ID)
WITH_SECRET = select(*ERASURE_COLUMNS).where(
    and_(Erasures.id == ERASURE_ID, Erasures.secret_hash == SECRET_HASH)
)
PENDING_MAX = 100
PENDING = (
    select(*ERASURE_COLUMNS)
    .where(Erasures.completed_at.is_(None))
    .order_by(Erasures.requested_at, Erasures.id)
    .limit(PENDING_MAX)
)
COMPLETE = (
    update(Erasures)
    .where(Erasures.id == ERASURE_ID, Erasures.completed_at.is_(None))
    .values(completed_at=func.greatest(NOW, Erasures.requested_at))
    .returning(Erasures.id)
)

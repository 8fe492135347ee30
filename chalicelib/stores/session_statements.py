"""The statements of sessions, built once; concurrency is decided by the conditions of their UPDATEs."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import aliased

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.sessions import SessionEnd
from chalicelib.domain.tokens import FEDERATED_AMR, PRESENCE_LASTS, Acr
from chalicelib.stores import audit, consent_parts
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Devices, Sessions, Users
from chalicelib.stores.session_columns import DEVICE_COLUMNS, ENDED, PERSON_COLUMNS, SESSION_COLUMNS

SESSION_ID = given("session_id", Sessions.id)
GENERATION = given("generation", Sessions.generation)
NOT_EXPIRED = and_(Sessions.ended_at.is_(None), Sessions.expires_at > NOW, Sessions.idle_expires_at > NOW)
OF_ACTIVE_PERSON = and_(Users.id == Sessions.user_id, Users.status == UserStatus.ACTIVE)

_IS_PROOF_OLD = and_(Sessions.acr == Acr.PRESENT.value, Sessions.auth_time < NOW - literal(PRESENCE_LASTS))


def advanced(kind: AuditKind, *conditions: ColumnElement[bool], **changes: object) -> Select[Any]:
    """Bring a live session that meets the conditions to the next generation, and record it."""
    rotated = (
        update(Sessions)
        .where(Sessions.id == SESSION_ID, NOT_EXPIRED, OF_ACTIVE_PERSON, *conditions)
        .values(
            **changes,
            generation=GENERATION + 1,
            rotated_at=NOW,
            idle_expires_at=func.least(
                given("idle_expires_at", Sessions.idle_expires_at), Sessions.expires_at
            ),
        )
        .returning(*SESSION_COLUMNS, Sessions.device_id.label("own_device_id"), *PERSON_COLUMNS[1:])
        .cte("rotated")
    )
    audited = audit.recorded(
        audit.event(kind, act=rotated, user_id=rotated.c.user_id, session_id=rotated.c.id)
    )
    own = (column for column in rotated.c if column.key != "own_device_id")
    columns = (*own, *DEVICE_COLUMNS, consent_parts.states_of(rotated.c.user_id).label("states"))
    answer: Select[Any] = select(*columns)
    return answer.join_from(rotated, Devices, Devices.id == rotated.c.own_device_id).add_cte(audited)


def _with_device_and_person(*columns: ColumnElement[Any]) -> Select[Any]:
    found: Select[Any] = select(*SESSION_COLUMNS, *DEVICE_COLUMNS, *PERSON_COLUMNS[1:], *columns)
    of_device = found.select_from(Sessions).join(Devices, Devices.id == Sessions.device_id)
    return of_device.join(Users, Users.id == Sessions.user_id)


def acting() -> CTE:
    """Select the session that acts, only if it is live."""
    live = select(Sessions.id, Sessions.user_id).join(Users, OF_ACTIVE_PERSON)
    return live.where(Sessions.id == SESSION_ID, NOT_EXPIRED).cte("acting")


def _ended(reason: SessionEnd, *condition: ColumnElement[bool]) -> CTE:
    return (
        update(Sessions)
        .where(Sessions.ended_at.is_(None), *condition)
        .values(**ENDED, end_reason=reason)
        .returning(Sessions.id, Sessions.user_id)
        .cte("ended")
    )


def _end(reason: SessionEnd, *condition: ColumnElement[bool]) -> Select[Any]:
    ended = _ended(reason, *condition)
    events = [audit.session_ended(ended, reason)]
    if reason is SessionEnd.REUSE:
        kind = AuditKind.SESSION_REUSE_DETECTED
        events.insert(0, audit.event(kind, act=ended, user_id=ended.c.user_id, session_id=ended.c.id))
    return select(ended.c.id).add_cte(audit.recorded(union_all(*events)))


def _end_others() -> Select[Any]:
    session = acting()
    ended = _ended(SessionEnd.REVOKED, Sessions.user_id == session.c.user_id, Sessions.id != session.c.id)
    own = _with_device_and_person().where(Sessions.id == SESSION_ID)
    return own.add_cte(audit.recorded(audit.session_ended(ended, SessionEnd.REVOKED)))


def _end_one() -> Select[Any]:
    session, target_id = acting(), given("target_id", Sessions.id)
    ended = _ended(SessionEnd.REVOKED, Sessions.user_id == session.c.user_id, Sessions.id == target_id)
    target = aliased(Sessions)
    known = exists().where(target.id == target_id, target.user_id == Sessions.user_id).correlate(Sessions)
    own = _with_device_and_person(known.label("target_known")).where(Sessions.id == SESSION_ID)
    return own.add_cte(audit.recorded(audit.session_ended(ended, SessionEnd.REVOKED)))


def _person_of_session(*, if_unended: bool = False) -> ScalarSelect[UUID]:
    own = aliased(Sessions)
    person = select(own.user_id).where(own.id == SESSION_ID)
    if if_unended:
        person = person.where(own.ended_at.is_(None), own.expires_at > NOW)
    return person.scalar_subquery()


ROTATE = advanced(
    AuditKind.SESSION_REFRESHED,
    Sessions.generation == GENERATION,
    Sessions.jkt.is_not_distinct_from(given("jkt", Sessions.jkt)),
    acr=case((_IS_PROOF_OLD, Acr.FEDERATED.value), else_=Sessions.acr),
    amr=case((_IS_PROOF_OLD, literal(list(FEDERATED_AMR), Sessions.amr.type)), else_=Sessions.amr),
)
OWN = _with_device_and_person().where(Sessions.id == SESSION_ID)
FIND = _with_device_and_person(consent_parts.states_of(Sessions.user_id).label("states")).where(
    Sessions.id == SESSION_ID
)
LIVE_BESIDE = (
    _with_device_and_person()
    .where(Sessions.user_id == _person_of_session(), or_(Sessions.id == SESSION_ID, NOT_EXPIRED))
    .order_by(Sessions.rotated_at.desc(), Sessions.id)
)
END, END_REUSED = (_end(each, Sessions.id == SESSION_ID) for each in (SessionEnd.LOGOUT, SessionEnd.REUSE))
# a session that is over ends no others: its tokens may be in a thief's hands. One that is merely idle may,
# since apps log out after a long sleep
END_ALL = _end(SessionEnd.LOGOUT_ALL, Sessions.user_id == _person_of_session(if_unended=True))
END_OTHERS = _end_others()
END_ONE = _end_one()

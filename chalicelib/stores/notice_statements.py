"""The statements of what follows from a provider's notice, each behind the person's lock.

The hash of its id is kept in the same statement: it is burned with the act, or neither happened.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Exists,
    Select,
    cast,
    delete,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores import audit
from chalicelib.stores.account_statements import change_of_status
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Identities, ProviderEvents, Sessions
from chalicelib.stores.session_columns import ENDED
from chalicelib.stores.sign_in_statements import THIS_IDENTITY

_NO_SESSION = cast(null(), Sessions.id.type)  # a bare NULL beside another would be a text to UNION
Followed = tuple[tuple[Select[Any], ...], tuple[CTE, ...]]  # the events of what a notice changed, other parts


def _taken() -> CTE:
    values = (
        given("id_hash", ProviderEvents.id_hash),
        NOW,
        given("notice_expires_at", ProviderEvents.expires_at),
    )
    row = select(*values).where(exists(select(Identities.id).where(THIS_IDENTITY)))
    taken = upsert(ProviderEvents).from_select(["id_hash", "taken_at", "expires_at"], row)
    return taken.on_conflict_do_nothing().returning(ProviderEvents.id_hash).cte("taken")


def _told() -> CTE:
    """Select the identity that a notice is about, the first time that it comes."""
    columns = (Identities.id, Identities.user_id, Identities.provider)
    return select(*columns).where(THIS_IDENTITY).join(_taken(), true()).cte("told")


def _end_sessions(told: CTE) -> Followed:
    ended = (
        update(Sessions)
        .where(Sessions.user_id == told.c.user_id, Sessions.ended_at.is_(None))
        .values(**ENDED, end_reason=SessionEnd.REVOKED)
        .returning(Sessions.id, Sessions.user_id)
        .cte("ended")
    )
    return (audit.session_ended(ended, SessionEnd.REVOKED),), ()


def _end_and_unlink(told: CTE) -> Followed:
    removed = (
        delete(Identities)
        .where(Identities.id == told.c.id, _has_another(told))
        .returning(Identities.id, Identities.user_id, Identities.provider)
        .cte("removed")
    )
    details = func.jsonb_build_object("provider", removed.c.provider, "identity_id", removed.c.id)
    kind, user_id = AuditKind.IDENTITY_UNLINKED, removed.c.user_id
    events, parts = _end_sessions(told)
    return (
        *events,
        audit.event(kind, act=removed, user_id=user_id, session_id=_NO_SESSION, details=details),
    ), parts


def _suspend(told: CTE) -> Followed:
    """Suspend an active person, and note for which identity; one whom an operator suspended is left alone."""
    person, _, events = change_of_status(
        UserStatus.ACTIVE, UserStatus.SUSPENDED, AuditKind.ACCOUNT_SUSPENDED, user_id=told.c.user_id
    )
    is_an_events = or_(exists(select(person.c.id)), _has_another(told, is_held=True))
    held = update(Identities).where(Identities.id == told.c.id, Identities.held_at.is_(None), is_an_events)
    return events, (held.values(held_at=NOW).returning(Identities.id).cte("held"),)


def _reinstate(told: CTE) -> Followed:
    """Let a person act again whom an event of this very identity suspended, unless for another one too."""
    freed = (
        update(Identities)
        .where(Identities.id == told.c.id, Identities.held_at.is_not(None))
        .values(held_at=null())
        .returning(Identities.user_id)
        .cte("freed")
    )
    _, _, events = change_of_status(
        UserStatus.SUSPENDED,
        UserStatus.ACTIVE,
        AuditKind.ACCOUNT_REINSTATED,
        ~_has_another(told, is_held=True),
        user_id=freed.c.user_id,
    )
    return events, ()


def _has_another(told: CTE, *, is_held: bool = False) -> Exists:
    """Tell whether the person has another identity; with `is_held`, one that they are suspended for."""
    other = aliased(Identities)
    conditions: list[ColumnElement[bool]] = [other.user_id == told.c.user_id, other.id != told.c.id]
    return exists().where(*conditions, *([other.held_at.is_not(None)] if is_held else []))


def _act(follow: Callable[[CTE], Followed]) -> Select[Any]:
    told = _told()
    details = func.jsonb_build_object(
        "provider", told.c.provider, "notice", given("kind", Sessions.client_id)
    )
    kind, user_id = AuditKind.IDENTITY_NOTICED, told.c.user_id
    noticed = audit.event(kind, act=told, user_id=user_id, session_id=_NO_SESSION, details=details)
    events, parts = follow(told)
    audited = audit.recorded(union_all(noticed, *events))
    return select(literal(1).label("one")).add_cte(audited, *parts)


END_SESSIONS = _act(_end_sessions)
END_AND_UNLINK = _act(_end_and_unlink)
SUSPEND = _act(_suspend)
REINSTATE = _act(_reinstate)

"""What follows from a provider's notice, in one statement behind the person's lock; repeated, nothing does.

The hash of its id stands among used ID tokens, whose rows mean just that: this was taken, until then.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, Select, delete, exists, func, literal, null, select, true, union_all, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.notices import Consequence, ProviderNotice
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores import audit
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Identities, Sessions, UsedIdTokens
from chalicelib.stores.session_rows import ENDED
from chalicelib.stores.sign_in_statements import LOCK_PERSON, THIS_IDENTITY


def _taken() -> CTE:
    values = (
        given("id_hash", UsedIdTokens.token_hash),
        NOW,
        given("notice_expires_at", UsedIdTokens.expires_at),
    )
    row = select(*values).where(exists(select(Identities.id).where(THIS_IDENTITY)))
    taken = upsert(UsedIdTokens).from_select(["token_hash", "used_at", "expires_at"], row)
    return taken.on_conflict_do_nothing().returning(UsedIdTokens.token_hash).cte("taken")


def _told() -> CTE:
    """Select the identity that a notice is about, the first time that it comes."""
    columns = (Identities.id, Identities.user_id, Identities.provider)
    return select(*columns).where(THIS_IDENTITY).join(_taken(), true()).cte("told")


def _ended(told: CTE) -> CTE:
    return (
        update(Sessions)
        .where(Sessions.user_id == told.c.user_id, Sessions.ended_at.is_(None))
        .values(**ENDED, end_reason=SessionEnd.REVOKED)
        .returning(Sessions.id, Sessions.user_id)
        .cte("ended")
    )


def _removed(told: CTE) -> CTE:
    other = aliased(Identities)
    is_one_of_several = exists().where(other.user_id == told.c.user_id, other.id != told.c.id)
    return (
        delete(Identities)
        .where(Identities.id == told.c.id, is_one_of_several)
        .returning(Identities.id, Identities.user_id, Identities.provider)
        .cte("removed")
    )


def _act(*, unlinks: bool) -> Select[Any]:
    told = _told()
    ended = _ended(told)
    kind = given("kind", Sessions.client_id)
    details = func.jsonb_build_object("provider", told.c.provider, "notice", kind)
    noticed = audit.event(
        AuditKind.IDENTITY_NOTICED, act=told, user_id=told.c.user_id, session_id=null(), details=details
    )
    events = [noticed, audit.session_ended(ended, SessionEnd.REVOKED)]
    if unlinks:
        removed = _removed(told)
        gone = func.jsonb_build_object("provider", removed.c.provider, "identity_id", removed.c.id)
        kind_of_act = AuditKind.IDENTITY_UNLINKED
        events.append(
            audit.event(kind_of_act, act=removed, user_id=removed.c.user_id, session_id=null(), details=gone)
        )
    return select(literal(1).label("one")).add_cte(audit.recorded(union_all(*events)))


STATEMENTS: Mapping[Consequence, Select[Any]] = {
    Consequence.END_SESSIONS: _act(unlinks=False),
    Consequence.END_AND_UNLINK: _act(unlinks=True),
}


class NoticeStore:
    """What notices change."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def act(
        self,
        notice: ProviderNotice,
        consequence: Consequence,
        *,
        subject_indexes: Sequence[bytes],
        now: datetime,
        request_id: str,
    ) -> None:
        """End the sessions of whom a notice is about, and unlink the identity if there is another."""
        parameters = {
            "p_provider": notice.provider,
            "p_subject_indexes": list(subject_indexes),
            "p_id_hash": notice.id_hash,
            "p_notice_expires_at": notice.expires_at,
            "p_kind": notice.kind,
            "p_now": now,
            "p_request_id": request_id,
        }
        self._database.row_behind(LOCK_PERSON, STATEMENTS[consequence], parameters)

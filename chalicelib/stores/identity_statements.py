"""The statements that link and unlink, each behind the person's lock.

So an erasure, a suspension, and another link or unlink of the same person come before it or after it.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, delete, exists, func, literal, select, true
from sqlalchemy.dialects.postgresql import INTERVAL, JSONB, aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.identities import (
    IDENTITIES_MAX,
)
from chalicelib.stores import audit
from chalicelib.stores.account_statements import LOCK, USER_ID
from chalicelib.stores.erasure_statements import moved_aside
from chalicelib.stores.index_keys import INDEX_VERSION, KNOWS_EVERY_KEY, SUBJECT_LOCKED
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Challenges, Identities, Sessions, UsedIdTokens
from chalicelib.stores.session_statements import FIND, SESSION_ID, acting
from chalicelib.stores.sign_in_statements import NONCE_HASH, THIS_IDENTITY, burned_nonce

IDENTITY_ID = given("identity_id", Identities.id)
TOKEN_HASH = given("token_hash", UsedIdTokens.token_hash)


def _asking() -> CTE:
    """Select the session that acts, if it is live and of the person whose lock is held."""
    session = acting()
    return select(session.c.id, session.c.user_id).where(session.c.user_id == USER_ID).cte("asking")


def _burned_id_token(nonce: CTE) -> CTE:
    """Note that the token was used; by no session, so that signing in with it is no retry of anything."""
    expires_at = given("token_expires_at", UsedIdTokens.expires_at)
    row = select(TOKEN_HASH, NOW, expires_at).select_from(nonce)
    token = upsert(UsedIdTokens).from_select(["token_hash", "used_at", "expires_at"], row)
    return token.on_conflict_do_nothing().returning(UsedIdTokens.token_hash).cte("token")


def _after_all_others() -> ColumnElement[datetime]:
    """Return now, or else just after the person's newest identity: no clock changes the order (F-16)."""
    own = aliased(Identities)
    next_moment = func.max(own.created_at) + literal(timedelta(microseconds=1), INTERVAL)
    return func.greatest(NOW, select(next_moment).where(own.user_id == USER_ID).scalar_subquery())


def _inserted(welcome: CTE, token: CTE) -> CTE:
    values: dict[str, Any] = {
        "id": IDENTITY_ID,
        "user_id": welcome.c.user_id,
        "provider": given("provider", Identities.provider),
        "subject_index": given("subject_index", Identities.subject_index),
        "email_index": given("email_index", Identities.email_index),
        "index_version": INDEX_VERSION,
        "subject": given("subject", Identities.subject),
        "created_at": _after_all_others(),
    }
    row = select(*values.values()).select_from(welcome.join(token, true()))
    identity = upsert(Identities).from_select(list(values), row).on_conflict_do_nothing()
    columns = (Identities.id, Identities.user_id, Identities.provider, Identities.created_at)
    return identity.returning(*columns).cte("identity")


def _event(kind: AuditKind, identity: CTE) -> CTE:
    details = func.jsonb_build_object("provider", identity.c.provider, "identity_id", identity.c.id)
    event = audit.event(
        kind, act=identity, user_id=identity.c.user_id, session_id=SESSION_ID, details=details
    )
    return audit.recorded(event)


def _link() -> Select[Any]:
    """Burn nonce and token and add the identity, unless it is somebody's already."""
    asking = _asking()
    columns = (Identities.id, Identities.user_id, Identities.provider, Identities.created_at)
    found = select(*columns).where(THIS_IDENTITY).cte("found")
    own = aliased(Identities)
    count = select(func.count()).select_from(own).where(own.user_id == USER_ID).scalar_subquery()
    welcome = select(asking.c.user_id).where(~exists(select(found.c.id)), count < IDENTITIES_MAX)
    admitted = welcome.where(KNOWS_EVERY_KEY).cte("welcome")
    nonce = burned_nonce(admitted).on_conflict_do_nothing().returning(Challenges.nonce_hash).cte("nonce")
    identity = _inserted(admitted, _burned_id_token(nonce))
    answered = (
        exists(select(asking.c.id)).label("is_live"),
        KNOWS_EVERY_KEY.label("knows_every_key"),
        count.label("held"),
        exists(select(Challenges.nonce_hash).where(Challenges.nonce_hash == NONCE_HASH)).label(
            "is_nonce_used"
        ),
        exists(select(UsedIdTokens.token_hash).where(UsedIdTokens.token_hash == TOKEN_HASH)).label(
            "is_token_used"
        ),
        *(func.coalesce(column, found.c[column.key]).label(column.key) for column in identity.c),
    )
    one = select(literal(1)).subquery("one")
    joined = one.outerjoin(identity, true()).outerjoin(found, true())
    return select(*answered).select_from(joined).add_cte(_event(AuditKind.IDENTITY_LINKED, identity))


def _unlink() -> Select[Any]:
    """Remove an identity of the person, unless it is the last."""
    asking, other = _asking(), aliased(Identities)
    target = (
        select(Identities.id)
        .join(asking, asking.c.user_id == Identities.user_id)
        .where(Identities.id == IDENTITY_ID)
        .cte("target")
    )
    is_one_of_several = exists().where(other.user_id == USER_ID, other.id != target.c.id)
    removed = (
        delete(Identities)
        .where(Identities.id == target.c.id, is_one_of_several)
        .returning(Identities.id, Identities.user_id, Identities.provider, Identities.refresh_token)
        .cte("removed")
    )
    answered = (
        exists(select(asking.c.id)).label("is_live"),
        exists(select(target.c.id)).label("is_known"),
        exists(select(removed.c.id)).label("is_removed"),
    )
    one = select(literal(1)).subquery("one")
    columns: tuple[ColumnElement[Any], ...] = answered
    return (
        select(*columns)
        .select_from(one)
        .add_cte(_event(AuditKind.IDENTITY_UNLINKED, removed), moved_aside(removed))
    )


def _of_session() -> Select[Any]:
    line = func.jsonb_build_object(
        *("id", Identities.id, "provider", Identities.provider, "linked_at", Identities.created_at)
    )
    ordered = func.jsonb_agg(aggregate_order_by(line, Identities.created_at, Identities.id), type_=JSONB)
    lines = select(ordered).where(Identities.user_id == Sessions.user_id).scalar_subquery()
    return FIND.add_columns(lines.label("identities"))


LOCK_LINK = LOCK.add_columns(SUBJECT_LOCKED)
LINK = _link()
UNLINK = _unlink()
OF_SESSION = _of_session()

"""The statements that delete what is older than its period; never what is still referred to or in use.

Rows that somebody holds are skipped: the next run finds them. A challenge, proof or event is only inserted,
so nobody holds one, and the app's role may not lock it. Which sessions are over has no index on purpose: it
would cost every refresh, and the purge alone would use it.

History may not be deleted by the app's role. Functions of the database do it, which are the owner's and take
no parameter.
"""

from sqlalchemy import Delete, bindparam, delete, exists, func, select
from sqlalchemy.dialects.postgresql import TIMESTAMP

from chalicelib.domain.retention import BATCH_MAX
from chalicelib.stores.schema import (
    Challenges,
    Devices,
    DpopProofs,
    Outbox,
    ProviderEvents,
    RateLimits,
    Sessions,
    UsedIdTokens,
    Users,
)

BEFORE = bindparam("p_before", type_=TIMESTAMP(timezone=True))


def _rate_limits() -> Delete:
    old = (
        select(RateLimits.bucket_index)
        .where(RateLimits.arrives_at < BEFORE)
        .limit(BATCH_MAX)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return delete(RateLimits).where(RateLimits.bucket_index.in_(select(old.c.bucket_index)))


def _challenges() -> Delete:
    old = select(Challenges.nonce_hash).where(Challenges.expires_at < BEFORE).limit(BATCH_MAX).cte("old")
    return delete(Challenges).where(Challenges.nonce_hash.in_(select(old.c.nonce_hash)))


def _dpop_proofs() -> Delete:
    old = select(DpopProofs.proof_hash).where(DpopProofs.expires_at < BEFORE).limit(BATCH_MAX).cte("old")
    return delete(DpopProofs).where(DpopProofs.proof_hash.in_(select(old.c.proof_hash)))


def _provider_events() -> Delete:
    old = select(ProviderEvents.id_hash).where(ProviderEvents.expires_at < BEFORE).limit(BATCH_MAX).cte("old")
    return delete(ProviderEvents).where(ProviderEvents.id_hash.in_(select(old.c.id_hash)))


def _used_id_tokens() -> Delete:
    old = (
        select(UsedIdTokens.token_hash)
        .where(UsedIdTokens.expires_at < BEFORE)
        .limit(BATCH_MAX)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return delete(UsedIdTokens).where(UsedIdTokens.token_hash.in_(select(old.c.token_hash)))


def _sessions() -> Delete:
    """Delete sessions that ended or expired long ago, but for one that a used ID token leads to."""
    over_at = func.coalesce(Sessions.ended_at, Sessions.idle_expires_at)  # idle is never after absolute
    old = (
        select(Sessions.id)
        .where(over_at < BEFORE, ~exists().where(UsedIdTokens.session_id == Sessions.id))
        .limit(BATCH_MAX)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return delete(Sessions).where(Sessions.id.in_(select(old.c.id)))


def _devices() -> Delete:
    """Delete devices that nobody signed in on; a sign-in holds its person's row, which is locked here too."""
    old = (
        select(Devices.id)
        .join(Users, Users.id == Devices.user_id)
        .where(Devices.last_seen_at < BEFORE, ~exists().where(Sessions.device_id == Devices.id))
        .limit(BATCH_MAX)
        .with_for_update(skip_locked=True, of=(Devices, Users))
        .cte("old")
    )
    return delete(Devices).where(Devices.id.in_(select(old.c.id)))


def _outbox() -> Delete:
    old = (
        select(Outbox.id)
        .where(Outbox.occurred_at < BEFORE)
        .limit(BATCH_MAX)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return delete(Outbox).where(Outbox.id.in_(select(old.c.id)))


RATE_LIMITS = _rate_limits().returning(RateLimits.arrives_at)
CHALLENGES = _challenges().returning(Challenges.expires_at)
DPOP_PROOFS = _dpop_proofs().returning(DpopProofs.expires_at)
USED_ID_TOKENS = _used_id_tokens().returning(UsedIdTokens.expires_at)
PROVIDER_EVENTS = _provider_events().returning(ProviderEvents.expires_at)
SESSIONS = _sessions().returning(Sessions.id)
DEVICES = _devices().returning(Devices.id)
OUTBOX = _outbox().returning(Outbox.id)
EXPIRE_AUDIT_EVENTS = select(func.expire_audit_events().label("deleted"))
EXPIRE_PEOPLE = select(func.expire_people().label("deleted"))
EXPIRE_ERASURES = select(func.expire_erasures().label("deleted"))

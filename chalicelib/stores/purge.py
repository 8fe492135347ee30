"""Delete what is older than its period, some rows a statement; never what is still referred to or in use.

Rows that somebody holds are skipped: the next run finds them. A challenge, proof or event is only inserted,
so nobody holds one, and the app's role may not lock it. Which sessions are over has no index on purpose: it
would cost every refresh, and the purge alone would use it.

History may not be deleted by the app's role. Functions of the database do it, which are the owner's and take
no parameter.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Delete, bindparam, delete, exists, func, select
from sqlalchemy.dialects.postgresql import TIMESTAMP

from chalicelib.domain.retention import BATCH_MAX, Expired, Purged
from chalicelib.stores.database import Database
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

PATIENCE = timedelta(seconds=15)  # a batch may have to look at every session
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


STATEMENTS: Mapping[Purged, Any] = {
    Purged.RATE_LIMITS: _rate_limits().returning(RateLimits.arrives_at),
    Purged.CHALLENGES: _challenges().returning(Challenges.expires_at),
    Purged.DPOP_PROOFS: _dpop_proofs().returning(DpopProofs.expires_at),
    Purged.USED_ID_TOKENS: _used_id_tokens().returning(UsedIdTokens.expires_at),
    Purged.PROVIDER_EVENTS: _provider_events().returning(ProviderEvents.expires_at),
    Purged.SESSIONS: _sessions().returning(Sessions.id),
    Purged.DEVICES: _devices().returning(Devices.id),
    Purged.OUTBOX: _outbox().returning(Outbox.id),
}
HISTORY: Mapping[Expired, Any] = {
    Expired.AUDIT_EVENTS: select(func.expire_audit_events().label("deleted")),
    Expired.PEOPLE: select(func.expire_people().label("deleted")),
    Expired.ERASURES: select(func.expire_erasures().label("deleted")),
}


class PurgeStore:
    """Deletes by age."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def delete(self, table: Purged, *, before: datetime) -> int:
        """Delete up to `BATCH_MAX` rows that were over before a moment, and return how many."""
        return len(self._database.patient_rows(STATEMENTS[table], {"p_before": before}, PATIENCE))

    def expire(self, history: Expired) -> int:
        """Delete some of what is 7 years old by PostgreSQL's clock, and return how many rows."""
        (row,) = self._database.patient_rows(HISTORY[history], {}, PATIENCE)
        return int(row.deleted)

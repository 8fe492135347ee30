"""Delete what is older than its period, some rows a transaction; never what is still referred to or in use.

Rows that somebody holds are skipped, and the next run finds them. A challenge, proof or event is only
inserted, so nobody holds one. No index says which sessions are over: it would cost every refresh, and only
the purge would use it.

History is deleted by functions of the database, which belong to its owner and take no parameter: no role of
ours may delete it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Delete, Function, Select, delete, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute

from chalicelib.domain.retention import BATCH_MAX, Expired, Purged
from chalicelib.postgres.transactions import Transactions
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
HISTORY: Mapping[Expired, Function[int]] = {
    Expired.AUDIT_EVENTS: func.expire_audit_events(),
    Expired.PEOPLE: func.expire_people(),
    Expired.ERASURES: func.expire_erasures(),
}


class PurgeStore:
    """Deletes by age."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def delete(self, table: Purged, *, before: datetime) -> int:
        """Delete up to `BATCH_MAX` rows that were over before a moment, and return how many."""
        with self._transactions.begin(longest=PATIENCE) as connection:
            return connection.execute(DELETES[table](before)).rowcount

    def expire(self, history: Expired) -> int:
        """Delete some of what is 7 years old by PostgreSQL's clock, and return how many rows."""
        with self._transactions.begin(longest=PATIENCE) as connection:
            return connection.execute(select(HISTORY[history])).scalar_one()


def _by_age(
    key: InstrumentedAttribute[Any], age: InstrumentedAttribute[datetime], *, may_be_held: bool
) -> Callable[[datetime], Delete]:
    def statement(before: datetime) -> Delete:
        old = select(key).where(age < before).limit(BATCH_MAX)
        return _those(key, old.with_for_update(skip_locked=True) if may_be_held else old)

    return statement


def _those(key: InstrumentedAttribute[Any], some: Select[Any]) -> Delete:
    """Delete the rows whose keys are selected; a CTE is run once, whatever the plan."""
    old = some.cte("old")
    return delete(key.class_).where(key.in_(select(old)))


def _sessions(before: datetime) -> Delete:
    """Delete sessions that ended or expired long ago, but for one that a used ID token leads to."""
    over_at = func.coalesce(Sessions.ended_at, Sessions.idle_expires_at)  # idle is never after absolute
    old = (
        select(Sessions.id)
        .where(over_at < before, ~exists().where(UsedIdTokens.session_id == Sessions.id))
        .limit(BATCH_MAX)
        .with_for_update(skip_locked=True)
    )
    return _those(Sessions.id, old)


def _devices(before: datetime) -> Delete:
    """Delete devices that nobody signed in on; a sign-in holds its person's row, which is locked here too."""
    old = (
        select(Devices.id)
        .join(Users, Users.id == Devices.user_id)
        .where(Devices.last_seen_at < before, ~exists().where(Sessions.device_id == Devices.id))
        .limit(BATCH_MAX)
        .with_for_update(skip_locked=True, of=(Devices, Users))
    )
    return _those(Devices.id, old)


DELETES: Mapping[Purged, Callable[[datetime], Delete]] = {
    Purged.RATE_LIMITS: _by_age(RateLimits.bucket_index, RateLimits.arrives_at, may_be_held=True),
    Purged.CHALLENGES: _by_age(Challenges.nonce_hash, Challenges.expires_at, may_be_held=False),
    Purged.DPOP_PROOFS: _by_age(DpopProofs.proof_hash, DpopProofs.expires_at, may_be_held=False),
    Purged.USED_ID_TOKENS: _by_age(UsedIdTokens.token_hash, UsedIdTokens.expires_at, may_be_held=True),
    Purged.PROVIDER_EVENTS: _by_age(ProviderEvents.id_hash, ProviderEvents.expires_at, may_be_held=False),
    Purged.SESSIONS: _sessions,
    Purged.DEVICES: _devices,
    Purged.OUTBOX: _by_age(Outbox.id, Outbox.occurred_at, may_be_held=True),
}

"""The statement that finds interrupted erasures, and a part of one that unlinks an identity."""

from sqlalchemy import CTE, insert, select

from chalicelib.stores.parameters import NOW
from chalicelib.stores.schema import Erasures, Revocations

ERASURE_COLUMNS = (
    *(Erasures.id, Erasures.user_id, Erasures.epoch, Erasures.lineage),
    *(Erasures.secret_hash, Erasures.requested_at, Erasures.completed_at),
)
PENDING_MAX = 100
PENDING = (
    select(*ERASURE_COLUMNS)
    .where(Erasures.completed_at.is_(None))
    .order_by(Erasures.requested_at, Erasures.id)
    .limit(PENDING_MAX)
)


def moved_aside(identities: CTE) -> CTE:
    """Keep what the provider must be told of identities that a statement deletes; it has their columns."""
    row = select(identities.c.id, identities.c.user_id, identities.c.refresh_token, NOW)
    names = ["identity_id", "user_id", "refresh_token", "ended_at"]
    aside = insert(Revocations).from_select(names, row.where(identities.c.refresh_token.is_not(None)))
    return aside.returning(Revocations.identity_id).cte("aside")

"""Providers' refresh tokens, as jobs keep them with identities and find those that nobody handed over."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.provider_grants import EndedGrant
from chalicelib.postgres.transactions import Transactions
from chalicelib.stores.schema import Identities, Revocations

BATCH_MAX = 100


class GrantKeepingStore:
    """Grants, as rows."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def identity(self, user_id: UUID, provider: Provider, indexes: Collection[bytes]) -> UUID | None:
        """Return a person's identity, under whichever index it is stored; None when it ended."""
        found = select(Identities.id).where(
            Identities.user_id == user_id,
            Identities.provider == provider,
            Identities.subject_index.in_(indexes),
        )
        with self._transactions.begin() as connection:
            return connection.execute(found).scalars().first()

    def keep(self, identity_id: UUID, sealed: bytes) -> bool:
        """Keep a sealed refresh token with its identity; False when that ended."""
        kept = update(Identities).where(Identities.id == identity_id).values(refresh_token=sealed)
        with self._transactions.begin() as connection:
            return bool(connection.execute(kept).rowcount)

    def ended_before(self, moment: datetime) -> tuple[EndedGrant, ...]:
        """Return the oldest grants that nobody has handed over, up to `BATCH_MAX`."""
        oldest = (
            select(Revocations.identity_id, Revocations.user_id, Revocations.refresh_token)
            .where(Revocations.ended_at < moment)
            .order_by(Revocations.ended_at)
            .limit(BATCH_MAX)
        )
        with self._transactions.begin() as connection:
            return tuple(EndedGrant(**row) for row in connection.execute(oldest).mappings())

"""Keep providers' refresh tokens with identities, and hand over those of identities that ended."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.provider_grants import EndedGrant
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import given
from chalicelib.stores.schema import Identities, Revocations

BATCH_MAX = 100
_ENDED = (Revocations.identity_id, Revocations.user_id, Revocations.refresh_token)
FIND = select(Identities.id).where(
    Identities.user_id == given("user_id", Identities.user_id),
    Identities.provider == given("provider", Identities.provider),
    Identities.subject_index == func.any(bindparam("p_subject_indexes", type_=ARRAY(BYTEA))),
)
KEEP = (
    update(Identities)
    .where(Identities.id == given("identity_id", Identities.id))
    .values(refresh_token=given("sealed", Identities.refresh_token))
    .returning(Identities.id)
)
ENDED_OF = select(*_ENDED).where(Revocations.user_id == given("user_id", Revocations.user_id))
ENDED_BEFORE = (
    select(*_ENDED)
    .where(Revocations.ended_at < given("before", Revocations.ended_at))
    .order_by(Revocations.ended_at)
    .limit(BATCH_MAX)
)
FORGET = (
    delete(Revocations)
    .where(Revocations.identity_id == given("identity_id", Revocations.identity_id))
    .returning(Revocations.identity_id)
)


class ProviderGrantStore:
    """What providers let us do."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def identity(self, user_id: UUID, provider: Provider, indexes: Collection[bytes]) -> UUID | None:
        """Return a person's identity, under whichever index it is stored; None when it ended."""
        told = {"p_user_id": user_id, "p_provider": provider, "p_subject_indexes": list(indexes)}
        row = self._database.row(FIND, told)
        return row.id if row else None

    def keep(self, identity_id: UUID, sealed: bytes) -> bool:
        """Keep a sealed refresh token with its identity; False when that ended."""
        return bool(self._database.rows(KEEP, {"p_identity_id": identity_id, "p_sealed": sealed}))

    def ended_of(self, user_id: UUID) -> tuple[EndedGrant, ...]:
        """Return the grants of a person's identities that ended."""
        rows = self._database.rows(ENDED_OF, {"p_user_id": user_id})
        return tuple(EndedGrant(**row._asdict()) for row in rows)

    def ended_before(self, moment: datetime) -> tuple[EndedGrant, ...]:
        """Return the oldest grants that nobody has handed over, up to `BATCH_MAX`."""
        rows = self._database.rows(ENDED_BEFORE, {"p_before": moment})
        return tuple(EndedGrant(**row._asdict()) for row in rows)

    def forget(self, identity_id: UUID) -> None:
        """Forget a grant that was handed over."""
        self._database.rows(FORGET, {"p_identity_id": identity_id})

"""Keep providers' refresh tokens with identities, and hand over those of identities that ended."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.provider_grants import EndedGrant
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("provider_grant_statements")


class EndedGrantRow(Row):
    """The view ended_grant_row in sql/rows.sql."""

    identity_id: UUID
    user_id: UUID
    refresh_token: bytes


class ListEndedGrants(Call[EndedGrantRow], function="list_ended_grants"):
    p_user_id: UUID


class ForgottenRow(Row):
    """Whether a grant was there."""

    is_forgotten: bool


class ForgetGrant(Call[ForgottenRow], function="forget_grant"):
    p_identity_id: UUID


class ProviderGrantStore:
    """What providers let us do."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def identity(self, user_id: UUID, provider: Provider, indexes: Collection[bytes]) -> UUID | None:
        """Return a person's identity, under whichever index it is stored; None when it ended."""
        told = {"p_user_id": user_id, "p_provider": provider, "p_subject_indexes": list(indexes)}
        row = self._database.row(statements.FIND, told)
        return row.id if row else None

    def keep(self, identity_id: UUID, sealed: bytes) -> bool:
        """Keep a sealed refresh token with its identity; False when that ended."""
        return bool(self._database.rows(statements.KEEP, {"p_identity_id": identity_id, "p_sealed": sealed}))

    def ended_of(self, user_id: UUID) -> tuple[EndedGrant, ...]:
        """Return the grants of a person's identities that ended."""
        rows = self._database.all(ListEndedGrants(p_user_id=user_id))
        return tuple(
            EndedGrant(identity_id=row.identity_id, user_id=row.user_id, refresh_token=row.refresh_token)
            for row in rows
        )

    def ended_before(self, moment: datetime) -> tuple[EndedGrant, ...]:
        """Return the oldest grants that nobody has handed over, up to `BATCH_MAX`."""
        rows = self._database.rows(statements.ENDED_BEFORE, {"p_before": moment})
        return tuple(EndedGrant(**row._asdict()) for row in rows)

    def forget(self, identity_id: UUID) -> None:
        """Forget a grant that was handed over."""
        self._database.one(ForgetGrant(p_identity_id=identity_id))

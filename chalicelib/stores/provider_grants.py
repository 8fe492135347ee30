"""Providers' refresh tokens of identities that ended, to be handed over (sql/provider_grants.sql)."""

from uuid import UUID

from chalicelib.domain.provider_grants import EndedGrant
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database


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
    """What providers still let us do."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def ended_of(self, user_id: UUID) -> tuple[EndedGrant, ...]:
        """Return the grants of a person's identities that ended."""
        rows = self._database.all(ListEndedGrants(p_user_id=user_id))
        return tuple(
            EndedGrant(identity_id=row.identity_id, user_id=row.user_id, refresh_token=row.refresh_token)
            for row in rows
        )

    def forget(self, identity_id: UUID) -> None:
        """Forget a grant that was handed over."""
        self._database.one(ForgetGrant(p_identity_id=identity_id))

"""Keep what Apple grants in a person's name, and have it revoked when they leave (App Store 5.1.1(v)).

The database never waits for Apple. A code becomes an errand after the sign-in's commit; a refresh token that
comes back is sealed with its identity (`grant_keeping`); when that ends, its function moves the token aside,
and it is handed over before the person's key is destroyed, by whoever gets there first: the act, its sweep,
or the collector.
"""

import logging
from typing import Protocol
from uuid import UUID

from chalicelib.domain.egress import EgressKind, errand_id, exchange_id
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.domain.personal_data import Field
from chalicelib.domain.provider_grants import EXCHANGE, EndedGrant, IdentityCode, ProviderGrant
from chalicelib.observation import log
from chalicelib.services.egress import Errands
from chalicelib.services.ports import DataKeys


class ProviderGrantStore(Protocol):
    """Grants, as rows."""

    def ended_of(self, user_id: UUID) -> tuple[EndedGrant, ...]:
        """Return the grants of a person's identities that ended."""

    def forget(self, identity_id: UUID) -> None:
        """Forget a grant that was handed over."""


class ProviderGrants:
    """Grants of people at Apple."""

    def __init__(self, *, store: ProviderGrantStore, errands: Errands, keys: DataKeys) -> None:
        """Take the rows, the way out, and the keys of all people."""
        self._store = store
        self._errands = errands
        self._keys = keys

    def exchange(self, told: IdentityCode) -> None:
        """Have a code exchanged; when that can't be asked for now, the sign-in goes on without."""
        document = EXCHANGE.write(
            {
                "user_id": str(told.user_id),
                "issuer": told.issuer,
                "subject": told.subject,
                "client_id": told.client_id,
                "code": told.code,
            }
        )
        try:
            self._errands.send(EgressKind.APPLE_EXCHANGE, exchange_id(told.code), document)
        except DependencyUnavailable:
            log.warn("provider_code_lost")

    def end(self, user_id: UUID) -> None:
        """Hand over what a person's ended identities leave behind, as long as their key is there.

        Raises DependencyUnavailable: something is left.
        """
        for ended in self._store.ended_of(user_id):
            self.hand_over(ended)

    def end_soon(self, user_id: UUID) -> None:
        """Do the same; what can't be handed over now, the collector does."""
        try:
            self.end(user_id)
        except DependencyUnavailable:
            log.warn("revocation_pending")

    def hand_over(self, ended: EndedGrant) -> None:
        """Have Apple told, then forget the row: a crash between repeats what is done once."""
        try:
            grant = self._opened(ended)
        except IntegrityFailure as error:
            log.event("integrity", logging.ERROR, **log.describe(error))
            grant = None
        if grant is not None:
            self.revoke(ended.identity_id, grant)
        self._store.forget(ended.identity_id)

    def _opened(self, ended: EndedGrant) -> ProviderGrant | None:
        key = self._keys.get(ended.user_id)
        if key is None:  # a restored backup's: who was erased before was handed over then
            return None
        address = Field.IDENTITY_REFRESH_TOKEN.at(ended.identity_id, key.version)
        return ProviderGrant.from_bytes(key.open_sealed(address, ended.refresh_token))

    def revoke(self, cause: object, grant: ProviderGrant) -> None:
        """Have Apple revoke a grant, once for each cause. Raises DependencyUnavailable."""
        self._errands.send(
            EgressKind.APPLE_REVOKE, errand_id(EgressKind.APPLE_REVOKE, cause), grant.details()
        )

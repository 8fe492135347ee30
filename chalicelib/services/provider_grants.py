"""Keep what Apple grants in a person's name, and have it revoked when they leave (App Store 5.1.1(v)).

The database never waits for Apple. A code becomes an errand after the sign-in's commit; a refresh token that
comes back is sealed with its identity; when that ends, its statement moves the token aside, and it is handed
over before the person's key is destroyed, by whoever gets there first: the act, its sweep, or the collector.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from chalicelib.domain.egress import EgressKind, EgressState, Errand, errand_id, exchange_id
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.personal_data import Field
from chalicelib.domain.provider_grants import EXCHANGE, EXCHANGED, EndedGrant, IdentityCode, ProviderGrant
from chalicelib.domain.providers import APPLE
from chalicelib.observation import log
from chalicelib.services.egress import Errands
from chalicelib.services.ports import Clock, DataKeys
from chalicelib.services.secrets import Secrets

LEFT_BEHIND = timedelta(minutes=1)  # an act that lives hands over what it ended within seconds


class ProviderGrantStore(Protocol):
    """Grants, as rows."""

    def identity(self, user_id: UUID, provider: Provider, indexes: Collection[bytes]) -> UUID | None:
        """Return a person's identity."""

    def keep(self, identity_id: UUID, sealed: bytes) -> bool:
        """Keep a sealed refresh token with its identity."""

    def ended_of(self, user_id: UUID) -> tuple[EndedGrant, ...]:
        """Return the grants of a person's identities that ended."""

    def ended_before(self, moment: datetime) -> tuple[EndedGrant, ...]:
        """Return the oldest grants that nobody has handed over."""

    def forget(self, identity_id: UUID) -> None:
        """Forget a grant that was handed over."""


class ProviderGrants:
    """Grants of people at Apple."""

    def __init__(
        self,
        *,
        store: ProviderGrantStore,
        errands: Errands,
        keys: DataKeys,
        secrets: Secrets,
        clock: Clock,
    ) -> None:
        """Take the rows, the way out, and the keys of all people."""
        self._secrets = secrets
        self._store = store
        self._errands = errands
        self._keys = keys
        self._clock = clock

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

    def keep(self, errand: Errand) -> None:
        """Seal what an exchange learned with its identity; of one that ended meanwhile, have it revoked.

        Raises DependencyUnavailable; IntegrityFailure: nothing that can be kept.
        """
        if errand.state is not EgressState.DONE:
            return
        learned = EXCHANGED.read(self._errands.learned(errand))
        grant = ProviderGrant(client_id=learned["client_id"], refresh_token=learned["refresh_token"])
        indexes = [
            index.subject(APPLE.name, learned["issuer"], learned["subject"])
            for index in self._secrets.indexes()
        ]
        if not self._is_kept(learned["user_id"], indexes, grant):
            self._revoke(errand.id, grant)

    def end(self, user_id: UUID) -> None:
        """Hand over what a person's ended identities leave behind, as long as their key is there.

        Raises DependencyUnavailable: something is left.
        """
        for ended in self._store.ended_of(user_id):
            self._hand_over(ended)

    def end_soon(self, user_id: UUID) -> None:
        """Do the same; what can't be handed over now, the collector does."""
        try:
            self.end(user_id)
        except DependencyUnavailable:
            log.warn("revocation_pending")

    def end_left_behind(self) -> int:
        """Hand over what interrupted acts left, and return how many. Raises DependencyUnavailable."""
        left = self._store.ended_before(self._clock.now() - LEFT_BEHIND)
        for ended in left:
            self._hand_over(ended)
        return len(left)

    def _is_kept(self, user_id: UUID, indexes: Collection[bytes], grant: ProviderGrant) -> bool:
        identity_id = self._store.identity(user_id, APPLE.name, indexes)
        key = self._keys.get(user_id) if identity_id else None
        if identity_id is None or key is None:
            return False
        address = Field.IDENTITY_REFRESH_TOKEN.at(identity_id, key.version)
        return self._store.keep(identity_id, key.seal(address, grant.to_bytes()))

    def _hand_over(self, ended: EndedGrant) -> None:
        """Have Apple told, then forget the row: a crash between repeats what is done once."""
        try:
            grant = self._opened(ended)
        except IntegrityFailure as error:
            log.event("integrity", logging.ERROR, **log.describe(error))
            grant = None
        if grant is not None:
            self._revoke(ended.identity_id, grant)
        self._store.forget(ended.identity_id)

    def _opened(self, ended: EndedGrant) -> ProviderGrant | None:
        key = self._keys.get(ended.user_id)
        if key is None:  # a restored backup's: who was erased before was handed over then
            return None
        address = Field.IDENTITY_REFRESH_TOKEN.at(ended.identity_id, key.version)
        return ProviderGrant.from_bytes(key.open_sealed(address, ended.refresh_token))

    def _revoke(self, cause: object, grant: ProviderGrant) -> None:
        self._errands.send(
            EgressKind.APPLE_REVOKE, errand_id(EgressKind.APPLE_REVOKE, cause), grant.details()
        )

"""Keep what exchanges of codes brought back, and hand over what interrupted acts left."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from chalicelib.domain.egress import EgressState, Errand
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.personal_data import Field
from chalicelib.domain.provider_grants import EXCHANGED, EndedGrant, ProviderGrant
from chalicelib.domain.providers import APPLE
from chalicelib.services.egress import Errands
from chalicelib.services.ports import Clock, DataKeys
from chalicelib.services.provider_grants import ProviderGrants
from chalicelib.services.secrets import Secrets

LEFT_BEHIND = timedelta(minutes=1)  # an act that lives hands over what it ended within seconds


class GrantKeepingStore(Protocol):
    """Grants, as rows."""

    def identity(self, user_id: UUID, provider: Provider, indexes: Collection[bytes]) -> UUID | None:
        """Return a person's identity."""

    def keep(self, identity_id: UUID, sealed: bytes) -> bool:
        """Keep a sealed refresh token with its identity."""

    def ended_before(self, moment: datetime) -> tuple[EndedGrant, ...]:
        """Return the oldest grants that nobody has handed over."""


class GrantKeeping:
    """Grants of people at Apple, between an exchange and a revocation."""

    def __init__(
        self,
        *,
        store: GrantKeepingStore,
        grants: ProviderGrants,
        errands: Errands,
        keys: DataKeys,
        secrets: Secrets,
        clock: Clock,
    ) -> None:
        """Take the rows, what hands grants over, and the keys of all people."""
        self._store = store
        self._grants = grants
        self._errands = errands
        self._keys = keys
        self._secrets = secrets
        self._clock = clock

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
            self._grants.revoke(errand.id, grant)

    def end_left_behind(self) -> int:
        """Hand over what interrupted acts left, and return how many. Raises DependencyUnavailable."""
        left = self._store.ended_before(self._clock.now() - LEFT_BEHIND)
        for ended in left:
            self._grants.hand_over(ended)
        return len(left)

    def _is_kept(self, user_id: UUID, indexes: Collection[bytes], grant: ProviderGrant) -> bool:
        identity_id = self._store.identity(user_id, APPLE.name, indexes)
        key = self._keys.get(user_id) if identity_id else None
        if identity_id is None or key is None:
            return False
        address = Field.IDENTITY_REFRESH_TOKEN.at(identity_id, key.version)
        return self._store.keep(identity_id, key.seal(address, grant.to_bytes()))

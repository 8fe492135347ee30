"""Put together what phones' hardware keys do."""

from dataclasses import dataclass
from functools import cached_property

from chalicelib.clients.clock import SystemIds
from chalicelib.clients.presence_keys import PresenceKeys
from chalicelib.services.biometrics import BiometricService
from chalicelib.services.grants import Grants
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Clock
from chalicelib.services.presence import PresenceService
from chalicelib.services.presence_challenges import PresenceChallenges
from chalicelib.services.secrets import Secrets
from chalicelib.settings import Settings
from chalicelib.stores.biometrics import BiometricStore
from chalicelib.stores.database import Database
from chalicelib.stores.sessions import SessionStore


@dataclass(frozen=True, kw_only=True)
class BiometricParts:
    """The services of hardware keys, made of what others use too."""

    settings: Settings
    database: Database
    secrets: Secrets
    personal_data: PersonalData
    grants: Grants
    clock: Clock

    @cached_property
    def registrations(self) -> BiometricService:
        """Return what registers keys."""
        return BiometricService(
            store=BiometricStore(self.database),
            sessions=SessionStore(self.database),
            challenges=self._challenges,
            personal_data=self.personal_data,
            clock=self.clock,
            ids=SystemIds(),
        )

    @cached_property
    def presence(self) -> PresenceService:
        """Return what takes proofs."""
        return PresenceService(
            store=BiometricStore(self.database),
            sessions=SessionStore(self.database),
            challenges=self._challenges,
            secrets=self.secrets,
            personal_data=self.personal_data,
            grants=self.grants,
            lifetimes=self.settings.lifetimes,
            clock=self.clock,
        )

    @property
    def _challenges(self) -> PresenceChallenges:
        return PresenceChallenges(
            secrets=self.secrets, keys=PresenceKeys(), service=self.settings.issuer_url, ids=SystemIds()
        )

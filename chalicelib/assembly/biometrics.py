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
from chalicelib.services.session_check import SessionCheck
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.device_keys import DeviceKeyStore


@dataclass(frozen=True, kw_only=True)
class BiometricParts:
    """The services of hardware keys, made of what others use too."""

    settings: Settings
    database: Database
    secrets: Secrets
    personal_data: PersonalData
    grants: Grants
    session_check: SessionCheck
    clock: Clock

    @cached_property
    def registrations(self) -> BiometricService:
        """Return what registers keys."""
        return BiometricService(
            store=DeviceKeyStore(self.database),
            sessions=self.session_check,
            challenges=self._challenges,
            personal_data=self.personal_data,
            clock=self.clock,
            ids=SystemIds(),
        )

    @cached_property
    def presence(self) -> PresenceService:
        """Return what takes proofs."""
        return PresenceService(
            store=DeviceKeyStore(self.database),
            sessions=self.session_check,
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

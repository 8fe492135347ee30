"""Put together what erases people, and what notices a restored database."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chalicelib.assembly.clients import shared_client
from chalicelib.clients.data_keys import DataKeys
from chalicelib.clients.erasure_ledger import ErasureLedger
from chalicelib.services.erasure import ErasureService
from chalicelib.services.ports import Clock
from chalicelib.services.provider_grants import ProviderGrants
from chalicelib.services.restore_gate import RestoreGate
from chalicelib.services.restore_watch import RestoreWatch
from chalicelib.services.secrets import Secrets
from chalicelib.services.tokens import AccessTokens
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.erasure import ErasureStore
from chalicelib.stores.positions import PositionStore


@dataclass(frozen=True, kw_only=True)
class ErasureParts:
    """The services of erasure, made of what others use too; `keys` is the one cache of people's keys."""

    settings: Settings
    database: Database
    keys: DataKeys
    tokens: AccessTokens[Any]
    clock: Clock
    secrets: Secrets
    provider_grants: ProviderGrants

    @cached_property
    def watch(self) -> RestoreWatch:
        """Return what compares the database with the ledger."""
        return RestoreWatch(store=PositionStore(self.database), ledger=self.ledger)

    @cached_property
    def gate(self) -> RestoreGate:
        """Return what refuses people while the database is behind the ledger."""
        return RestoreGate(
            watch=self.watch, connections=lambda: self.database.connections_made, clock=self.clock
        )

    @cached_property
    def erasures(self) -> ErasureService:
        """Return what erases."""
        return ErasureService(
            store=ErasureStore(self.database),
            ledger=self.ledger,
            watch=self.watch,
            keys=self.keys,
            signer=self.tokens,
            clock=self.clock,
            secrets=self.secrets,
            provider_grants=self.provider_grants,
        )

    @cached_property
    def ledger(self) -> ErasureLedger:
        """Return the record of erasures that no restore of the database loses."""
        region, endpoint = self.settings.aws_region, self.settings.aws_endpoint_url
        return ErasureLedger(shared_client("s3", region, endpoint), self.settings.evidence_bucket)

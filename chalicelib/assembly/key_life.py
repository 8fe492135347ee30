"""Put together what renews, counts and sweeps keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chalicelib.assembly.database import opened
from chalicelib.assembly.keys import data_kms
from chalicelib.clients.aws import aws_client
from chalicelib.clients.clock import SystemClock, SystemIds
from chalicelib.clients.erasure_ledger import ErasureLedger
from chalicelib.clients.key_vault import KeyVault
from chalicelib.services.key_status import KeyStatus
from chalicelib.services.ports import Clock
from chalicelib.services.restore_watch import RestoreWatch
from chalicelib.services.rewrap import Rewrap
from chalicelib.services.secret_rotation import SecretRotation
from chalicelib.services.vault_sweep import VaultSweep
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.key_life import KeyActsStore
from chalicelib.stores.keys import KeyStore
from chalicelib.stores.recovery import RecoveryStore


@dataclass(frozen=True, kw_only=True)
class KeyLifeParts:
    """The services of the life of keys."""

    settings: Settings
    database: Database
    clock: Clock

    @property
    def status(self) -> KeyStatus:
        """Return what counts keys."""
        return KeyStatus(store=KeyStore(self.database), vault=self.vault, clock=self.clock)

    @property
    def rewrap(self) -> Rewrap:
        """Return what wraps people's keys anew."""
        kms, acts = data_kms(self.settings), KeyActsStore(self.database)
        return Rewrap(vault=self.vault, kms=kms, acts=acts, clock=self.clock)

    @property
    def sweep(self) -> VaultSweep:
        """Return what deletes keys of nobody."""
        region, endpoint = self.settings.aws_region, self.settings.aws_endpoint_url
        ledger = ErasureLedger(aws_client("s3", region, endpoint), self.settings.evidence_bucket)
        return VaultSweep(
            vault=self.vault,
            acts=KeyActsStore(self.database),
            watch=RestoreWatch(store=RecoveryStore(self.database), ledger=ledger),
            clock=self.clock,
        )

    @property
    def rotation(self) -> SecretRotation:
        """Return what rotates the service's secrets."""
        kms, store = data_kms(self.settings), KeyStore(self.database)
        return SecretRotation(store=store, kms=kms, clock=self.clock, ids=SystemIds())

    @property
    def vault(self) -> KeyVault:
        """Return the vault."""
        client = aws_client("dynamodb", self.settings.aws_region, self.settings.aws_endpoint_url)
        return KeyVault(client, self.settings.vault_table)


@contextmanager
def key_life(settings: Settings) -> Iterator[KeyLifeParts]:
    """Yield the services on a connection of their own."""
    with opened(settings) as database:
        yield KeyLifeParts(settings=settings, database=database, clock=SystemClock())

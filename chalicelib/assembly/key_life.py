"""Put together what renews, counts and sweeps keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from chalicelib.assembly.clients import shared_client
from chalicelib.assembly.database import opened
from chalicelib.assembly.key_rotation import key_rotation
from chalicelib.assembly.keys import data_kms, service_keyring, signing_kms
from chalicelib.clients.blind_index import BlindIndex
from chalicelib.clients.clock import SystemClock, SystemIds
from chalicelib.clients.data_keys import DataKeys
from chalicelib.clients.erasure_ledger import ErasureLedger
from chalicelib.clients.key_vault import KeyVault
from chalicelib.domain.providers import PROVIDERS
from chalicelib.services.key_retirement import KeyRetirement
from chalicelib.services.key_status import KeyStatus
from chalicelib.services.own_rewrap import OwnRewrap
from chalicelib.services.ports import Clock
from chalicelib.services.reindex import Reindex
from chalicelib.services.restore_watch import RestoreWatch
from chalicelib.services.rewrap import Rewrap
from chalicelib.services.secret_rotation import SecretRotation
from chalicelib.services.secrets import Secrets
from chalicelib.services.vault_sweep import VaultSweep
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.jobs.key_acts import KeyActsStore
from chalicelib.stores.jobs.keys import KeyChanges, KeyStore
from chalicelib.stores.jobs.recovery import RecoveryStore
from chalicelib.stores.jobs.reindex import ReindexStore


@dataclass(frozen=True, kw_only=True)
class KeyLifeParts:
    """The services of the life of keys."""

    settings: Settings
    database: Database
    clock: Clock

    @property
    def status(self) -> KeyStatus:
        """Return what counts keys."""
        store, indexed = KeyStore(self.database.transactions), ReindexStore(self.database.transactions)
        return KeyStatus(store=store, indexed=indexed, vault=self.vault, clock=self.clock)

    @property
    def rewrap(self) -> Rewrap:
        """Return what wraps keys anew."""
        kms, acts = data_kms(self.settings), KeyActsStore(self.database.transactions)
        own = OwnRewrap(
            store=KeyStore(self.database.transactions),
            changes=KeyChanges(self.database.transactions),
            signing_kms=signing_kms(self.settings),
            service_kms=kms,
            clock=self.clock,
        )
        return Rewrap(vault=self.vault, kms=kms, own=own, acts=acts, clock=self.clock)

    @property
    def reindex(self) -> Reindex:
        """Return what indexes people anew."""
        keyring = service_keyring(self.settings, self.clock, self.database)
        return Reindex(
            store=ReindexStore(self.database.transactions),
            keys=DataKeys(data_kms(self.settings), self.vault, self.clock),
            secrets=Secrets(keyring=keyring, make_index=lru_cache(BlindIndex)),
            acts=KeyActsStore(self.database.transactions),
            issuers={name: declared.issuer for name, declared in PROVIDERS.items()},
            clock=self.clock,
        )

    @property
    def sweep(self) -> VaultSweep:
        """Return what deletes keys of nobody."""
        region, endpoint = self.settings.aws_region, self.settings.aws_endpoint_url
        ledger = ErasureLedger(shared_client("s3", region, endpoint), self.settings.evidence_bucket)
        return VaultSweep(
            vault=self.vault,
            acts=KeyActsStore(self.database.transactions),
            watch=RestoreWatch(store=RecoveryStore(self.database.transactions), ledger=ledger),
            clock=self.clock,
        )

    @property
    def rotation(self) -> SecretRotation:
        """Return what rotates the service's secrets."""
        kms, store = data_kms(self.settings), KeyStore(self.database.transactions)
        return SecretRotation(store=store, kms=kms, clock=self.clock, ids=SystemIds())

    @property
    def retirement(self) -> KeyRetirement:
        """Return what retires the service's keys."""
        return KeyRetirement(
            store=KeyStore(self.database.transactions),
            changes=KeyChanges(self.database.transactions),
            secrets=self.rotation,
            signing=key_rotation(self.settings, self.clock, self.database),
            algorithm=self.settings.signing_algorithm,
            clock=self.clock,
        )

    @property
    def vault(self) -> KeyVault:
        """Return the vault."""
        client = shared_client("dynamodb", self.settings.aws_region, self.settings.aws_endpoint_url)
        return KeyVault(client, self.settings.vault_table)


@contextmanager
def key_life(settings: Settings) -> Iterator[KeyLifeParts]:
    """Yield the services on a connection of their own."""
    with opened(settings) as database:
        yield KeyLifeParts(settings=settings, database=database, clock=SystemClock())

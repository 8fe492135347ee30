"""Put together what has errands: what requests write into the egress table."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.assembly.clients import shared_client
from chalicelib.assembly.keys import data_kms
from chalicelib.clients.aws_calls import RetryPolicy
from chalicelib.clients.egress_table import EgressTable
from chalicelib.clients.kms import Kms
from chalicelib.services.egress import Errands
from chalicelib.services.ports import Clock, DataKeys
from chalicelib.services.provider_grants import ProviderGrants
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.provider_grants import ProviderGrantStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ONE_TRY = RetryPolicy(attempts_max=1)  # a person waits for the sign-in behind which a code is sent


@dataclass(frozen=True, kw_only=True)
class EgressParts:
    """The side of the egress table on which errands are written."""

    settings: Settings
    clock: Clock

    @cached_property
    def table(self) -> EgressTable:
        """Return the table."""
        return EgressTable(self.dynamodb, self.settings.egress_table)

    @cached_property
    def errands(self) -> Errands:
        """Return what writes errands."""
        table = EgressTable(self.dynamodb, self.settings.egress_table, ONE_TRY)
        return Errands(queue=table, wrapping=self.kms, clock=self.clock)

    def provider_grants(self, database: Database, keys: DataKeys) -> ProviderGrants:
        """Return what ends grants."""
        return ProviderGrants(store=ProviderGrantStore(database), errands=self.errands, keys=keys)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """Return the client of the table."""
        return shared_client("dynamodb", self.settings.aws_region, self.settings.aws_endpoint_url)

    @cached_property
    def kms(self) -> Kms:
        """Return what wraps the secrets of errands."""
        return data_kms(self.settings)

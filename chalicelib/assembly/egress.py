"""Put together what has errands, and what does them outside the VPC."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from chalicelib.assembly.keys import data_kms
from chalicelib.clients.apple_client_key import AppleClientKeys
from chalicelib.clients.apple_tokens import AppleTokens
from chalicelib.clients.aws import aws_client
from chalicelib.clients.aws_calls import RetryPolicy
from chalicelib.clients.bounded_http import BoundedHttp, direct_connection
from chalicelib.clients.clock import SystemIds
from chalicelib.clients.egress_table import EgressTable
from chalicelib.clients.kms import Kms
from chalicelib.clients.public_http import public_connection
from chalicelib.clients.webhooks import EventBus, WebhookSender
from chalicelib.domain.egress import EgressKind
from chalicelib.services.egress import Doer, EgressDelivery, Errands
from chalicelib.services.egress_results import Applier, EgressCollection, need_nothing
from chalicelib.services.ports import Clock, DataKeys
from chalicelib.services.provider_grants import ProviderGrants
from chalicelib.services.secrets import Secrets
from chalicelib.services.webhooks import OutboxCarrier, WebhookEndpoints
from chalicelib.settings import Settings, Stage
from chalicelib.stores.database import Database
from chalicelib.stores.outbox import OutboxStore
from chalicelib.stores.provider_grants import ProviderGrantStore
from chalicelib.stores.webhooks import WebhookStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ERRAND_SECONDS = 5.0  # what a receiver may take in all, a slow name server included
ONE_TRY = RetryPolicy(attempts_max=1)  # a person waits for the sign-in behind which a code is sent


@dataclass(frozen=True, kw_only=True)
class EgressParts:
    """Both sides of the egress table."""

    settings: Settings
    clock: Clock

    @cached_property
    def table(self) -> EgressTable:
        """Return the table."""
        return EgressTable(self._dynamodb, self.settings.egress_table)

    @cached_property
    def errands(self) -> Errands:
        """Return what writes errands."""
        table = EgressTable(self._dynamodb, self.settings.egress_table, ONE_TRY)
        return Errands(queue=table, wrapping=self._kms, clock=self.clock)

    @cached_property
    def client_keys(self) -> AppleClientKeys:
        """Return where the key is that Apple knows us by."""
        return AppleClientKeys(self._dynamodb, self.settings.egress_table, self._kms)

    @cached_property
    def delivery(self) -> EgressDelivery:
        """Return what does errands."""
        return EgressDelivery(
            table=self.table,
            wrapping=self._kms,
            doers=self._doers(),
            clock=self.clock,
            chance=random.SystemRandom().random,
        )

    def provider_grants(self, database: Database, keys: DataKeys, secrets: Secrets) -> ProviderGrants:
        """Return what keeps and ends grants."""
        store = ProviderGrantStore(database)
        return ProviderGrants(store=store, errands=self.errands, keys=keys, secrets=secrets, clock=self.clock)

    def collection(
        self, database: Database, grants: ProviderGrants | None, request_id: str
    ) -> EgressCollection:
        """Return what applies results: of events, and with `grants` of Apple's errands."""
        told = partial(self.carrier(database).settle, request_id=request_id)
        appliers: dict[EgressKind, Applier] = {}
        if grants is not None:
            appliers = {EgressKind.APPLE_EXCHANGE: grants.keep, EgressKind.APPLE_REVOKE: need_nothing}
        return EgressCollection(table=self.table, appliers=appliers, told=told, clock=self.clock)

    def carrier(self, database: Database) -> OutboxCarrier:
        """Return what carries events."""
        return OutboxCarrier(store=OutboxStore(database), errands=self.errands, clock=self.clock)

    def endpoints(self, database: Database) -> WebhookEndpoints:
        """Return who is told of events."""
        return WebhookEndpoints(
            store=WebhookStore(database),
            wrapping=self._kms,
            clock=self.clock,
            ids=SystemIds(),
            is_local=self.settings.stage is Stage.LOCAL,
        )

    def _doers(self) -> Mapping[EgressKind, Doer]:
        is_local = self.settings.stage is Stage.LOCAL  # where receivers are on this machine
        receivers = _http(direct_connection if is_local else public_connection)
        apple = AppleTokens(http=_http(direct_connection), url=self.settings.apple_url, keys=self.client_keys)
        webhooks = WebhookSender(http=receivers, kms=self._kms)
        region, endpoint = self.settings.aws_region, self.settings.aws_endpoint_url
        return {
            EgressKind.APPLE_EXCHANGE: apple.exchange,
            EgressKind.APPLE_REVOKE: apple.revoke,
            EgressKind.WEBHOOK: webhooks.send,
            EgressKind.EVENT_BRIDGE: EventBus(aws_client("events", region, endpoint)).send,
        }

    @cached_property
    def _dynamodb(self) -> "DynamoDBClient":
        return aws_client("dynamodb", self.settings.aws_region, self.settings.aws_endpoint_url)

    @cached_property
    def _kms(self) -> Kms:
        return data_kms(self.settings)


def _http(connection: Callable[[str, str], HTTPConnection]) -> BoundedHttp:
    return BoundedHttp(
        total_timeout_seconds=ERRAND_SECONDS, read_timeout_seconds=ERRAND_SECONDS, connection=connection
    )

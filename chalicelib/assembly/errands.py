"""Put together what does errands outside the VPC, and what takes into it what they brought back."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from http.client import HTTPConnection

from chalicelib.assembly.clients import shared_client
from chalicelib.assembly.egress import EgressParts
from chalicelib.clients.apple_client_key import AppleClientKeys
from chalicelib.clients.apple_tokens import AppleTokens
from chalicelib.clients.bounded_http import BoundedHttp, direct_connection
from chalicelib.clients.clock import SystemIds
from chalicelib.clients.public_http import public_connection
from chalicelib.clients.webhooks import EventBus, WebhookSender
from chalicelib.domain.egress import EgressKind
from chalicelib.services.egress import Doer, EgressDelivery
from chalicelib.services.egress_results import Applier, EgressCollection, need_nothing
from chalicelib.services.grant_keeping import GrantKeeping
from chalicelib.services.ports import DataKeys
from chalicelib.services.secrets import Secrets
from chalicelib.services.webhooks import OutboxCarrier, WebhookEndpoints
from chalicelib.settings import Stage
from chalicelib.stores.database import Database
from chalicelib.stores.jobs.outbox import OutboxStore
from chalicelib.stores.jobs.provider_grants import GrantKeepingStore
from chalicelib.stores.jobs.webhooks import WebhookStore

ERRAND_SECONDS = 5.0  # what a receiver may take in all, a slow name server included


@dataclass(frozen=True, kw_only=True)
class ErrandParts(EgressParts):
    """Both sides of the egress table."""

    @cached_property
    def client_keys(self) -> AppleClientKeys:
        """Return where the key is that Apple knows us by."""
        return AppleClientKeys(self.dynamodb, self.settings.egress_table, self.kms)

    @cached_property
    def delivery(self) -> EgressDelivery:
        """Return what does errands."""
        return EgressDelivery(
            table=self.table,
            wrapping=self.kms,
            doers=self._doers(),
            clock=self.clock,
            chance=random.SystemRandom().random,
        )

    def collection(
        self, database: Database, grants: GrantKeeping | None, request_id: str
    ) -> EgressCollection:
        """Return what applies results: of events, and with `grants` of Apple's errands."""
        told = partial(self.carrier(database).settle, request_id=request_id)
        appliers: dict[EgressKind, Applier] = {}
        if grants is not None:
            appliers = {EgressKind.APPLE_EXCHANGE: grants.keep, EgressKind.APPLE_REVOKE: need_nothing}
        return EgressCollection(table=self.table, appliers=appliers, told=told, clock=self.clock)

    def grant_keeping(self, database: Database, keys: DataKeys, secrets: Secrets) -> GrantKeeping:
        """Return what keeps grants, and hands over those that were left behind."""
        return GrantKeeping(
            store=GrantKeepingStore(database.transactions),
            grants=self.provider_grants(database, keys),
            errands=self.errands,
            keys=keys,
            secrets=secrets,
            clock=self.clock,
        )

    def carrier(self, database: Database) -> OutboxCarrier:
        """Return what carries events."""
        return OutboxCarrier(store=OutboxStore(database.transactions), errands=self.errands, clock=self.clock)

    def endpoints(self, database: Database) -> WebhookEndpoints:
        """Return who is told of events."""
        return WebhookEndpoints(
            store=WebhookStore(database.transactions),
            wrapping=self.kms,
            clock=self.clock,
            ids=SystemIds(),
            is_local=self.settings.stage is Stage.LOCAL,
        )

    def _doers(self) -> Mapping[EgressKind, Doer]:
        is_local = self.settings.stage is Stage.LOCAL  # where receivers are on this machine
        receivers = _http(direct_connection if is_local else public_connection)
        apple = AppleTokens(http=_http(direct_connection), url=self.settings.apple_url, keys=self.client_keys)
        webhooks = WebhookSender(http=receivers, kms=self.kms)
        region, endpoint = self.settings.aws_region, self.settings.aws_endpoint_url
        return {
            EgressKind.APPLE_EXCHANGE: apple.exchange,
            EgressKind.APPLE_REVOKE: apple.revoke,
            EgressKind.WEBHOOK: webhooks.send,
            EgressKind.EVENT_BRIDGE: EventBus(shared_client("events", region, endpoint)).send,
        }


def _http(connection: Callable[[str, str], HTTPConnection]) -> BoundedHttp:
    return BoundedHttp(
        total_timeout_seconds=ERRAND_SECONDS, read_timeout_seconds=ERRAND_SECONDS, connection=connection
    )

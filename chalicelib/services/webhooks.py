"""Tell other backends what happened: carry the outbox in order, and keep the list of who is told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from chalicelib.domain.egress import CARRIED_AGAIN, EgressKind, EgressState, Errand, errand_id
from chalicelib.domain.errors import NotFound
from chalicelib.domain.failures import NotPossible
from chalicelib.domain.webhooks import (
    SECRET_BYTES,
    Endpoint,
    OutboxRow,
    WebhookSecret,
    checked_address,
    shown,
    webhook_secret_context,
)
from chalicelib.services.egress import Errands
from chalicelib.services.ports import Clock, Ids, Wrapping


class OutboxStore(Protocol):
    """Events, as rows."""

    def ready(self, again_before: datetime) -> tuple[OutboxRow, ...]:
        """Return what may be handed over, in each person's order."""

    def carried(self, ids: Collection[UUID], *, now: datetime) -> None:
        """Note that events were handed over."""

    def settled(self, ids: Collection[UUID], *, is_delivered: bool, now: datetime, request_id: str) -> None:
        """Note what became of events."""


class WebhookStore(Protocol):
    """Endpoints, as rows."""

    def all(self) -> tuple[Endpoint, ...]:
        """Return every endpoint."""

    def add(self, endpoint: Endpoint, details: Mapping[str, str], *, now: datetime, request_id: str) -> bool:
        """Add an endpoint."""

    def rotate(
        self,
        endpoint_id: UUID,
        secret: WebhookSecret,
        details: Mapping[str, str],
        *,
        until: datetime,
        now: datetime,
        request_id: str,
    ) -> bool:
        """Add an endpoint's next secret."""

    def remove(
        self, endpoint_id: UUID, details: Mapping[str, str], *, now: datetime, request_id: str
    ) -> bool:
        """Remove an endpoint."""


class OutboxCarrier:
    """Moves events to the egress table, and their ends back."""

    def __init__(self, *, store: OutboxStore, errands: Errands, clock: Clock) -> None:
        """Take the rows and the way out."""
        self._store = store
        self._errands = errands
        self._clock = clock

    def carry(self) -> int:
        """Hand over what is ready, and return how many. Raises DependencyUnavailable: the rest waits.

        The row is marked after its errand is there: whoever dies between does it again, as one errand.
        """
        now = self._clock.now()
        rows = self._store.ready(now - CARRIED_AGAIN)
        for row in rows:
            kind = EgressKind.EVENT_BRIDGE if row.endpoint.is_bus else EgressKind.WEBHOOK
            self._errands.send(kind, errand_id(kind, row.id), row.errand(now))
            self._store.carried([row.id], now=now)
        return len(rows)

    def settle(self, ended: Sequence[Errand], request_id: str) -> None:
        """Note what became of events that were tried to their end; the next ones are ready then."""
        now = self._clock.now()
        for state in (EgressState.DONE, EgressState.DEAD):
            ids = [UUID(errand.id.partition(".")[2]) for errand in ended if errand.state is state]
            if ids:
                is_delivered = state is EgressState.DONE
                self._store.settled(ids, is_delivered=is_delivered, now=now, request_id=request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOrder:
    """Who changes the list, and why, for the record."""

    actor: str
    reason: str

    def details(self, act: str) -> dict[str, str]:
        """Return what is recorded of a change."""
        return {"act": act, "actor": self.actor, "reason": self.reason}


class WebhookEndpoints:
    """The list of who is told; a secret is shown when it is made, and never again."""

    def __init__(
        self, *, store: WebhookStore, wrapping: Wrapping, clock: Clock, ids: Ids, is_local: bool
    ) -> None:
        """Take the rows, and the key that wraps secrets."""
        self._store = store
        self._wrapping = wrapping
        self._clock = clock
        self._ids = ids
        self._is_local = is_local

    def list(self) -> tuple[Endpoint, ...]:
        """Return every endpoint, the first one first."""
        return self._store.all()

    def add(self, address: str, order: EndpointOrder, request_id: str) -> tuple[UUID, str | None]:
        """Tell an address from now on; return its id, and its secret unless it is an event bus.

        Raises NotPossible: no such address is told, it is there already, or there are as many as may be.
        """
        now, endpoint_id = self._clock.now(), self._ids.new_uuid()
        address = checked_address(address, is_local=self._is_local)
        endpoint = Endpoint(id=endpoint_id, address=address, created_at=now)
        secret = None
        if not endpoint.is_bus:
            secret, wrapped = self._new_secret(endpoint_id, 1)
            endpoint = Endpoint(id=endpoint_id, address=address, created_at=now, secrets=(wrapped,))
        if not self._store.add(endpoint, order.details("add"), now=now, request_id=request_id):
            raise NotPossible("the address is there already, or there are as many as there may be")
        return endpoint_id, secret

    def rotate(self, endpoint_id: UUID, order: EndpointOrder, overlap: timedelta, request_id: str) -> str:
        """Return an endpoint's next secret; the one before it signs beside it for as long as is said.

        Raises NotFound; NotPossible: an event bus has none, or somebody else rotated it just now.
        """
        now = self._clock.now()
        endpoint = next((each for each in self._store.all() if each.id == endpoint_id), None)
        if endpoint is None:
            raise NotFound
        if not endpoint.secrets:
            raise NotPossible("an event bus has no secret")
        shown_once, secret = self._new_secret(endpoint_id, endpoint.secrets[0].version + 1)
        is_added = self._store.rotate(
            endpoint_id,
            secret,
            order.details("rotate"),
            until=now + overlap,
            now=now,
            request_id=request_id,
        )
        if not is_added:
            raise NotPossible("somebody else rotated or removed it just now")
        return shown_once

    def remove(self, endpoint_id: UUID, order: EndpointOrder, request_id: str) -> None:
        """Tell an endpoint nothing more; what is on its way already may still come. Raises NotFound."""
        now = self._clock.now()
        if not self._store.remove(endpoint_id, order.details("remove"), now=now, request_id=request_id):
            raise NotFound

    def _new_secret(self, endpoint_id: UUID, version: int) -> tuple[str, WebhookSecret]:
        secret = self._ids.random_bytes(SECRET_BYTES)
        wrapped = self._wrapping.encrypt(secret, webhook_secret_context(endpoint_id, version))
        return shown(secret), WebhookSecret(
            version=version, wrapped=wrapped, kms_key_id=self._wrapping.key_id
        )

"""Hand events over in each person's order, and note what became of them.

The trigger of migration 0012 writes the rows. One is ready when no earlier one of the same person and
endpoint waits; handed over twice, it is one errand, since its id is.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Update, Uuid, bindparam, exists, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import aliased

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.webhooks import EventKind, OutboxRow
from chalicelib.stores import audit
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import NOW
from chalicelib.stores.schema import Outbox
from chalicelib.stores.webhooks import WebhookStore

READY_MAX = 200
_IDS = bindparam("p_ids", type_=ARRAY(Uuid))
_AGAIN_BEFORE = bindparam("p_again_before", type_=TIMESTAMP(timezone=True))


def _ready() -> Select[Any]:
    earlier = aliased(Outbox)
    waits = exists().where(
        earlier.endpoint_id == Outbox.endpoint_id,
        earlier.user_id == Outbox.user_id,
        earlier.sequence < Outbox.sequence,
        earlier.settled_at.is_(None),
    )
    columns = (Outbox.id, Outbox.endpoint_id, Outbox.user_id, Outbox.sequence, Outbox.kind)
    return (
        select(*columns, Outbox.occurred_at, Outbox.data)
        .where(
            Outbox.settled_at.is_(None),
            or_(Outbox.carried_at.is_(None), Outbox.carried_at < _AGAIN_BEFORE),
            ~waits,
        )
        .order_by(Outbox.sequence)
        .limit(READY_MAX)
    )


def _carried() -> Update:
    return update(Outbox).where(Outbox.id == func.any(_IDS)).values(carried_at=NOW)


def _settled(kind: AuditKind) -> Select[Any]:
    """Settle events with one record for each endpoint, however many they were."""
    settled = (
        update(Outbox)
        .where(Outbox.id == func.any(_IDS), Outbox.settled_at.is_(None))
        .values(settled_at=NOW)
        .returning(Outbox.endpoint_id)
        .cte("settled")
    )
    counted = (
        select(settled.c.endpoint_id, func.count().label("events"))
        .group_by(settled.c.endpoint_id)
        .cte("counted")
    )
    details = func.jsonb_build_object(
        "endpoint_id", counted.c.endpoint_id, "count", counted.c.events, type_=JSONB
    )
    event = audit.event(kind, act=counted, user_id=null(), session_id=null(), details=details)
    return select(counted.c.endpoint_id, counted.c.events).add_cte(audit.recorded(event))


READY = _ready()
CARRIED = _carried().returning(Outbox.id)
DELIVERED = _settled(AuditKind.WEBHOOKS_DELIVERED)
ABANDONED = _settled(AuditKind.WEBHOOKS_ABANDONED)


class OutboxStore:
    """Events on their way out."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self._endpoints = WebhookStore(database)

    def ready(self, again_before: datetime) -> tuple[OutboxRow, ...]:
        """Return what may be handed over: the first that waits of each person and endpoint.

        What was handed over before `again_before` and never settled is among them: it may be lost.
        """
        rows = self._database.rows(READY, {"p_again_before": again_before})
        endpoints = {each.id: each for each in self._endpoints.all()} if rows else {}
        return tuple(
            OutboxRow(
                id=row.id,
                endpoint=endpoints[row.endpoint_id],
                user_id=row.user_id,
                sequence=row.sequence,
                kind=EventKind(row.kind),
                occurred_at=row.occurred_at,
                data=row.data,
            )
            for row in rows
            if row.endpoint_id in endpoints  # removed in between, and its rows with it
        )

    def carried(self, ids: Collection[UUID], *, now: datetime) -> None:
        """Note that events were handed over."""
        self._database.rows(CARRIED, {"p_ids": list(ids), "p_now": now})

    def settled(self, ids: Collection[UUID], *, is_delivered: bool, now: datetime, request_id: str) -> None:
        """Note what became of events; the first time counts."""
        told = {"p_ids": list(ids), "p_now": now, "p_request_id": request_id}
        self._database.rows(DELIVERED if is_delivered else ABANDONED, told)

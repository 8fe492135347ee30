"""Webhook events on their way out. A trigger of the database writes them, in the transaction of each act.

They are handed over in each person's order. Handed over twice, an event is one outbound job, since its id is
the job's.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.webhooks import EventKind, OutboxRow
from chalicelib.postgres.transactions import Transactions
from chalicelib.stores.jobs.audit import Act
from chalicelib.stores.jobs.webhooks import read_endpoints
from chalicelib.stores.schema import Outbox

READY_MAX = 200


class OutboxStore:
    """Events on their way out."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def ready(self, again_before: datetime) -> tuple[OutboxRow, ...]:
        """Return what may be handed over: the first that waits of each person and endpoint.

        What was handed over before `again_before` and never settled is among them: it may be lost.
        """
        with self._transactions.begin() as connection:
            rows = connection.execute(_ready(again_before)).all()
            endpoints = {each.id: each for each in read_endpoints(connection)} if rows else {}
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
        with self._transactions.begin() as connection:
            connection.execute(update(Outbox).where(Outbox.id.in_(ids)).values(carried_at=now))

    def settled(self, ids: Collection[UUID], *, is_delivered: bool, now: datetime, request_id: str) -> None:
        """Note what became of events; the first time counts. Record each endpoint once, with their count."""
        kind = AuditKind.WEBHOOKS_DELIVERED if is_delivered else AuditKind.WEBHOOKS_ABANDONED
        settled = (
            update(Outbox)
            .where(Outbox.id.in_(ids), Outbox.settled_at.is_(None))
            .values(settled_at=now)
            .returning(Outbox.endpoint_id)
            .cte("settled")
        )
        counted = select(settled.c.endpoint_id, func.count().label("events")).group_by(settled.c.endpoint_id)
        with self._transactions.begin() as connection:
            act = Act(connection, now, request_id)
            for row in connection.execute(counted).all():
                act.record(kind, details={"endpoint_id": str(row.endpoint_id), "count": row.events})


def _ready(again_before: datetime) -> Select[Any]:
    earlier = aliased(Outbox)
    waits = exists().where(
        earlier.endpoint_id == Outbox.endpoint_id,
        earlier.user_id == Outbox.user_id,
        earlier.sequence < Outbox.sequence,
        earlier.settled_at.is_(None),
    )
    return (
        select(Outbox.__table__)
        .where(
            Outbox.settled_at.is_(None),
            or_(Outbox.carried_at.is_(None), Outbox.carried_at < again_before),
            ~waits,
        )
        .order_by(Outbox.sequence)
        .limit(READY_MAX)
    )

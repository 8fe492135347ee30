"""Events, handed over in each person's order; twice, one is one errand, since its id is."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from chalicelib.domain.webhooks import EventKind, OutboxRow
from chalicelib.stores.database import Database
from chalicelib.stores.described import described
from chalicelib.stores.webhooks import WebhookStore

statements = described("outbox_statements")


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
        rows = self._database.rows(statements.READY, {"p_again_before": again_before})
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
        self._database.rows(statements.CARRIED, {"p_ids": list(ids), "p_now": now})

    def settled(self, ids: Collection[UUID], *, is_delivered: bool, now: datetime, request_id: str) -> None:
        """Note what became of events; the first time counts."""
        told = {"p_ids": list(ids), "p_now": now, "p_request_id": request_id}
        self._database.rows(statements.DELIVERED if is_delivered else statements.ABANDONED, told)

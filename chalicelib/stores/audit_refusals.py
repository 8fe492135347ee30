"""Refusals as audit events: one row for all that a container refused in a while."""

from datetime import datetime

from sqlalchemy import bindparam, insert, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.refusals import RefusalCounts
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import NOW, REQUEST_ID
from chalicelib.stores.schema import AuditEvents

RECORD = (
    insert(AuditEvents)
    .from_select(
        ["occurred_at", "kind", "request_id", "details"],
        select(
            NOW, literal(AuditKind.REQUEST_REFUSED.value), REQUEST_ID, bindparam("p_details", type_=JSONB)
        ),
    )
    .returning(AuditEvents.id)
)


class RefusalStore:
    """The counts, as rows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def record(self, counts: RefusalCounts, *, now: datetime, request_id: str) -> None:
        """Append one event. Raises DependencyUnavailable."""
        values = {"p_now": now, "p_request_id": request_id, "p_details": counts.details()}
        self._database.rows(RECORD, values)

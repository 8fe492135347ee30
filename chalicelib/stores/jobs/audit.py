"""The audit record of acts that aren't requests. It is written in the transaction of the act."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, insert

from chalicelib.domain.audit import AuditKind
from chalicelib.stores.schema import AuditEvents


class Act(NamedTuple):
    """A transaction, when it happens, and the request that its records name."""

    connection: Connection
    now: datetime
    request_id: str

    def record(
        self,
        kind: AuditKind,
        *,
        user_id: UUID | None = None,
        session_id: UUID | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Write one event."""
        self.record_each([self.event(kind, user_id=user_id, session_id=session_id, details=details)])

    def record_each(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Write events in their order, if there are any."""
        if rows := list(events):
            self.connection.execute(insert(AuditEvents), rows)

    def event(
        self,
        kind: AuditKind,
        *,
        user_id: UUID | None = None,
        session_id: UUID | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """Return the row of an event."""
        return {
            "occurred_at": self.now,
            "kind": kind.value,
            "user_id": user_id,
            "session_id": session_id,
            "request_id": self.request_id,
            "details": dict(details or {}),
        }

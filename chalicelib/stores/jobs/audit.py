"""The audit record of acts that aren't requests. It is written in the transaction of the act."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, RowMapping, insert

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.sessions import SessionEnd
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
        values = {
            "occurred_at": self.now,
            "kind": kind.value,
            "user_id": user_id,
            "session_id": session_id,
            "request_id": self.request_id,
            "details": dict(details or {}),
        }
        self.connection.execute(insert(AuditEvents), values)

    def record_ended(self, sessions: list[RowMapping], reason: SessionEnd) -> None:
        """Write the event of each session that ended; a row has its `id` and `user_id`."""
        for session in sessions:
            self.record(
                AuditKind.SESSION_ENDED,
                user_id=session["user_id"],
                session_id=session["id"],
                details={"reason": reason.value},
            )

"""Refusals as audit events: one row for all that a container refused in a while."""

from datetime import datetime

from chalicelib.domain.refusals import RefusalCounts
from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("audit_refusal_statements")


class RefusalStore:
    """The counts, as rows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def record(self, counts: RefusalCounts, *, now: datetime, request_id: str) -> None:
        """Append one event. Raises DependencyUnavailable."""
        values = {"p_now": now, "p_request_id": request_id, "p_details": counts.details()}
        self._database.rows(statements.RECORD, values)

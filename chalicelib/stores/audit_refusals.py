"""Refusals as audit events: one row for all that a container refused in a while."""

import json
from datetime import datetime

from chalicelib.domain.refusals import RefusalCounts
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database


class RecordedRow(Row):
    """Always: recorded."""

    outcome: str


class RecordRefusals(Call[RecordedRow], function="record_refusals"):
    p_details: str
    p_now: datetime
    p_request_id: str


class RefusalStore:
    """The counts, as rows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def record(self, counts: RefusalCounts, *, now: datetime, request_id: str) -> None:
        """Append one event. Raises DependencyUnavailable."""
        details = json.dumps(counts.details())
        self._database.one(RecordRefusals(p_details=details, p_now=now, p_request_id=request_id))

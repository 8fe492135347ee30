"""What the life of people's keys needs of the database: the record, and who has a row."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.domain.audit import AuditKind
from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("key_life_statements")


class KeyActsStore:
    """The record of what is done to people's keys."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def record(self, kind: AuditKind, details: Mapping[str, Any], *, now: datetime, request_id: str) -> None:
        """Record one act."""
        values = {"p_now": now, "p_kind": kind.value, "p_request_id": request_id, "p_details": dict(details)}
        self._database.rows(statements.RECORD, values)

    def known(self, user_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return which of these people have a row; that of an erased person counts."""
        rows = self._database.rows(statements.KNOWN, {"p_user_ids": list(user_ids)})
        return frozenset(row.id for row in rows)

"""What the life of people's keys needs of the database: the record, and who has a row."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT

from chalicelib.domain.audit import AuditKind
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import NOW, REQUEST_ID
from chalicelib.stores.schema import AuditEvents, Users

RECORD = (
    insert(AuditEvents)
    .from_select(
        ["occurred_at", "kind", "request_id", "details"],
        select(NOW, bindparam("p_kind", type_=TEXT), REQUEST_ID, bindparam("p_details", type_=JSONB)),
    )
    .returning(AuditEvents.id)
)
KNOWN = select(Users.id).where(Users.id == func.any(bindparam("p_user_ids", type_=ARRAY(Uuid))))


class KeyActsStore:
    """The record of what is done to people's keys."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def record(self, kind: AuditKind, details: Mapping[str, Any], *, now: datetime, request_id: str) -> None:
        """Record one act."""
        values = {"p_now": now, "p_kind": kind.value, "p_request_id": request_id, "p_details": dict(details)}
        self._database.rows(RECORD, values)

    def known(self, user_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return which of these people have a row; that of an erased person counts."""
        rows = self._database.rows(KNOWN, {"p_user_ids": list(user_ids)})
        return frozenset(row.id for row in rows)

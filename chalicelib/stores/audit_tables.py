"""The tables of the audit record; a part of the schema."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chalicelib.stores.schema_root import Schema


class AuditEvents(Schema):
    """What was done, in ids only; append-only and without foreign keys, since it outlives what it names."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_user", "user_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    occurred_at: Mapped[datetime]
    kind: Mapped[str]
    user_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    request_id: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))


class AuditSeals(Schema):
    """A link of the chain that seals the events: a signed document (JWS) and what leads to its root.

    `covered` repeats the document's id ranges, for the deletion of what is 7 years old. Append-only.
    """

    __tablename__ = "audit_seals"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed_at: Mapped[datetime] = mapped_column(index=True)
    through_id: Mapped[int]
    root: Mapped[str]
    covered: Mapped[list[list[int]]] = mapped_column(JSONB)
    seal: Mapped[str]
    leaf_hashes: Mapped[bytes]

"""The tables of what leaves the database for the internet; a part of the schema."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from chalicelib.stores.schema_root import Schema, generated_id


class Revocations(Schema):
    """Refresh tokens of identities that ended, until Apple was asked to revoke them.

    Sealed as they were in `identities`. No foreign key: identity and person may be gone.
    """

    __tablename__ = "revocations"

    identity_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(index=True)
    refresh_token: Mapped[bytes]
    ended_at: Mapped[datetime]


class WebhookEndpoints(Schema):
    """Who is told of events: an HTTPS address, or the ARN of an event bus."""

    __tablename__ = "webhook_endpoints"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class WebhookSecrets(Schema):
    """What messages to an address are signed with; after a rotation, for a while, with both."""

    __tablename__ = "webhook_secrets"

    endpoint_id: Mapped[UUID] = mapped_column(
        ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wrapped: Mapped[bytes]
    kms_key_id: Mapped[str]
    expires_at: Mapped[datetime | None]


class Outbox(Schema):
    """An event for an endpoint, in ids and words of ours, written by a trigger on the audit record.

    `sequence` is the audit event's id and orders a person's events. No foreign key to the person:
    it is told of their erasure too.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_unsettled",
            "endpoint_id",
            "user_id",
            "sequence",
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = generated_id()
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    user_id: Mapped[UUID]
    sequence: Mapped[int]
    kind: Mapped[str]
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    data: Mapped[dict[str, Any]]
    carried_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]

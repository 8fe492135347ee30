"""The tables of consent: what was published, and what people answered."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from chalicelib.domain.consents import ConsentAction
from chalicelib.stores.schema_root import Schema


class ConsentDocuments(Schema):
    """A published text; never changed, since the hash is what people agreed to."""

    __tablename__ = "consent_documents"
    __table_args__ = (CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_hex"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    sha256: Mapped[str]
    legal_basis: Mapped[str]
    required: Mapped[bool]
    purpose: Mapped[str]
    effective_at: Mapped[datetime]
    grace: Mapped[timedelta]
    changes: Mapped[str]
    body: Mapped[str]
    published_at: Mapped[datetime]


class ConsentEvents(Schema):
    """What a person answered to which words, when and how; append-only (GDPR art. 7(1))."""

    __tablename__ = "consent_events"
    __table_args__ = (
        ForeignKeyConstraint(
            ["kind", "version", "locale"],
            ["consent_documents.kind", "consent_documents.version", "consent_documents.locale"],
        ),
        Index("ix_consent_events_latest", "user_id", "kind", "id"),
        Index("ix_consent_events_document", "kind", "version", "locale"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    version: Mapped[str]
    locale: Mapped[str]
    sha256: Mapped[str]
    action: Mapped[ConsentAction]
    method: Mapped[str]
    app_version: Mapped[str | None]
    session_id: Mapped[UUID]
    occurred_at: Mapped[datetime]

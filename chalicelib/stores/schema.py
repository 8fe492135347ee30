"""The schema: the one description that statements are built from and Alembic compares with.

Personal values stand only in columns of type bytea: ciphertext under the person's key, or a keyed index of
it.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from chalicelib.domain.account import UserStatus
from chalicelib.domain.id_tokens import Platform, Provider
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores.audit_tables import AuditEvents, AuditSeals
from chalicelib.stores.biometric_tables import BiometricKeys
from chalicelib.stores.consent_tables import ConsentDocuments, ConsentEvents
from chalicelib.stores.egress_tables import Outbox, Revocations, WebhookEndpoints, WebhookSecrets
from chalicelib.stores.event_tables import ProviderEvents
from chalicelib.stores.key_tables import ServiceKeys, SigningKeys
from chalicelib.stores.limit_tables import RateLimits
from chalicelib.stores.schema_root import Schema, generated_id
from chalicelib.stores.used_once_tables import Challenges, DpopProofs, UsedIdTokens

__all__ = [  # parts that live in other files
    "AuditEvents",
    "AuditSeals",
    "BiometricKeys",
    "Challenges",
    "ConsentDocuments",
    "ConsentEvents",
    "DpopProofs",
    "Outbox",
    "ProviderEvents",
    "RateLimits",
    "Revocations",
    "Schema",
    "ServiceKeys",
    "SigningKeys",
    "UsedIdTokens",
    "WebhookEndpoints",
    "WebhookSecrets",
]


class Users(Schema):
    """A person. Erased, the row stays without anything personal, so that history keeps a subject."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("(status = 'erased') = (profile IS NULL)", name="erased_has_no_profile"),
        CheckConstraint("status <> 'erased' OR chosen IS NULL", name="erased_chose_nothing"),
        Index("ix_users_erased", "status_changed_at", postgresql_where=text("status = 'erased'")),
    )

    id: Mapped[UUID] = generated_id()
    status: Mapped[UserStatus] = mapped_column(server_default=UserStatus.ACTIVE.value)
    created_at: Mapped[datetime]
    status_changed_at: Mapped[datetime]
    key_version: Mapped[int] = mapped_column(server_default="1")
    profile: Mapped[bytes | None]
    profile_digest: Mapped[bytes | None]
    index_version: Mapped[int] = mapped_column(server_default="1")
    chosen: Mapped[bytes | None]


class Identities(Schema):
    """Who a provider says a person is; (issuer, subject) identifies, an e-mail address never does.

    Since `held_at` the person is suspended, as the provider told that the account there was hijacked.
    """

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("provider", "subject_index"),)

    id: Mapped[UUID] = generated_id()
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    provider: Mapped[Provider]
    subject_index: Mapped[bytes]
    email_index: Mapped[bytes | None] = mapped_column(index=True)
    index_version: Mapped[int] = mapped_column(server_default="1")
    subject: Mapped[bytes]
    refresh_token: Mapped[bytes | None]
    created_at: Mapped[datetime]
    held_at: Mapped[datetime | None]


class Devices(Schema):
    """A phone as its app names it; the name is guessable and proves nothing."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("user_id", "device_index"),)

    id: Mapped[UUID] = generated_id()
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    device_index: Mapped[bytes]
    index_version: Mapped[int] = mapped_column(server_default="1")
    platform: Mapped[Platform]
    description: Mapped[bytes | None]
    description_digest: Mapped[bytes | None]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class Sessions(Schema):
    """One sign-in on one device. `generation` orders its refresh tokens, no clock does; `jkt` is its key."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("generation >= 0", name="generation_not_negative"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_for_a_reason"),
        CheckConstraint("ended_at IS NULL OR profile IS NULL", name="ended_keeps_no_copy"),
        CheckConstraint("idle_expires_at <= expires_at", name="idle_within_absolute"),
        CheckConstraint("jkt ~ '^[A-Za-z0-9_-]{43}$'", name="jkt_is_thumbprint"),
        Index(
            "uq_sessions_one_live_a_device",
            "device_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = generated_id()
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id"), index=True)
    client_id: Mapped[str]
    generation: Mapped[int] = mapped_column(server_default="0")
    acr: Mapped[str]
    amr: Mapped[list[str]]
    auth_time: Mapped[datetime]
    created_at: Mapped[datetime]
    rotated_at: Mapped[datetime]
    idle_expires_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[SessionEnd | None]
    jkt: Mapped[str | None]
    profile: Mapped[bytes | None]
    profile_digest: Mapped[bytes | None]


class Erasures(Schema):
    """People who were erased, by ids alone; no foreign key, since a restore can lose the person's row."""

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("completed_at >= requested_at", name="completed_after_request"),
        Index("ix_erasures_pending", "requested_at", postgresql_where=text("completed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(unique=True)
    epoch: Mapped[int]
    lineage: Mapped[UUID]
    secret_hash: Mapped[bytes | None]
    requested_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class DatabasePosition(Schema):
    """One row: how far this database is; behind the ledger's number, it was restored from a backup."""

    __tablename__ = "database_position"
    __table_args__ = (
        CheckConstraint("is_only_row", name="is_only_row"),
        CheckConstraint("epoch >= 0", name="epoch_not_negative"),
    )

    is_only_row: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    lineage: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    epoch: Mapped[int] = mapped_column(server_default="0")

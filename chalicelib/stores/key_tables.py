"""The tables of the service's own keys: a part of the schema with rules of its own."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chalicelib.domain.keys import ServiceKeyUse, SigningAlgorithm
from chalicelib.stores.schema_root import Schema


class SigningKeys(Schema):
    """Keys of our JWTs. What a key may do follows from its times alone, so all containers agree."""

    __tablename__ = "signing_keys"
    __table_args__ = (CheckConstraint("expires_at > activates_at", name="expires_after_activation"),)

    kid: Mapped[str] = mapped_column(primary_key=True)
    algorithm: Mapped[SigningAlgorithm]
    public_jwk: Mapped[dict[str, Any]]
    wrapped_private: Mapped[bytes]
    created_at: Mapped[datetime]
    activates_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    kms_key_id: Mapped[str | None]
    retired_at: Mapped[datetime | None]


class ServiceKeys(Schema):
    """Secrets of the service itself, each wrapped by KMS; a version is accepted until it is retired."""

    __tablename__ = "service_keys"
    __table_args__ = (CheckConstraint("activates_at >= created_at", name="activates_after_creation"),)

    use: Mapped[ServiceKeyUse] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime]
    activates_at: Mapped[datetime]
    kms_key_id: Mapped[str | None]
    retired_at: Mapped[datetime | None]

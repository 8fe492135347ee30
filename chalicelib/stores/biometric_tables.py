"""The tables of phones' hardware keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chalicelib.stores.schema_root import Schema


class BiometricKeys(Schema):
    """A public key whose private half a phone's hardware keeps; it goes with the device."""

    __tablename__ = "biometric_keys"
    __table_args__ = (UniqueConstraint("user_id", "spki"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    spki: Mapped[bytes]
    name: Mapped[bytes | None]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]

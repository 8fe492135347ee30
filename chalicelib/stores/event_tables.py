"""The table of providers' events; a part of the schema."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from chalicelib.stores.schema_root import Schema


class ProviderEvents(Schema):
    """Events of providers that were acted on, each once; a hash of their ids, so they are about nobody."""

    __tablename__ = "provider_events"

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

"""The table of the limits' buckets; a part of the schema."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from chalicelib.stores.schema_root import Schema


class RateLimits(Schema):
    """How often somebody asked, as one time a bucket; unlogged, so empty after a crash or failover.

    `arrives_at` has no index: with one, each request would write it too (no HOT update).
    """

    __tablename__ = "rate_limits"
    __table_args__ = {"prefixes": ["UNLOGGED"], "postgresql_with": {"fillfactor": 70}}  # noqa: RUF012 - SQLAlchemy's own word

    bucket_index: Mapped[bytes] = mapped_column(primary_key=True)
    arrives_at: Mapped[datetime]

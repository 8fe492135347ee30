"""The limiter's buckets.

Revision: 0009
Replaces: 0008

Unlogged: they cost no WAL, and a crash or a failover empties them, which is all they need.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Create the table; the app's role may do everything with its rows, and loses nothing by it."""
    op.create_table(
        "rate_limits",
        sa.Column("bucket_index", postgresql.BYTEA(), nullable=False),
        sa.Column("arrives_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bucket_index", name=op.f("pk_rate_limits")),
        prefixes=["UNLOGGED"],
        postgresql_with={"fillfactor": 70},  # room for the next version of a row on its own page
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON rate_limits TO serenya_app")


def downgrade() -> None:
    """Forget who asked how often."""
    op.drop_table("rate_limits")

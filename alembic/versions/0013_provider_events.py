"""Security events of providers, each acted on once.

Revision: 0013
Replaces: 0012
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Remember which events were acted on, and which identity a person is suspended for."""
    op.create_table(
        "provider_events",
        sa.Column("id_hash", postgresql.BYTEA(), nullable=False),
        sa.Column("taken_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_provider_events")),
    )
    op.create_index(op.f("ix_provider_events_expires_at"), "provider_events", ["expires_at"])
    op.execute("GRANT SELECT, INSERT, DELETE ON provider_events TO serenya_app")
    op.add_column("identities", sa.Column("held_at", postgresql.TIMESTAMP(timezone=True), nullable=True))


def downgrade() -> None:
    """Forget both; who is suspended stays so until an operator reinstates them."""
    op.drop_column("identities", "held_at")
    op.drop_table("provider_events")

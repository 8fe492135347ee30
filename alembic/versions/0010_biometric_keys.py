"""Keys in the phone's hardware that prove presence.

Revision: 0010
Replaces: 0009
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Add the table; a key goes with its device."""
    op.create_table(
        "biometric_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("spki", postgresql.BYTEA(), nullable=False),
        sa.Column("name", postgresql.BYTEA(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_biometric_keys_user_id_users"),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name="fk_biometric_keys_device_id_devices",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_biometric_keys"),
        sa.UniqueConstraint("user_id", "spki", name="uq_biometric_keys_user_id_spki"),
    )
    op.create_index("ix_biometric_keys_device_id", "biometric_keys", ["device_id"])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON biometric_keys TO serenya_app")


def downgrade() -> None:
    """Forget every key: people register again."""
    op.drop_table("biometric_keys")

"""Erasures, and how far a database is, so that a restored one is noticed.

Revision: 0003
Replaces: 0002
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = postgresql.TIMESTAMP(timezone=True)
OLD_REASONS = ("logout", "logout_all", "replaced", "reuse", "revoked", "suspended")


def upgrade() -> None:
    """Add the tables, and two reasons for the end of a session; a used ID token may outlive its session."""
    for reason in ("erased", "restored"):
        op.execute(f"ALTER TYPE session_end ADD VALUE '{reason}'")
    op.alter_column("used_id_tokens", "session_id", nullable=True)
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("lineage", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", postgresql.BYTEA(), nullable=True),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.CheckConstraint("completed_at >= requested_at", name="ck_erasures_completed_after_request"),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sa.UniqueConstraint("user_id", name="uq_erasures_user_id"),
    )
    op.create_index(
        "ix_erasures_pending", "erasures", ["requested_at"], postgresql_where=sa.text("completed_at IS NULL")
    )
    op.create_table(
        "database_position",
        sa.Column("is_only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("lineage", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("is_only_row", name="ck_database_position_is_only_row"),
        sa.CheckConstraint("epoch >= 0", name="ck_database_position_epoch_not_negative"),
        sa.PrimaryKeyConstraint("is_only_row", name="pk_database_position"),
    )
    op.execute("INSERT INTO database_position DEFAULT VALUES")
    op.execute("GRANT SELECT, INSERT, UPDATE ON erasures TO serenya_app")
    op.execute("GRANT UPDATE (session_id) ON used_id_tokens TO serenya_app")
    op.execute("GRANT SELECT, UPDATE ON database_position TO serenya_app")


def downgrade() -> None:
    """Forget erasures: a database that goes down this far has lost what a restore would need."""
    op.drop_table("database_position")
    op.drop_table("erasures")
    op.execute("REVOKE UPDATE (session_id) ON used_id_tokens FROM serenya_app")
    op.execute("DELETE FROM used_id_tokens WHERE session_id IS NULL")
    op.alter_column("used_id_tokens", "session_id", nullable=False)
    reasons = ", ".join(f"'{reason}'" for reason in OLD_REASONS)
    op.execute("ALTER TYPE session_end RENAME TO session_end_wider")
    op.execute(f"CREATE TYPE session_end AS ENUM ({reasons})")
    op.execute("""
        ALTER TABLE sessions ALTER COLUMN end_reason TYPE session_end USING (
            CASE WHEN end_reason IN ('erased', 'restored') THEN 'revoked' ELSE end_reason::text END
        )::session_end
    """)
    op.execute("DROP TYPE session_end_wider")

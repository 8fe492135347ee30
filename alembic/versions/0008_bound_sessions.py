"""Sessions that are bound to a phone's key (RFC 9449).

Revision: 0008
Replaces: 0007
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Let a session name its key, and remember proofs in a table that a crash may empty."""
    op.add_column("sessions", sa.Column("jkt", sa.TEXT(), nullable=True))
    op.create_check_constraint(
        op.f("ck_sessions_jkt_is_thumbprint"), "sessions", "jkt ~ '^[A-Za-z0-9_-]{43}$'"
    )
    op.create_table(
        "dpop_proofs",
        sa.Column("proof_hash", postgresql.BYTEA(), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("proof_hash", name="pk_dpop_proofs"),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_dpop_proofs_expires_at", "dpop_proofs", ["expires_at"])
    op.execute("GRANT SELECT, INSERT, DELETE ON dpop_proofs TO serenya_app")


def downgrade() -> None:
    """Undo `upgrade`; sessions that are bound end, since without their key anyone could go on with them."""
    op.execute("""
        UPDATE sessions SET ended_at = now(), end_reason = 'revoked', profile = NULL, profile_digest = NULL
        WHERE jkt IS NOT NULL AND ended_at IS NULL
    """)
    op.drop_table("dpop_proofs")
    op.drop_constraint("ck_sessions_jkt_is_thumbprint", "sessions")
    op.drop_column("sessions", "jkt")

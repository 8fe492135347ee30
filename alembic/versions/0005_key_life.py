"""Versions of the service's secrets that are accepted before they are written with.

Revision: 0005
Replaces: 0004

The blind index stays at its one version, because another would find nobody; revision 0006 changes that.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Let every version that is there go on as it is: active since it was made."""
    op.add_column("service_keys", sa.Column("activates_at", MOMENT, nullable=True))
    op.add_column("service_keys", sa.Column("kms_key_id", sa.TEXT(), nullable=True))
    op.execute("UPDATE service_keys SET activates_at = created_at")
    op.alter_column("service_keys", "activates_at", nullable=False)
    op.create_check_constraint(
        op.f("ck_service_keys_one_blind_index"), "service_keys", "use <> 'blind_index' OR version = 1"
    )
    op.create_check_constraint(
        op.f("ck_service_keys_activates_after_creation"), "service_keys", "activates_at >= created_at"
    )


def downgrade() -> None:
    """Undo `upgrade`; versions beyond the first stay, and are written with at once."""
    op.drop_constraint("ck_service_keys_activates_after_creation", "service_keys")
    op.drop_constraint("ck_service_keys_one_blind_index", "service_keys")
    op.drop_column("service_keys", "kms_key_id")
    op.drop_column("service_keys", "activates_at")

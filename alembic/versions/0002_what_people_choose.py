"""What people choose of themselves, sealed as their profile is.

Revision: 0002
Replaces: 0001
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHECK = "ck_users_erased_chose_nothing"


def upgrade() -> None:
    """Add a column that those who choose nothing leave empty."""
    op.add_column("users", sa.Column("chosen", postgresql.BYTEA(), nullable=True))
    op.create_check_constraint(op.f(CHECK), "users", "status <> 'erased' OR chosen IS NULL")


def downgrade() -> None:
    """Forget what people chose."""
    op.drop_constraint(op.f(CHECK), "users", type_="check")
    op.drop_column("users", "chosen")

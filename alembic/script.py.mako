"""${message}.

Revision: ${up_revision}
Replaces: ${down_revision | comma,n}
"""

from collections.abc import Sequence

from alembic import op

revision: str = ${'"' + up_revision + '"'}
down_revision: str | None = ${'"' + down_revision + '"' if down_revision else "None"}
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The rules, and how to make an index CONCURRENTLY: docs/migrations.md. Delete this line.


def upgrade() -> None:
    """Expand the schema."""
    op.execute("SELECT 1")  # replace this: op.create_table(...), op.add_column(...)


def downgrade() -> None:
    """Undo `upgrade`."""
    op.execute("SELECT 1")  # replace this: op.drop_table(...), op.drop_column(...)

"""key life.

Revision: 0005
Replaces: 0004
"""

from collections.abc import Sequence

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand the schema."""


def downgrade() -> None:
    """Undo `upgrade`."""

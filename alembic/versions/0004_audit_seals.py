"""audit seals.

Revision: 0004
Replaces: 0003
"""

from collections.abc import Sequence

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand the schema."""


def downgrade() -> None:
    """Undo `upgrade`."""

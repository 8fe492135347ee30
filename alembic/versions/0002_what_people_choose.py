"""what people choose.

Revision: 0002
Replaces: 0001
"""

from collections.abc import Sequence

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand the schema."""


def downgrade() -> None:
    """Undo `upgrade`."""

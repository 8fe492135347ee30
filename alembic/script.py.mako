"""${message}

Revision: ${up_revision}
Replaces: ${down_revision | comma,n}

Rules: the release before this one keeps working on the new schema (expand now, contract in a later release);
no statement that rewrites or long locks a table that traffic uses; indexes on filled tables CONCURRENTLY, in a
migration of their own; grants for serenya_app beside each new table; `downgrade` undoes all of it.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Expand the schema."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Undo `upgrade`."""
    ${downgrades if downgrades else "pass"}

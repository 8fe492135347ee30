"""A second provider for one person, and any number of providers.

Revision: 0011
Replaces: 0010

The provider becomes a word: which there are is declared in code (decision 0088). That rewrites `identities`,
one short row a person, and its indexes: 16 s for a million on two cores. Meanwhile sign-ins answer 503 with
Retry-After and refreshes go on; beyond the limits of migrations nothing is changed.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROVIDER = postgresql.ENUM("apple", "google", name="identity_provider", create_type=False)


def upgrade() -> None:
    """Let a provider be any word, and keep what erasure needs to end a person's consent at their provider."""
    op.alter_column("identities", "provider", type_=sa.TEXT(), postgresql_using="provider::text")
    PROVIDER.drop(op.get_bind())
    op.add_column("identities", sa.Column("refresh_token", postgresql.BYTEA(), nullable=True))


def downgrade() -> None:
    """Undo `upgrade`; fails while somebody is known through a provider that the type doesn't have."""
    op.drop_column("identities", "refresh_token")
    PROVIDER.create(op.get_bind())
    op.alter_column("identities", "provider", type_=PROVIDER, postgresql_using="provider::identity_provider")

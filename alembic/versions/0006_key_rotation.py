"""Rotation of the blind index with overlap, and retirement of what leaked.

Revision: 0006
Replaces: 0005

What a row was indexed with stands in the row. The app may wrap keys anew, bring their beginning forward and
retire them. A trigger holds everybody to it that what is retired stays so, and that what is wrapped changes
with the KMS key only.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = postgresql.TIMESTAMP(timezone=True)
INDEXED = ("users", "identities", "devices")
WRAPPED = {"service_keys": "wrapped", "signing_keys": "wrapped_private"}


def upgrade() -> None:
    """Let every row be of the first index key, and every key go on as it is."""
    for table in INDEXED:
        op.add_column(table, sa.Column("index_version", sa.BigInteger(), server_default="1", nullable=False))
    for table in WRAPPED:
        op.add_column(table, sa.Column("retired_at", MOMENT, nullable=True))
    op.add_column("signing_keys", sa.Column("kms_key_id", sa.TEXT(), nullable=True))
    op.drop_constraint("ck_service_keys_one_blind_index", "service_keys")
    op.execute("REVOKE UPDATE ON signing_keys FROM serenya_app")
    op.execute(
        "GRANT UPDATE (wrapped_private, kms_key_id, activates_at, expires_at, retired_at)"
        " ON signing_keys TO serenya_app"
    )
    op.execute("GRANT UPDATE (wrapped, kms_key_id, activates_at, retired_at) ON service_keys TO serenya_app")
    for table, column in WRAPPED.items():
        guard(table, column)


def downgrade() -> None:
    """Undo `upgrade`, unless something is kept that the schema before could not say.

    Rows under a second index key, and keys that were retired, would come back to life: this refuses then.
    """
    op.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM service_keys WHERE use = 'blind_index' AND version > 1)
               OR EXISTS (SELECT FROM service_keys WHERE retired_at IS NOT NULL)
               OR EXISTS (SELECT FROM signing_keys WHERE retired_at IS NOT NULL) THEN
                RAISE EXCEPTION 'keys were retired, or the index key was rotated: 0005 would undo that';
            END IF;
        END $$
    """)
    for table in WRAPPED:
        op.execute(f"DROP TRIGGER keep_key ON {table}")
        op.execute(f"DROP FUNCTION keep_key_of_{table}()")
    op.execute(
        "REVOKE UPDATE (wrapped, kms_key_id, activates_at, retired_at) ON service_keys FROM serenya_app"
    )
    op.execute(
        "REVOKE UPDATE (wrapped_private, kms_key_id, activates_at, expires_at, retired_at)"
        " ON signing_keys FROM serenya_app"
    )
    op.execute("GRANT UPDATE ON signing_keys TO serenya_app")
    op.create_check_constraint(
        op.f("ck_service_keys_one_blind_index"), "service_keys", "use <> 'blind_index' OR version = 1"
    )
    op.drop_column("signing_keys", "kms_key_id")
    for table in WRAPPED:
        op.drop_column(table, "retired_at")
    for table in INDEXED:
        op.drop_column(table, "index_version")


def guard(table: str, wrapped: str) -> None:
    """Refuse to change what is retired, and to put another key in a key's place."""
    op.execute(f"""
        CREATE FUNCTION keep_key_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.retired_at IS NOT NULL THEN
                RAISE EXCEPTION 'a retired key stays as it is' USING ERRCODE = '42501';
            END IF;
            IF NEW.{wrapped} <> OLD.{wrapped} AND NEW.kms_key_id IS NOT DISTINCT FROM OLD.kms_key_id THEN
                RAISE EXCEPTION 'a key is only wrapped anew, by another KMS key' USING ERRCODE = '42501';
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute(f"""
        CREATE TRIGGER keep_key BEFORE UPDATE ON {table}
        FOR EACH ROW EXECUTE FUNCTION keep_key_of_{table}()
    """)

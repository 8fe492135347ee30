"""audit seals.

Revision: 0004
Replaces: 0003

Seals are appended and never changed, as events are. An event may be deleted by the database's owner only,
and only when a seal covers it that is older than 7 years: `expire_audit_events()` deletes those.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = postgresql.TIMESTAMP(timezone=True)
RETENTION = "interval '2557 days'"  # 7 years and their leap days; the same as in domain/audit_seals.py


def upgrade() -> None:
    """Expand the schema."""
    op.create_table(
        "audit_seals",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_at", MOMENT, nullable=False),
        sa.Column("through_id", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.TEXT(), nullable=False),
        sa.Column("covered", postgresql.JSONB(), nullable=False),
        sa.Column("seal", sa.TEXT(), nullable=False),
        sa.Column("leaf_hashes", postgresql.BYTEA(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_seals"),
    )
    op.create_index("ix_audit_seals_sealed_at", "audit_seals", ["sealed_at"])
    op.execute("GRANT SELECT, INSERT ON audit_seals TO serenya_app")
    op.execute("""
        CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    let_events_expire()


def let_events_expire() -> None:
    """Refuse each deletion of an event by itself, so that one which is old enough can pass.

    The function deletes the ids of old seals only: what came late is covered by a later seal.
    """
    op.execute("DROP TRIGGER refuse_change ON audit_events")
    op.execute("""
        CREATE TRIGGER refuse_change BEFORE UPDATE OR TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute(f"""
        CREATE FUNCTION refuse_early_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.id <= (
                SELECT through_id FROM audit_seals WHERE sealed_at < now() - {RETENTION}
                ORDER BY sealed_at DESC, number DESC LIMIT 1
            ) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = '42501';
        END $$
    """)  # noqa: S608 - our own constant
    op.execute("""
        CREATE TRIGGER refuse_early_deletion BEFORE DELETE ON audit_events
        FOR EACH ROW EXECUTE FUNCTION refuse_early_deletion()
    """)
    op.execute(f"""
        CREATE FUNCTION expire_audit_events() RETURNS bigint LANGUAGE sql AS $$
            WITH old AS (
                SELECT (ids ->> 0)::bigint AS first_id, (ids ->> 1)::bigint AS last_id
                FROM audit_seals, jsonb_array_elements(covered) AS ids
                WHERE sealed_at < now() - {RETENTION}
            ), expired AS (
                DELETE FROM audit_events USING old WHERE id BETWEEN first_id AND last_id RETURNING 1
            )
            SELECT count(*) FROM expired
        $$
    """)  # noqa: S608 - our own constant
    op.execute("REVOKE ALL ON FUNCTION expire_audit_events() FROM PUBLIC")


def downgrade() -> None:
    """Undo `upgrade`."""
    op.execute("DROP FUNCTION expire_audit_events()")
    op.execute("DROP TRIGGER refuse_early_deletion ON audit_events")
    op.execute("DROP FUNCTION refuse_early_deletion()")
    op.execute("DROP TRIGGER refuse_change ON audit_events")
    op.execute("""
        CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.drop_table("audit_seals")

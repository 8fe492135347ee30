"""What other backends are told, and what Apple must be told when somebody leaves.

Revision: 0012
Replaces: 0011

A trigger on the audit record fills the outbox, so that no act can forget it or has a statement more. It
copies ids and words of ours, by name: what else an event's details hold stays in the record.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = postgresql.TIMESTAMP(timezone=True)
UNSETTLED = sa.text("settled_at IS NULL")


def upgrade() -> None:
    """Add the tables and the trigger; without an endpoint it writes nothing."""
    op.create_table(
        "revocations",
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("refresh_token", postgresql.BYTEA(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("identity_id", name="pk_revocations"),
    )
    op.create_index("ix_revocations_user_id", "revocations", ["user_id"])
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.TEXT(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
        sa.UniqueConstraint("address", name="uq_webhook_endpoints_address"),
    )
    op.create_table(
        "webhook_secrets",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", postgresql.BYTEA(), nullable=False),
        sa.Column("kms_key_id", sa.TEXT(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name="fk_webhook_secrets_endpoint_id_webhook_endpoints",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "version", name="pk_webhook_secrets"),
    )
    create_outbox()
    op.execute("GRANT SELECT, INSERT, DELETE ON revocations TO serenya_app")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints, webhook_secrets, outbox TO serenya_app"
    )


def create_outbox() -> None:
    """Create the outbox, and what fills it in the transaction of each act that others are told of."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.TEXT(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("carried_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name="fk_outbox_endpoint_id_webhook_endpoints",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index(
        "ix_outbox_unsettled", "outbox", ["endpoint_id", "user_id", "sequence"], postgresql_where=UNSETTLED
    )
    op.create_index("ix_outbox_occurred_at", "outbox", ["occurred_at"])
    op.execute("""
        CREATE FUNCTION tell_others() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO outbox (endpoint_id, user_id, sequence, kind, occurred_at, data)
            SELECT id, NEW.user_id, NEW.id,
                CASE split_part(NEW.kind, '.', 1)
                    WHEN 'consent' THEN 'consent.changed'
                    WHEN 'session' THEN 'session.revoked'
                    ELSE NEW.kind
                END,
                NEW.occurred_at,
                CASE split_part(NEW.kind, '.', 1)
                    WHEN 'consent' THEN jsonb_build_object(
                        'document', NEW.details -> 'document',
                        'version', NEW.details -> 'version',
                        'action', split_part(NEW.kind, '.', 2)
                    )
                    WHEN 'session' THEN jsonb_build_object(
                        'session_id', NEW.session_id, 'reason', NEW.details -> 'reason'
                    )
                    ELSE '{}'::jsonb
                END
            FROM webhook_endpoints;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER tell_others AFTER INSERT ON audit_events FOR EACH ROW
        WHEN (NEW.user_id IS NOT NULL AND NEW.kind IN (
            'account.created', 'account.erased', 'session.ended',
            'consent.granted', 'consent.refused', 'consent.withdrawn'
        ))
        EXECUTE FUNCTION tell_others()
    """)


def downgrade() -> None:
    """Tell nobody any more; revocations that wait are lost."""
    op.execute("DROP TRIGGER tell_others ON audit_events")
    op.execute("DROP FUNCTION tell_others()")
    for table in ("outbox", "webhook_secrets", "webhook_endpoints", "revocations"):
        op.drop_table(table)

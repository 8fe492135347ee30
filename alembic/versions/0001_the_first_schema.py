"""The first schema: people, sessions, consents, keys and the audit record.

Revision: 0001
Replaces: nothing

The app's role, serenya_app, owns nothing. It gets its time limits from the role itself, since a SET would
pin a proxied connection; it can add to the audit and consent records and neither change nor delete them,
and triggers say the same to the owner.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = postgresql.TIMESTAMP(timezone=True)
ENUMS = {
    enum.name: enum
    for enum in (
        postgresql.ENUM(
            "blind_index", "challenge", "refresh_token", name="service_key_use", create_type=False
        ),
        postgresql.ENUM("ES256", "RS256", name="signing_algorithm", create_type=False),
        postgresql.ENUM("active", "erased", "suspended", name="user_status", create_type=False),
        postgresql.ENUM(
            "granted", "refused", "superseded", "withdrawn", name="consent_action", create_type=False
        ),
        postgresql.ENUM("ios", "android", "web", name="device_platform", create_type=False),
        postgresql.ENUM("apple", "google", name="identity_provider", create_type=False),
        postgresql.ENUM(
            "logout",
            "logout_all",
            "replaced",
            "reuse",
            "revoked",
            "suspended",
            name="session_end",
            create_type=False,
        ),
    )
}
TABLES = (
    "used_id_tokens",
    "challenges",
    "sessions",
    "devices",
    "consent_events",
    "consent_documents",
    "identities",
    "users",
    "signing_keys",
    "service_keys",
    "audit_events",
)
APPEND_ONLY = ("audit_events", "consent_events", "consent_documents")
GRANTS = {
    "users": "SELECT, INSERT, UPDATE",
    "identities": "SELECT, INSERT, UPDATE, DELETE",
    "devices": "SELECT, INSERT, UPDATE, DELETE",
    "sessions": "SELECT, INSERT, UPDATE, DELETE",
    "challenges": "SELECT, INSERT, DELETE",
    "used_id_tokens": "SELECT, INSERT, DELETE",
    "consent_documents": "SELECT",
    "consent_events": "SELECT, INSERT",
    "signing_keys": "SELECT, INSERT, UPDATE",
    "service_keys": "SELECT, INSERT",
    "audit_events": "SELECT, INSERT",
    "alembic_version": "SELECT",
}


def upgrade() -> None:
    """Create it all, for a role that can do no more than it must."""
    for enum in ENUMS.values():
        enum.create(op.get_bind())
    create_people()
    create_devices()
    create_sessions()
    create_single_use()
    create_consents()
    create_keys()
    create_audit()
    refuse_changes_to_records()
    create_role()


def downgrade() -> None:
    """Undo `upgrade`; the role goes too, unless another database of the cluster still uses it."""
    for table in TABLES:
        op.drop_table(table)
    for enum in ENUMS.values():
        enum.drop(op.get_bind())
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP OWNED BY serenya_app")
    op.execute("""
        DO $$ BEGIN
            DROP ROLE serenya_app;
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'role serenya_app stays: another database uses it';
        END $$
    """)


def create_people() -> None:
    """Create people and the providers who vouch for them."""
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("status", ENUMS["user_status"], server_default="active", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("status_changed_at", MOMENT, nullable=False),
        sa.Column("key_version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("profile", postgresql.BYTEA(), nullable=True),
        sa.Column("profile_digest", postgresql.BYTEA(), nullable=True),
        sa.CheckConstraint("(status = 'erased') = (profile IS NULL)", name="ck_users_erased_has_no_profile"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_table(
        "identities",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("provider", ENUMS["identity_provider"], nullable=False),
        sa.Column("subject_index", postgresql.BYTEA(), nullable=False),
        sa.Column("email_index", postgresql.BYTEA(), nullable=True),
        sa.Column("subject", postgresql.BYTEA(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_identities_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
        sa.UniqueConstraint("provider", "subject_index", name="uq_identities_provider_subject_index"),
    )
    op.create_index("ix_identities_email_index", "identities", ["email_index"])
    op.create_index("ix_identities_user_id", "identities", ["user_id"])


def create_devices() -> None:
    """Create the phones of people."""
    op.create_table(
        "devices",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("device_index", postgresql.BYTEA(), nullable=False),
        sa.Column("platform", ENUMS["device_platform"], nullable=False),
        sa.Column("description", postgresql.BYTEA(), nullable=True),
        sa.Column("description_digest", postgresql.BYTEA(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_devices_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("user_id", "device_index", name="uq_devices_user_id_device_index"),
    )


def create_sessions() -> None:
    """Create what a person is signed in with; one live session a device."""
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.TEXT(), nullable=False),
        sa.Column("generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("acr", sa.TEXT(), nullable=False),
        sa.Column("amr", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("auth_time", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("rotated_at", MOMENT, nullable=False),
        sa.Column("idle_expires_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("end_reason", ENUMS["session_end"], nullable=True),
        sa.Column("profile", postgresql.BYTEA(), nullable=True),
        sa.Column("profile_digest", postgresql.BYTEA(), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (end_reason IS NULL)", name="ck_sessions_ended_for_a_reason"
        ),
        sa.CheckConstraint("ended_at IS NULL OR profile IS NULL", name="ck_sessions_ended_keeps_no_copy"),
        sa.CheckConstraint("generation >= 0", name="ck_sessions_generation_not_negative"),
        sa.CheckConstraint("idle_expires_at <= expires_at", name="ck_sessions_idle_within_absolute"),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_sessions_device_id_devices"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_device_id", "sessions", ["device_id"])
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index(
        "uq_sessions_one_live_a_device",
        "sessions",
        ["device_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def create_single_use() -> None:
    """Create what may be used once."""
    op.create_table(
        "challenges",
        sa.Column("nonce_hash", postgresql.BYTEA(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("nonce_hash", name="pk_challenges"),
    )
    op.create_index("ix_challenges_expires_at", "challenges", ["expires_at"])
    op.create_table(
        "used_id_tokens",
        sa.Column("token_hash", postgresql.BYTEA(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_used_id_tokens_session_id_sessions"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_used_id_tokens"),
    )
    op.create_index("ix_used_id_tokens_expires_at", "used_id_tokens", ["expires_at"])
    op.create_index("ix_used_id_tokens_session_id", "used_id_tokens", ["session_id"])


def create_consents() -> None:
    """Create the texts and the answers to them."""
    op.create_table(
        "consent_documents",
        sa.Column("kind", sa.TEXT(), nullable=False),
        sa.Column("version", sa.TEXT(), nullable=False),
        sa.Column("locale", sa.TEXT(), nullable=False),
        sa.Column("title", sa.TEXT(), nullable=False),
        sa.Column("sha256", sa.TEXT(), nullable=False),
        sa.Column("legal_basis", sa.TEXT(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("purpose", sa.TEXT(), nullable=False),
        sa.Column("effective_at", MOMENT, nullable=False),
        sa.Column("grace", postgresql.INTERVAL(), nullable=False),
        sa.Column("changes", sa.TEXT(), nullable=False),
        sa.Column("body", sa.TEXT(), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="ck_consent_documents_sha256_is_hex"),
        sa.PrimaryKeyConstraint("kind", "version", "locale", name="pk_consent_documents"),
    )
    op.create_table(
        "consent_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.TEXT(), nullable=False),
        sa.Column("version", sa.TEXT(), nullable=False),
        sa.Column("locale", sa.TEXT(), nullable=False),
        sa.Column("sha256", sa.TEXT(), nullable=False),
        sa.Column("action", ENUMS["consent_action"], nullable=False),
        sa.Column("method", sa.TEXT(), nullable=False),
        sa.Column("app_version", sa.TEXT(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["kind", "version", "locale"],
            ["consent_documents.kind", "consent_documents.version", "consent_documents.locale"],
            name="fk_consent_events_kind_version_locale_consent_documents",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_consent_events_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_consent_events"),
    )
    op.create_index("ix_consent_events_document", "consent_events", ["kind", "version", "locale"])
    op.create_index("ix_consent_events_latest", "consent_events", ["user_id", "kind", "id"])


def create_keys() -> None:
    """Create the keys of the service, each wrapped by KMS."""
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.TEXT(), nullable=False),
        sa.Column("algorithm", ENUMS["signing_algorithm"], nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(), nullable=False),
        sa.Column("wrapped_private", postgresql.BYTEA(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("activates_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.CheckConstraint("expires_at > activates_at", name="ck_signing_keys_expires_after_activation"),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )
    op.create_table(
        "service_keys",
        sa.Column("use", ENUMS["service_key_use"], nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", postgresql.BYTEA(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("use", "version", name="pk_service_keys"),
    )


def create_audit() -> None:
    """Create the record of every act."""
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("kind", sa.TEXT(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.TEXT(), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_user", "audit_events", ["user_id", "id"])


def refuse_changes_to_records() -> None:
    """Make the append-only tables so for everybody, their owner included."""
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = '42501';
        END $$
    """)
    for table in APPEND_ONLY:
        op.execute(f"""
            CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """)


def create_role() -> None:
    """Create the app's role, where another database of the cluster hasn't, and grant it what it needs."""
    op.execute("""
        DO $$ BEGIN
            CREATE ROLE serenya_app NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$
    """)
    op.execute("ALTER ROLE serenya_app SET statement_timeout = '3s'")
    op.execute("ALTER ROLE serenya_app SET lock_timeout = '2s'")
    op.execute("ALTER ROLE serenya_app SET idle_in_transaction_session_timeout = '5s'")
    op.execute("GRANT USAGE ON SCHEMA public TO serenya_app")
    for table, privileges in GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO serenya_app")

"""Roles for functions of the database, and for those who call them.

Revision: 0014
Replaces: 0013

A request calls one function and has no other right (serenya_requests). The functions belong to a role that
can't log in (serenya_functions) and run with its rights. Jobs and operators have roles of their own.
serenya_app, which all of them were before, keeps its rights until no release that can be rolled back to uses
it; a later migration revokes them.

The functions themselves are made after the migrations: see chalicelib/postgres/release_schema.py.
"""

from collections.abc import Mapping, Sequence

from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FUNCTIONS: Mapping[str, str] = {
    "users": "SELECT, INSERT, UPDATE",
    "identities": "SELECT, INSERT, UPDATE, DELETE",
    "devices": "SELECT, INSERT, UPDATE, DELETE",
    "sessions": "SELECT, INSERT, UPDATE, DELETE",
    "biometric_keys": "SELECT, INSERT, UPDATE, DELETE",
    "challenges": "SELECT, INSERT",
    "used_id_tokens": "SELECT, INSERT, UPDATE (session_id)",
    "dpop_proofs": "SELECT, INSERT",
    "provider_events": "SELECT, INSERT",
    "rate_limits": "SELECT, INSERT, UPDATE",
    "consent_documents": "SELECT",
    "consent_events": "SELECT, INSERT",
    "audit_events": "SELECT, INSERT",
    "erasures": "SELECT, INSERT, UPDATE (completed_at)",
    "database_position": "SELECT, UPDATE",
    "revocations": "SELECT, INSERT, DELETE",
    "webhook_endpoints": "SELECT",
    "outbox": "SELECT, INSERT",
    "signing_keys": "SELECT",
    "service_keys": "SELECT",
    "alembic_version": "SELECT",
}
JOBS: Mapping[str, str] = {
    "users": "SELECT, UPDATE",
    "identities": "SELECT, UPDATE, DELETE",
    "devices": "SELECT, UPDATE, DELETE",
    "sessions": "SELECT, UPDATE, DELETE",
    "biometric_keys": "SELECT, DELETE",
    "challenges": "SELECT, DELETE",
    "used_id_tokens": "SELECT, DELETE, UPDATE (session_id)",
    "dpop_proofs": "SELECT, DELETE",
    "provider_events": "SELECT, DELETE",
    "rate_limits": "SELECT, UPDATE, DELETE",  # FOR UPDATE asks for both
    "consent_documents": "SELECT",
    "consent_events": "SELECT",
    "audit_events": "SELECT, INSERT",
    "audit_seals": "SELECT, INSERT",
    "erasures": "SELECT, INSERT, UPDATE (completed_at)",
    "database_position": "SELECT, UPDATE",
    "revocations": "SELECT, INSERT, DELETE",
    "webhook_endpoints": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_secrets": "SELECT, INSERT, UPDATE, DELETE",
    "outbox": "SELECT, INSERT, UPDATE, DELETE",
    "signing_keys": (
        "SELECT, INSERT, UPDATE (wrapped_private, kms_key_id, activates_at, expires_at, retired_at)"
    ),
    "service_keys": "SELECT, INSERT, UPDATE (wrapped, kms_key_id, activates_at, retired_at)",
    "alembic_version": "SELECT",
}
OPERATORS: Mapping[str, str] = {
    "users": "SELECT, UPDATE",
    "identities": "SELECT, UPDATE, DELETE",
    "devices": "SELECT, DELETE",
    "sessions": "SELECT, UPDATE, DELETE",
    "biometric_keys": "SELECT, DELETE",
    "used_id_tokens": "SELECT, UPDATE (session_id)",
    "consent_documents": "SELECT",
    "consent_events": "SELECT",
    "audit_events": "SELECT, INSERT",
    "erasures": "SELECT, INSERT, UPDATE (completed_at)",
    "database_position": "SELECT, UPDATE",
    "revocations": "SELECT, INSERT",
    "webhook_endpoints": "SELECT",
    "outbox": "SELECT, INSERT",
    "signing_keys": "SELECT",
    "service_keys": "SELECT",
    "alembic_version": "SELECT",
}
GRANTS = {"serenya_functions": FUNCTIONS, "serenya_jobs": JOBS, "serenya_operators": OPERATORS}
EXPIRING = ("skip_audit_ids(bigint)", "expire_audit_events()", "expire_people()", "expire_erasures()")
ROLES = ("serenya_functions", "serenya_requests", "serenya_jobs", "serenya_operators")
LONGEST = {"serenya_requests": "3s", "serenya_jobs": "30s", "serenya_operators": "10s"}
OF_TRIGGERS = (
    "refuse_change()",
    "refuse_early_deletion()",
    "refuse_early_consent_deletion()",
    "keep_key_of_signing_keys()",
    "keep_key_of_service_keys()",
    "tell_others()",
)


def upgrade() -> None:
    """Make the roles, and take from everybody what PostgreSQL gives to PUBLIC."""
    for role in ROLES:
        create_role(role)
    let_owner_act_as("serenya_functions")
    op.execute("SET LOCAL ROLE serenya_functions")
    op.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    op.execute("RESET ROLE")
    for role, longest in LONGEST.items():
        op.execute(f"ALTER ROLE {role} SET statement_timeout = '{longest}'")
        op.execute(f"ALTER ROLE {role} SET lock_timeout = '2s'")
        op.execute(f"ALTER ROLE {role} SET idle_in_transaction_session_timeout = '5s'")
        op.execute(f"ALTER ROLE {role} SET default_transaction_isolation = 'read committed'")
        # A plan that must read a table from end to end looks dear (0120), so its first call would compile it.
        op.execute(f"ALTER ROLE {role} SET jit = off")
    for role, tables in GRANTS.items():
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        for table, privileges in tables.items():
            op.execute(f"GRANT {privileges} ON {table} TO {role}")
    for function in EXPIRING:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO serenya_jobs")
    for function in OF_TRIGGERS:
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
    op.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    tell_others("public.")


def downgrade() -> None:
    """Undo `upgrade`; a role stays if another database of the cluster uses it."""
    tell_others("")
    let_everybody_have_temporary_tables()
    op.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    for function in OF_TRIGGERS:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO PUBLIC")
    for role in ROLES:
        let_owner_act_as(role)
        op.execute(f"SET LOCAL ROLE {role}")
        op.execute(f"DROP OWNED BY {role}")  # the functions too, and every right in this database
        op.execute("RESET ROLE")
        op.execute(f"""
            DO $$ BEGIN
                DROP ROLE {role};
            EXCEPTION WHEN dependent_objects_still_exist THEN
                RAISE NOTICE 'role {role} stays: another database uses it';
            END $$
        """)


def create_role(role: str) -> None:
    """Create a role without any power, unless another database of the cluster has it already."""
    op.execute(f"""
        DO $$ BEGIN
            CREATE ROLE {role} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$
    """)


def let_owner_act_as(role: str) -> None:
    """Let the database's owner SET ROLE to it; from PostgreSQL 16 on without having its rights otherwise."""
    op.execute(f"""
        DO $$ BEGIN
            EXECUTE 'GRANT {role} TO CURRENT_USER' || CASE
                WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT FALSE, SET TRUE'
                ELSE ''
            END;
        END $$
    """)


def let_everybody_have_temporary_tables() -> None:
    """Give back what chalicelib/postgres/release_schema.py takes."""
    op.execute("""
        DO $$ BEGIN
            EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
        END $$
    """)


def tell_others(schema: str) -> None:
    """Let the trigger find its tables whatever the search path is."""
    op.execute(f"""
        CREATE OR REPLACE FUNCTION tell_others() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO {schema}outbox (endpoint_id, user_id, sequence, kind, occurred_at, data)
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
                    ELSE '{{}}'::jsonb
                END
            FROM {schema}webhook_endpoints;
            RETURN NULL;
        END $$
    """)  # noqa: S608 - our own names

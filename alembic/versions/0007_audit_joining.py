"""Sealing goes on after a restore; history ends when its period does.

Revision: 0007
Replaces: 0006

The app's role may expire history by functions that run as the owner and decide themselves what is old
enough, by times that the app's role can't change afterwards: no parameter, no table of the caller's choice.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PERIOD = "interval '2557 days'"  # 7 years and their leap days; the same as in domain/erasure.py
AS_OWNER = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
SEALS_A_CALL = 10  # some 40,000 events at most: far within the purge's patience
PEOPLE_A_CALL = 500
JUMP = 1000  # more ids than are drawn between looking at the sequence and setting it
FUNCTIONS = ("skip_audit_ids(bigint)", "expire_audit_events()", "expire_people()", "expire_erasures()")


def upgrade() -> None:
    """Let ids be skipped, and events, consents and erasures expire."""
    op.create_index(
        "ix_users_erased", "users", ["status_changed_at"], postgresql_where=sa.text("status = 'erased'")
    )
    op.execute("REVOKE UPDATE ON erasures FROM serenya_app")
    op.execute("GRANT UPDATE (completed_at) ON erasures TO serenya_app")
    op.execute(f"""
        CREATE FUNCTION skip_audit_ids(through bigint) RETURNS bigint LANGUAGE sql {AS_OWNER} AS $$
            SELECT setval('public.audit_events_id_seq', through + {JUMP}) FROM public.audit_events_id_seq
            WHERE last_value <= through
        $$
    """)  # noqa: S608 - our own constants
    refuse_what_is_young()
    expire_events()
    expire_people()
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO serenya_app")


def refuse_what_is_young() -> None:
    """Refuse the deletion of each row whose period isn't over, to everybody."""
    op.execute(f"""
        CREATE OR REPLACE FUNCTION refuse_early_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.occurred_at < now() - {PERIOD} AND OLD.id <= (
                SELECT through_id FROM public.audit_seals WHERE sealed_at < now() - {PERIOD}
                ORDER BY sealed_at DESC, number DESC LIMIT 1
            ) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = '42501';
        END $$
    """)  # noqa: S608 - our own constant
    op.execute("DROP TRIGGER refuse_change ON consent_events")
    op.execute("""
        CREATE TRIGGER refuse_change BEFORE UPDATE OR TRUNCATE ON consent_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute(f"""
        CREATE FUNCTION refuse_early_consent_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.occurred_at < now() - {PERIOD} AND NOT EXISTS (
                SELECT FROM public.users WHERE id = OLD.user_id
                AND NOT (status = 'erased' AND status_changed_at < now() - {PERIOD})
            ) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = '42501';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER refuse_early_deletion BEFORE DELETE ON consent_events
        FOR EACH ROW EXECUTE FUNCTION refuse_early_consent_deletion()
    """)


def expire_events() -> None:
    """Delete events by whole seals, so that one which lacks some of them is still found.

    A seal's own time is the app's word. That of each event, which the app can't change, decides as well.
    """
    op.execute(f"""
        CREATE OR REPLACE FUNCTION expire_audit_events() RETURNS bigint LANGUAGE sql {AS_OWNER} AS $$
            WITH old AS (
                SELECT covered FROM public.audit_seals AS seal
                WHERE sealed_at < now() - {PERIOD}
                AND through_id >= (SELECT min(id) FROM public.audit_events)
                AND (
                    SELECT max(event.occurred_at) < now() - {PERIOD}
                    FROM jsonb_array_elements(seal.covered) AS ids
                    JOIN public.audit_events AS event
                    ON event.id BETWEEN (ids ->> 0)::bigint AND (ids ->> 1)::bigint
                )
                ORDER BY number LIMIT {SEALS_A_CALL}
            ), expired AS (
                DELETE FROM public.audit_events USING old, jsonb_array_elements(old.covered) AS ids
                WHERE id BETWEEN (ids ->> 0)::bigint AND (ids ->> 1)::bigint RETURNING 1
            )
            SELECT count(*) FROM expired
        $$
    """)  # noqa: S608 - our own constants


def expire_people() -> None:
    """Delete what is left of people who were erased so long ago, and the record of their erasure."""
    op.execute(f"""
        CREATE FUNCTION expire_people() RETURNS bigint LANGUAGE sql {AS_OWNER} AS $$
            WITH person AS (
                SELECT id FROM public.users
                WHERE status = 'erased' AND status_changed_at < now() - {PERIOD}
                AND NOT EXISTS (
                    SELECT FROM public.consent_events
                    WHERE user_id = users.id AND occurred_at >= now() - {PERIOD}
                )
                ORDER BY status_changed_at LIMIT {PEOPLE_A_CALL}
            ), answered AS (
                DELETE FROM public.consent_events USING person WHERE user_id = person.id RETURNING 1
            ), forgotten AS (
                DELETE FROM public.users USING person WHERE users.id = person.id RETURNING 1
            )
            SELECT (SELECT count(*) FROM answered) + (SELECT count(*) FROM forgotten)
        $$
    """)  # noqa: S608 - our own constants
    op.execute(f"""
        CREATE FUNCTION expire_erasures() RETURNS bigint LANGUAGE sql {AS_OWNER} AS $$
            WITH expired AS (
                DELETE FROM public.erasures
                WHERE completed_at IS NOT NULL AND requested_at < now() - {PERIOD} RETURNING 1
            )
            SELECT count(*) FROM expired
        $$
    """)  # noqa: S608 - our own constant


def downgrade() -> None:
    """Let only the owner expire events, and nobody the rest."""
    for function in ("expire_erasures()", "expire_people()", "skip_audit_ids(bigint)"):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TRIGGER refuse_early_deletion ON consent_events")
    op.execute("DROP FUNCTION refuse_early_consent_deletion()")
    op.execute("DROP TRIGGER refuse_change ON consent_events")
    op.execute("""
        CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute(f"""
        CREATE OR REPLACE FUNCTION refuse_early_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.id <= (
                SELECT through_id FROM audit_seals WHERE sealed_at < now() - {PERIOD}
                ORDER BY sealed_at DESC, number DESC LIMIT 1
            ) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = '42501';
        END $$
    """)  # noqa: S608 - our own constant
    op.execute(f"""
        CREATE OR REPLACE FUNCTION expire_audit_events() RETURNS bigint LANGUAGE sql
        SECURITY INVOKER AS $$
            WITH old AS (
                SELECT (ids ->> 0)::bigint AS first_id, (ids ->> 1)::bigint AS last_id
                FROM audit_seals, jsonb_array_elements(covered) AS ids
                WHERE sealed_at < now() - {PERIOD}
            ), expired AS (
                DELETE FROM audit_events USING old WHERE id BETWEEN first_id AND last_id RETURNING 1
            )
            SELECT count(*) FROM expired
        $$
    """)  # noqa: S608 - our own constant
    op.execute("REVOKE EXECUTE ON FUNCTION expire_audit_events() FROM serenya_app")
    op.execute("REVOKE UPDATE (completed_at) ON erasures FROM serenya_app")
    op.execute("GRANT UPDATE ON erasures TO serenya_app")
    op.drop_index("ix_users_erased", "users")

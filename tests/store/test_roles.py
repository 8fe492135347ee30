"""What each role may do, by the catalogue and by trying: requests may call functions, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from psycopg2 import errors
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case

from chalicelib.postgres.roles import APP_ROLE, JOBS_ROLE, LOGIN_ROLES, OPERATORS_ROLE, REQUESTS_ROLE
from chalicelib.postgres.schema_name import schema_name
from local.database import connected, migrate
from tests.world import World

RECORDS = ("audit_events", "audit_seals", "consent_events", "consent_documents")
TABLE_RIGHTS = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER"
ACTS = ("SELECT FROM {}", "INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}", "TRUNCATE {}")
COLUMN_RIGHTS = "SELECT, INSERT, UPDATE, REFERENCES"
LIMITS = {
    "serenya_requests": "3s",
    "serenya_jobs": "30s",
    "serenya_operators": "10s",
    "serenya_app": "3s",
}
# What PostgreSQL gives to everybody, and only a superuser could take; on RDS there is none.
LEFT_TO_EVERYBODY = {
    "language plpgsql": "anonymous blocks: they run with the caller's rights, which are none",
    "language sql": "the same",
    "large objects": "they fill the disk, as rows of audit do that anybody may cause",
}
RELATIONS = """
    SELECT oid::int, relnamespace::regnamespace::text || '.' || relname, relkind::text FROM pg_class
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relnamespace NOT IN (
        'pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace
    )
    ORDER BY 2
"""


@contextmanager
def logged_in(world: World, role: str) -> Iterator[Cursor]:
    """Yield a cursor of a role that has just logged in: all that do have one password here."""
    with connected(world.url_of(role)) as connection, connection.cursor() as cursor:
        yield cursor


def rows(cursor: Cursor, query: str, *values: object) -> list[tuple[object, ...]]:
    cursor.execute(query, values)
    return list(cursor.fetchall())


@pytest.fixture
def requests(world: World) -> Iterator[Cursor]:
    migrate(world.owner_url)  # a copy of a database has not all that was taken from everybody
    world.person().sign_in()
    with logged_in(world, REQUESTS_ROLE) as cursor:
        yield cursor


def test_requests_have_no_right_on_any_table_or_sequence(requests: Cursor) -> None:
    found = rows(requests, RELATIONS)
    assert len(found) > 25
    for oid, name, kind in found:
        if kind == "S":
            has = "SELECT has_sequence_privilege(%s::oid, 'USAGE, SELECT, UPDATE')"
            assert rows(requests, has, oid) == [(False,)], name
            with pytest.raises(errors.InsufficientPrivilege):
                requests.execute("SELECT nextval(%s)", (name,))
            continue
        whole, part = (
            "SELECT has_table_privilege(%s::oid, %s)",
            "SELECT has_any_column_privilege(%s::oid, %s)",
        )
        assert rows(requests, whole, oid, TABLE_RIGHTS) == [(False,)], name
        assert rows(requests, part, oid, COLUMN_RIGHTS) == [(False,)], name
        for act in ACTS if kind == "r" else ACTS[:1]:
            with pytest.raises(errors.InsufficientPrivilege):
                requests.execute(act.format(name))


def test_requests_may_execute_the_functions_of_releases_and_none_of_the_tables(requests: Cursor) -> None:
    ours = rows(
        requests,
        """
        SELECT DISTINCT pronamespace::regnamespace::text, prosecdef FROM pg_proc
        WHERE pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
            AND has_function_privilege(oid, 'EXECUTE')
        """,
    )
    assert ours == [(schema_name(), True)]
    with pytest.raises(errors.InsufficientPrivilege):
        requests.execute("SELECT public.skip_audit_ids(1)")
    with pytest.raises(errors.InsufficientPrivilege):
        requests.execute(f"SELECT {schema_name()}.write_audit('x', NULL, NULL, '{{}}', now(), 'x')")


def test_requests_may_use_no_other_schema_and_no_temporary_table(requests: Cursor) -> None:
    usable = "SELECT nspname FROM pg_namespace WHERE has_schema_privilege(oid, 'USAGE') AND nspname !~ '^pg_'"
    assert {name for (name,) in rows(requests, usable)} == {schema_name(), "information_schema"}
    creatable = "SELECT nspname FROM pg_namespace WHERE has_schema_privilege(oid, 'CREATE')"
    assert rows(requests, creatable) == []
    assert rows(requests, "SELECT has_database_privilege(current_database(), 'CREATE, TEMPORARY')") == [
        (False,)
    ]
    with pytest.raises(errors.InsufficientPrivilege):
        requests.execute("CREATE TEMPORARY TABLE mine (id int)")


def test_what_is_left_to_requests_is_what_postgresql_gives_to_everybody(requests: Cursor) -> None:
    languages = "SELECT lanname FROM pg_language WHERE lanpltrusted AND has_language_privilege(oid, 'USAGE')"
    left = {f"language {name}" for (name,) in rows(requests, languages)}
    creating = "SELECT has_function_privilege('lo_create(oid)', 'EXECUTE')"
    if rows(requests, creating) == [(True,)]:
        left.add("large objects")
    assert left == set(LEFT_TO_EVERYBODY)
    assert rows(requests, "SELECT 1 FROM pg_auth_members WHERE member = current_user::regrole") == []


def test_requests_can_refresh_a_session_by_its_function_alone(world: World, requests: Cursor) -> None:
    ((session_id, now),) = world.rows("SELECT id, rotated_at FROM sessions")
    given = (session_id, 0, None, now, "30 s", "7 d", "en", *[None] * 5, now, "test")
    marks = ", ".join(["%s"] * len(given))
    call = f"SELECT outcome FROM {schema_name()}.rotate_session({marks})"  # noqa: S608 - names of ours
    assert rows(requests, call, *given) == [("rotated",)]


@pytest.mark.usefixtures("true_limits")
@pytest.mark.parametrize("role", LOGIN_ROLES)
def test_a_role_that_logs_in_has_no_power_and_brings_its_time_limits(world: World, role: str) -> None:
    powers = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolinherit"
    assert world.rows(f"SELECT {powers} FROM pg_roles WHERE rolname = %s", role) == [(False,) * 6]  # noqa: S608 - constants
    assert world.rows("SELECT 1 FROM pg_class WHERE relowner = %s::regrole", role) == []
    assert world.rows("SELECT 1 FROM pg_auth_members WHERE member = %s::regrole", role) == []
    with logged_in(world, role) as cursor:
        assert rows(cursor, "SHOW statement_timeout") == [(LIMITS[role],)]
        assert rows(cursor, "SHOW lock_timeout") == [("2s",)]
        assert rows(cursor, "SHOW idle_in_transaction_session_timeout") == [("5s",)]
        assert rows(cursor, "SHOW default_transaction_isolation") == [("read committed",)]
        assert rows(cursor, "SHOW jit") == [("on" if role == APP_ROLE else "off",)]


@pytest.mark.parametrize("role", [REQUESTS_ROLE, JOBS_ROLE, OPERATORS_ROLE, "serenya_functions"])
def test_nobody_may_change_or_delete_what_is_recorded(world: World, role: str) -> None:
    for table in RECORDS:
        whole = "SELECT has_table_privilege(%s, %s, 'UPDATE, DELETE, TRUNCATE')"
        part = "SELECT has_any_column_privilege(%s, %s, 'UPDATE')"
        for rights in (whole, part):
            assert world.rows(rights, role, table) == [(False,)], table


def test_the_owner_of_functions_can_not_log_in(world: World) -> None:
    assert world.rows("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'serenya_functions'") == [(False,)]

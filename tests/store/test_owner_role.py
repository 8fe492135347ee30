"""The master user makes the role that migrates, hands the database over, and keeps no part in it (0079)."""

from collections.abc import Iterator

import psycopg2
import pytest

from chalicelib.postgres.owner_connection import owner_connection
from chalicelib.postgres.owner_role import MAKER, make_owner_role
from local.database import as_role, connected
from local.postgres import EmbeddedPostgres
from local.rds import IS_MEMBER, MAY_GRANT

ROLES = ("prepared_owner", "prepared_master")
HOLDER = "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'test_prepared'"


@pytest.fixture
def master(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The URL of a master user who owns a database and is, as on RDS, no superuser."""
    clear(postgres)  # of what a run left that was cut short
    url = postgres.create_database("test_prepared")
    with connected(postgres.url()) as superuser, superuser.cursor() as cursor:
        cursor.execute("CREATE ROLE rds_iam")
        cursor.execute("CREATE ROLE prepared_master LOGIN CREATEROLE CREATEDB PASSWORD 'known'")
        cursor.execute(MAY_GRANT.format("prepared_master"))
        cursor.execute("ALTER DATABASE test_prepared OWNER TO prepared_master")
    yield as_role(url, "prepared_master", "known")
    clear(postgres)


def clear(postgres: EmbeddedPostgres) -> None:
    postgres.drop_database("test_prepared")
    with connected(postgres.url()) as superuser, superuser.cursor() as cursor:
        for role in (*ROLES, "rds_iam"):
            cursor.execute(f"DROP ROLE IF EXISTS {role}")


def test_the_owner_gets_the_database_and_the_master_stays_out_of_rds_iam(
    postgres: EmbeddedPostgres, master: str
) -> None:
    for is_new in (True, False):  # a release that failed behind it begins again
        with owner_connection(master, None) as connection:
            assert make_owner_role(connection, "prepared_owner") is is_new
    with connected(postgres.url()) as superuser, superuser.cursor() as cursor:
        found = []
        for statement, values in ((IS_MEMBER, [ROLES[0]]), (IS_MEMBER, [ROLES[1]]), (HOLDER, [])):
            cursor.execute(statement, values)
            found += cursor.fetchall()
        assert found == [(True,), (False,), ("prepared_owner",)]  # the master's password still works
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [MAKER])
        assert cursor.fetchall() == []
        cursor.execute("ALTER ROLE prepared_owner PASSWORD 'its own'")
    with connected(as_role(master, "prepared_owner", "its own")) as owner, owner.cursor() as cursor:
        cursor.execute("CREATE TABLE mine (id int)")
        cursor.execute("CREATE ROLE prepared_app")
        cursor.execute("GRANT rds_iam TO prepared_app")
        cursor.execute("DROP ROLE prepared_app")


def test_who_is_not_the_master_can_make_no_owner(postgres: EmbeddedPostgres, master: str) -> None:
    with connected(postgres.url()) as superuser, superuser.cursor() as cursor:
        cursor.execute("CREATE ROLE prepared_owner LOGIN PASSWORD 'mine'")
    with (
        pytest.raises(Exception, match=r"permission denied|must be") as caught,
        owner_connection(as_role(master, "prepared_owner", "mine"), None) as connection,
    ):
        make_owner_role(connection, "someone")
    assert isinstance(caught.value.__cause__, psycopg2.Error)

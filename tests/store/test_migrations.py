"""The schema comes and goes whole, agrees with the code, and gives the app's role no more than it needs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alembic.command
import alembic.config
import psycopg2
import pytest
from alembic.script import ScriptDirectory
from psycopg2 import errors
from sqlalchemy import exc

from chalicelib.functions import release
from chalicelib.postgres.roles import APP_ROLE
from chalicelib.stores.readiness import HEAD
from local import binaries
from local.database import OWNER_URL, alembic_config, connected, migrate, prepare_database, variable
from local.places import PROJECT
from local.postgres import EmbeddedPostgres
from tests.conftest import RUN, Parts
from tests.patience import HANG_SECONDS
from tests.world import World

APPEND_ONLY = ("audit_events", "consent_events", "consent_documents")
REFUSED = (
    "CREATE TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE users ADD COLUMN mine int",
    "DROP TABLE sessions",
    "ALTER TABLE audit_events DISABLE TRIGGER ALL",
    "CREATE ROLE mine",
    "TRUNCATE sessions CASCADE",
    "DELETE FROM users",
    "DELETE FROM signing_keys",
    "UPDATE service_keys SET version = version",
    "UPDATE signing_keys SET public_jwk = public_jwk",
    "UPDATE alembic_version SET version_num = version_num",
    "INSERT INTO consent_documents SELECT * FROM consent_documents",
    "SET session_replication_role = replica",
    "COPY users TO PROGRAM 'cat'",
    "SELECT pg_read_file('PG_VERSION')",
)
TIMEOUTS = {"statement_timeout": "3s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "5s"}


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The owner's URL of a database without a schema."""
    yield postgres.create_database("test_migrations")
    postgres.drop_database("test_migrations")


def downgrade(url: str) -> None:
    with variable(OWNER_URL, url):
        alembic.command.downgrade(alembic_config(PROJECT), "base")


def check(url: str) -> None:
    """Raise when the schema in the code would want another migration."""
    with variable(OWNER_URL, url):
        alembic.command.check(alembic_config(PROJECT))


def described(url: str) -> list[tuple[str, ...]]:
    """Return every column, constraint, index, trigger, enum value and grant."""
    with connected(url) as connection, connection.cursor() as cursor:
        cursor.execute("""
            SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
                FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
                FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT tgrelid::regclass || ' ' || tgname FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT enumtypid::regtype || ' ' || enumlabel FROM pg_enum
            UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            UNION ALL SELECT table_name || ' ' || grantee || ' ' || privilege_type
                FROM information_schema.role_table_grants WHERE table_schema = 'public'
            ORDER BY 1""")
        return list(cursor.fetchall())


def test_up_down_and_up_again_arrives_at_the_same_schema(empty: str) -> None:
    migrate(empty)
    first = described(empty)
    downgrade(empty)
    left = [thing for (thing,) in described(empty) if not thing.startswith("alembic_version")]
    assert [thing for thing in left if "alembic_version" not in thing] == []
    migrate(empty)
    assert described(empty) == first
    check(empty)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+psycopg2"])
def test_every_way_to_write_the_url_that_make_run_takes_migrates_too(empty: str, scheme: str) -> None:
    migrate(empty.replace("postgresql", scheme, 1))
    check(empty)


def test_the_url_of_another_database_is_refused_in_one_sentence() -> None:
    command = (sys.executable, "-m", "alembic", "upgrade", "head")
    outer = {"PATH": os.environ["PATH"], OWNER_URL: "mysql://root@localhost/x"}
    done = subprocess.run(command, cwd=PROJECT, env=outer, capture_output=True, text=True, check=False)  # noqa: S603 - alembic
    assert done.stderr.splitlines() == [
        "alembic: the URL of the database is postgresql://user@host:port/database"
    ]


def test_migrations_are_found_wherever_the_checkout_lies(tmp_path: Path) -> None:
    odd = tmp_path / "a folder, 100 %, señor"
    shutil.copytree(PROJECT / "alembic", odd / "alembic")
    shutil.copyfile(PROJECT / "alembic.ini", odd / "alembic.ini")
    script = ScriptDirectory.from_config(alembic_config(odd))
    assert script.get_current_head() == HEAD
    assert Path(script.dir) == odd / "alembic"


def test_upgrading_twice_changes_nothing(empty: str) -> None:
    migrate(empty)
    first = described(empty)
    migrate(empty)
    assert described(empty) == first


def test_a_filled_database_goes_down_and_comes_up_empty(world: World) -> None:
    phone = world.person()
    phone.sign_in()
    world.close()  # its connections
    downgrade(world.owner_url)
    migrate(world.owner_url)
    check(world.owner_url)
    assert world.rows("SELECT count(*) FROM users") == [(0,)]


def test_the_newest_file_is_the_head_that_the_code_expects() -> None:
    assert ScriptDirectory.from_config(alembic_config(PROJECT)).get_heads() == [HEAD]


def test_a_lock_that_traffic_holds_fails_the_migration_cleanly(world: World) -> None:
    world.person().sign_in()
    before = described(world.owner_url)
    with world.owner() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM users FOR UPDATE")
        with pytest.raises(exc.OperationalError, match="lock timeout"):  # F-32
            downgrade(world.owner_url)
        cursor.execute("ROLLBACK")
    assert described(world.owner_url) == before  # nothing half done
    assert world.person().sign_in().status == 200


def test_two_upgrades_at_once_make_one_schema(empty: str) -> None:
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    told = {**os.environ, OWNER_URL: empty}
    runs = [
        subprocess.Popen(command, cwd=PROJECT, env=told, stderr=subprocess.PIPE)  # noqa: S603 - our own command
        for _ in range(2)
    ]
    for run in runs:
        _, said = run.communicate(timeout=HANG_SECONDS)
        assert (run.returncode, b"Traceback" in said) == (0, False)
    check(empty)


def test_a_database_without_a_schema_is_not_ready(world: World) -> None:
    with world.owner() as cursor:
        cursor.execute("ALTER TABLE alembic_version RENAME TO elsewhere")
    reply = world.call("GET", "/health/ready")
    assert (reply.status, reply.code) == (503, "service_unavailable")


@contextmanager
def as_app(world: World) -> Iterator[psycopg2.extensions.cursor]:
    with connected(world.url_of(APP_ROLE)) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize("act", ["UPDATE {} SET kind = kind", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_records_are_never_changed_by_the_app_nor_by_their_owner(world: World, act: str) -> None:
    world.person().sign_in()
    for table in APPEND_ONLY:
        with as_app(world) as cursor, pytest.raises(errors.InsufficientPrivilege):
            cursor.execute(act.format(table))
        with world.owner() as cursor, pytest.raises(errors.InsufficientPrivilege, match="never changed"):
            cursor.execute(act.format(table))


def test_the_apps_role_is_refused_what_it_does_not_need(world: World) -> None:
    with as_app(world) as cursor:
        for act in REFUSED:
            with pytest.raises(errors.InsufficientPrivilege):
                cursor.execute(act)
        cursor.execute("GRANT SELECT ON users TO PUBLIC")
        assert "no privileges were granted" in cursor.connection.notices[-1]


def test_the_apps_role_owns_nothing_and_has_no_power(world: World) -> None:
    powers = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolinherit"
    assert world.rows(f"SELECT {powers} FROM pg_roles WHERE rolname = 'serenya_app'") == [(False,) * 6]  # noqa: S608 - constants
    owned = "SELECT relname FROM pg_class WHERE relowner = 'serenya_app'::regrole"
    assert world.rows(owned) == []
    assert world.rows("SELECT 1 FROM pg_auth_members WHERE member = 'serenya_app'::regrole") == []


@pytest.mark.usefixtures("true_limits")
def test_the_apps_role_brings_its_time_limits(world: World) -> None:
    with as_app(world) as cursor:  # L1, L2
        for name, value in TIMEOUTS.items():
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone() == (value,)


def test_other_binaries_of_postgresql_take_the_same_schema(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parts.postgres.binaries is not None
    own = parts.postgres.binaries.major
    others = [folder for folder in binaries.packaged_folders() if binaries.major_version(folder, None) != own]
    monkeypatch.setattr(binaries, "packaged_folders", lambda: iter(others))  # the package brings two versions
    monkeypatch.setenv("SERENYA_POSTGRES", "pypi")
    with EmbeddedPostgres(RUN / "postgres-pypi", durable=False) as server:
        assert server.binaries is not None
        assert server.binaries.major != own
        owner_url = server.create_database("other")
        prepare_database(owner_url)
        check(owner_url)
        release.publish_documents(owner_url)
        downgrade(owner_url)
        migrate(owner_url)
        server.drop_database("other")

"""The functions of each release in a schema of its own: made, granted, found, kept and dropped."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from chalicelib.domain.sessions import SESSION_IDLE
from chalicelib.postgres import release_schema, schema_name
from chalicelib.postgres.owner_connection import owner_connection
from local.database import migrate
from tests.store.test_migrations import check, downgrade
from tests.world import Phone, World

ANOTHER = "requests_0123456789ab"
CURRENT = schema_name.schema_name()
GRANTS = """
    SELECT proname, grantee::regrole::text FROM pg_proc, aclexplode(proacl)
    WHERE pronamespace = %s::regnamespace ORDER BY 1, 2
"""


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    assert phone.sign_in().status == 200
    return phone


@contextmanager
def owner(world: World) -> Iterator[Connection]:
    with owner_connection(world.owner_url, None) as connection, connection.begin():
        yield connection


def found(world: World) -> dict[str, str | None]:
    with owner(world) as connection:
        return release_schema.schemas(connection)


def make_another(world: World) -> None:
    """Make the schema of another release, with functions of the same names."""
    with owner(world) as connection:
        files = {
            name: text.decode().replace("@schema@", ANOTHER)
            for name, text in schema_name.sources(schema_name.FUNCTIONS).items()
        }
        connection.exec_driver_sql(f"CREATE SCHEMA {ANOTHER} AUTHORIZATION serenya_functions")
        connection.exec_driver_sql("SET LOCAL ROLE serenya_functions")
        for name in sorted(files, key=lambda name: (name != release_schema.FIRST, name)):
            connection.exec_driver_sql(files[name])


def age(world: World, schema: str, interval: str) -> None:
    """Let it be so long ago that a schema was found unused."""
    with world.owner() as cursor:
        cursor.execute(f"SELECT (now() - interval '{interval}')::text")
        ((since,),) = cursor.fetchall()
        cursor.execute(f"COMMENT ON SCHEMA {schema} IS 'unused since {since}'")


def test_the_name_follows_from_the_texts_and_their_names_alone() -> None:
    files = schema_name.sources(schema_name.FUNCTIONS)
    assert schema_name.name_of(files) == CURRENT
    assert schema_name.name_of(dict(files)) == CURRENT
    others = [
        files | {"audit.sql": files["audit.sql"] + b" "},
        {name.replace("audit", "record"): text for name, text in files.items()},
        files | {"more.sql": b""},
    ]
    names = {schema_name.name_of(other) for other in others}
    assert len(names | {CURRENT}) == 4
    assert all(release_schema.NAME.fullmatch(name) for name in names)


def test_making_it_again_changes_nothing(world: World) -> None:
    before = world.rows(GRANTS, CURRENT)
    migrate(world.owner_url)
    assert (world.rows(GRANTS, CURRENT), found(world)) == (before, {CURRENT: None})


def test_rights_that_were_lost_are_granted_again_in_every_schema(world: World) -> None:
    make_another(world)
    before = world.rows(GRANTS, CURRENT)
    world.execute(f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {CURRENT} FROM serenya_requests, serenya_app")
    migrate(world.owner_url)
    assert world.rows(GRANTS, CURRENT) == before == world.rows(GRANTS, ANOTHER)


def test_going_down_drops_them_and_coming_up_makes_them_again(world: World) -> None:
    make_another(world)
    before = world.rows(GRANTS, CURRENT)
    world.close()
    downgrade(world.owner_url)
    assert world.rows("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'requests%%'") == []
    migrate(world.owner_url)
    assert (world.rows(GRANTS, CURRENT), found(world)) == (before, {CURRENT: None})
    check(world.owner_url)


def test_a_migration_that_stops_below_the_newest_makes_none(world: World) -> None:
    world.close()
    downgrade(world.owner_url)
    migrate(world.owner_url, "0013")
    assert found(world) == {}


def test_two_releases_serve_the_same_session_side_by_side(world: World, ana: Phone) -> None:
    make_another(world)
    migrate(world.owner_url)
    for schema in (CURRENT, ANOTHER, CURRENT):
        rotate = f"SELECT outcome FROM {schema}.rotate_session(%s"  # noqa: S608 - names of ours
        ((generation,),) = world.rows("SELECT generation FROM sessions")
        now = str(world.clock.now())
        idle = str(world.clock.now() + SESSION_IDLE)
        given = (ana.session_id, generation, None, idle, "30 s", "7 d", "en", *[None] * 5, now, "test")
        called = rotate + ", %s" * (len(given) - 1) + ")"
        assert world.rows(called, *given) == [("rotated",)]


def test_what_no_kept_release_calls_is_dropped_a_day_after_it_was_found_so(world: World) -> None:
    make_another(world)
    with owner(world) as connection:
        assert release_schema.drop_unused(connection, [ANOTHER]) == []
    assert found(world) == {CURRENT: None, ANOTHER: None}
    for since in ("0 s", "23 h"):
        with owner(world) as connection:
            assert release_schema.drop_unused(connection, []) == []
        assert str(found(world)[ANOTHER]).startswith("unused since ")
        age(world, ANOTHER, since)
    age(world, ANOTHER, "25 h")
    with owner(world) as connection:
        assert release_schema.drop_unused(connection, [ANOTHER]) == []  # its release is needed again
    assert found(world)[ANOTHER] is None
    age(world, ANOTHER, "25 h")
    with owner(world) as connection:
        assert release_schema.drop_unused(connection, []) == [ANOTHER]
    assert found(world) == {CURRENT: None}  # that of this very code stays, kept or not


def test_a_database_without_them_is_unavailable_and_never_an_error(world: World, ana: Phone) -> None:
    assert world.call("GET", "/health/ready").status == 200
    world.execute(f"DROP SCHEMA {CURRENT} CASCADE")  # a backup from before this release was restored: 3F000
    for reply in (ana.refresh(), ana.get("/sessions"), world.call("GET", "/health/ready")):
        assert (reply.status, reply.code) == (503, "service_unavailable")
    migrate(world.owner_url)
    assert ana.refresh().status == 200
    world.execute(f"DROP FUNCTION {CURRENT}.judge_refresh")  # a part that is missing: 42883
    first = ana.refresh_token
    assert ana.refresh().status == 200
    assert (reply := ana.refresh(first)).status == 503, reply

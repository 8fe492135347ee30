"""What is left of people who were erased goes after 7 years and not earlier, whoever asks (art. 5(1)(e))."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg2 import errors

from chalicelib.domain.audit_seals import RETENTION
from chalicelib.domain.erasure import RECORDS_KEPT
from chalicelib.postgres.roles import JOBS_ROLE
from local.database import connected
from tests.http.test_erasure import erase, state
from tests.store.test_audit_retention import purged
from tests.world import Phone, World

LONG_AGO = "interval '2558 days'"
HISTORY = ("users", "consent_events", "erasures")


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    world.person("ben@example.com", "Ben Okafor").sign_in()
    return phone


def age(world: World, *tables: str) -> None:
    """Let rows of these tables be of long ago, those of people who live on, too."""
    columns = {"users": ["status_changed_at"], "consent_events": ["occurred_at"]}
    for table in tables:
        names = columns.get(table, ["requested_at", "completed_at"])
        changes = ", ".join(f"{name} = {name} - {LONG_AGO}" for name in names)
        with world.owner() as owner:
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            owner.execute(f"UPDATE {table} SET {changes}")  # noqa: S608 - our own names
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def counts(world: World) -> dict[str, int]:
    return {table: world.stored()[table] for table in HISTORY}


def test_seven_years_after_an_erasure_nothing_is_left_of_it(world: World, ana: Phone) -> None:
    before = counts(world)
    answer = erase(ana).body
    age(world, *HISTORY)
    gone = purged(world)
    own = before["consent_events"] // 2
    assert (gone["people"], gone["erasures"]) == (own + 1, 1)
    assert counts(world) == {"users": 1, "consent_events": own, "erasures": 0}
    assert world.rows("SELECT status FROM users") == [("active",)]  # whoever lives on keeps all, however old
    assert state(world, answer["erasure"]["id"], answer["secret"]).status == 404
    assert purged(world)["people"] == 0


@pytest.mark.parametrize("young", HISTORY)
def test_what_is_younger_stays(world: World, ana: Phone, young: str) -> None:
    erase(ana)
    before = counts(world)
    age(world, *(table for table in HISTORY if table != young))
    purged(world)
    after = counts(world)
    assert after[young] == before[young]
    if young != "erasures":
        assert (after["users"], after["consent_events"]) == (before["users"], before["consent_events"])


def test_an_erasure_that_is_not_completed_stays(world: World, ana: Phone) -> None:
    erase(ana)
    age(world, *HISTORY)
    world.execute("UPDATE erasures SET completed_at = NULL")
    assert purged(world)["erasures"] == 0


def test_the_app_can_not_have_a_consent_forgotten_by_lying_about_its_person(world: World, ana: Phone) -> None:
    erase(ana)
    before = counts(world)
    with connected(world.url_of(JOBS_ROLE)) as connection, connection.cursor() as app:
        app.execute("UPDATE users SET status_changed_at = now() - interval '9 years' WHERE status = 'erased'")
        app.execute("SELECT expire_people()")
        assert app.fetchone() == (0,)
        for table in ("consent_events", "erasures", "users"):
            with pytest.raises(errors.InsufficientPrivilege):
                app.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        with pytest.raises(errors.InsufficientPrivilege):
            app.execute("UPDATE erasures SET requested_at = now()")
    with world.owner() as owner, pytest.raises(errors.InsufficientPrivilege, match="never changed"):
        owner.execute("DELETE FROM consent_events")
    assert counts(world) == before


def test_the_functions_run_as_the_owner_in_no_schema_of_the_callers(world: World) -> None:
    found = world.rows(
        "SELECT proname, prosecdef, proconfig, has_function_privilege('public', oid, 'execute')"
        " FROM pg_proc WHERE proname ~ '^(expire|skip)_'"
    )
    assert len(found) == 4
    for name, is_definers, config, is_everybodys in found:
        assert (is_definers, config, is_everybodys) == (True, ["search_path=pg_catalog, pg_temp"], False), (
            name
        )


def test_the_period_of_the_database_is_the_declared_one() -> None:
    migration = Path("alembic/versions/0007_audit_joining.py").read_text(encoding="utf-8")
    days = re.search(r"interval '(\d+) days'", migration)
    assert days is not None
    assert timedelta(days=int(days[1])) == RECORDS_KEPT == RETENTION

"""A restored database serves nobody until `restore` ran, and signs nobody out meanwhile (F-24, F-25, F0)."""

from datetime import timedelta

import pytest

from chalicelib.services.ports import Act
from chalicelib.services.restore_gate import LOOK_AGAIN, LOOK_EVERY, UNKNOWN_FOR
from tests.aws_tap import tapped
from tests.faults.test_restored_database import epoch, go_back
from tests.http.test_statements import counted
from tests.world import Phone, Reply, World

OPERATOR = Act(request_id="operator", locale="en")


@pytest.fixture
def ana(world: World) -> Phone:
    """Return a phone of a database that is behind its ledger, as its container hasn't noticed."""
    phone = world.person()
    phone.sign_in()
    world.services.recovery.sweep()
    go_back(world, 0)
    return phone


def acts(ana: Phone) -> list[Reply]:
    world, token = ana.world, ana.access_token
    return [
        world.call("POST", "/auth/google", ana.sign_in_body()),
        world.call("POST", "/auth/refresh", {"refresh_token": ana.refresh_token}),
        world.call("POST", "/auth/logout", token=token),
        world.call("GET", "/account", token=token),
        world.call("GET", "/sessions", token=token),
        world.call("DELETE", "/sessions", token=token),
        world.call("GET", "/consents", token=token),
        world.call("GET", "/account/export", token=token),
        world.call("DELETE", "/account", {"confirm": True}, token=token),
    ]


def test_a_container_that_starts_serves_nobody(world: World, ana: Phone) -> None:
    stored = world.stored()
    world.services = world.container()
    for reply in acts(ana):
        assert (reply.status, reply.code, reply.body["action"]) == (503, "service_unavailable", "retry")
        assert reply.headers["Retry-After"] == "5"
    assert world.stored() == stored
    for path in ("/health", "/.well-known/jwks.json", "/consents/documents"):
        assert world.call("GET", path).status == 200


def test_a_container_that_goes_on_notices_within_minutes(world: World, ana: Phone) -> None:
    assert ana.get("/account").status == 200
    world.clock.advance(LOOK_EVERY)
    assert ana.get("/account").status == 503


def test_a_container_that_was_frozen_or_whose_clock_jumped_back_looks_again(world: World, ana: Phone) -> None:
    world.clock.jump(-timedelta(hours=5))  # F-36, F-16
    assert ana.refresh().status == 503


def test_a_container_whose_connection_broke_notices_at_once(world: World, ana: Phone) -> None:
    first = ana.refresh_token
    assert ana.refresh().status == 200
    world.execute("UPDATE sessions SET generation = 0, rotated_at = created_at")  # as in the backup
    world.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = 'serenya_requests'"
    )
    reply = ana.refresh()  # of which that database knows nothing: it would be a theft, and end the session
    assert (reply.status, reply.code) == (503, "service_unavailable")
    assert ana.refresh(first).status == 503


def test_restore_lets_people_in_again_though_another_container_ran_it(world: World, ana: Phone) -> None:
    world.services = world.container()
    assert ana.get("/account").status == 503
    world.container().recovery.restore(OPERATOR)
    assert ana.get("/account").status == 503
    world.clock.advance(LOOK_AGAIN)
    assert ana.get("/account").code == "session_revoked"
    assert ana.refresh().code == "session_revoked"  # F-25
    assert ana.sign_in().status == 200


def test_while_s3_is_away_what_was_known_holds(world: World, ana: Phone) -> None:
    world.services.recovery.restore(OPERATOR)
    with tapped(world) as aws:
        assert ana.sign_in().status == 200
        at = epoch(world)
        go_back(world, 0)
        aws.down = {"s3"}
        world.clock.advance(LOOK_EVERY)
        assert ana.refresh().status == 200
        aws.down = set()
        world.clock.advance(UNKNOWN_FOR)
        assert ana.refresh().status == 503
        aws.down = {"s3"}
        world.clock.advance(LOOK_EVERY)
        assert ana.refresh().status == 503  # known to be behind, it isn't let through by an outage
        go_back(world, at)


def test_a_container_that_starts_while_s3_is_away_serves(world: World) -> None:
    ana = world.person()
    ana.sign_in()
    with tapped(world) as aws:
        world.services.gate._looked_at = None
        aws.down = {"s3"}
        assert ana.refresh().status == 200


def test_looking_costs_one_statement_and_only_now_and_then(world: World) -> None:
    ana = world.person()
    ana.sign_in()
    with counted(world) as count:
        for _ in range(3):
            assert ana.get("/sessions").status == 200
    assert len(count.statements) == 3

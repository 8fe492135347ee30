"""Alive, and able to serve: without detail for the world, with the reason in the log."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib import wiring
from chalicelib.domain.providers import GOOGLE
from tests.aws_tap import tapped
from tests.offering import offer
from tests.world import World

NOWHERE = "http://127.0.0.1:1"  # nobody listens there


def not_ready(world: World, caplog: pytest.LogCaptureFixture, reason: str) -> None:
    caplog.set_level(logging.WARNING)
    reply = world.call("GET", "/health/ready")
    assert (reply.status, reply.code, reply.body["action"]) == (503, "service_unavailable", "retry")
    assert reason not in str(reply.body)
    told = [getattr(record, "fields", {}) for record in caplog.records if record.message == "not_ready"]
    assert reason in [fields["code"] for fields in told]
    assert world.call("GET", "/health").body == {"status": "ok"}


def test_a_healthy_service_is_alive_and_ready(world: World) -> None:
    for path in ("/health", "/health/ready"):
        reply = world.call("GET", path)
        assert (reply.status, reply.body) == (200, {"status": "ok"})


def test_without_its_database_it_is_alive_and_not_ready(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(world.settings, database_url="postgresql://serenya_requests@127.0.0.1:1/nothing")
    world.services = wiring.assemble(settings, clock=world.clock)  # F-1
    not_ready(world, caplog, "database")


def test_behind_its_newest_migration_it_is_not_ready(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.execute("UPDATE alembic_version SET version_num = '0000'")
    not_ready(world, caplog, "database")
    assert world.person().sign_in().status == 200  # not ready is a word to the balancer, not a refusal


def test_without_google_it_is_not_ready(world: World, caplog: pytest.LogCaptureFixture) -> None:
    offer(world, GOOGLE, keys_url=f"{NOWHERE}/certs")  # F-13
    not_ready(world, caplog, "google_keys")
    assert world.person().sign_in().code == "service_unavailable"


def test_without_kms_a_fresh_container_is_not_ready(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with tapped(world) as aws:
        aws.down = {"kms"}
        assert world.call("GET", "/health/ready").status == 200  # it has its keys: KMS is needed no more
        world.execute("UPDATE signing_keys SET kid = 'other-' || kid")
        not_ready(world, caplog, "keys")


def _another_kms(world: World) -> None:
    spoil = "UPDATE service_keys SET wrapped = set_byte(wrapped, 80, get_byte(wrapped, 80) # 1)"
    world.execute(f"SET session_replication_role = replica; {spoil}")  # else a trigger keeps keys as they are


def _no_secret(world: World) -> None:
    world.execute("DELETE FROM service_keys")


def _no_signing_key(world: World) -> None:
    world.execute("DELETE FROM signing_keys")


@pytest.mark.parametrize("lose", [_another_kms, _no_secret, _no_signing_key], ids=lambda do: do.__name__)
def test_with_keys_that_can_not_be_had_it_is_not_ready_and_sign_in_is_unavailable(
    world: World, caplog: pytest.LogCaptureFixture, lose: Callable[[World], None]
) -> None:
    lose(world)
    world.services = world.container()
    not_ready(world, caplog, "keys")
    assert world.person().sign_in().code == "service_unavailable"

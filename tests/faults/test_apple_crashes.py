"""An erasure that is killed at any step still has Apple revoke what it granted, once (F-20)."""

from dataclasses import replace

import pytest

from chalicelib.domain.egress import EgressKind
from chalicelib.domain.providers import APPLE
from local.stack import environment
from tests.conftest import Parts
from tests.crash import KILLED, STEPS, crashed
from tests.egress_scenes import Outside
from tests.world import Phone, World

NOTHING_YET = {"erasure before its transaction", "erasure before COMMIT"}


@pytest.fixture
def outside(world: World) -> Outside:
    made = Outside(world)
    made.give_key()
    world.apple.revoked.clear()
    return made


@pytest.fixture
def ana(world: World, outside: Outside) -> Phone:
    phone = world.person(provider=APPLE)
    assert phone.sign_in(authorization_code=world.apple.code()).status == 200
    outside.deliver()
    assert outside.collect() == 1
    return phone


@pytest.mark.parametrize("step", [name for name in STEPS if name.startswith("erasure")])
def test_apple_is_told_whenever_the_erasure_dies(
    world: World, parts: Parts, outside: Outside, ana: Phone, step: str
) -> None:
    told = environment(
        database_url=world.settings.database_url,
        endpoint_url=parts.aws.endpoint_url,
        resources=replace(
            parts.resources,
            vault_table=world.settings.vault_table,
            egress_table=world.settings.egress_table,
        ),
        providers=parts.providers,
        issuer_url=world.settings.issuer_url,
    )
    headers = {
        "host": "test",
        "content-type": "application/json",
        "authorization": f"Bearer {ana.access_token}",
    }
    request = world._event("DELETE", "/account", {"confirm": True}, headers)
    assert crashed(step, told, request) == KILLED
    world.services = world.container()
    world.services.recovery.sweep()
    if step in NOTHING_YET:
        assert outside.ids(EgressKind.APPLE_REVOKE) == []
        assert len(outside.sealed_tokens()) == 1
        return
    outside.deliver()
    outside.deliver()
    assert len(world.apple.revoked) == 1
    assert ana.user_id not in world.vault_keys()
    assert world.rows("SELECT count(*) FROM revocations") == [(0,)]

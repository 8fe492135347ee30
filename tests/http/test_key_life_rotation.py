"""Secrets rotate with overlap: a version is accepted everywhere a day before it writes (K8, F-30)."""

from datetime import timedelta

import pytest

from chalicelib.domain.keys import ServiceKeyUse
from tests.aws_tap import renew_container
from tests.key_scenes import DAY, REQUEST_ID, KeyScene
from tests.races import audited, times
from tests.world import World

REFRESH, CHALLENGE = ServiceKeyUse.REFRESH_TOKEN, ServiceKeyUse.CHALLENGE
RELOADED = timedelta(minutes=6)


@pytest.fixture
def scene(world: World) -> KeyScene:
    return KeyScene(world)


def test_a_new_version_waits_a_day_and_is_made_once(scene: KeyScene) -> None:
    made = audited(scene.world, "key.created")
    first, again = (scene.parts.rotation.rotate(REFRESH, REQUEST_ID) for _ in range(2))
    assert (first.version, again) == (2, first)
    assert first.activates_at == scene.world.clock.now() + DAY
    assert audited(scene.world, "key.created") == made + 1


def test_two_rotations_at_once_make_one_version(scene: KeyScene) -> None:
    keys = times(4, lambda: scene.parts.rotation.rotate(REFRESH, REQUEST_ID))
    assert {(key.version, key.wrapped) for key in keys} == {(2, keys[0].wrapped)}


def test_tokens_of_both_versions_work_before_and_after_the_change(scene: KeyScene) -> None:
    world, [ana, eve] = scene.world, scene.people(2)
    scene.parts.rotation.rotate(REFRESH, REQUEST_ID)
    world.clock.advance(RELOADED)
    assert ana.refresh().status == 200  # by the first version still
    world.clock.advance(DAY)
    assert (ana.refresh().status, eve.refresh().status) == (200, 200)  # of the first, answered by the second
    assert (ana.refresh().status, eve.refresh().status) == (200, 200)  # of the second


def test_until_it_writes_no_token_needs_it(scene: KeyScene) -> None:
    world, [ana] = scene.world, scene.people(1)
    late = world.container()  # loaded before the rotation, and not again since
    world.services, fresh = late, world.services
    assert world.call("GET", "/.well-known/jwks.json").status == 200
    scene.parts.rotation.rotate(REFRESH, REQUEST_ID)
    world.services = fresh
    renew_container(world)
    assert ana.refresh().status == 200
    world.services = late
    assert ana.refresh().status == 200


def test_a_container_that_reloads_accepts_the_new_version_before_any_other_writes_with_it(
    scene: KeyScene,
) -> None:
    world, [ana] = scene.world, scene.people(1)
    late, fresh = world.container(), world.container()
    scene.parts.rotation.rotate(REFRESH, REQUEST_ID)
    world.services = late
    assert ana.refresh().status == 200
    world.clock.advance(DAY + timedelta(seconds=1))
    world.services = fresh
    assert ana.refresh().status == 200
    world.services = late
    assert ana.refresh().status == 200


def test_a_sign_in_repeated_across_the_change_is_the_same_session(scene: KeyScene) -> None:
    world, ana = scene.world, scene.world.person()
    scene.parts.rotation.rotate(REFRESH, REQUEST_ID)
    world.clock.advance(DAY - timedelta(seconds=5))
    token = ana.id_token()
    first = ana.sign_in(token).body["session"]["id"]
    world.clock.advance(timedelta(seconds=10))
    assert ana.sign_in(token).body["session"]["id"] == first
    assert ana.refresh().body["user"]["email"] == ana.email  # its copy opens: the seed is the same


def test_a_nonce_lives_across_the_change(scene: KeyScene) -> None:
    world, ana = scene.world, scene.world.person()
    scene.parts.rotation.rotate(CHALLENGE, REQUEST_ID)
    world.clock.advance(DAY - timedelta(seconds=5))
    nonce = world.call("POST", "/auth/challenge", {"purpose": "sign_in"}).body["nonce"]
    world.clock.advance(timedelta(seconds=10))
    assert ana.sign_in(ana.id_token(nonce=nonce), nonce=nonce).status == 200


def test_after_the_kms_key_changed_secrets_still_open_and_new_ones_name_it(scene: KeyScene) -> None:
    world, [ana] = scene.world, scene.people(1)
    world.execute("UPDATE service_keys SET kms_key_id = NULL")  # of before they named it
    new = scene.change_kms_key()
    assert scene.parts.rotation.rotate(REFRESH, REQUEST_ID).kms_key_id == new
    renew_container(world)
    assert ana.refresh().status == 200

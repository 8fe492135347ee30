"""A key that leaked is withdrawn: its successor is there first, and nothing that it made counts any more."""

from collections.abc import Callable
from datetime import timedelta

import jwt
import psycopg2
import pytest

from chalicelib import wiring
from chalicelib.domain.key_life import RewrapProgress
from chalicelib.domain.keys import PUBLISHED_BEFORE_USE, SIGNING_KEY_LIFETIME, ServiceKeyUse
from chalicelib.functions import keys, release
from chalicelib.services.keyring import RELOAD_AFTER
from tests.aws_tap import renew_container, tapped
from tests.index_scenes import ORDER
from tests.key_scenes import DAY, REQUEST_ID, KeyScene
from tests.races import at_once, audited, times
from tests.world import Phone, Reply, World

REFRESH, CHALLENGE = ServiceKeyUse.REFRESH_TOKEN, ServiceKeyUse.CHALLENGE


@pytest.fixture
def scene(world: World) -> KeyScene:
    return KeyScene(world)


@pytest.fixture
def ana(scene: KeyScene) -> Phone:
    [phone] = scene.people(1)
    return phone


def kids(world: World) -> list[str]:
    return [key["kid"] for key in world.call("GET", "/.well-known/jwks.json").body["keys"]]


def kid_of(phone: Phone) -> str:
    return str(jwt.get_unverified_header(phone.access_token)["kid"])


def test_refresh_tokens_of_a_withdrawn_secret_are_refused_and_people_sign_in_again(
    scene: KeyScene, ana: Phone
) -> None:
    world = scene.world
    successor = scene.parts.retirement.retire_secret(REFRESH, 1, ORDER, REQUEST_ID)
    assert successor is not None
    assert (successor.version, successor.activates_at) == (2, world.clock.now())
    assert audited(world, "key.retired") == 1
    world.clock.advance(RELOAD_AFTER)  # what a container cached ends here
    refused = ana.refresh()
    assert (refused.status, refused.code) == (401, "refresh_token_invalid")
    assert ana.get("/account").status == 200  # the access token lives its quarter of an hour
    assert (ana.sign_in().status, ana.refresh().status) == (200, 200)


def test_it_ends_although_kms_is_away(scene: KeyScene, ana: Phone) -> None:
    world = scene.world
    scene.parts.rotation.rotate(REFRESH, REQUEST_ID)
    world.clock.advance(DAY)
    with tapped(world) as tap:  # it knows both versions, and the first one made this person's token
        scene.parts.rotation.rotate(CHALLENGE, REQUEST_ID)  # which it can't unwrap now
        scene.parts.retirement.retire_secret(REFRESH, 1, ORDER, REQUEST_ID)
        tap.down = {"kms"}
        world.clock.advance(RELOAD_AFTER)
        assert ana.refresh().code == "refresh_token_invalid"


def test_a_version_that_waits_takes_over_at_once(scene: KeyScene, ana: Phone) -> None:
    scene.parts.rotation.rotate(REFRESH, REQUEST_ID)
    successor = scene.parts.retirement.retire_secret(REFRESH, 1, ORDER, REQUEST_ID)
    assert successor is not None
    assert successor.version == 2
    renew_container(scene.world)
    assert (ana.sign_in().status, ana.refresh().status) == (200, 200)
    versions = {row.version: row.state for row in scene.parts.status.report().service if row.use == REFRESH}
    assert versions == {1: "retired", 2: "current"}


def test_an_earlier_version_goes_for_good_and_nothing_depends_on_it(scene: KeyScene, ana: Phone) -> None:
    world = scene.world
    scene.parts.rotation.rotate(REFRESH, REQUEST_ID)
    world.clock.advance(DAY)
    renew_container(world)
    assert ana.refresh().status == 200  # answered by the second version; the seed is of the first
    assert scene.parts.retirement.retire_secret(REFRESH, 1, ORDER, REQUEST_ID) is None
    renew_container(world)
    assert ana.refresh().body["user"]["email"] == ana.email
    token = ana.id_token()
    first = ana.sign_in(token).body["session"]["id"]
    assert ana.sign_in(token).body["session"]["id"] == first  # the exact retry


def test_the_retry_of_a_sign_in_whose_secret_was_withdrawn_is_refused(scene: KeyScene, ana: Phone) -> None:
    token = ana.id_token()
    assert ana.sign_in(token).status == 200
    scene.parts.retirement.retire_secret(REFRESH, 1, ORDER, REQUEST_ID)
    renew_container(scene.world)
    assert ana.sign_in(token).code == "id_token_used"


def test_nonces_of_a_withdrawn_secret_are_refused(scene: KeyScene, ana: Phone) -> None:
    world = scene.world
    nonce = world.call("POST", "/auth/challenge", {"purpose": "sign_in"}).body["nonce"]
    scene.parts.retirement.retire_secret(CHALLENGE, 1, ORDER, REQUEST_ID)
    renew_container(world)
    assert ana.sign_in(ana.id_token(nonce=nonce), nonce=nonce).code == "invalid_nonce"
    nonce = world.call("POST", "/auth/challenge", {"purpose": "sign_in"}).body["nonce"]
    assert ana.sign_in(ana.id_token(nonce=nonce), nonce=nonce).status == 200


def test_a_withdrawn_signing_key_leaves_the_jwks_and_its_tokens_count_no_more(
    scene: KeyScene, ana: Phone
) -> None:
    world, leaked = scene.world, kid_of(ana)
    successor = scene.parts.retirement.retire_signing_key(leaked, ORDER, REQUEST_ID)
    assert successor is not None
    world.clock.advance(RELOAD_AFTER)
    assert kids(world) == [successor.kid]
    assert ana.get("/account").code == "invalid_token"
    assert (ana.refresh().status, ana.get("/account").status) == (200, 200)
    assert kid_of(ana) == successor.kid


def test_a_signing_key_that_waits_takes_over_at_once(scene: KeyScene, ana: Phone) -> None:
    world = scene.world
    world.clock.advance(SIGNING_KEY_LIFETIME - PUBLISHED_BEFORE_USE)
    release.rotate_keys(world.settings, clock=world.clock)
    ana.sign_in()
    current, (waiting,) = kid_of(ana), set(kids(world)) - {kid_of(ana)}
    successor = scene.parts.retirement.retire_signing_key(current, ORDER, REQUEST_ID)
    assert (successor and successor.kid) == waiting
    world.clock.advance(RELOAD_AFTER)
    assert (ana.refresh().status, kid_of(ana), kids(world)) == (200, waiting, [waiting])


def test_a_waiting_signing_key_that_leaked_is_replaced_in_its_place(scene: KeyScene, ana: Phone) -> None:
    world = scene.world
    world.clock.advance(SIGNING_KEY_LIFETIME - PUBLISHED_BEFORE_USE)
    release.rotate_keys(world.settings, clock=world.clock)
    renew_container(world)
    ana.sign_in()
    (waiting,) = set(kids(world)) - {kid_of(ana)}
    successor = scene.parts.retirement.retire_signing_key(waiting, ORDER, REQUEST_ID)
    assert successor is not None
    assert successor.activates_at == world.clock.now() + PUBLISHED_BEFORE_USE
    world.clock.advance(RELOAD_AFTER)
    assert (ana.get("/account").status, set(kids(world))) == (200, {kid_of(ana), successor.kid})


def test_retiring_again_changes_nothing(scene: KeyScene, ana: Phone) -> None:
    retirement, kid = scene.parts.retirement, kid_of(ana)
    times(4, lambda: retirement.retire_secret(REFRESH, 1, ORDER, REQUEST_ID))
    at_once([lambda: retirement.retire_signing_key(kid, ORDER, REQUEST_ID)] * 3)
    assert retirement.retire_secret(REFRESH, 1, ORDER, REQUEST_ID) is None
    assert retirement.retire_signing_key(kid, ORDER, REQUEST_ID) is None
    assert audited(scene.world, "key.retired") == 2
    states = [key.state for key in scene.parts.status.report().signing]
    assert states.count("current") == 1


@pytest.mark.parametrize("event", [{"use": "refresh_token", "version": 7}, {"kid": "nobody"}])
def test_what_there_is_not_is_refused(
    scene: KeyScene, monkeypatch: pytest.MonkeyPatch, event: dict[str, object]
) -> None:
    monkeypatch.setattr(wiring, "settings", lambda: scene.world.settings)
    with pytest.raises(ValueError, match=r"7|nobody"):
        keys.retire_key(event | {"actor": "ops", "reason": "a drill"}, None)
    with pytest.raises(ValueError, match="actor has"):
        keys.retire_key(event, None)  # who, and why?


def test_a_successor_that_a_clock_ahead_made_takes_over_all_the_same(scene: KeyScene, ana: Phone) -> None:
    scene.world.clock.jump(timedelta(hours=1))
    scene.parts.rotation.rotate(REFRESH, REQUEST_ID)
    scene.world.clock.jump(timedelta(hours=-1))  # F-16
    successor = scene.parts.retirement.retire_secret(REFRESH, 1, ORDER, REQUEST_ID)
    assert (successor and successor.version) == 2
    renew_container(scene.world)
    assert (ana.sign_in().status, ana.refresh().status) == (200, 200)


def test_the_function_withdraws_at_the_real_time(scene: KeyScene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "settings", lambda: scene.world.settings)
    order = {"actor": "ops", "reason": "a drill"}
    assert keys.retire_key({"use": "challenge", "version": 1, **order}, None)["successor"] == 2
    kid = keys.keys_status({}, None)["signing"][0]["kid"]
    assert keys.retire_key({"kid": kid, **order}, None)["successor"] not in {kid, None}
    (recorded,) = scene.world.rows(
        "SELECT details FROM audit_events WHERE kind = 'key.retired' ORDER BY id LIMIT 1"
    )[0]
    assert recorded == {"key": "service_key:challenge:1", **order}


def test_what_is_retired_stays_so_whoever_asks(scene: KeyScene) -> None:
    world = scene.world
    scene.parts.retirement.retire_secret(REFRESH, 1, ORDER, REQUEST_ID)
    for change in (
        "UPDATE service_keys SET retired_at = NULL WHERE retired_at IS NOT NULL",
        "UPDATE service_keys SET wrapped = 'mine'",
        "UPDATE signing_keys SET wrapped_private = 'mine'",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            world.execute(change)


def test_after_both_kms_keys_changed_nothing_needs_the_old_ones(scene: KeyScene, ana: Phone) -> None:
    world = scene.world
    scene.change_kms_key()
    signing = scene.kms.create_key()["KeyMetadata"]["KeyId"]
    history = (*world.settings.signing_kms_key_history, signing)
    scene.configure(signing_kms_key_id=signing, signing_kms_key_history=history)
    assert ana.refresh().status == 200  # before it
    done = scene.parts.rewrap.run(RewrapProgress(), REQUEST_ID)
    assert (done.is_done, done.own, audited(world, "key.rewrapped")) == (True, 4, 4)
    assert scene.parts.rewrap.run(RewrapProgress(), REQUEST_ID).own == 0
    assert ana.refresh().status == 200  # in a container of before
    scene.configure(
        kms_key_history=(world.settings.kms_key_id,), signing_kms_key_history=(signing,)
    )  # which can't name the old keys any more
    assert (ana.refresh().status, ana.sign_in().status, ana.get("/account").status) == (200, 200, 200)
    report = scene.parts.status.report()
    assert {key.kms_key_id for key in report.signing} == {signing}
    assert {key.kms_key_id for key in report.service} == {world.settings.kms_key_id}


def test_a_refresh_meets_every_step_of_a_retirement(scene: KeyScene) -> None:
    """Of an earlier version whose tokens are all gone: nobody notices (F-31)."""
    world, people = scene.world, scene.people(4)
    scene.parts.rotation.rotate(REFRESH, REQUEST_ID)
    world.clock.advance(DAY + timedelta(minutes=6))
    assert {phone.refresh().status for phone in people} == {200}

    def retires() -> None:
        scene.parts.retirement.retire_secret(REFRESH, 1, ORDER, REQUEST_ID)

    acts: list[Callable[[], object]] = [*(phone.refresh for phone in people), retires]
    replies = at_once(acts)
    assert {reply.status for reply in replies if isinstance(reply, Reply)} == {200}
    world.clock.advance(RELOAD_AFTER)
    assert {phone.refresh().status for phone in people} == {200}

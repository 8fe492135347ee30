"""What a session alone may do is limited by session: who has it can use up nobody else's."""

from collections.abc import Callable

import pytest

from chalicelib.domain import limits
from chalicelib.domain.limits import Limit
from tests.hardware_key import HardwareKey, begin
from tests.http.test_identities import link
from tests.http.test_limits import assert_refused
from tests.races import audited
from tests.world import Phone, Reply, World

PROOF = {"challenge": "x", "signature": "eA", "refresh_token": "x"}
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def fill(phone: Phone, limit: Limit) -> None:
    elsewhere = phone.world.container().limits
    for _ in range(limit.quota):
        elsewhere.take(limit, phone.session_id)


def verify(phone: Phone) -> Reply:
    body = PROOF | {"registration_id": NOBODY}
    return phone.world.call("POST", "/auth/biometric/verify", body, token=phone.access_token)


def challenge(phone: Phone) -> Reply:
    return phone.world.call("POST", "/auth/biometric/challenge", {}, token=phone.access_token)


def linked(phone: Phone) -> Reply:
    return link(phone, phone.world.person("ana@work.example.com", device="device-2"))


@pytest.mark.parametrize(
    ("limit", "act"),
    [
        (limits.BIOMETRICS, lambda phone: begin(phone, HardwareKey())),
        (limits.BIOMETRICS, challenge),
        (limits.BIOMETRICS, verify),
        (limits.LINKS, linked),
    ],
)
def test_a_session_that_asks_too_often_waits_and_others_do_not_notice(
    world: World, ana: Phone, limit: Limit, act: Callable[[Phone], Reply]
) -> None:
    tablet = world.person(device="device-9")
    tablet.sign_in()
    fill(ana, limit)
    assert_refused(act(ana), limit)
    assert act(tablet).status != 429
    assert (ana.refresh().status, ana.get("/account").status) == (200, 200)


def test_a_refused_link_leaves_no_trace(world: World, ana: Phone) -> None:
    fill(ana, limits.LINKS)
    linked(ana)
    assert audited(world, "identity.linked") == 0

"""Nonces: made without a trace, used once, compared as each client's policy says (GG7)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from local.dev_google import ANDROID_CLIENT, AUDIENCE, IOS_CLIENT
from tests.world import Phone, Reply, World

CLIENTS: dict[
    str, tuple[str, Callable[[str], str]]
] = {  # the platform that may use it, and what its library puts into the token
    AUDIENCE: ("web", lambda nonce: nonce),
    IOS_CLIENT: ("ios", lambda nonce: nonce),
    ANDROID_CLIENT: ("android", lambda nonce: sha256(nonce.encode()).hexdigest()),
}
every_client = pytest.mark.parametrize("client", CLIENTS)
strict_client = pytest.mark.parametrize("client", [IOS_CLIENT, ANDROID_CLIENT])


def nonce_of(world: World) -> str:
    return str(world.call("POST", "/auth/challenge").body["nonce"])


def sign_in(phone: Phone, client: str, nonce: str | None, **changes: Any) -> Reply:  # noqa: ANN401 - str or None, by name
    """Sign in as the client's library would, with a nonce."""
    platform, claim = CLIENTS[client]
    said = {"claim": claim(nonce) if nonce else None, "sent": nonce, "platform": platform} | changes
    token = phone.id_token(audience=client, nonce=said["claim"])
    device = {"id": phone.device, "platform": said["platform"]}
    return phone.sign_in(token, device=device, nonce=said["sent"])


def test_a_challenge_lives_five_minutes_and_stores_nothing(world: World) -> None:
    before = world.stored()
    for body in (None, {}, {"purpose": "sign_in"}):
        answer = world.call("POST", "/auth/challenge", body).body
        expires_at = datetime.fromisoformat(answer["expires_at"])
        assert expires_at - world.clock.now() == timedelta(minutes=5)
    assert nonce_of(world) != nonce_of(world)
    assert world.stored() == before


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"purpose": "other"}, {"pointer": "/purpose", "code": "not_allowed"}),
        ({"purpose": 1}, {"pointer": "/purpose", "code": "wrong_type"}),
        ({"nonce": "mine"}, {"pointer": "/nonce", "code": "unknown_field"}),  # A2
    ],
)
def test_a_challenge_for_something_else_is_refused(world: World, body: object, fault: object) -> None:
    reply = world.call("POST", "/auth/challenge", body)
    assert (reply.status, reply.code, reply.body["errors"]) == (400, "invalid_input", [fault])


@pytest.mark.parametrize("body", ["null", {"purpose": None}, "", None])
def test_a_challenge_for_nothing_named_is_one_to_sign_in(world: World, body: object) -> None:
    nonce = world.call("POST", "/auth/challenge", body).body["nonce"]
    ana = world.person()
    assert ana.sign_in(ana.id_token(nonce=nonce), nonce=nonce).status == 200


@every_client
def test_a_nonce_in_the_form_of_its_client_lets_a_person_in_once(world: World, client: str) -> None:
    ana, nonce = world.person(), nonce_of(world)
    assert sign_in(ana, client, nonce).status == 200
    reply = sign_in(ana, client, nonce)  # another ID token, the same nonce
    assert (reply.status, reply.code) == (401, "invalid_nonce")
    assert reply.body["action"] == "restart"


@every_client
def test_the_exact_retry_may_bring_its_nonce_again(world: World, client: str) -> None:
    ana, nonce = world.person(), nonce_of(world)
    platform, claim = CLIENTS[client]
    token, device = ana.id_token(audience=client, nonce=claim(nonce)), {"id": "1", "platform": platform}
    first = ana.sign_in(token, nonce=nonce, device=device).body["session"]["id"]
    assert ana.sign_in(token, nonce=nonce, device=device).body["session"]["id"] == first


def test_a_nonce_used_by_one_person_makes_no_account_for_another(world: World) -> None:
    nonce = nonce_of(world)
    sign_in(world.person(), AUDIENCE, nonce)
    before = world.stored()
    eve = world.person("eve@example.com")
    assert sign_in(eve, AUDIENCE, nonce).code == "invalid_nonce"
    assert world.stored() == before  # the key that was made for her is gone too


def test_a_refused_sign_up_leaves_its_nonce_for_one_more_try_and_no_more(world: World) -> None:
    ana, nonce = world.person(), nonce_of(world)
    token = ana.id_token(nonce=nonce)
    assert ana.sign_in(token, nonce=nonce, consents=[]).code == "consent_required"
    assert ana.sign_in(token, nonce=nonce).status == 200  # Google's library gives no second token for it
    assert ana.sign_in(nonce=nonce, id_token=ana.id_token(nonce=nonce)).code == "invalid_nonce"


def test_a_nonce_expires_after_five_minutes(world: World) -> None:
    ana, first, second = world.person(), nonce_of(world), nonce_of(world)
    world.clock.advance(timedelta(minutes=5) - timedelta(seconds=1))
    assert sign_in(ana, AUDIENCE, first).status == 200
    world.clock.advance(timedelta(seconds=1))
    assert sign_in(ana, AUDIENCE, second).code == "invalid_nonce"


def test_an_expired_nonce_makes_no_account(world: World) -> None:
    ana, nonce = world.person(), nonce_of(world)
    world.clock.advance(timedelta(minutes=5))
    before = world.stored()
    assert sign_in(ana, AUDIENCE, nonce).code == "invalid_nonce"
    assert world.stored() == before


def test_the_exact_retry_is_answered_though_its_nonce_expired_meanwhile(world: World) -> None:
    ana, nonce = world.person(), nonce_of(world)
    token = ana.id_token(nonce=nonce)
    world.clock.advance(timedelta(minutes=5) - timedelta(seconds=1))
    first = ana.sign_in(token, nonce=nonce).body["session"]["id"]
    world.clock.advance(timedelta(seconds=30))
    assert ana.sign_in(token, nonce=nonce).body["session"]["id"] == first


@strict_client
def test_a_nonce_of_another_service_is_refused(world: World, client: str) -> None:
    ours = nonce_of(world)
    flipped = ours[:-1] + ("A" if ours[-1] != "A" else "Q")
    for foreign in ("n-0S6_WzA2Mj", "A" * 50, flipped, ours + "=", "é" * 50):
        assert sign_in(world.person(), client, foreign).code == "invalid_nonce"


def test_a_nonce_of_another_service_with_its_own_secret_is_refused(world: World) -> None:
    foreign = "A" * 22 + nonce_of(world)[22:]
    assert sign_in(world.person(), AUDIENCE, foreign).code == "invalid_nonce"


@strict_client
def test_a_client_that_must_bring_a_nonce_is_told_so(world: World, client: str) -> None:
    reply = sign_in(world.person(), client, None)
    assert (reply.status, reply.code, reply.body["action"]) == (400, "nonce_required", "update_app")
    claim_alone = sign_in(world.person(), client, nonce_of(world), sent=None)
    assert claim_alone.code == "nonce_required"


def test_the_optional_client_may_bring_none(world: World) -> None:
    assert sign_in(world.person(), AUDIENCE, None).status == 200
    assert sign_in(world.person(), AUDIENCE, nonce_of(world), sent=None).status == 200


@every_client
def test_a_nonce_that_is_not_the_tokens_is_refused(world: World, client: str) -> None:
    ana = world.person()
    assert sign_in(ana, client, nonce_of(world), claim=nonce_of(world)).code == "invalid_nonce"
    assert sign_in(ana, client, nonce_of(world), claim=None).code == "invalid_nonce"


def test_each_client_has_its_own_form_of_the_nonce(world: World) -> None:
    first, second = nonce_of(world), nonce_of(world)
    hashed = sha256(first.encode()).hexdigest()
    assert sign_in(world.person(), IOS_CLIENT, first, claim=hashed).code == "invalid_nonce"
    assert sign_in(world.person(), ANDROID_CLIENT, second, claim=second).code == "invalid_nonce"


@pytest.mark.parametrize(
    ("client", "platform"),
    [(IOS_CLIENT, "android"), (IOS_CLIENT, "web"), (ANDROID_CLIENT, "ios"), (ANDROID_CLIENT, "web")],
)
def test_a_token_for_the_app_of_another_platform_is_refused(world: World, client: str, platform: str) -> None:
    reply = sign_in(world.person(), client, nonce_of(world), platform=platform)
    assert (reply.status, reply.code) == (401, "invalid_id_token")


def test_the_policy_is_that_of_the_party_the_token_was_issued_to(world: World) -> None:
    ana = world.person()  # GG2: an Android app asks for tokens with the web client's audience
    token = ana.id_token(audience=AUDIENCE, azp=ANDROID_CLIENT)
    device = {"id": "1", "platform": "android"}
    assert ana.sign_in(token, device=device).code == "nonce_required"


def test_two_containers_know_each_others_nonces(world: World) -> None:
    nonce = nonce_of(world)
    world.services = world.container()
    assert sign_in(world.person(), AUDIENCE, nonce).status == 200

"""A security event token is believed only if Google made it, for us, of late, and as nothing else (J4)."""

import json
import socket
from datetime import timedelta
from typing import Any

import jwt
import pytest

from chalicelib.domain.providers import GOOGLE
from chalicelib.domain.security_events import AGE_MAX
from local.dev_google import AUDIENCE, ISSUER, KEY_ID
from tests.http.test_events_google import REVOKED, VERIFICATION, post, subject, taken, token
from tests.offering import offer
from tests.races import live_sessions
from tests.world import Phone, World


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "another issuer": ("invalid_issuer", {"iss": "https://appleid.apple.com"}),
    "another app": ("invalid_audience", {"aud": "evil.apps.googleusercontent.com"}),
    "no app": ("invalid_audience", {"aud": []}),
    "an app that is no text": ("invalid_audience", {"aud": [{"client": AUDIENCE}]}),
    "no id": ("invalid_request", {"jti": ""}),
    "an id that is no text": ("invalid_request", {"jti": 7}),
    "no event": ("invalid_request", {"events": {}}),
    "two events": ("invalid_request", {"events": {REVOKED: {}, VERIFICATION: {}}}),
    "an event that is no object": ("invalid_request", {"events": {REVOKED: "yes"}}),
    "events that are a text": ("invalid_request", {"events": "sessions-revoked"}),
    "a subject that is no object": ("invalid_request", {"events": {REVOKED: {"subject": "ana"}}}),
    "from the future": ("invalid_request", {"iat": 2**33}),
    "of no time": ("invalid_request", {"iat": "today"}),
    "of true": ("invalid_request", {"iat": True}),
    "with an expiry": ("invalid_request", {"exp": 2**33}),
    "with a subject like an ID token's": ("invalid_request", {"sub": "1"}),
}


@pytest.mark.parametrize(("err", "claims"), REFUSED.values(), ids=REFUSED)
def test_what_google_did_not_tell_us_is_refused_in_the_words_of_rfc_8935(
    world: World, ana: Phone, err: str, claims: dict[str, Any]
) -> None:
    before = world.stored()
    reply = post(world, token(ana, **claims))
    assert (reply.status, reply.body["err"], set(reply.body)) == (400, err, {"err", "description"})
    assert reply.headers["Content-Language"] == "en"
    assert (world.stored(), live_sessions(world)) == (before, 1)


@pytest.mark.parametrize("value", [None, True, 1.5, 2**80, "text", [[[[[None]]]]], {"a": {"b": {"c": {}}}}])
def test_what_is_not_known_in_an_event_is_ignored(world: World, ana: Phone, value: object) -> None:
    about = subject(ana, unknown=value)
    told = json_of(token(ana)) | {"unknown": value, "events": {REVOKED: {"subject": about, "unknown": value}}}
    headers = {"kid": KEY_ID, "typ": "secevent+jwt", "x5t": value, "unknown": value}
    signed = jwt.api_jws.encode(json.dumps(told).encode(), world.google.private_key, "RS256", headers=headers)
    assert taken(post(world, signed))
    assert live_sessions(world) == 0


@pytest.mark.parametrize(("iat", "is_taken"), [(0.75, True), (float("nan"), False), (1e300, False)])
def test_the_moment_of_an_event_may_have_a_fraction(
    world: World, ana: Phone, iat: float, *, is_taken: bool
) -> None:
    at = int(world.clock.now().timestamp()) + iat if is_taken else iat
    assert taken(post(world, token(ana, iat=at))) is is_taken


def test_an_issuer_that_is_no_text_is_refused(world: World, ana: Phone) -> None:
    claims = json.dumps(json_of(token(ana)) | {"iss": [f"{ISSUER}/"]}).encode()  # PyJWT's own encoder won't
    headers = {"kid": KEY_ID, "typ": "secevent+jwt"}
    told = jwt.api_jws.PyJWS().encode(claims, world.google.private_key, "RS256", headers)
    assert post(world, told).body["err"] == "invalid_issuer"


def test_the_type_in_the_header_is_that_of_an_event_and_nothing_else(world: World, ana: Phone) -> None:  # J4
    claims = json_of(token(ana))
    for typ in ("JWT", None, "at+jwt", "SECEVENT+JWT", "application/secevent+jwt"):
        reply = post(world, world.google.sign(claims, {"typ": typ}))
        assert (reply.status, reply.body["err"]) == (400, "invalid_request")


def test_an_id_token_is_no_event(world: World, ana: Phone) -> None:  # J4
    id_token = ana.id_token()
    assert post(world, id_token).body["err"] == "invalid_request"
    retyped = world.google.sign(json_of(id_token), {"typ": "secevent+jwt"})
    assert post(world, retyped).body["err"] == "invalid_request"
    assert post(world, ana.access_token).body["err"] == "invalid_request"
    assert live_sessions(world) == 1


def test_an_event_signs_nobody_in(world: World, ana: Phone) -> None:  # J4
    told = token(ana)
    assert ana.sign_in(told).code == "invalid_id_token"
    dressed = json_of(ana.id_token()) | {"events": json_of(told)["events"]}
    for typ in ("JWT", "secevent+jwt"):
        assert ana.sign_in(world.google.sign(dressed, {"typ": typ})).code == "invalid_id_token"
    assert world.call("GET", "/account", token=told).code == "invalid_token"


def test_a_key_that_is_not_googles_is_refused(world: World, ana: Phone) -> None:
    told = token(ana)
    forged = told.rpartition(".")[0] + "." + ana.id_token().rpartition(".")[2]
    unknown = world.google.sign(json_of(told), {"typ": "secevent+jwt", "kid": "nobody"})
    apples = world.apple.sign(json_of(told), {"typ": "secevent+jwt"})
    for payload in (forged, unknown, apples):
        assert post(world, payload).body["err"] == "invalid_key"
    assert live_sessions(world) == 1


@pytest.mark.parametrize("payload", ["x", "a.b.c", "{}", "{" * 5000, "é", "x" * 9000, " "])
def test_what_is_no_token_is_refused(world: World, payload: str) -> None:  # F-28
    reply = post(world, payload)
    assert (reply.status, reply.body["err"]) == (400, "invalid_request")


def test_what_says_it_is_something_else_is_refused(world: World, ana: Phone) -> None:
    for content_type in ("application/json", "application/jwt", "text/plain"):
        reply = post(world, token(ana), **{"content-type": content_type})
        assert reply.code == "unsupported_media_type"
    assert post(world, "").body["err"] == "invalid_request"
    assert post(world, "x" * 20_000).code == "body_too_large"
    assert taken(post(world, token(ana), **{"content-type": "Application/SecEvent+JWT; charset=utf-8"}))


def test_an_event_is_taken_for_a_week_and_its_id_known_as_long(world: World, ana: Phone) -> None:
    told = token(ana)
    world.clock.advance(AGE_MAX - timedelta(seconds=1))
    assert taken(post(world, told))
    ((expires_at,),) = world.rows("SELECT expires_at FROM provider_events")
    assert expires_at == world.clock.now() + timedelta(seconds=1)
    world.clock.advance(timedelta(seconds=1))
    assert post(world, told).body["err"] == "invalid_request"


def test_while_googles_keys_are_away_an_event_is_to_be_sent_again(world: World, ana: Phone) -> None:  # F0
    told, there = token(ana), world.services
    offer(world, GOOGLE, keys_url=f"http://127.0.0.1:{unused_port()}/certs")
    assert post(world, told).code == "service_unavailable"
    world.services = there
    assert taken(post(world, told))


def json_of(told: str) -> dict[str, Any]:
    return dict(jwt.decode(told, options={"verify_signature": False}))


def unused_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])

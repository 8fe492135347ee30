"""What Apple tells of an account ends sessions, once, and only if Apple told it, to us."""

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from chalicelib.domain.providers import APPLE, GOOGLE
from local.dev_apple import subject_for
from tests.aws_tap import tapped
from tests.http.test_identities import link, listed
from tests.offering import offer_only
from tests.races import audited, live_sessions
from tests.world import Phone, Reply, World

ENDING = ["consent-revoked", "account-delete", "account-deleted"]


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person(provider=APPLE)
    phone.sign_in()
    return phone


def notice(phone: Phone, kind: str = "consent-revoked", **overrides: Any) -> str:  # noqa: ANN401 - claims of any kind
    now = phone.world.clock.now()
    return phone.world.apple.notice(kind, subject_for(phone.email), now, **overrides)


def post(world: World, payload: object) -> Reply:
    return world.call("POST", "/events/apple", {"payload": payload})


def taken(reply: Reply) -> bool:
    return (reply.status, reply.body) == (200, {"received": True})


@pytest.mark.parametrize("kind", ENDING)
def test_what_ends_an_identity_at_apple_ends_the_sessions_here(world: World, ana: Phone, kind: str) -> None:
    tablet = world.person(device="device-2", provider=APPLE)
    tablet.sign_in()
    eva = world.person("eva@example.com", device="device-3", provider=APPLE)
    eva.sign_in()
    assert taken(post(world, notice(ana, kind)))
    assert {ana.refresh().code, tablet.refresh().code} == {"session_revoked"}
    assert eva.refresh().status == 200
    assert world.kinds_of_acts(ana.user_id)[-3:].count("session.ended") == 2
    assert audited(world, "identity.noticed") == 1


def test_whoever_revoked_may_come_back_to_their_account(world: World, ana: Phone) -> None:
    person = ana.user_id
    post(world, notice(ana))
    assert ana.sign_in().body["is_new_user"] is False
    assert ana.user_id == person


def test_a_notice_is_taken_once(world: World, ana: Phone) -> None:
    told = notice(ana)
    post(world, told)
    ana.sign_in()
    for again in (told, notice(ana, jti=jti_of(told))):
        assert taken(post(world, again))  # or Apple would send it for ever
    assert ana.refresh().status == 200
    assert taken(post(world, notice(ana)))
    assert ana.refresh().code == "session_revoked"


def test_a_deleted_apple_account_is_unlinked_where_there_is_another_way_in(world: World, ana: Phone) -> None:
    google = world.person(device="device-2")
    link(ana, google)
    post(world, notice(ana, "account-delete"))
    google.sign_in()
    assert (google.user_id, [each["provider"] for each in listed(google)]) == (ana.user_id, ["google"])
    assert audited(world, "identity.unlinked") == 1


def test_a_deleted_apple_account_that_is_the_only_way_in_erases_nobody(world: World, ana: Phone) -> None:
    post(world, notice(ana, "account-delete"))
    assert world.rows("SELECT status::text FROM users") == [("active",)]
    assert ana.sign_in().body["is_new_user"] is False


@pytest.mark.parametrize("kind", ["email-disabled", "email-enabled", "something-new"])
def test_what_changes_nothing_here_is_taken_and_stores_nothing(world: World, ana: Phone, kind: str) -> None:
    before = world.stored()
    assert taken(post(world, notice(ana, kind)))
    assert (world.stored(), live_sessions(world)) == (before, 1)


def test_a_notice_about_a_stranger_is_taken_and_stores_nothing(world: World, ana: Phone) -> None:
    before = world.stored()
    assert taken(post(world, notice(world.person("nobody@example.com"))))
    assert (world.stored(), live_sessions(world)) == (before, 1)


def test_an_event_that_is_an_object_is_read_like_its_text(world: World, ana: Phone) -> None:
    post(world, notice(ana, events={"type": "consent-revoked", "sub": subject_for(ana.email)}))
    assert ana.refresh().code == "session_revoked"


FORGERIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://accounts.google.com"},
    "another app": {"aud": "com.example.evil"},
    "several apps": {"aud": ["com.example.dev"]},
    "no id": {"jti": ""},
    "an id that is no text": {"jti": 7},
    "no event": {"events": None},
    "an event that is no JSON": {"events": "{"},
    "an event that is a list": {"events": "[]"},
    "an event of nobody": {"events": json.dumps({"type": "consent-revoked"})},
    "an event of no kind": {"events": json.dumps({"sub": "1"})},
    "from the future": {"iat": 2**33, "exp": 2**33 + 60},
    "for ever": {"exp": 2**33},
}


@pytest.mark.parametrize("claims", FORGERIES.values(), ids=FORGERIES)
def test_what_apple_did_not_tell_us_is_refused(world: World, ana: Phone, claims: dict[str, Any]) -> None:
    before = world.stored()
    reply = post(world, notice(ana, **claims))
    assert (reply.status, reply.code) == (400, "invalid_input")
    assert reply.body["errors"] == [{"pointer": "/payload", "code": "pattern"}]
    assert (world.stored(), live_sessions(world)) == (before, 1)


def test_an_id_token_is_no_notice_and_another_key_is_not_apples(world: World, ana: Phone) -> None:
    told = notice(ana)
    forged = told.rpartition(".")[0] + "." + ana.id_token().rpartition(".")[2]
    for payload in (ana.id_token(), ana.access_token, forged, "x", "a.b.c"):
        assert post(world, payload).code == "invalid_input"
    assert live_sessions(world) == 1


def test_a_notice_of_yesterday_is_refused(world: World, ana: Phone) -> None:
    told = notice(ana)
    world.clock.advance(timedelta(days=1, minutes=1))
    assert post(world, told).code == "invalid_input"


def test_without_apple_there_is_nowhere_to_tell(world: World, ana: Phone) -> None:
    offer_only(world, GOOGLE)
    assert post(world, notice(ana)).code == "not_found"


def test_a_notice_needs_neither_kms_nor_the_vault(world: World, ana: Phone) -> None:
    with tapped(world) as aws:
        assert taken(post(world, notice(ana)))
    assert aws.calls == []


def jti_of(told: str) -> str:
    return str(jwt.decode(told, options={"verify_signature": False})["jti"])

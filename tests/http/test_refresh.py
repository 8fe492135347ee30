"""Refreshing: one step a token, a lost answer answered again, a theft noticed (O1, O8)."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest

from chalicelib.routes.problems import FORWARDED_CHALLENGE
from chalicelib.services.ports import Act
from tests.world import Phone, Reply, World

ACT = Act(request_id="test", locale="en")


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def refused(reply: Reply, code: str) -> bool:
    assert (reply.status, reply.body["action"]) == (401, "sign_in")
    assert reply.headers[FORWARDED_CHALLENGE] == "Bearer"  # no access token was at fault
    return reply.code == code


def test_a_refresh_answers_all_that_a_phone_stores(world: World, ana: Phone) -> None:
    first = ana.answer
    world.clock.advance(timedelta(minutes=10))
    second = ana.refresh().body
    assert second.keys() == first.keys()
    assert (second["user"], second["scope"]) == (first["user"], first["scope"])
    assert (second["is_new_user"], second["expires_in"]) == (False, 900)
    assert second["refresh_token"] != first["refresh_token"]
    assert second["session"] == first["session"] | {
        "idle_expires_at": (world.clock.now() + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    }


def test_an_access_token_says_what_rfc_9068_wants_and_nothing_personal(world: World, ana: Phone) -> None:
    claims = jwt.decode(ana.access_token, options={"verify_signature": False})
    header = jwt.get_unverified_header(ana.access_token)
    assert (header["typ"], header["alg"], set(header)) == ("at+jwt", "ES256", {"typ", "alg", "kid"})
    named = {"iss", "aud", "sub", "client_id", "iat", "nbf", "exp", "jti", "sid", "scope"}  # J7, J8
    assert claims.keys() == named | {"auth_time", "acr", "amr"}
    assert (claims["iss"], claims["aud"]) == (world.settings.issuer_url, world.settings.audience)
    assert (claims["sub"], claims["sid"]) == (ana.user_id, ana.session_id)
    assert (claims["exp"] - claims["iat"], claims["auth_time"]) == (900, claims["iat"])


def test_the_time_of_authentication_stays_that_of_the_sign_in(world: World, ana: Phone) -> None:
    signed_in_at = int(world.clock.now().timestamp())
    world.clock.advance(timedelta(days=1))
    ana.refresh()
    claims = jwt.decode(ana.access_token, options={"verify_signature": False})
    assert (claims["auth_time"], claims["iat"]) == (signed_in_at, signed_in_at + 86400)


def test_the_lost_answer_of_a_refresh_is_answered_again(world: World, ana: Phone) -> None:
    first = ana.refresh_token  # F-18
    successor = ana.refresh().body["refresh_token"]
    stored = world.stored()
    world.clock.advance(timedelta(seconds=30))
    assert [ana.refresh(first).body["refresh_token"] for _ in range(3)] == [successor] * 3
    assert world.stored() == stored
    assert ana.refresh(successor).status == 200


def test_the_predecessor_after_the_window_ends_the_session(world: World, ana: Phone) -> None:
    first, access = ana.refresh_token, ana.access_token
    ana.refresh()
    world.clock.advance(timedelta(seconds=31))
    assert refused(ana.refresh(first), "refresh_token_reused")
    assert refused(ana.refresh(), "session_revoked")  # O2: all of its tokens, those of the newest step too
    assert world.call("GET", "/sessions", token=access).code == "session_revoked"
    assert ana.get("/account").code == "session_revoked"
    acts = world.kinds_of_acts(ana.user_id)
    assert acts[-3:] == ["session.refreshed", "session.reuse_detected", "session.ended"]


def test_the_predecessor_within_the_window_is_a_theft_once_its_successor_was_used(ana: Phone) -> None:
    first = ana.refresh_token
    ana.refresh()
    ana.refresh()
    assert refused(ana.refresh(first), "refresh_token_reused")  # F-19: a grandparent is always one
    assert refused(ana.refresh(), "session_revoked")


def test_a_reuse_told_twice_is_recorded_once(world: World, ana: Phone) -> None:
    first = ana.refresh_token
    ana.refresh()
    world.clock.advance(timedelta(seconds=31))
    assert refused(ana.refresh(first), "refresh_token_reused")
    stored = world.stored()
    assert refused(ana.refresh(first), "session_revoked")
    assert world.stored() == stored


def test_a_reuse_leaves_the_persons_other_sessions_alone(world: World, ana: Phone) -> None:
    tablet = world.person(device="device-2")
    tablet.sign_in()
    first = ana.refresh_token
    ana.refresh()
    ana.refresh()
    ana.refresh(first)
    assert tablet.refresh().status == 200


def test_an_idle_session_expires_after_seven_days(world: World, ana: Phone) -> None:
    world.clock.advance(timedelta(days=7) - timedelta(seconds=1))
    assert ana.refresh().status == 200
    world.clock.advance(timedelta(days=7))
    assert refused(ana.refresh(), "refresh_token_expired")  # S2, O4, H3


def test_a_session_in_daily_use_expires_after_thirty_days(world: World, ana: Phone) -> None:
    for _ in range(29):
        world.clock.advance(timedelta(days=1))
        assert ana.refresh().status == 200
    world.clock.advance(timedelta(days=1) - timedelta(minutes=1))
    last = ana.refresh().body
    assert (last["expires_in"], last["refresh_expires_in"]) == (60, 60)  # nothing outlives its session
    assert last["session"]["idle_expires_at"] == last["session"]["expires_at"]
    world.clock.advance(timedelta(minutes=1))
    assert refused(ana.refresh(), "refresh_token_expired")  # S1, O4


def test_a_clock_that_jumps_back_neither_breaks_a_retry_nor_forgives_a_reuse(
    world: World, ana: Phone
) -> None:
    first = ana.refresh_token
    successor = ana.refresh().body["refresh_token"]
    world.clock.jump(timedelta(seconds=-4))  # F-16: ordered by the counter
    assert ana.refresh(first).body["refresh_token"] == successor
    assert ana.refresh(successor).status == 200
    assert refused(ana.refresh(first), "refresh_token_reused")


def test_a_forged_token_is_refused(ana: Phone) -> None:
    handle, generation, mac = ana.refresh_token.split(".")
    other = urlsafe_b64encode(uuid4().bytes * 2).rstrip(b"=").decode()
    forged = (
        f"{other}.{generation}.{mac}",  # O5
        f"{handle}.1.{mac}",
        f"{handle}.00.{mac}",
        f"{handle}.{generation}.{mac[:-1]}",
        f"{handle}.{generation}.{mac}=",
        f"{handle}.{generation}.{'A' * 43}",
        f"{handle}.{10**19}.{mac}",
        handle,
        ana.access_token[:256],
        "é",
    )
    assert [ana.refresh(token).code for token in forged] == ["refresh_token_invalid"] * len(forged)
    assert ana.refresh().status == 200  # and harms nobody


def test_the_token_of_a_session_that_no_database_knows_any_more_is_revoked(world: World, ana: Phone) -> None:
    world.execute("DELETE FROM used_id_tokens")
    world.execute("DELETE FROM sessions")
    assert refused(ana.refresh(), "session_revoked")


def test_an_ended_session_is_told_as_ended(world: World, ana: Phone) -> None:
    kept = ana.refresh_token
    ana.logout()
    assert refused(ana.refresh(kept), "session_revoked")
    ana.sign_in()
    kept = ana.refresh_token
    ana.sign_in()  # one live session a device
    assert refused(ana.refresh(kept), "session_revoked")


def test_a_suspended_person_gets_no_token(world: World, ana: Phone) -> None:
    world.suspend(ana.user_id)
    reply = ana.refresh()
    assert (reply.status, reply.code) == (403, "account_suspended")


def test_a_person_suspended_by_their_row_alone_gets_no_token_either(world: World, ana: Phone) -> None:
    world.execute("UPDATE users SET status = 'suspended'")
    assert ana.refresh().code == "account_suspended"
    world.execute("UPDATE users SET status = 'erased', profile = NULL")
    assert refused(ana.refresh(), "session_revoked")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, {"pointer": "/refresh_token", "code": "required"}),
        ({"refresh_token": None}, {"pointer": "/refresh_token", "code": "wrong_type"}),
        ({"refresh_token": "a" * 257}, {"pointer": "/refresh_token", "code": "too_long"}),
        ({"refresh_token": "a", "scope": "app ai"}, {"pointer": "/scope", "code": "unknown_field"}),  # O3, A2
    ],
)
def test_a_body_that_is_not_as_declared_is_refused(world: World, body: object, fault: object) -> None:
    reply = world.call("POST", "/auth/refresh", body)
    assert (reply.status, reply.code, reply.body["errors"]) == (400, "invalid_input", [fault])


def test_a_refresh_token_in_a_header_or_the_url_is_not_looked_at(world: World, ana: Phone) -> None:
    assert world.call("POST", "/auth/refresh", {}, token=ana.refresh_token).code == "invalid_input"
    assert world.call("POST", f"/auth/refresh?refresh_token={ana.refresh_token}").code == "malformed_body"


def test_times_are_whole_seconds_in_utc(ana: Phone) -> None:
    session = ana.refresh().body["session"]
    for name in ("created_at", "expires_at", "idle_expires_at", "auth_time"):
        assert datetime.strptime(session[name], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

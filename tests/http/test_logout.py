"""Logging out: always 204, also when there is nothing left to end; never by a token that isn't ours."""

from datetime import timedelta

import pytest

from chalicelib.routes.problems import FORWARDED_CHALLENGE
from tests.world import Phone, World


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


@pytest.fixture
def tablet(world: World, ana: Phone) -> Phone:
    phone = world.person(device="device-2")
    phone.sign_in()
    return phone


def by_refresh_token(phone: Phone, **body: object) -> int:
    return phone.world.call("POST", "/auth/logout", {"refresh_token": phone.refresh_token, **body}).status


def is_out(phone: Phone) -> bool:
    codes = {phone.get("/sessions").code, phone.refresh().code}
    assert codes in ({"session_revoked"}, {None})
    return codes == {"session_revoked"}


def test_the_access_token_ends_its_session_and_no_other(ana: Phone, tablet: Phone) -> None:
    assert ana.logout().status == 204
    assert (is_out(ana), is_out(tablet)) == (True, False)


def test_the_refresh_token_ends_its_session_and_no_other(ana: Phone, tablet: Phone) -> None:
    assert by_refresh_token(ana) == 204
    assert (is_out(ana), is_out(tablet)) == (True, False)


def test_logging_out_twice_is_one_act_and_one_record(world: World, ana: Phone) -> None:
    ana.logout()
    acts = world.kinds_of_acts(ana.user_id)  # F-22
    assert (ana.logout().status, by_refresh_token(ana)) == (204, 204)
    assert world.kinds_of_acts(ana.user_id) == acts
    assert acts.count("session.ended") == 1


def test_all_devices_ends_every_session_of_the_person_and_nobody_elses(
    world: World, ana: Phone, tablet: Phone
) -> None:
    eve = world.person("eve@example.com")
    eve.sign_in()
    assert ana.logout(all_devices=True).status == 204
    assert (is_out(ana), is_out(tablet), is_out(eve)) == (True, True, False)
    assert world.rows("SELECT DISTINCT end_reason FROM sessions WHERE ended_at IS NOT NULL") == [
        ("logout_all",)
    ]


def test_all_devices_works_with_a_refresh_token_and_false_means_this_one(ana: Phone, tablet: Phone) -> None:
    assert by_refresh_token(ana, all_devices=False) == 204
    assert (is_out(ana), is_out(tablet)) == (True, False)
    assert by_refresh_token(tablet, all_devices=True) == 204
    assert is_out(tablet)


def test_an_expired_access_token_still_ends_its_session(world: World, ana: Phone) -> None:
    world.clock.advance(timedelta(days=1))
    assert ana.logout().status == 204
    assert ana.refresh().code == "session_revoked"


def test_an_old_refresh_token_still_ends_its_session(world: World, ana: Phone) -> None:
    old = ana.refresh_token
    ana.refresh()
    ana.refresh()
    assert world.call("POST", "/auth/logout", {"refresh_token": old}).status == 204
    assert is_out(ana)


def test_a_refresh_token_that_leads_nowhere_is_answered_like_any_other(world: World, ana: Phone) -> None:
    forged = ana.refresh_token[:-1] + ("A" if ana.refresh_token[-1] != "A" else "Q")
    stored = world.stored()
    for token in ("unknown", forged):  # R1
        assert world.call("POST", "/auth/logout", {"refresh_token": token}).status == 204
    assert world.stored() == stored
    assert not is_out(ana)


def test_the_refresh_token_decides_when_both_come(world: World, ana: Phone, tablet: Phone) -> None:
    body = {"refresh_token": ana.refresh_token}
    assert world.call("POST", "/auth/logout", body, token=tablet.access_token).status == 204
    assert (is_out(ana), is_out(tablet)) == (True, False)


def test_a_suspended_person_may_log_out(world: World, ana: Phone) -> None:
    world.suspend(ana.user_id)
    assert (ana.logout().status, by_refresh_token(ana)) == (204, 204)


def test_without_any_token_there_is_nobody_to_log_out(world: World) -> None:
    for body in (None, {}, {"all_devices": True}, {"refresh_token": None}):
        reply = world.call("POST", "/auth/logout", body)
        assert (reply.status, reply.code) == (401, "missing_token")
        assert reply.headers[FORWARDED_CHALLENGE] == "Bearer"


def test_a_bearer_that_is_not_ours_is_refused(world: World, ana: Phone) -> None:
    for token in (ana.id_token(), ana.refresh_token, ana.access_token[:-4] + "AAAA", "x"):
        reply = world.call("POST", "/auth/logout", token=token)
        assert (reply.status, reply.code) == (401, "invalid_token")
    assert not is_out(ana)


@pytest.mark.parametrize(
    "body",
    [
        "null",
        " null\n",
        "  ",
        {"all_devices": None, "refresh_token": None},
        {"all_devices": "true"},
        {"all_devices": "x", "refresh_token": 7},
        {"all_devices": [], "refresh_token": {}},
        {"refresh_token": ""},
        {"refresh_token": "x" * 5000},
        {"session_id": "1"},
    ],
)
def test_whatever_a_body_says_the_access_token_ends_its_session_and_no_other(
    world: World, ana: Phone, tablet: Phone, body: object
) -> None:
    assert world.call("POST", "/auth/logout", body, token=ana.access_token).status == 204
    assert (is_out(ana), is_out(tablet)) == (True, False)


@pytest.mark.parametrize("odd", [None, "", "x", 1, [], {"all": True}])
def test_whatever_else_a_body_says_the_refresh_token_ends_its_session(ana: Phone, odd: object) -> None:
    assert by_refresh_token(ana, all_devices=odd, unknown=odd) == 204
    assert is_out(ana)


@pytest.mark.parametrize(
    "body", ['{"a": 1, "a": 2}', '{"a": "\\u0000"}', '{"a": "\\ud800"}', b'{"a": "\xff"}', "[]"]
)
def test_what_has_no_one_meaning_is_refused_here_too(world: World, ana: Phone, body: object) -> None:  # F-28
    assert world.call("POST", "/auth/logout", body, token=ana.access_token).code == "malformed_body"
    assert not is_out(ana)

"""Seeing where one is signed in, and ending what one doesn't want (S5)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.world import Phone, Reply, World


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


@pytest.fixture
def tablet(world: World, ana: Phone) -> Phone:
    world.clock.advance(timedelta(minutes=1))
    phone = world.person(device="device-2")
    phone.sign_in()
    return phone


@pytest.fixture
def eve(world: World) -> Phone:
    phone = world.person("eve@example.com", "Eve Adams")
    phone.sign_in()
    return phone


def listed(phone: Phone) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = phone.get("/sessions").body["sessions"]
    return found


def ids(phone: Phone) -> list[str]:
    return [session["id"] for session in listed(phone)]


def shape(reply: Reply) -> tuple[int, dict[str, Any], set[str]]:
    """Return all of an answer but what names this one request."""
    always_new = {"request_id", "instance", "timestamp"}
    told = {name: value for name, value in reply.body.items() if name not in always_new}
    return reply.status, told, set(reply.headers)


def test_a_person_sees_their_sessions_the_last_used_first(world: World, ana: Phone, tablet: Phone) -> None:
    assert ids(ana) == [tablet.session_id, ana.session_id]
    world.clock.advance(timedelta(minutes=1))
    ana.refresh()
    assert ids(tablet) == [ana.session_id, tablet.session_id]


def test_a_session_is_shown_with_its_device_and_last_use(world: World, ana: Phone) -> None:
    signed_in = ana.answer["session"]
    world.clock.advance(timedelta(minutes=5))
    ana.refresh()
    [shown] = listed(ana)
    used_at = world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    own = {"current": True, "last_used_at": used_at, "is_new_device": False, "bound": False}
    assert shown == ana.answer["session"] | own
    assert shown["device"] == signed_in["device"]
    assert shown["device"]["id"] == "device-1"


def new_devices(world: World) -> list[tuple[str, str]]:
    """Return the sessions and devices on record as new."""
    kind = (
        "SELECT session_id::text, details->>'device_id' FROM audit_events WHERE kind = 'session.new_device'"
    )
    return [(session, device) for session, device in world.rows(kind + " ORDER BY id")]


def test_a_sign_in_on_a_device_that_an_account_never_saw_is_on_record_and_shown(
    world: World, ana: Phone
) -> None:
    assert new_devices(world) == []  # the first one of a new account is no news
    world.clock.advance(timedelta(minutes=1))
    tablet = world.person(device="device-2")
    tablet.sign_in()
    rows = world.rows("SELECT id::text FROM devices ORDER BY created_at")
    assert new_devices(world) == [(tablet.session_id, rows[-1][0])]
    told = {session["device"]["id"]: session for session in listed(ana)}
    assert [told[name]["is_new_device"] for name in ("device-1", "device-2")] == [False, True]
    assert told["device-2"]["device"]["first_seen_at"] == tablet.answer["session"]["created_at"]
    assert told["device-1"]["device"]["first_seen_at"] == ana.answer["session"]["created_at"]


def test_a_device_is_new_once(world: World, ana: Phone, tablet: Phone) -> None:
    before = new_devices(world)
    world.clock.advance(timedelta(minutes=1))
    token = tablet.id_token()
    assert (tablet.sign_in(token).status, tablet.sign_in(token).status) == (200, 200)  # and its exact retry
    tablet.refresh()
    assert new_devices(world) == before
    assert {session["is_new_device"] for session in listed(ana)} == {False}


def test_a_device_is_new_to_each_person(world: World, ana: Phone) -> None:
    ben = world.person("ben@example.com", device="device-2")
    ben.sign_in()
    world.clock.advance(timedelta(minutes=1))
    shared = world.person("ben@example.com", device="device-1")
    shared.sign_in()
    assert [session for session, _ in new_devices(world)] == [shared.session_id]


def test_only_the_asking_session_is_the_current_one(ana: Phone, tablet: Phone) -> None:
    assert {session["id"]: session["current"] for session in listed(ana)} == {
        ana.session_id: True,
        tablet.session_id: False,
    }


def test_ended_expired_and_other_peoples_sessions_are_not_shown(
    world: World, ana: Phone, tablet: Phone, eve: Phone
) -> None:
    third = world.person(device="device-3")
    third.sign_in()
    third.logout()
    world.execute(
        "UPDATE sessions SET idle_expires_at = %s WHERE id = %s", world.clock.now(), tablet.session_id
    )
    ana.refresh()
    assert ids(ana) == [ana.session_id]
    assert ids(eve) == [eve.session_id]


def test_ending_one_session_ends_it_at_once_and_only_it(ana: Phone, tablet: Phone) -> None:
    assert ana.delete(f"/sessions/{tablet.session_id}").status == 204
    assert (tablet.get("/sessions").code, tablet.refresh().code) == ("session_revoked", "session_revoked")
    assert ids(ana) == [ana.session_id]


def test_ending_a_session_twice_is_one_act(world: World, ana: Phone, tablet: Phone) -> None:
    first = ana.delete(f"/sessions/{tablet.session_id}")
    stored = world.stored()
    assert (first.status, ana.delete(f"/sessions/{tablet.session_id}").status) == (204, 204)
    assert world.stored() == stored


def test_ending_ones_own_session_is_logging_out(ana: Phone, tablet: Phone) -> None:
    assert ana.delete(f"/sessions/{ana.session_id}").status == 204
    assert ana.get("/sessions").code == "session_revoked"
    assert ana.delete(f"/sessions/{ana.session_id}").status == 204  # a phone's retry of a lost answer
    assert tablet.get("/sessions").status == 200


def test_ending_all_others_keeps_the_asking_one(world: World, ana: Phone, tablet: Phone, eve: Phone) -> None:
    assert tablet.delete("/sessions").status == 204
    assert (ana.get("/sessions").code, ana.refresh().code) == ("session_revoked", "session_revoked")
    assert (ids(tablet), ids(eve)) == ([tablet.session_id], [eve.session_id])
    stored = world.stored()
    assert tablet.delete("/sessions").status == 204
    assert world.stored() == stored


def test_somebody_elses_session_looks_like_one_that_never_was(world: World, ana: Phone, eve: Phone) -> None:
    stored = world.stored()
    never = shape(eve.delete(f"/sessions/{uuid4()}"))
    assert shape(eve.delete(f"/sessions/{ana.session_id}")) == never  # A1
    assert (never[0], never[1]["code"]) == (404, "not_found")
    assert world.stored() == stored
    assert ana.get("/sessions").status == 200


@pytest.mark.parametrize("name", ["1", "..", "all", "00000000-0000-0000-0000-00000000000g", "%00", "a" * 500])
def test_an_id_that_can_not_be_is_one_that_never_was(eve: Phone, name: str) -> None:
    assert shape(eve.delete(f"/sessions/{name}")) == shape(eve.delete(f"/sessions/{uuid4()}"))


def test_a_dead_session_ends_no_other(world: World, ana: Phone, tablet: Phone) -> None:
    ana.logout()
    assert ana.delete(f"/sessions/{tablet.session_id}").code == "session_revoked"
    assert ana.delete("/sessions").code == "session_revoked"
    assert tablet.get("/sessions").status == 200


def test_one_device_has_one_live_session_and_each_person_their_own(world: World, ana: Phone) -> None:
    for _ in range(3):
        ana.sign_in()
    same_id = world.person("eve@example.com", device="device-1")  # an identifier that others can guess
    same_id.sign_in()
    assert ids(ana) == [ana.session_id]
    assert ids(same_id) == [same_id.session_id]
    assert world.rows("SELECT count(*) FROM devices") == [(2,)]

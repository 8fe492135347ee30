"""Which refresh token is the next, a retry, or a theft: by its generation, never by a clock (O8)."""

from datetime import timedelta
from typing import Any, cast

import pytest

from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database
from chalicelib.stores.sessions import RotateSession
from tests.races import audited, live_sessions
from tests.world import Phone, Reply, World

WINDOW = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
BACK = timedelta(minutes=-5)


@pytest.fixture
def phone(world: World) -> Phone:
    phone = world.person()
    assert phone.sign_in().status == 200
    return phone


def present(world: World, token: str) -> Reply:
    return world.call("POST", "/auth/refresh", {"refresh_token": token})


def assert_ended_by_reuse(world: World, reply: Reply) -> None:
    assert (reply.status, reply.code) == (401, "refresh_token_reused")
    # committed, though the answer is an error
    assert world.rows("SELECT end_reason::text FROM sessions") == [("reuse",)]
    assert audited(world, "session.reuse_detected") == 1
    assert audited(world, "session.ended") == 1


def test_the_predecessor_inside_the_window_gets_the_same_successor(world: World, phone: Phone) -> None:
    first = phone.refresh_token
    successor = phone.refresh().body["refresh_token"]
    world.clock.advance(WINDOW)
    again = present(world, first)  # F-18
    assert (again.status, again.body["refresh_token"]) == (200, successor)
    assert audited(world, "session.refreshed") == 1


def test_the_predecessor_after_the_window_ends_the_session(world: World, phone: Phone) -> None:
    first = phone.refresh_token
    phone.refresh()
    world.clock.advance(WINDOW + SECOND)
    assert_ended_by_reuse(world, present(world, first))  # O2
    assert phone.refresh().code == "session_revoked"
    assert phone.get("/sessions").code == "session_revoked"


def test_the_grandparent_inside_the_window_ends_the_session(world: World, phone: Phone) -> None:
    first = phone.refresh_token
    phone.refresh()
    phone.refresh()
    assert_ended_by_reuse(world, present(world, first))  # F-19


def test_a_generation_from_the_future_ends_the_session(world: World, phone: Phone) -> None:
    phone.refresh()
    phone.refresh()
    with world.owner() as cursor:
        cursor.execute("UPDATE sessions SET generation = 1")  # F-25: a backup was restored
    assert_ended_by_reuse(world, present(world, phone.refresh_token))


def test_a_clock_that_jumps_back_signs_nobody_out(world: World, phone: Phone) -> None:
    first = phone.refresh_token
    phone.refresh()
    world.clock.jump(BACK)  # F-16
    assert present(world, first).body["refresh_token"] == phone.refresh_token
    for _ in range(3):
        reply = phone.refresh()
        assert reply.status == 200
        assert phone.get("/sessions").status == 200
        assert 0 < reply.body["expires_in"] <= 900
        assert reply.body["refresh_expires_in"] > 0
        world.clock.jump(BACK)


def test_tokens_from_before_the_clock_jumped_back_still_work(world: World, phone: Phone) -> None:
    world.clock.jump(BACK)
    assert phone.get("/sessions").status == 200
    assert phone.refresh().status == 200
    assert phone.get("/sessions").status == 200


def test_a_clock_that_jumps_back_within_a_refresh_is_not_a_theft(
    world: World, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Database.one

    def one_and_jump(database: Database, call: Call[Any]) -> Row:
        found = one(database, call)
        if isinstance(call, RotateSession):
            world.clock.jump(timedelta(days=-8))
        return cast("Row", found)

    monkeypatch.setattr(Database, "one", one_and_jump)
    world.clock.advance(timedelta(days=8))
    present(world, phone.refresh_token)  # F-16; one moment a request, as F-27 wants it
    assert audited(world, "session.reuse_detected") == 0


@pytest.mark.parametrize("seconds_left", [0, 1])
def test_a_session_expires_when_it_is_idle_for_seven_days(
    world: World, phone: Phone, seconds_left: int
) -> None:
    world.clock.advance(timedelta(days=7, seconds=-seconds_left))
    reply = phone.refresh()
    assert reply.code == (None if seconds_left else "refresh_token_expired")  # O4
    assert live_sessions(world) == 1  # it expired by itself; nobody ended it


def test_refreshing_never_carries_a_session_past_thirty_days(world: World, phone: Phone) -> None:
    for _ in range(5):
        world.clock.advance(timedelta(days=5, hours=23))
        assert phone.refresh().status == 200
    assert phone.answer["refresh_expires_in"] == 5 * 3600
    world.clock.advance(timedelta(hours=5, seconds=-10))
    last = phone.refresh()
    assert (last.body["expires_in"], last.body["refresh_expires_in"]) == (10, 10)
    world.clock.advance(timedelta(seconds=10))
    assert phone.refresh().code == "refresh_token_expired"
    assert phone.get("/sessions").code == "token_expired"


def test_a_token_of_an_expired_session_is_no_theft_however_old(world: World, phone: Phone) -> None:
    first = phone.refresh_token
    phone.refresh()
    phone.refresh()
    world.clock.advance(timedelta(days=31))
    assert present(world, first).code == "refresh_token_expired"


def test_the_access_tokens_of_a_reused_session_are_dead_at_once(world: World, phone: Phone) -> None:
    first, access = phone.refresh_token, phone.access_token
    phone.refresh()
    phone.refresh()
    present(world, first)
    assert world.call("GET", "/account", token=access).code == "session_revoked"

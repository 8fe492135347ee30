"""Refresh and sign-in against whatever ends sessions: one order, one effect (F-21, F-22, F-23)."""

from collections.abc import Callable
from uuid import UUID

import pytest

from chalicelib.domain.operators import OperatorAct, Order
from chalicelib.services.ports import Act
from tests.races import at_once, audited, live_sessions, times
from tests.world import Phone, Reply, World

ROUNDS = 6
OPERATOR = Act(request_id="test", locale="en")
NOTHING = Reply(204, {}, None)


def signed_in(world: World, count: int = 1) -> list[Phone]:
    phones = [world.person(device=f"phone-{i}") for i in range(count)]
    for phone in phones:
        assert phone.sign_in().status == 200
    return phones


def suspending(world: World, phone: Phone) -> Callable[[], Reply]:
    def suspend() -> Reply:
        world.suspend(phone.user_id)
        return NOTHING

    return suspend


def refreshing(world: World, phone: Phone) -> Callable[[], Reply]:
    body = {"refresh_token": phone.refresh_token}
    return lambda: world.call("POST", "/auth/refresh", body)


def assert_dead(world: World, replies: list[Reply]) -> None:
    """No answer that was given holds a token that works."""
    assert live_sessions(world) == 0
    for reply in replies:
        if reply.status == 200:
            body = {"refresh_token": reply.body["refresh_token"]}
            assert world.call("POST", "/auth/refresh", body).status in {401, 403}
            assert world.call("GET", "/account", token=reply.body["access_token"]).status in {401, 403}


def test_after_logouts_answer_no_overlapping_refresh_yields_a_working_token(world: World) -> None:
    for _ in range(ROUNDS):  # F-21
        (phone,) = signed_in(world)
        replies = at_once([phone.logout, *[refreshing(world, phone)] * 5])
        assert replies[0].status == 204
        assert {reply.code for reply in replies[1:]} <= {None, "session_revoked"}
        assert_dead(world, replies[1:])


def test_logging_out_twice_at_once_is_one_record(world: World) -> None:
    (phone,) = signed_in(world)
    assert {reply.status for reply in times(10, phone.logout)} == {204}  # F-22
    assert audited(world, "session.ended") == 1


def test_logging_out_everywhere_against_refreshes_is_free_of_deadlocks(world: World) -> None:
    phones = signed_in(world, 10)
    everywhere = [lambda phone=phone: phone.logout(all_devices=True) for phone in phones[:4]]
    replies = at_once([*everywhere, *(refreshing(world, phone) for phone in phones * 2)])
    assert {reply.status for reply in replies[:4]} == {204}
    assert {reply.code for reply in replies[4:]} <= {None, "session_revoked"}
    assert_dead(world, replies[4:])
    assert audited(world, "session.ended") == 10
    assert world.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]


def test_ending_each_other_at_once_ends_each_session_once(world: World) -> None:
    phones = signed_in(world, 8)
    replies = at_once([lambda phone=phone: phone.delete("/sessions") for phone in phones])  # type: ignore[misc] # mypy can't infer a lambda's default
    assert {reply.code for reply in replies} <= {None, "session_revoked"}
    assert audited(world, "session.ended") == 8 - live_sessions(world)


def test_a_refresh_that_overlaps_a_suspension_yields_no_working_token(world: World) -> None:
    for number in range(ROUNDS):
        phone = world.person(f"person-{number}@example.com")
        phone.sign_in()
        replies = at_once([suspending(world, phone), *[refreshing(world, phone)] * 4])
        assert {reply.code for reply in replies[1:]} <= {None, "account_suspended"}
        assert_dead(world, replies[1:])


@pytest.mark.parametrize("same_device", [True, False])
def test_no_session_of_a_sign_in_survives_a_suspension_or_comes_back_with_the_person(
    world: World, *, same_device: bool
) -> None:
    for number in range(ROUNDS):
        first = world.person(f"person-{number}@example.com")
        first.sign_in()
        devices = ["device-1"] * 4 if same_device else [f"phone-{i}" for i in range(4)]
        phones = [world.person(first.email, device=device) for device in devices]
        replies = at_once([suspending(world, first), *(phone.sign_in for phone in phones)])
        assert {reply.code for reply in replies[1:]} <= {None, "account_suspended"}
        assert_dead(world, replies[1:])
        world.reinstate(first.user_id)
        assert_dead(world, [*replies[1:], Reply(200, {}, first.answer)])  # F-23


def test_suspending_twice_at_once_is_one_record(world: World) -> None:
    (phone,) = signed_in(world)

    order = Order(actor="test", reason="race")

    def suspended() -> bool:
        operators = world.services.operators
        return operators.change(UUID(phone.user_id), OperatorAct.SUSPEND, order, "test").changed

    assert sorted(times(8, suspended)) == [False] * 7 + [True]
    assert audited(world, "account.suspended") == 1
    assert audited(world, "session.ended") == 1

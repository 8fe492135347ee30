"""Many refreshes of one session at once: one generation step, whoever asks (F-17, O6)."""

from collections.abc import Callable
from datetime import timedelta

from tests.races import at_once, audited, live_sessions, times
from tests.world import Reply, World


def generation(world: World) -> int:
    return int(world.rows("SELECT generation FROM sessions")[0][0])


def test_a_hundred_refreshes_of_one_token_take_one_step_and_all_get_the_same_successor(world: World) -> None:
    phone = world.person()
    phone.sign_in()
    presented = {"refresh_token": phone.refresh_token}
    replies = times(100, lambda: world.call("POST", "/auth/refresh", presented))  # F-17
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body["refresh_token"] for reply in replies}) == 1
    assert generation(world) == 1
    assert audited(world, "session.refreshed") == 1
    assert audited(world, "session.reuse_detected") == 0


def test_every_access_token_of_parallel_refreshes_works(world: World) -> None:
    phone = world.person()
    phone.sign_in()
    token = phone.refresh_token
    replies = times(10, lambda: world.call("POST", "/auth/refresh", {"refresh_token": token}))
    assert {world.call("GET", "/sessions", token=r.body["access_token"]).status for r in replies} == {200}


def test_a_token_and_its_predecessor_presented_at_once_take_one_more_step_at_most(world: World) -> None:
    phone = world.person()
    phone.sign_in()
    predecessor = phone.refresh_token
    phone.refresh()
    newest = phone.refresh_token
    tokens = [predecessor, newest] * 15
    replies = at_once([_refreshing(world, token) for token in tokens])
    late = [reply.code for token, reply in zip(tokens, replies, strict=True) if token == predecessor]
    # once the newest was used, its predecessor is a grandparent: reuse, whatever the time (F-19)
    assert set(late) <= {None, "refresh_token_reused", "session_revoked"}
    assert generation(world) == 2


def test_reuse_detected_by_many_at_once_ends_the_session_with_one_record(world: World) -> None:
    phone = world.person()
    phone.sign_in()
    stolen = phone.refresh_token
    phone.refresh()
    phone.refresh()
    replies = times(30, lambda: world.call("POST", "/auth/refresh", {"refresh_token": stolen}))
    codes = {reply.code for reply in replies}
    assert "refresh_token_reused" in codes
    assert codes <= {"refresh_token_reused", "session_revoked"}
    assert live_sessions(world) == 0
    assert audited(world, "session.reuse_detected") == 1
    assert audited(world, "session.ended") == 1


def test_reuse_detected_while_the_owner_refreshes_leaves_no_working_token(world: World) -> None:
    phone = world.person()
    phone.sign_in()
    stolen = phone.refresh_token
    phone.refresh()
    world.clock.advance(timedelta(seconds=31))
    owner, thief = _refreshing(world, phone.refresh_token), _refreshing(world, stolen)
    replies = at_once([owner, thief] * 8)
    assert live_sessions(world) == 0
    for reply in replies:
        if reply.status == 200:
            assert world.call("GET", "/sessions", token=reply.body["access_token"]).code == "session_revoked"
            assert _refreshing(world, reply.body["refresh_token"])().code == "session_revoked"


def _refreshing(world: World, token: str) -> Callable[[], Reply]:
    return lambda: world.call("POST", "/auth/refresh", {"refresh_token": token})

"""PostgreSQL is away, frozen or lost in mid-statement: 503 in bounded time, then all goes on (F0)."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread

import pytest

from tests.conftest import Parts
from tests.patience import HANG_SECONDS
from tests.races import audited, live_sessions, times
from tests.world import Phone, Reply, World

HOURS = timedelta(hours=6)


@pytest.fixture
def phone(world: World) -> Phone:
    phone = world.person()
    assert phone.sign_in().status == 200
    return phone


def assert_f0(reply: Reply) -> None:
    assert (reply.status, reply.code) == (503, "service_unavailable")
    assert int(reply.headers["Retry-After"]) >= 1
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert not {"Traceback", "psycopg2", "sqlalchemy"} & set(str(reply.body).split())


def acts(phone: Phone) -> dict[str, Callable[[], Reply]]:
    """Return one act of each kind that needs the database."""
    world = phone.world
    new = world.person("eva@example.com")
    return {
        "refresh": phone.refresh,
        "sign-in": phone.sign_in,
        "sign-up": new.sign_in,
        "sessions": lambda: phone.get("/sessions"),
        "account": lambda: phone.get("/account"),
        "consents": lambda: phone.get("/consents"),
        "documents": lambda: world.call("GET", "/consents/documents"),
        "end": lambda: phone.delete(f"/sessions/{phone.session_id}"),
        "logout": phone.logout,
    }


def assert_all_refused(phone: Phone) -> None:
    """Every act that needs the database is 503 and doesn't hang; nothing else suffers."""
    for act in acts(phone).values():
        started = time.monotonic()
        assert_f0(act())
        assert time.monotonic() - started < HANG_SECONDS
    assert phone.world.call("GET", "/.well-known/jwks.json").status == 200
    assert phone.world.call("GET", "/health").status == 200
    assert phone.world.call("GET", "/health/ready").status == 503


def assert_recovered(phone: Phone) -> None:
    """The same credentials work, nothing was done meanwhile, and nothing is lost."""
    world = phone.world
    assert world.call("GET", "/health/ready").status == 200
    assert phone.get("/account").body["email"] == phone.email
    assert phone.refresh().status == 200
    assert world.rows("SELECT count(*), max(generation) FROM sessions") == [(1, 1)]
    assert live_sessions(world) == 1
    assert world.person("eva@example.com").sign_in().body["is_new_user"]


@contextmanager
def frozen(parts: Parts) -> Iterator[None]:
    parts.postgres.pause()
    try:
        yield
    finally:
        parts.postgres.resume()


def test_a_server_that_refuses_connections_is_503_until_it_is_back(
    world: World, parts: Parts, phone: Phone
) -> None:
    parts.postgres.stop()  # F-1
    try:
        assert_all_refused(phone)
    finally:
        parts.postgres.start()
    assert_recovered(phone)


def test_a_server_that_was_started_anew_costs_no_request(world: World, parts: Parts, phone: Phone) -> None:
    times(8, lambda: phone.get("/sessions"))
    parts.postgres.restart()
    assert phone.refresh().status == 200  # F-4: the pool's connections are all stale


def test_a_frozen_server_is_503_within_the_bound(world: World, parts: Parts, phone: Phone) -> None:
    calls = acts(phone)
    with frozen(parts), ThreadPoolExecutor(len(calls)) as threads:  # F-2
        started = time.monotonic()
        replies = list(threads.map(lambda act: act(), calls.values()))
        took = time.monotonic() - started
    assert took < HANG_SECONDS
    for reply in replies:
        assert_f0(reply)
    assert_recovered(phone)


@pytest.mark.parametrize("container", ["keys to look at again", "cold"])
def test_a_hundred_requests_to_a_frozen_server_are_all_answered_in_time(
    world: World, parts: Parts, phone: Phone, container: str
) -> None:
    if container == "cold":
        world.services = world.container()
    else:
        world.clock.advance(timedelta(minutes=6))
    body = {"refresh_token": phone.refresh_token}
    with frozen(parts):  # F-2
        took = times(100, lambda: timed(lambda: world.call("POST", "/auth/refresh", body)))
    for seconds, reply in took:
        assert_f0(reply)
        assert seconds < HANG_SECONDS
    assert_recovered(phone)


def timed(act: Callable[[], Reply]) -> tuple[float, Reply]:
    started = time.monotonic()
    reply = act()
    return time.monotonic() - started, reply


def terminate_backends(world: World) -> int:
    ended = world.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'serenya-auth'"
    )
    return len(ended)


def test_connections_that_were_ended_while_idle_cost_no_request(world: World, phone: Phone) -> None:
    times(8, lambda: phone.get("/sessions"))
    assert terminate_backends(world) > 1  # F-3, F-4
    assert {reply.status for reply in times(8, lambda: phone.get("/sessions"))} == {200}
    assert phone.refresh().status == 200


def test_a_connection_that_is_ended_in_mid_statement_costs_no_request(world: World, phone: Phone) -> None:
    with world.owner() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM sessions FOR UPDATE")
        refreshing = Thread(target=phone.refresh)
        before = phone.refresh_token
        refreshing.start()
        wait_until(lambda: is_waiting_for_lock(world))
        terminate_backends(world)  # F-3: 57P01 in the middle
        wait_until(lambda: is_waiting_for_lock(world))
        cursor.execute("COMMIT")
        refreshing.join()
    assert phone.refresh_token != before
    assert audited(world, "session.refreshed") == 1


def test_a_row_that_stays_locked_is_503_and_the_token_works_later(world: World, phone: Phone) -> None:
    with world.owner() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM sessions FOR UPDATE")
        seconds, reply = timed(phone.refresh)
        cursor.execute("ROLLBACK")
    assert_f0(reply)  # F-6: lock_timeout
    assert seconds < HANG_SECONDS
    assert phone.refresh().status == 200


def is_waiting_for_lock(world: World) -> bool:
    waiting = "wait_event_type = 'Lock' AND datname = current_database()"
    return bool(world.rows(f"SELECT 1 FROM pg_stat_activity WHERE {waiting}"))  # noqa: S608 - a constant


def wait_until(happened: Callable[[], bool], seconds: float = HANG_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_frozen_for_hours_the_container_serves_at_once(world: World, phone: Phone) -> None:
    world.clock.jump(HOURS)  # F-36: monotonic time stood still
    terminate_backends(world)
    assert phone.refresh().status == 200
    assert phone.get("/account").status == 200
    assert phone.sign_in().status == 200

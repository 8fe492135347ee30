"""A database that is full, slower than a token's life, or met by everybody at once (F0)."""

from datetime import timedelta
from threading import Thread

import pytest

from tests.conftest import Parts
from tests.faults.test_database_away import (
    acts,
    assert_f0,
    assert_recovered,
    frozen,
    is_waiting_for_lock,
    timed,
    wait_until,
)
from tests.patience import HANG_SECONDS
from tests.races import audited, live_sessions, times
from tests.world import CONNECTIONS_MAX, Phone, World

PHONES = 60
WRITES = ("refresh", "sign-in", "sign-up", "end", "logout")
READS = ("sessions", "consents", "documents")
FULL = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION full_disk()
"""


@pytest.fixture
def phone(world: World) -> Phone:
    phone = world.person()
    assert phone.sign_in().status == 200
    return phone


def test_a_full_disk_is_503_for_what_writes_until_there_is_room(world: World, phone: Phone) -> None:
    before = world.stored()
    calls = acts(phone)
    world.execute(FULL)  # F-37: 53100
    for name in WRITES:
        assert_f0(calls[name]())
    for name in READS:
        assert calls[name]().status == 200
    world.execute("DROP FUNCTION full_disk CASCADE")
    after = world.stored()
    assert after.pop("key vault") - before.pop("key vault") <= 1  # of the sign-up, which the sweep removes
    assert after == before
    assert_recovered(phone)


def test_a_token_that_expires_while_the_database_waits_is_judged_by_when_it_came(
    world: World, phone: Phone
) -> None:
    began = world.clock.now()
    with world.owner() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM users FOR UPDATE")
        answers = []
        signing_in = Thread(target=lambda: answers.append(phone.sign_in()))
        signing_in.start()
        wait_until(lambda: is_waiting_for_lock(world))
        world.clock.advance(timedelta(hours=2))  # F-27: the ID token was good for one
        cursor.execute("COMMIT")
        signing_in.join()
    assert [reply.status for reply in answers] == [200]
    newest = "SELECT created_at, rotated_at FROM sessions WHERE ended_at IS NULL"
    assert world.rows(newest) == [(began, began)]
    assert (live_sessions(world), audited(world, "session.started")) == (1, 2)


def test_a_storm_after_an_outage_is_answered_in_time_and_everybody_gets_in(
    world: World, parts: Parts, phone: Phone
) -> None:
    with frozen(parts):
        refused = times(PHONES, lambda: phone.get("/sessions"))
    for reply in refused:
        assert_f0(reply)
    pauses = {reply.headers["Retry-After"] for reply in refused}
    assert len(pauses) > 1  # F-38: they don't come back together
    storm = times(PHONES, lambda: timed(lambda: phone.get("/sessions")))  # and now they do
    assert {reply.status for _, reply in storm} <= {200, 503}
    assert max(seconds for seconds, _ in storm) < HANG_SECONDS
    assert connections(world) <= CONNECTIONS_MAX
    assert {reply.status for reply in times(8, lambda: phone.get("/sessions"))} == {200}
    assert_recovered(phone)


def connections(world: World) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = %s"
    return int(world.rows(query, "serenya_requests")[0][0])

"""The purge deletes what is over, by the declared periods, and never what is needed."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.dpop import PROOF_WINDOW
from chalicelib.domain.erasure import ID_TOKENS_KEPT
from chalicelib.domain.id_token_claims import LEEWAY
from chalicelib.domain.providers import PROVIDERS
from chalicelib.domain.retention import (
    BATCH_MAX,
    PERIODS,
    PURGE_BUDGET,
    PURGE_EVERY,
    RETENTION,
    Expired,
    Purged,
)
from chalicelib.domain.security_events import AGE_MAX
from chalicelib.services.ports import Act
from chalicelib.services.purge import Purge, PurgeReport
from chalicelib.stores.jobs.purge import PurgeStore
from chalicelib.stores.schema import Schema
from local.database import connected
from local.dev_google import subject_for
from tests.fakes import FakeClock
from tests.proofs import PhoneKey
from tests.races import at_once, live_sessions, times
from tests.world import Phone, World

DAYS = timedelta(days=1)
GOOGLE_TOKEN = timedelta(hours=1)
REVOKED = "https://schemas.openid.net/secevent/risc/event-type/sessions-revoked"
ACT = Act(request_id="test", locale="en")


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person(key=PhoneKey())
    nonce = world.call("POST", "/auth/challenge").body["nonce"]
    token = phone.id_token(nonce=nonce)
    assert phone.sign_in(token, nonce=nonce).status == 200
    return phone


def purge(world: World) -> PurgeReport:
    return Purge(store=PurgeStore(world.database.transactions), clock=world.clock).run()


def deleted(world: World) -> dict[str, int]:
    report = purge(world).deleted
    return {table: count for table, count in report.items() if count and table != Purged.RATE_LIMITS}


def left(world: World) -> dict[str, int]:
    return {table: count for table, count in world.stored().items() if count and table in set(Purged)}


def test_nothing_that_is_young_goes(world: World, ana: Phone) -> None:
    before = world.stored()
    assert purge(world) == PurgeReport(
        deleted=dict.fromkeys([*map(str, Purged), *map(str, Expired)], 0), is_done=True
    )
    assert world.stored() == before
    used_once = {"challenges": 1, "dpop_proofs": 1, "used_id_tokens": 1}
    assert left(world) == used_once | {"sessions": 1, "devices": 1}


def test_a_nonce_and_an_id_token_go_an_hour_after_they_expired_and_stay_refused(
    world: World, ana: Phone
) -> None:
    token = ana.id_token()
    assert ana.sign_in(token).status == 200
    world.clock.advance(GOOGLE_TOKEN + PERIODS[Purged.USED_ID_TOKENS])
    assert deleted(world) == {"challenges": 1, "dpop_proofs": 2}  # to the second, the tokens stay
    world.clock.advance(timedelta(seconds=1))
    assert deleted(world) == {"used_id_tokens": 2}
    assert ana.sign_in(token).code == "id_token_expired"
    assert ana.refresh().status == 200


def test_a_proof_is_remembered_an_hour_beyond_its_window(world: World, ana: Phone) -> None:
    world.clock.advance(PROOF_WINDOW + PERIODS[Purged.DPOP_PROOFS])
    assert "dpop_proofs" not in deleted(world)
    world.clock.advance(timedelta(seconds=1))
    assert deleted(world)["dpop_proofs"] == 1


def test_an_events_id_goes_an_hour_after_its_event_is_too_old(world: World, ana: Phone) -> None:
    event = world.google.security_event(REVOKED, subject_for(ana.email), world.clock.now())
    headers = {"content-type": "application/secevent+jwt"}
    assert world.call("POST", "/events/google", event, headers=headers).status == 202
    world.clock.advance(AGE_MAX + PERIODS[Purged.PROVIDER_EVENTS])
    assert "provider_events" not in deleted(world)  # to the second, it stays
    world.clock.advance(timedelta(seconds=1))
    assert deleted(world)["provider_events"] == 1
    assert world.call("POST", "/events/google", event, headers=headers).status == 400


def test_an_event_for_others_goes_two_weeks_after_it_occurred(world: World) -> None:
    world.execute("INSERT INTO webhook_endpoints VALUES (gen_random_uuid(), 'https://x.example', now())")
    world.person().sign_in()
    events = world.stored()["outbox"]
    assert events > 1
    world.clock.advance(PERIODS[Purged.OUTBOX])
    assert "outbox" not in deleted(world)
    world.clock.advance(timedelta(seconds=1))
    assert deleted(world)["outbox"] == events


def test_a_used_id_token_outlives_its_validity_and_is_gone_when_the_receipt_says() -> None:
    assert PERIODS[Purged.USED_ID_TOKENS] > LEEWAY
    assert PERIODS[Purged.CHALLENGES] > LEEWAY
    longest = max(provider.lifetime_max for provider in PROVIDERS.values())
    assert longest + PERIODS[Purged.USED_ID_TOKENS] + PURGE_EVERY < ID_TOKENS_KEPT


def test_an_ended_session_goes_after_its_period_and_its_device_with_it(world: World, ana: Phone) -> None:
    ana.logout()
    world.clock.advance(PERIODS[Purged.SESSIONS])
    assert set(deleted(world)) == {"challenges", "dpop_proofs", "used_id_tokens"}
    world.clock.advance(timedelta(seconds=1))
    assert deleted(world) == {"sessions": 1, "devices": 1}
    assert left(world) == {}


def test_a_session_that_expired_without_an_end_goes_too(world: World, ana: Phone) -> None:
    world.clock.advance(timedelta(days=7) + PERIODS[Purged.SESSIONS] + timedelta(seconds=1))
    assert deleted(world).get("sessions") == 1
    assert ana.refresh().code == "session_revoked"


def test_a_live_session_and_its_device_stay_however_old(world: World, ana: Phone) -> None:
    world.execute(
        "UPDATE sessions SET expires_at = %s, idle_expires_at = %s", *(world.clock.now() + 200 * DAYS,) * 2
    )
    world.execute("UPDATE devices SET last_seen_at = last_seen_at - interval '200 days'")
    world.clock.advance(150 * DAYS)
    assert not {"sessions", "devices"} & deleted(world).keys()
    assert ana.refresh().status == 200


def test_a_session_that_a_used_id_token_leads_to_stays(world: World, ana: Phone) -> None:
    ana.logout()
    world.execute("UPDATE used_id_tokens SET expires_at = %s", world.clock.now() + 365 * DAYS)
    world.clock.advance(200 * DAYS)
    assert deleted(world) == {"challenges": 1, "dpop_proofs": 2}


def test_the_person_their_consents_and_the_record_stay_and_they_sign_in_again(
    world: World, ana: Phone
) -> None:
    ana.logout()
    kept = ("users", "identities", "consent_events", "audit_events", "key vault")
    before = [world.stored()[name] for name in kept]
    world.clock.advance(400 * DAYS)
    purge(world)
    assert [world.stored()[name] for name in kept] == before
    assert ana.sign_in().status == 200
    assert ana.answer["is_new_user"] is False


def test_what_somebody_holds_is_skipped_and_goes_the_next_time(world: World, ana: Phone) -> None:
    ana.logout()
    world.clock.advance(200 * DAYS)
    for lock in ("SELECT 1 FROM sessions FOR UPDATE", "SELECT 1 FROM users FOR NO KEY UPDATE"):
        with connected(world.owner_url) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN; " + lock)
            assert "devices" not in deleted(world)
            cursor.execute("ROLLBACK")  # closing alone lets the server hold it for a moment longer
    assert deleted(world) == {"devices": 1}


def test_many_rows_go_in_batches_each_once_though_two_purges_run(world: World) -> None:
    rows = 3 * BATCH_MAX + 7
    world.execute(
        "INSERT INTO used_id_tokens (token_hash, used_at, expires_at)"
        " SELECT sha256(n::text::bytea), %s, %s FROM generate_series(1, %s) AS n",
        *(world.clock.now() - DAYS, world.clock.now() - DAYS, rows),
    )
    reports = times(2, lambda: purge(world))
    assert sum(report.deleted["used_id_tokens"] for report in reports) == rows
    assert "used_id_tokens" not in left(world)


def test_a_sign_in_on_an_old_device_races_the_purge_and_succeeds(world: World, ana: Phone) -> None:
    ana.logout()
    phones = [world.person(device=f"device-{number}") for number in range(1, 7)]
    for phone in phones:
        phone.sign_in()
        phone.logout()
    for _ in range(3):
        world.clock.advance(200 * DAYS)
        bodies = [phone.sign_in_body() for phone in phones]
        calls = [lambda body=body: world.call("POST", "/auth/google", body).status for body in bodies]
        assert at_once([*calls, lambda: 200 if purge(world).is_done else 0]) == [200] * 7
        assert live_sessions(world) == 6
        world.suspend(ana.user_id)
        world.reinstate(ana.user_id)


class Endless:
    """A store in which there is always more to delete, each batch taking a while."""

    def __init__(self, wait: Callable[[timedelta], None]) -> None:
        self._wait = wait
        self.batches = 0

    def delete(self, table: Purged, *, before: datetime) -> int:
        assert (table, before.tzinfo is not None) == (Purged.CHALLENGES, True)
        self._wait(PURGE_BUDGET / 4)
        self.batches += 1
        return BATCH_MAX

    def expire(self, history: Expired) -> int:
        raise AssertionError(history)  # the time is up before


def test_a_purge_that_runs_out_of_time_says_so_and_leaves_the_rest_to_the_next() -> None:
    clock = FakeClock()
    store = Endless(clock.advance)
    report = Purge(store=store, clock=clock).run()
    assert (store.batches, report.is_done, report.deleted["challenges"]) == (4, False, 4 * BATCH_MAX)


def test_every_table_says_how_long_it_keeps_its_rows() -> None:
    assert RETENTION.keys() == Schema.metadata.tables.keys()
    assert all(kept.reason and kept.ended_by for kept in RETENTION.values())
    assert all(RETENTION[table].period == PERIODS[table] for table in Purged)

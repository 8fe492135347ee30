"""What is refused is recorded: counted, bounded, nameless, and never at the cost of the answer."""

import json
from datetime import timedelta

import pytest

from chalicelib.domain.errors import DependencyUnavailable, leaves
from chalicelib.domain.refusals import NOTED, RefusalCounts
from chalicelib.routes.problems import STATUSES
from chalicelib.services.refusals import Refusals
from tests.fakes import FakeClock
from tests.races import times
from tests.world import Phone, World

REFRESH, SIGN_IN = "/auth/refresh", "/auth/google"


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def recorded(world: World) -> list[dict[str, object]]:
    """Return the records of refusals, the first first."""
    found = world.rows("SELECT details FROM audit_events WHERE kind = 'request.refused' ORDER BY id")
    return [details for (details,) in found]


def counts(details: dict[str, object]) -> dict[tuple[str, str], int]:
    listed = details["refused"]
    assert isinstance(listed, list)
    return {(each["route"], each["code"]): each["count"] for each in listed}


def test_a_refused_sign_in_is_recorded_by_the_next_request(world: World, ana: Phone) -> None:
    assert ana.sign_in("a.b.c").code == "invalid_id_token"
    assert recorded(world) == []  # O7: what is forged costs no query
    assert ana.get("/sessions").status == 200
    ((details, user, session),) = world.rows(
        "SELECT details, user_id, session_id FROM audit_events WHERE kind = 'request.refused'"
    )
    assert (counts(details), user, session) == ({(SIGN_IN, "invalid_id_token"): 1}, None, None)


def test_a_flood_is_one_record_a_minute_with_all_of_it_counted(world: World, ana: Phone) -> None:
    ana.sign_in("a.b.c")
    for _ in range(50):
        ana.get("/sessions")
        ana.sign_in("a.b.c")
        ana.refresh("x")
    assert len(recorded(world)) == 1
    world.clock.advance(timedelta(minutes=1))
    ana.refresh("x")  # when nothing else comes, one of the flood carries it
    assert [counts(each) for each in recorded(world)] == [
        {(SIGN_IN, "invalid_id_token"): 1},
        {(SIGN_IN, "invalid_id_token"): 50, (REFRESH, "refresh_token_invalid"): 51},
    ]


def test_a_token_of_an_ended_session_is_recorded_at_once(world: World, ana: Phone) -> None:
    token = ana.access_token
    ana.logout()
    assert world.call("GET", "/sessions", token=token).code == "session_revoked"
    assert counts(recorded(world)[-1]) == {("/sessions", "session_revoked"): 1}


def test_reuse_is_counted_beside_its_own_event(world: World, ana: Phone) -> None:
    first = ana.refresh_token
    ana.refresh()
    world.clock.advance(timedelta(minutes=5))
    assert ana.refresh(first).code == "refresh_token_reused"
    assert ana.refresh().code == "session_revoked"
    assert counts(recorded(world)[-1]) == {
        (REFRESH, "refresh_token_reused"): 1,
        (REFRESH, "session_revoked"): 1,
    }
    assert "session.reuse_detected" in world.kinds_of_acts(ana.user_id)


def test_what_is_routine_is_not_recorded(world: World, ana: Phone) -> None:
    token = ana.access_token
    world.clock.advance(timedelta(hours=1))
    assert world.call("GET", "/sessions", token=token).code == "token_expired"
    assert world.person("ben@example.com").sign_in(consents=[]).code == "consent_required"
    assert world.call("GET", "/sessions").code == "missing_token"
    assert recorded(world) == []


def test_a_record_of_refusals_names_nobody_and_no_address(world: World, ana: Phone) -> None:
    ana.sign_in("a.b.c")
    ana.get("/sessions")
    told = json.dumps(recorded(world))
    for planted in ("ana", "example.com", "127.0.0.1", "a.b.c", ana.user_id):
        assert planted not in told


def test_a_refusal_that_cannot_be_recorded_is_answered_all_the_same(world: World, ana: Phone) -> None:
    with world.owner() as owner:
        owner.execute("REVOKE INSERT ON audit_events FROM serenya_functions")
        ana.sign_in("a.b.c")
        assert ana.get("/sessions").status == 200  # and no 503
        assert ana.refresh().status == 503  # F-33: an act without its record isn't done
        owner.execute("GRANT INSERT ON audit_events TO serenya_functions")
    world.clock.advance(timedelta(minutes=1))
    ana.sign_in("a.b.c")
    assert counts(recorded(world)[0]) == {(SIGN_IN, "invalid_id_token"): 2}  # nothing was forgotten


def test_no_count_is_lost_or_doubled_among_threads() -> None:
    store, clock = Kept(), FakeClock()
    refusals = Refusals(store=store, clock=clock)

    def refuse() -> None:
        for _ in range(200):
            refusals.answered(SIGN_IN, "session_revoked", "r")

    times(8, refuse)
    clock.advance(timedelta(minutes=1))
    refusals.answered(SIGN_IN, None, "r")
    assert sum(sum(each.counts.values()) for each in store.kept) == 1600
    assert len(store.kept) == 2


def test_a_store_that_fails_keeps_the_counts_for_the_next_minute() -> None:
    store, clock = Kept(), FakeClock()
    refusals = Refusals(store=store, clock=clock)
    store.fault = DependencyUnavailable()
    refusals.answered(SIGN_IN, "session_revoked", "r")
    refusals.answered(SIGN_IN, "session_revoked", "r")
    assert store.asked == 1  # a database in trouble is asked once a minute
    store.fault = None
    clock.advance(timedelta(minutes=1))
    refusals.answered(SIGN_IN, None, "r")
    assert [dict(each.counts) for each in store.kept] == [{(SIGN_IN, "session_revoked"): 2}]


def test_a_clock_that_jumped_back_does_not_stop_the_record() -> None:
    store, clock = Kept(), FakeClock()
    refusals = Refusals(store=store, clock=clock)
    refusals.answered(SIGN_IN, "session_revoked", "r")
    clock.jump(-timedelta(days=1))
    refusals.answered(SIGN_IN, "session_revoked", "r")
    assert len(store.kept) == 2


def test_a_record_that_does_not_open_is_recorded_at_once_and_bounded(world: World, ana: Phone) -> None:
    world.execute("UPDATE users SET profile = set_byte(profile, 40, get_byte(profile, 40) # 1)")
    reply = ana.get("/account")  # F-11
    assert (reply.status, reply.code) == (500, "integrity")
    ((details, request_id),) = world.rows(
        "SELECT details, request_id FROM audit_events WHERE kind = 'request.refused'"
    )
    assert counts(details) == {("/account", "integrity"): 1}
    assert request_id == reply.body["request_id"]
    for _ in range(5):
        ana.get("/account")
    assert len(recorded(world)) == 1


def test_only_refusals_and_tampering_are_noted() -> None:
    refusals = NOTED - {"integrity"}
    statuses = {error.code: int(STATUSES[error]) for error in leaves() if error.code in refusals}
    of_proofs = {"identity_not_proved", "security_event_refused"}  # a 401 would be about the bearer
    assert {code for code, status in statuses.items() if status == 400} <= of_proofs
    assert set(statuses.values()) <= {400, 401, 403, 429}


class Kept:
    """A store in memory."""

    def __init__(self) -> None:
        self.kept: list[RefusalCounts] = []
        self.asked = 0
        self.fault: Exception | None = None

    def record(self, counts: RefusalCounts, **_: object) -> None:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        self.kept.append(counts)

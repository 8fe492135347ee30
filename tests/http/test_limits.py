"""Nobody asks too often, nobody is locked out by somebody else, and who is refused is told for how long."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import wiring
from chalicelib.domain import limits
from chalicelib.domain.errors import RateLimited
from chalicelib.domain.limits import Limit
from tests.http.test_statements import counted
from tests.races import times
from tests.world import Phone, Reply, World

ELSEWHERE = "198.51.100.9"
PERSON = "SELECT count(*) FROM sessions"


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def fill(world: World, limit: Limit) -> None:
    """Use a limit up, but for what was used of it before, in another container."""
    elsewhere = world.container().limits
    for _ in range(limit.quota):
        with suppress(RateLimited):
            elsewhere.take(limit, world.address)


def challenge(world: World) -> Reply:
    return world.call("POST", "/auth/challenge")


def assert_refused(reply: Reply, limit: Limit) -> None:
    assert (reply.status, reply.code, reply.body["action"]) == (429, "rate_limited", "retry")
    seconds, window = reply.body["retry_after"], int(limit.window.total_seconds())
    assert reply.headers["Retry-After"] == str(seconds)
    assert 1 <= seconds <= window
    assert reply.headers["RateLimit-Policy"] == f'"{limit.name}";q={limit.quota};w={window}'
    assert reply.headers["RateLimit"] == f'"{limit.name}";r=0;t={seconds}'


@pytest.mark.parametrize(
    ("limit", "act"),
    [
        (limits.CHALLENGES, lambda phone: challenge(phone.world)),
        (limits.SIGN_IN_BY_ADDRESS, lambda phone: phone.sign_in("a.b.c")),
        (limits.SIGN_IN_BY_ADDRESS, lambda phone: phone.sign_in()),
    ],
)
def test_an_address_that_asks_too_often_waits_as_long_as_it_is_told(
    world: World, ana: Phone, limit: Limit, act: Callable[[Phone], Reply]
) -> None:
    fill(world, limit)
    refused = act(ana)
    assert_refused(refused, limit)
    world.clock.advance(timedelta(seconds=refused.body["retry_after"]))
    assert act(ana).status != 429
    assert_refused(act(ana), limit)


def test_others_do_not_notice(world: World, ana: Phone) -> None:
    fill(world, limits.SIGN_IN_BY_ADDRESS)
    fill(world, limits.CHALLENGES)
    assert ana.refresh().status == 200  # nor does the same address, in anything else
    assert ana.get("/account").status == 200
    world.address = ELSEWHERE
    assert (ana.sign_in().status, challenge(world).status) == (200, 200)


def test_a_header_moves_nobody_to_another_bucket(world: World) -> None:  # A4
    fill(world, limits.CHALLENGES)
    forged = {"x-forwarded-for": ELSEWHERE, "forwarded": f"for={ELSEWHERE}", "x-real-ip": ELSEWHERE}
    assert world.call("POST", "/auth/challenge", headers=forged).status == 429


def test_a_flood_costs_a_statement_each_time_that_a_place_is_free(world: World, ana: Phone) -> None:
    fill(world, limits.SIGN_IN_BY_ADDRESS)
    with counted(world) as count:
        assert {ana.sign_in("a.b.c").status for _ in range(200)} == {429}
    assert sum(".count_request(" in each for each in count.statements) == 1
    assert len(count.statements) == 1
    world.clock.advance(timedelta(minutes=1))
    ana.get("/sessions")
    ((details,),) = world.rows("SELECT details FROM audit_events WHERE kind = 'request.refused'")
    assert details["refused"] == [{"route": "/auth/google", "code": "rate_limited", "count": 200}]


def test_a_person_signs_in_only_so_often_wherever_from(world: World, ana: Phone) -> None:
    quota = limits.SIGN_IN_BY_PERSON.quota
    for number in range(quota):
        world.address = f"198.51.100.{number}"
        assert ana.sign_in().status == 200
    world.address = ELSEWHERE
    sessions = world.rows(PERSON)
    assert_refused(ana.sign_in(), limits.SIGN_IN_BY_PERSON)
    assert world.rows(PERSON) == sessions
    assert ana.refresh().status == 200
    world.clock.advance(limits.SIGN_IN_BY_PERSON.interval)
    token = ana.id_token()
    assert ana.sign_in(token).status == 200
    assert_refused(ana.sign_in(), limits.SIGN_IN_BY_PERSON)


def test_a_refused_sign_in_burns_no_token_and_no_nonce(world: World, ana: Phone) -> None:
    for _ in range(limits.SIGN_IN_BY_PERSON.quota):
        ana.sign_in()
    nonce = challenge(world).body["nonce"]
    token = ana.id_token(nonce=nonce)
    world.services = world.container()  # one that knows of nothing asks the database
    refused = ana.sign_in(token, nonce=nonce)
    assert_refused(refused, limits.SIGN_IN_BY_PERSON)
    world.clock.advance(timedelta(seconds=refused.body["retry_after"]))
    assert ana.sign_in(token, nonce=nonce).status == 200


def test_nobody_uses_up_a_victims_sign_ins(world: World, ana: Phone) -> None:  # A3
    world.address = ELSEWHERE
    genuine = ana.id_token()
    forged = genuine[: genuine.rindex(".")] + "." + "A" * 342
    for _ in range(limits.SIGN_IN_BY_PERSON.quota + 10):
        assert ana.sign_in(forged).code == "invalid_id_token"
    world.address = "127.0.0.1"
    assert ana.sign_in().status == 200


def test_however_many_sign_in_at_once_the_persons_quota_holds(world: World, ana: Phone) -> None:
    quota = limits.SIGN_IN_BY_PERSON.quota
    for _ in range(quota - 5):
        ana.sign_in()
    world.services = world.container()
    statuses = times(20, lambda: world.call("POST", "/auth/google", ana.sign_in_body()).status)
    assert (statuses.count(200), statuses.count(429)) == (5, 15)


def test_forged_refresh_tokens_are_counted_without_a_statement_and_hurt_no_neighbour(
    world: World, ana: Phone
) -> None:
    limit, forged = limits.REFRESH_FAILURES_BY_ADDRESS, ana.refresh_token[:-2] + "AA"
    with counted(world) as count:
        replies = [ana.refresh(forged) for _ in range(limit.quota + 5)]
    codes = [reply.code for reply in replies]
    assert codes == ["refresh_token_invalid"] * limit.quota + ["rate_limited"] * 5
    assert_refused(replies[-1], limit)
    assert count.statements == []  # O7
    assert ana.refresh().status == 200  # from the same address


def test_a_session_that_is_over_is_asked_about_only_so_often(world: World, ana: Phone) -> None:
    other = world.person("ben@example.com")
    other.sign_in()
    ana.logout()
    codes = [ana.refresh().code for _ in range(limits.REFRESH_FAILURES_BY_SESSION.quota + 3)]
    assert codes == ["session_revoked"] * limits.REFRESH_FAILURES_BY_SESSION.quota + ["rate_limited"] * 3
    with counted(world) as count:
        assert_refused(ana.refresh(), limits.REFRESH_FAILURES_BY_SESSION)
    assert count.statements == []
    assert other.refresh().status == 200
    assert ana.sign_in().status == 200
    assert ana.refresh().status == 200


def test_an_export_is_had_only_so_often_with_one_session(world: World, ana: Phone) -> None:
    limit = limits.EXPORTS
    assert {ana.get("/account/export").status for _ in range(limit.quota)} == {200}
    assert_refused(ana.get("/account/export"), limit)
    assert world.rows("SELECT count(*) FROM audit_events WHERE kind = 'account.exported'") == [(limit.quota,)]
    ana.sign_in()
    assert ana.get("/account/export").status == 200


def test_containers_share_what_they_counted(world: World) -> None:
    for _ in range(limits.CHALLENGES.quota // 2):
        challenge(world)
    world.services = world.container()
    answers = [challenge(world).status for _ in range(limits.CHALLENGES.quota)]
    assert answers.count(200) == limits.CHALLENGES.quota // 2


def test_without_the_table_nobody_signs_in_and_challenges_are_counted_alone(world: World, ana: Phone) -> None:
    world.execute("REVOKE ALL ON rate_limits FROM serenya_functions")  # F-35
    assert ana.sign_in().status == 503
    answers = [challenge(world).status for _ in range(limits.CHALLENGES.quota + 1)]
    assert answers == [200] * limits.CHALLENGES.quota + [429]
    assert (ana.refresh().status, ana.get("/account").status) == (200, 200)
    world.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON rate_limits TO serenya_functions")
    assert ana.sign_in().status == 200


def test_limits_can_be_lifted_for_a_local_load_test(world: World, ana: Phone) -> None:
    settings = replace(world.settings, limits_are_lifted=True)
    world.services = wiring.assemble(settings, clock=world.clock, database=world.database)
    before = world.rows("SELECT * FROM rate_limits ORDER BY 1")
    statuses = {ana.sign_in().status for _ in range(limits.SIGN_IN_BY_PERSON.quota + 5)}
    assert (statuses, world.rows("SELECT * FROM rate_limits ORDER BY 1")) == ({200}, before)


def test_a_bucket_names_nobody(world: World, ana: Phone) -> None:
    challenge(world)
    ana.sign_in()
    stored = b"".join(bytes(index) for (index,) in world.rows("SELECT bucket_index FROM rate_limits"))
    assert len(stored) == 3 * 32  # address and person of the sign-in, address of the challenge
    for planted in (b"127.0.0.1", ana.user_id.encode(), b"ana"):
        assert planted not in stored


def test_the_buckets_are_unlogged(world: World) -> None:
    assert world.rows("SELECT relpersistence::text FROM pg_class WHERE relname = 'rate_limits'") == [("u",)]

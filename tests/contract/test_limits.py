"""A bucket admits its quota and not one more, wherever it is kept: in a container or in PostgreSQL (F-35)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from chalicelib.domain.limits import LIMITS, Kept, Limit, LimitedBy, Taken, Taking
from chalicelib.services.buckets import Buckets
from chalicelib.stores.limits import LimitStore
from tests.fakes import START
from tests.races import at_once, times
from tests.world import World

LIMIT = Limit(
    name="trial",
    by=LimitedBy.ADDRESS,
    quota=5,
    window=timedelta(seconds=50),
    kept=Kept.DATABASE,
    reason="small enough to fill",
)
SECOND = timedelta(seconds=1)
Take = Callable[[str, datetime], Taken]


@pytest.fixture(params=["container", "postgresql"])
def take(request: pytest.FixtureRequest) -> Take:
    """What takes a place in the bucket of somebody at a moment."""
    if request.param == "container":
        buckets = Buckets()
        return lambda subject, now: buckets.take(LIMIT, subject, now)
    world: World = request.getfixturevalue("world")
    store = LimitStore(world.database)
    return lambda subject, now: store.take(
        Taking(limit=LIMIT, subject=subject, index=sha256(subject.encode()).digest(), now=now)
    )


def admitted(take: Take, now: datetime, count: int, subject: str = "a") -> int:
    return sum(take(subject, now).is_admitted for _ in range(count))


def test_a_quota_may_come_at_once_and_not_one_more(take: Take) -> None:
    assert admitted(take, START, 20) == LIMIT.quota


def test_then_one_more_each_time_that_one_is_forgotten(take: Take) -> None:
    admitted(take, START, 20)
    assert admitted(take, START + 9 * SECOND, 5) == 0
    assert admitted(take, START + 10 * SECOND, 5) == 1
    assert admitted(take, START + 31 * SECOND, 5) == 2


def test_whoever_waits_a_window_has_a_whole_quota_again_and_never_more(take: Take) -> None:
    admitted(take, START, 20)
    assert admitted(take, START + 500 * SECOND, 20) == LIMIT.quota


def test_what_was_refused_costs_nothing_and_says_how_long_to_wait(take: Take) -> None:
    admitted(take, START, 500)
    refused = take("a", START + 4 * SECOND)
    assert LIMIT.wait(refused.arrives_at, START + 4 * SECOND) == 6 * SECOND
    assert take("a", START + 10 * SECOND).is_admitted


def test_a_full_bucket_is_nobody_elses(take: Take) -> None:
    admitted(take, START, 20)
    assert admitted(take, START, 20, "b") == LIMIT.quota


def test_a_clock_that_was_far_ahead_locks_nobody_out(take: Take) -> None:  # F-16
    admitted(take, START + timedelta(days=1), 20)
    assert admitted(take, START, 20) == LIMIT.quota


def test_a_clock_that_was_a_little_ahead_locks_out_for_a_window_at_most(take: Take) -> None:
    admitted(take, START + 20 * SECOND, 20)
    refused = take("a", START)
    assert not refused.is_admitted
    assert LIMIT.wait(refused.arrives_at, START) <= LIMIT.window
    assert take("a", START + 20 * SECOND + LIMIT.window).is_admitted


def test_a_clock_that_went_back_a_little_admits_no_more(take: Take) -> None:
    admitted(take, START, 20)
    assert admitted(take, START - 5 * SECOND, 20) == 0


@pytest.mark.parametrize("count", [6, 30])
def test_however_many_come_at_the_same_moment_the_quota_holds(take: Take, count: int) -> None:
    for round_number in range(3):
        now = START + round_number * 10 * LIMIT.window
        verdicts = times(count, lambda now=now: take("a", now).is_admitted)  # type: ignore[misc] # mypy can't infer a lambda's default
        assert verdicts.count(True) == LIMIT.quota


def test_the_last_place_goes_to_one(take: Take) -> None:
    admitted(take, START, 20)
    later = START + 10 * SECOND
    assert times(12, lambda: take("a", later).is_admitted).count(True) == 1


def test_many_buckets_fill_side_by_side(take: Take) -> None:
    acts = [lambda subject=f"s{number % 4}": take(subject, START).is_admitted for number in range(32)]
    assert at_once(acts).count(True) == 4 * LIMIT.quota


def test_the_bucket_used_longest_ago_makes_room() -> None:
    buckets = Buckets(count_max=2)
    for subject in ("a", "b", "c"):
        for _ in range(LIMIT.quota):
            buckets.take(LIMIT, subject, START)
    assert [buckets.full(LIMIT, subject, START) is None for subject in "abc"] == [True, False, False]


def test_declared_limits_are_whole_numbers_of_seconds_and_unlike_names() -> None:
    assert len({limit.name for limit in LIMITS}) == len(LIMITS)
    assert all(limit.window % SECOND == timedelta(0) and limit.reason for limit in LIMITS)
    assert all(limit.window % limit.quota == 0 for limit in map(Microseconds, LIMITS))


class Microseconds:
    """A limit's window in microseconds: an interval that doesn't divide it would admit one too many."""

    def __init__(self, limit: Limit) -> None:
        self.quota = limit.quota
        self.window = limit.window // timedelta(microseconds=1)

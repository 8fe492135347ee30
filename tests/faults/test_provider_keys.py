"""F-12 to F-14, F-16 and F-36: what happens to Google's keys when the world around them fails."""

from datetime import timedelta

import pytest

from chalicelib.clients.bounded_http import HttpAnswer
from chalicelib.clients.key_fetcher import FRESH_MAX, FRESH_MIN, lifetime
from chalicelib.clients.provider_key_cache import BACKOFF_MAX, LOAD_INTERVAL, STALE_MAX
from chalicelib.clients.provider_keys import KeySetRefused
from chalicelib.domain.errors import DependencyUnavailable
from tests.fakes import START
from tests.google import GoogleKey, jwks
from tests.scripted_google import HOUR, SECOND, World, answer

OLD, NEW = GoogleKey("key-1"), GoogleKey("key-2")


@pytest.fixture
def warm() -> World:
    world = World(answer(jwks(OLD)))
    assert world.knows(OLD)
    return world


def test_a_fresh_set_is_not_fetched_again(warm: World) -> None:  # GG1
    warm.clock.advance(6 * HOUR - SECOND)
    assert warm.knows(OLD)
    assert warm.http.asked == 1
    warm.clock.advance(SECOND)
    assert warm.knows(OLD)
    assert warm.http.asked == 2


def test_sign_in_survives_an_outage_until_the_staleness_limit(warm: World) -> None:  # F-12
    warm.http.answer = None
    warm.clock.advance(6 * HOUR + STALE_MAX - SECOND)
    assert warm.knows(OLD)
    warm.clock.advance(SECOND)
    with pytest.raises(DependencyUnavailable) as refusal:
        warm.knows(OLD)
    assert refusal.value.retry_after is not None
    assert refusal.value.retry_after >= SECOND


def test_a_cold_start_in_an_outage_is_unavailable_and_heals(caplog: pytest.LogCaptureFixture) -> None:  # F-13
    world = World(None)
    with pytest.raises(DependencyUnavailable):
        world.knows(OLD)
    assert caplog.messages == ["provider_keys_not_loaded"]
    assert vars(caplog.records[0])["fields"] == {"error": "KeySetUnreachable", "code": "total_timeout"}
    world.http.answer = answer(jwks(OLD))
    world.clock.advance(SECOND)
    assert world.knows(OLD)


def test_an_outage_is_not_answered_by_a_storm(warm: World) -> None:  # F-12
    warm.http.answer = None
    warm.clock.advance(7 * HOUR)
    for _ in range(600):
        assert warm.knows(OLD)
        warm.clock.advance(SECOND)
    backoff_attempts = 7  # after 1, 2, 4, 8, 16, 32 s
    assert warm.http.asked <= 1 + backoff_attempts + timedelta(seconds=600) / BACKOFF_MAX


def test_a_rotated_key_is_noticed_within_a_minute(warm: World) -> None:  # F-14
    warm.http.answer = answer(jwks(OLD, NEW))
    assert not warm.knows(NEW)
    warm.clock.advance(LOAD_INTERVAL)
    assert warm.knows(NEW)
    assert warm.knows(OLD)


def test_unknown_kids_fetch_once_a_minute_at_most(warm: World) -> None:  # F-14
    for attempt in range(1000):
        assert not warm.knows(GoogleKey(f"unknown-{attempt}"))
    assert warm.http.asked == 1
    warm.clock.advance(LOAD_INTERVAL)
    for attempt in range(1000):
        assert not warm.knows(GoogleKey(f"unknown-{attempt}"))
    assert warm.http.asked == 2


def test_unknown_kids_fetch_once_a_minute_in_an_outage_too(warm: World) -> None:  # F-14
    warm.http.answer = None
    warm.clock.advance(LOAD_INTERVAL)
    for _ in range(59):
        with pytest.raises(DependencyUnavailable):
            warm.knows(NEW)
        warm.clock.advance(SECOND)
    assert warm.http.asked == 2


def test_a_kid_that_may_be_new_is_not_refused_while_google_cannot_be_asked(warm: World) -> None:  # F0, F-14
    warm.http.answer = None
    warm.clock.advance(7 * HOUR)
    assert warm.knows(OLD)
    with pytest.raises(DependencyUnavailable):
        warm.knows(NEW)


def test_a_key_that_google_withdrew_is_gone_with_the_next_set(warm: World) -> None:  # GG1
    warm.http.answer = answer(jwks(NEW))
    warm.clock.advance(6 * HOUR)
    assert not warm.knows(OLD)


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"cache-control": "public, max-age=21600, must-revalidate, no-transform"}, 6 * HOUR),
        ({"cache-control": "public, max-age=21600", "age": "3600"}, 5 * HOUR),
        ({"cache-control": "MAX-AGE=7200"}, 2 * HOUR),
        ({"cache-control": 'max-age="7200"'}, 2 * HOUR),
        ({"cache-control": "max-age=10"}, FRESH_MIN),
        ({"cache-control": "max-age=21600", "age": "99999999"}, FRESH_MIN),
        ({"cache-control": "max-age=21600", "age": "soon"}, 6 * HOUR),
        ({"cache-control": "max-age=31536000"}, FRESH_MAX),
        ({"cache-control": "max-age=" + "9" * 400}, FRESH_MIN),
        ({"cache-control": "max-age=-5"}, FRESH_MIN),
        ({"cache-control": "no-store"}, FRESH_MIN),
        ({"cache-control": "x-max-age=7200"}, FRESH_MIN),
        ({}, FRESH_MIN),
    ],
)
def test_the_set_is_kept_as_long_as_google_says_within_bounds(
    headers: dict[str, str], kept: timedelta
) -> None:  # GG1, F-16
    assert lifetime(HttpAnswer(status=200, headers=headers, body=b"")) == kept


def test_a_function_frozen_for_hours_sees_by_the_wall_clock_that_its_set_is_old(warm: World) -> None:  # F-36
    warm.http.answer = answer(jwks(NEW))
    warm.clock.jump(30 * HOUR)
    assert warm.knows(NEW)
    assert not warm.knows(OLD)


def test_a_clock_that_jumps_back_makes_the_set_due_and_not_eternal(warm: World) -> None:  # F-16
    warm.clock.jump(-300 * HOUR)
    warm.http.answer = answer(jwks(NEW))
    assert warm.knows(NEW)
    assert warm.http.asked == 2


def test_a_clock_that_jumps_back_in_an_outage_keeps_the_set_and_the_backoff(warm: World) -> None:  # F-16
    warm.http.answer = None
    warm.clock.jump(-300 * HOUR)
    for _ in range(100):
        assert warm.knows(OLD)
    assert warm.http.asked == 2


def test_a_clock_behind_by_seconds_is_another_thread_and_no_jump(warm: World) -> None:  # F-16
    warm.clock.jump(timedelta(seconds=-5))
    assert warm.knows(OLD)
    assert warm.http.asked == 1


def test_a_fetch_for_publishing_asks_each_time_and_raises_what_is_wrong(warm: World) -> None:
    assert set(warm.keys.fetch(START).keys) == {"key-1"}
    warm.http.answer = answer(b"{}")
    with pytest.raises(KeySetRefused):
        warm.keys.fetch(START)
    assert warm.http.asked == 3

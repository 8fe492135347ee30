from datetime import UTC

from chalicelib.clients.clock import SystemClock, SystemIds


def test_the_time_is_aware_and_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_monotonic_clock_never_runs_backwards() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()


def test_ids_are_random_uuids() -> None:
    ids = {SystemIds().new_uuid() for _ in range(100)}
    assert len(ids) == 100
    assert {made.version for made in ids} == {4}


def test_random_bytes_have_the_length_asked_for_and_differ() -> None:
    drawn = {SystemIds().random_bytes(16) for _ in range(100)}
    assert len(drawn) == 100
    assert {len(some) for some in drawn} == {16}

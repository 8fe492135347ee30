"""The life of signing keys: always exactly one that signs, known in time, and verified to the end."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.keys import (
    PUBLISHED_BEFORE_USE,
    SIGNING_KEY_LIFETIME,
    KeyState,
    ServiceKeyUse,
    SigningAlgorithm,
    SigningKeyRecord,
    current_key,
    state_of,
)
from chalicelib.domain.tokens import ACCESS_TOKEN_TTL_MAX
from chalicelib.services.keys import KeyRotation
from tests.fakes import START, FakeClock, InMemoryKeyStore, InMemoryKms, SequentialIds

ES256 = SigningAlgorithm.ES256
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class MadeKey:
    """What making a key gives, without the time that making one takes."""

    def __init__(self, number: int) -> None:
        self.kid = f"key-{number:04}"
        self.public_jwk = {"kid": self.kid}
        self.private_der = self.kid.encode()


class Keys:
    """A rotation with its store and its clock."""

    def __init__(self) -> None:
        self.store, self.clock, self.made = InMemoryKeyStore(), FakeClock(), 0
        self.rotation = KeyRotation(
            store=self.store,
            signing_kms=InMemoryKms("signing"),
            service_kms=InMemoryKms("service"),
            make_key=self.make,
            algorithm=ES256,
            clock=self.clock,
            ids=SequentialIds(),
        )

    def make(self, algorithm: SigningAlgorithm) -> MadeKey:
        self.made += 1
        return MadeKey(self.made)

    def run(self) -> tuple[SigningKeyRecord, ...]:
        self.rotation.run("test")
        return self.store.signing_keys()


def states(keys: tuple[SigningKeyRecord, ...], now: datetime) -> list[KeyState]:
    return [state_of(key, keys, now) for key in keys]


@given(st.lists(st.timedeltas(timedelta(0), 40 * DAY), max_size=30))
def test_whenever_the_schedule_runs_exactly_one_key_signs_and_was_published_before(
    gaps: list[timedelta],
) -> None:
    run = Keys()
    keys = run.run()
    for gap in gaps:
        for moment in (run.clock.now() + gap * part / 8 for part in range(9)):
            assert states(keys, moment).count(KeyState.CURRENT) == 1
        run.clock.advance(gap)
        keys = run.run()
    for earlier, later in pairwise(keys):
        assert later.activates_at - later.created_at >= PUBLISHED_BEFORE_USE >= DAY
        assert earlier.expires_at is not None
        assert earlier.expires_at >= later.activates_at + ACCESS_TOKEN_TTL_MAX  # its last token


@given(st.integers(0, 400), st.integers(1, 5))
def test_running_again_changes_nothing(days: int, times: int) -> None:
    run = Keys()
    run.run()
    run.clock.advance(days * DAY)
    keys, secrets = run.run(), run.store.service_keys()
    for _ in range(times):
        assert run.run() == keys
    assert run.store.service_keys() == secrets
    assert len(run.store.audited) == len(keys) + len(secrets)


def test_the_first_run_makes_a_secret_of_each_use_and_a_key_that_signs_at_once() -> None:
    run = Keys()
    (key,) = run.run()
    assert [record.use for record in run.store.service_keys()] == list(ServiceKeyUse)
    assert (state_of(key, [key], START), key.expires_at) == (KeyState.CURRENT, None)


def test_a_key_goes_from_next_to_current_to_retiring_to_gone() -> None:
    run = Keys()
    run.run()
    run.clock.advance(SIGNING_KEY_LIFETIME - DAY)
    keys = run.run()
    assert states(keys, run.clock.now()) == [KeyState.CURRENT, KeyState.NEXT]
    switch = START + SIGNING_KEY_LIFETIME
    assert states(keys, switch - timedelta(seconds=1)) == [KeyState.CURRENT, KeyState.NEXT]
    assert states(keys, switch) == [KeyState.RETIRING, KeyState.CURRENT]
    assert states(keys, switch + ACCESS_TOKEN_TTL_MAX) == [KeyState.RETIRING, KeyState.CURRENT]
    assert states(keys, switch + DAY) == [KeyState.GONE, KeyState.CURRENT]


def test_a_clock_that_is_behind_the_first_key_signs_with_it() -> None:
    run = Keys()
    keys = run.run()
    assert current_key(keys, ES256, START - timedelta(minutes=5)) == keys[0]  # F-16
    assert states(keys, START - timedelta(minutes=5)) == [KeyState.CURRENT]


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_without_keys_of_its_kind_nothing_signs(algorithm: SigningAlgorithm) -> None:
    keys = Keys().run() if algorithm is SigningAlgorithm.RS256 else ()
    assert current_key(keys, algorithm, START) is None

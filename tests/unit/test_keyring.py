"""The keys at hand: picked up when they change, served while all behind them is away (F-9, F-30, F-36)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.domain.keys import SIGNING_KEY_LIFETIME, ServiceKeyUse, SigningKeyRecord
from chalicelib.services.keyring import RELOAD_AFTER, RETRY_AFTER, KeyRing
from tests.fakes import InMemoryKms
from tests.unit.test_keys import Keys

REFRESH = ServiceKeyUse.REFRESH_TOKEN
AWAY = DependencyUnavailable(retry_after=timedelta(seconds=1))


class Ring:
    """A key ring over keys that a rotation made."""

    def __init__(self) -> None:
        self.keys = Keys()
        self.signing_kms, self.service_kms = InMemoryKms("signing"), InMemoryKms("service")
        rotation = self.keys.rotation
        rotation._signing_kms, rotation._service_kms = self.signing_kms, self.service_kms
        self.keys.run()
        self.ring = self.fresh()

    def fresh(self) -> KeyRing[bytes]:
        """Return the ring of a cold container."""
        return KeyRing(
            store=self.keys.store,
            signing_kms=self.signing_kms,
            service_kms=self.service_kms,
            load_key=self.load,
            clock=self.keys.clock,
        )

    def load(self, record: SigningKeyRecord, private: bytes) -> bytes:
        return private

    @property
    def decrypts(self) -> int:
        return self.signing_kms.calls["decrypt"] + self.service_kms.calls["decrypt"]


@pytest.fixture
def ring() -> Ring:
    return Ring()


def test_keys_are_unwrapped_once_and_read_seldom(ring: Ring) -> None:
    before = ring.keys.store.reads
    for _ in range(100):
        ring.ring.secrets(REFRESH)
    assert (ring.decrypts, ring.keys.store.reads - before) == (len(ServiceKeyUse) + 1, 1)


def test_a_rotation_is_picked_up_without_a_new_container(ring: Ring) -> None:
    ring.ring.keys()
    ring.keys.clock.advance(SIGNING_KEY_LIFETIME)
    ring.keys.run()
    assert len(ring.ring.keys().token_keys) == 2  # F-30
    assert ring.signing_kms.calls["decrypt"] == 2


def test_a_thawed_container_looks_again(ring: Ring) -> None:
    ring.ring.keys()
    reads = ring.keys.store.reads
    ring.keys.clock.jump(RELOAD_AFTER)  # F-36: only the wall clock moved
    ring.ring.keys()
    assert ring.keys.store.reads == reads + 1


def test_a_clock_that_jumped_back_does_not_keep_old_keys_for_ever(ring: Ring) -> None:
    ring.ring.keys()
    reads = ring.keys.store.reads
    ring.keys.clock.jump(timedelta(days=-1))  # F-16
    ring.ring.keys()
    assert ring.keys.store.reads == reads + 1


@pytest.mark.parametrize("away", ["store", "signing_kms", "service_kms", "all"])
def test_keys_at_hand_serve_while_everything_else_is_away(ring: Ring, away: str) -> None:
    before = ring.ring.keys()
    parts = {"store": ring.keys.store, "signing_kms": ring.signing_kms, "service_kms": ring.service_kms}
    for name, part in parts.items():
        part.fault = AWAY if away in {name, "all"} else None  # type: ignore[attr-defined] # each fake has one
    ring.keys.clock.advance(timedelta(days=1))
    assert ring.ring.keys().secrets == before.secrets  # F-9


def test_while_the_store_is_away_it_is_asked_only_now_and_then(ring: Ring) -> None:
    ring.ring.keys()
    ring.keys.store.fault = AWAY
    ring.keys.clock.advance(RELOAD_AFTER)
    reads = ring.keys.store.reads
    for _ in range(10):
        ring.ring.keys()
    assert ring.keys.store.reads == reads + 1
    ring.keys.clock.advance(RETRY_AFTER)
    ring.ring.keys()
    assert ring.keys.store.reads == reads + 2


@pytest.mark.parametrize("fault", [AWAY, IntegrityFailure()])
def test_keys_that_can_not_be_unwrapped_are_an_outage_not_a_crash(
    ring: Ring, fault: DependencyUnavailable | IntegrityFailure
) -> None:
    ring.service_kms.fault = fault
    cold = ring.fresh()
    with pytest.raises(DependencyUnavailable):
        cold.secrets(REFRESH)
    ring.service_kms.fault = None
    assert cold.secrets(REFRESH)  # and over when it is over


def test_a_database_of_another_kms_is_an_outage(ring: Ring) -> None:
    ring.service_kms = InMemoryKms("another")
    with pytest.raises(DependencyUnavailable) as caught:
        ring.fresh().keys()
    assert isinstance(caught.value.__cause__, IntegrityFailure)


def test_a_use_without_a_secret_is_an_outage(ring: Ring) -> None:
    ring.keys.store._service.clear()
    with pytest.raises(DependencyUnavailable):
        ring.fresh().secrets(REFRESH)


def test_many_first_uses_at_once_load_once(ring: Ring) -> None:
    cold, before = ring.fresh(), ring.keys.store.reads
    with ThreadPoolExecutor(20) as threads:
        found = list(threads.map(lambda _: cold.secrets(REFRESH), range(100)))
    assert len(set(found)) == 1
    assert ring.keys.store.reads == before + 1


def test_an_old_secret_still_verifies_beside_the_newest(ring: Ring) -> None:
    (old,) = [record for record in ring.keys.store.service_keys() if record.use is REFRESH]
    context = {"purpose": "service_key", "use": REFRESH.value, "version": "2"}
    new = replace(old, version=2, wrapped=ring.service_kms.encrypt(b"newer", context))
    ring.keys.store.add_service_key(new, request_id="test")
    newest, oldest = ring.fresh().secrets(REFRESH)
    assert (newest.secret, oldest) == (b"newer", ring.ring.secrets(REFRESH)[-1])

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest

from chalicelib.clients.data_keys import DataKeys
from chalicelib.clients.key_cache import CacheLimits
from chalicelib.clients.key_vault import WrappedKey
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.domain.personal_data import Field
from tests.fakes import FakeClock, InMemoryKeyVault, InMemoryKms

ANA = UUID("00000000-0000-4000-8000-00000000000a")
BEN = UUID("00000000-0000-4000-8000-00000000000b")
LIMITS = CacheLimits(age=timedelta(minutes=5), uses=3, entries=2)


class House:
    """The data keys with everything around them in sight."""

    def __init__(self) -> None:
        self.kms, self.vault, self.clock = InMemoryKms(), InMemoryKeyVault(), FakeClock()
        self.keys = self.another_container()

    def another_container(self) -> DataKeys:
        return DataKeys(self.kms, self.vault, self.clock, LIMITS)

    def fetches(self, user_id: UUID = ANA) -> int:
        before = self.kms.calls["decrypt"]
        assert self.keys.get(user_id) is not None
        return self.kms.calls["decrypt"] - before


@pytest.fixture
def house() -> House:
    return House()


def test_a_persons_key_is_the_same_in_every_container(house: House) -> None:
    key = house.keys.create(ANA)
    sealed = key.seal(Field.USER_PROFILE.at(ANA, key.version), b"profile")
    elsewhere = house.another_container().get(ANA)
    assert elsewhere is not None
    assert elsewhere.open_sealed(Field.USER_PROFILE.at(ANA, elsewhere.version), sealed) == b"profile"


def test_two_people_have_two_keys(house: House) -> None:
    assert house.keys.create(ANA) != house.keys.create(BEN)


def test_the_vault_holds_the_key_only_wrapped_with_the_person_as_its_context(house: House) -> None:
    # K1
    house.keys.create(ANA)
    kept = house.vault.get(ANA)
    assert kept is not None
    context = {"purpose": "personal_data", "user_id": str(ANA), "version": "1"}
    assert house.kms.decrypt(kept.wrapped, context) != kept.wrapped


def test_a_warm_key_calls_neither_kms_nor_the_vault(house: House) -> None:
    house.keys.create(ANA)
    reads = house.vault.calls["get"]
    assert house.fetches() == 0
    assert house.vault.calls["get"] == reads


def test_a_key_that_never_was_is_none(house: House) -> None:
    assert house.keys.get(ANA) is None


def test_a_discarded_key_is_gone_at_once_and_for_good(house: House) -> None:
    # K5
    house.keys.create(ANA)
    house.keys.discard(ANA)
    assert house.keys.get(ANA) is None
    assert house.another_container().get(ANA) is None


def test_discarding_twice_is_discarding_once(house: House) -> None:
    house.keys.create(ANA)
    house.keys.discard(ANA)
    house.keys.discard(ANA)
    assert house.keys.get(ANA) is None


def test_another_container_forgets_a_discarded_key_within_the_caches_age(house: House) -> None:
    house.keys.create(ANA)
    house.another_container().discard(ANA)
    house.clock.advance(LIMITS.age)
    assert house.keys.get(ANA) is None


def test_a_cached_key_expires_by_age(house: House) -> None:
    # K5; age counts from the fetch, use doesn't prolong it
    house.keys.create(ANA)
    house.clock.advance(LIMITS.age - timedelta(seconds=1))
    assert house.fetches() == 0
    house.clock.advance(timedelta(seconds=1))
    assert house.fetches() == 1


@pytest.mark.parametrize("jump", [timedelta(hours=3), timedelta(minutes=-5)])
def test_a_frozen_function_or_a_clock_set_back_trusts_no_cached_key(house: House, jump: timedelta) -> None:
    # F-36, F-16: the monotonic clock stood still
    house.keys.create(ANA)
    house.clock.jump(jump)
    assert house.fetches() == 1


def test_a_cached_key_expires_by_uses(house: House) -> None:
    # K5
    house.keys.create(ANA)
    assert [house.fetches() for _ in range(5)] == [0, 0, 0, 1, 0]


def test_the_least_recently_used_key_leaves_a_full_cache(house: House) -> None:
    # K5
    house.keys.create(ANA)
    house.keys.create(BEN)
    house.keys.get(ANA)
    house.keys.create(UUID(int=3))
    assert house.fetches(ANA) == 0
    assert house.fetches(BEN) == 1


def test_a_slow_reader_does_not_bring_a_discarded_key_back(house: House) -> None:
    house.another_container().create(ANA)
    unwrap = house.kms.decrypt

    def unwrap_while_the_person_is_erased(*args: object) -> bytes:
        plain = unwrap(*args)  # type: ignore[arg-type]  # passed on as it came
        house.keys.discard(ANA)
        return plain

    house.kms.decrypt = unwrap_while_the_person_is_erased  # type: ignore[assignment, method-assign]  # one race, staged
    house.keys.get(ANA)
    assert house.keys.get(ANA) is None


def test_a_wrapped_key_put_in_anothers_place_stays_shut(house: House) -> None:
    # F-11
    house.another_container().create(ANA)
    kept = house.vault.get(ANA)
    assert kept is not None
    house.vault.put(BEN, kept.wrapped, kept.version, house.clock.now())
    with pytest.raises(IntegrityFailure):
        house.keys.get(BEN)


def test_an_unwrapped_key_of_the_wrong_length_is_an_integrity_failure(house: House) -> None:
    # F-11
    context = {"purpose": "personal_data", "user_id": str(ANA), "version": "1"}
    house.vault.put(ANA, house.kms.encrypt(b"short", context), 1, house.clock.now())
    with pytest.raises(IntegrityFailure):
        house.keys.get(ANA)


UNAVAILABLE = DependencyUnavailable(retry_after=timedelta(seconds=2))


@pytest.mark.parametrize("call", [DataKeys.create, DataKeys.get], ids=["create", "get"])
def test_kms_out_of_reach_is_unavailable_and_nothing_is_cached(
    house: House, call: Callable[[DataKeys, UUID], object]
) -> None:
    # F-8, F-9, F-10
    house.another_container().create(BEN)
    house.kms.fault = UNAVAILABLE
    with pytest.raises(DependencyUnavailable):
        call(house.keys, ANA if call is DataKeys.create else BEN)
    house.kms.fault = None
    assert house.keys.get(ANA) is None
    assert house.fetches(BEN) == 1


def test_a_vault_out_of_reach_is_unavailable_never_an_erased_person(house: House) -> None:
    house.another_container().create(ANA)
    house.vault.fault = UNAVAILABLE
    with pytest.raises(DependencyUnavailable):
        house.keys.get(ANA)


def test_a_sign_up_whose_key_could_not_be_kept_leaves_no_usable_key(house: House) -> None:
    # F-20
    house.vault.fault = UNAVAILABLE
    with pytest.raises(DependencyUnavailable):
        house.keys.create(ANA)
    house.vault.fault = None
    assert house.keys.get(ANA) is None


def test_discarding_while_the_vault_is_out_of_reach_says_so_and_forgets_the_cached_key(house: House) -> None:
    house.keys.create(ANA)
    house.vault.fault = UNAVAILABLE
    with pytest.raises(DependencyUnavailable):
        house.keys.discard(ANA)
    house.vault.fault = None
    assert house.fetches() == 1


def test_many_threads_share_the_cache_within_its_limits(house: House) -> None:
    people = [UUID(int=number) for number in range(1, 9)]
    for person in people:
        house.keys.create(person)
    barrier, wrong = Barrier(8), list[UUID]()

    def read_everyone() -> None:
        barrier.wait()
        for person in people * 25:
            key = house.keys.get(person)
            if key is None or key.owner_id != person:
                wrong.append(person)

    threads = [Thread(target=read_everyone) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(house.keys._cache._entries) <= LIMITS.entries


def test_a_wrapped_key_is_in_no_repr() -> None:
    assert "secret" not in repr(WrappedKey(wrapped=b"secret", version=1))

from uuid import UUID

import pytest

from chalicelib.clients.session_seal import session_key
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.personal_data import Field

SESSION = UUID("00112233-4455-4677-8899-aabbccddeeff")
SEED = bytes(range(16))
ADDRESS = Field.SESSION_PROFILE.at(SESSION, 1)
# Made apart from the code, by plain HMAC and AES-GCM.
FROZEN = bytes.fromhex(
    "01"
    "71a98eac20b7f2ce3ba28d31a0f90d8e1adfbe52c4a2cfe2acbd032ae06f8d90"
    "6465666768696a6b6c6d6e6f"
    "956a9b8afa81e20467a7bb2f3cf8a537d393c7c8101a75219424064b229a"
)


def test_a_session_sealed_by_the_first_release_still_opens() -> None:
    assert session_key(SEED, SESSION).open_sealed(ADDRESS, FROZEN) == b'{"name":"Ana"}'


def test_what_was_sealed_for_a_session_opens_with_its_seed() -> None:
    sealed = session_key(SEED, SESSION).seal(ADDRESS, b"profile")
    assert session_key(SEED, SESSION).open_sealed(ADDRESS, sealed) == b"profile"


def test_another_seed_opens_nothing() -> None:
    with pytest.raises(IntegrityFailure):
        session_key(bytes(16), SESSION).open_sealed(ADDRESS, FROZEN)


def test_the_same_seed_opens_no_other_session() -> None:
    with pytest.raises(IntegrityFailure):
        session_key(SEED, UUID(int=1)).open_sealed(ADDRESS, FROZEN)


@pytest.mark.parametrize("length", [0, 15, 33])
def test_a_seed_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="16 to 32"):
        session_key(bytes(length), SESSION)

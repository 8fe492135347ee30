from itertools import product
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.personal_data import Field, RecordAddress, framed

ROW = UUID("00112233-4455-4677-8899-aabbccddeeff")


def test_the_address_of_a_record_is_encoded_exactly_so() -> None:
    # K2: a stored ciphertext opens only while this encoding stays as it is
    assert Field.USER_PROFILE.at(ROW, 1).aad().hex() == (
        "00000017" + b"serenya-auth/v1/address".hex()
        + "00000005" + b"users".hex()
        + "00000007" + b"profile".hex()
        + "00000010" + "00112233445546778899aabbccddeeff"
        + "00000004" + "00000001"
    )  # fmt: skip


def test_every_encrypted_column_is_named_once() -> None:
    assert [field.value for field in Field] == [
        ("users", "profile"),
        ("users", "chosen"),
        ("identities", "subject"),
        ("identities", "refresh_token"),
        ("devices", "description"),
        ("biometric_keys", "name"),
        ("sessions", "profile"),
    ]


def test_no_two_addresses_look_alike() -> None:
    rows = (ROW, UUID(int=ROW.int + 1))
    addresses = [
        RecordAddress(field=f, row_id=r, key_version=v) for f, r, v in product(Field, rows, (1, 2, 256))
    ]
    assert len({address.aad() for address in addresses}) == len(addresses)


@given(st.lists(st.binary(max_size=6)), st.lists(st.binary(max_size=6)))
def test_two_lists_of_parts_never_give_the_same_bytes(one: list[bytes], other: list[bytes]) -> None:
    assert (framed(*one) == framed(*other)) == (one == other)


@given(st.binary(max_size=12), st.integers(0, 12))
def test_moving_the_boundary_between_parts_changes_the_bytes(joined: bytes, cut: int) -> None:
    assert (framed(joined[:cut], joined[cut:]) == framed(joined, b"")) == (cut >= len(joined))

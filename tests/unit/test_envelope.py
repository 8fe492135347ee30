import hmac
import traceback
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.clients.envelope import PLAINTEXT_BYTES_MAX, DataKey
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.personal_data import Field, RecordAddress

ANA = UUID("00000000-0000-4000-8000-00000000000a")
BEN = UUID("00000000-0000-4000-8000-00000000000b")
ROW = UUID("00112233-4455-4677-8899-aabbccddeeff")
SECRET = bytes(range(32))
PLAINTEXT = b'{"name":"Ana"}'
KEY = DataKey(owner_id=ANA, version=1, secret=SECRET)
ADDRESS = Field.USER_PROFILE.at(ROW, 1)
# Made apart from the code, by plain HMAC and AES-GCM: version, commitment, nonce, ciphertext and tag.
FROZEN = bytes.fromhex(
    "01"
    "afd004c54f8b804565ba4f8b9a5625c83aac00480ce93733026f77973bca034d"
    "6465666768696a6b6c6d6e6f"
    "64faf150c9b27ad2580fe7c868aecadc0260aa112beea8795f7640bd9153"
)


def hkdf(secret: bytes, purpose: bytes) -> bytes:
    """RFC 5869 for one block of output, written out so that the tests don't lean on the code they test."""
    extracted = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(extracted, purpose + b"\x01", "sha256")


def test_a_record_sealed_by_the_first_release_still_opens() -> None:
    assert KEY.open_sealed(ADDRESS, FROZEN) == PLAINTEXT


def test_a_fresh_seal_is_laid_out_as_documented() -> None:
    sealed = KEY.seal(ADDRESS, PLAINTEXT)
    assert sealed[:1] == b"\x01"
    assert sealed[1:33] == hkdf(SECRET, b"serenya-auth/v1/envelope COMMITKEY")
    cipher = AESGCM(hkdf(SECRET, b"serenya-auth/v1/envelope DERIVEKEY"))
    assert cipher.decrypt(sealed[33:45], sealed[45:], ADDRESS.aad()) == PLAINTEXT


@given(st.binary(max_size=200))
def test_what_was_sealed_opens(plaintext: bytes) -> None:
    assert KEY.open_sealed(ADDRESS, KEY.seal(ADDRESS, plaintext)) == plaintext


def test_nonces_are_random_so_no_two_seals_are_alike() -> None:
    # K3
    seals = {KEY.seal(ADDRESS, PLAINTEXT) for _ in range(100)}
    assert len({sealed[33:45] for sealed in seals}) == 100


@pytest.mark.parametrize(
    "elsewhere",
    [
        Field.USER_PROFILE.at(UUID(int=ROW.int ^ 1), 1),
        Field.SESSION_PROFILE.at(ROW, 1),
        Field.DEVICE_DESCRIPTION.at(ROW, 1),
        Field.IDENTITY_SUBJECT.at(ROW, 1),
        Field.USER_PROFILE.at(ROW, 2),
    ],
    ids=["row", "table", "table-and-column", "another-column", "key-version"],
)
def test_a_ciphertext_moved_elsewhere_stays_shut(elsewhere: RecordAddress) -> None:
    # K2, F-11
    with pytest.raises(IntegrityFailure):
        KEY.open_sealed(elsewhere, FROZEN)


def test_the_key_version_is_authenticated_and_not_only_compared() -> None:
    second = DataKey(owner_id=ANA, version=2, secret=SECRET)
    with pytest.raises(IntegrityFailure):
        second.open_sealed(Field.USER_PROFILE.at(ROW, 2), FROZEN)


def test_another_persons_key_opens_nothing() -> None:
    # F-11
    with pytest.raises(IntegrityFailure):
        DataKey(owner_id=BEN, version=1, secret=bytes(32)).open_sealed(ADDRESS, FROZEN)


def test_every_flipped_bit_is_noticed() -> None:
    # F-11
    for position in range(len(FROZEN) * 8):
        damaged = bytearray(FROZEN)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(IntegrityFailure):
            KEY.open_sealed(ADDRESS, bytes(damaged))


def test_every_truncation_and_any_extension_is_noticed() -> None:
    for damaged in [*(FROZEN[:length] for length in range(len(FROZEN))), FROZEN + b"\x00", b"\x00" + FROZEN]:
        with pytest.raises(IntegrityFailure):
            KEY.open_sealed(ADDRESS, damaged)


@given(st.binary(max_size=120))
def test_arbitrary_bytes_raise_an_integrity_failure_and_nothing_else(sealed: bytes) -> None:
    with pytest.raises(IntegrityFailure):
        KEY.open_sealed(ADDRESS, sealed)


def test_a_seal_for_another_key_version_is_never_made() -> None:
    with pytest.raises(IntegrityFailure):
        KEY.seal(Field.USER_PROFILE.at(ROW, 2), PLAINTEXT)


def test_a_plaintext_has_a_limit() -> None:
    largest = bytes(PLAINTEXT_BYTES_MAX)
    assert KEY.open_sealed(ADDRESS, KEY.seal(ADDRESS, largest)) == largest
    with pytest.raises(IntegrityFailure):
        KEY.seal(ADDRESS, largest + b"\x00")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(IntegrityFailure):
        DataKey(owner_id=ANA, version=1, secret=bytes(length))


def test_no_part_of_a_key_is_in_its_repr() -> None:
    shown = repr(KEY)
    assert shown == f"DataKey(owner_id={ANA!r}, version=1)"


def test_a_refusal_carries_no_data_in_its_cause() -> None:
    damaged = FROZEN[:-1] + b"\x00"
    with pytest.raises(IntegrityFailure) as refusal:
        KEY.open_sealed(ADDRESS, damaged)
    told = "".join(traceback.format_exception(refusal.value))
    assert "Ana" not in told
    assert str(ROW) not in told


# A ciphertext that AES-GCM opens under two keys (K4). GHASH is a polynomial over GF(2^128): with one free
# block, its value under one key can be made to give the tag of the other.
def gf_multiply(one: int, other: int) -> int:
    product = 0
    for bit in range(127, -1, -1):
        if other >> bit & 1:
            product ^= one
        one = one >> 1 ^ (0xE1 << 120 if one & 1 else 0)
    return product


def gf_inverse(value: int) -> int:
    inverse, power = 1 << 127, value
    for _ in range(127):  # value ** (2 ** 128 - 2)
        power = gf_multiply(power, power)
        inverse = gf_multiply(inverse, power)
    return inverse


def ghash_key_squared(key: bytes) -> int:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - GHASH's key is AES of zeros
    hash_key = int.from_bytes(encryptor.update(bytes(16)), "big")
    return gf_multiply(hash_key, hash_key)


def tag_of_zero_block(key: bytes, nonce: bytes, aad: bytes) -> int:
    keystream = AESGCM(key).encrypt(nonce, bytes(16), aad)[:16]
    return int.from_bytes(AESGCM(key).encrypt(nonce, keystream, aad)[16:], "big")


def two_key_ciphertext(one: bytes, other: bytes, nonce: bytes, aad: bytes) -> bytes:
    tags = tag_of_zero_block(one, nonce, aad) ^ tag_of_zero_block(other, nonce, aad)
    block = gf_multiply(tags, gf_inverse(ghash_key_squared(one) ^ ghash_key_squared(other)))
    tag = tag_of_zero_block(one, nonce, aad) ^ gf_multiply(block, ghash_key_squared(one))
    return block.to_bytes(16, "big") + tag.to_bytes(16, "big")


def test_a_ciphertext_made_for_two_keys_opens_with_one_at_most() -> None:
    # K4: AES-GCM alone accepts it under both keys; the commitment in front lets one of them through
    secrets = (SECRET, bytes(32))
    inner = [hkdf(secret, b"serenya-auth/v1/envelope DERIVEKEY") for secret in secrets]
    nonce = bytes(12)
    ciphertext = two_key_ciphertext(inner[0], inner[1], nonce, ADDRESS.aad())
    readings = [AESGCM(key).decrypt(nonce, ciphertext, ADDRESS.aad()) for key in inner]
    assert readings[0] != readings[1]  # the collision is real

    keys = [DataKey(owner_id=ANA, version=1, secret=secret) for secret in secrets]
    for committed in (0, 1):
        sealed = (
            b"\x01" + hkdf(secrets[committed], b"serenya-auth/v1/envelope COMMITKEY") + nonce + ciphertext
        )
        assert keys[committed].open_sealed(ADDRESS, sealed) == readings[committed]
        with pytest.raises(IntegrityFailure):
            keys[1 - committed].open_sealed(ADDRESS, sealed)

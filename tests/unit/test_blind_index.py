import hmac
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.clients.blind_index import BlindIndex, normalised_email

KEY = bytes(range(32))
INDEX = BlindIndex(KEY)
PERSON = UUID("00112233-4455-4677-8899-aabbccddeeff")
GOOGLE = "https://accounts.google.com"


def test_indexes_stay_what_they_are_because_rows_are_found_by_them() -> None:
    # K6: computed apart from the code, by HMAC-SHA256 over length-prefixed parts
    assert (
        INDEX.subject("google", GOOGLE, "1234567890").hex()
        == "b7068d57b42f2f5330a802eef5d75e3b60b8b0be16dbc647539c4c85cd428075"
    )
    assert (
        INDEX.email("Ana@Example.org").hex()
        == "2d365ef402738d458a0d3926b8d45ccd8be44a6fb216357b64a9fe870ba590d6"
    )
    assert INDEX.device("a1b2").hex() == "428d2b2e907bd9f6dbce7126aa21febff45e7272f57f6b8ecc1c27942cd1ab53"
    assert (
        INDEX.digest("profile", b"{}").hex()
        == "73a411f6547916e612348a0f3fd56f79ba9f725673ebd22de63e2518f399f297"
    )


def test_an_index_is_hmac_sha256_under_its_own_key() -> None:
    message = b"".join(
        len(part).to_bytes(4, "big") + part
        for part in (b"serenya-auth/v1/blind-index", b"email", b"ana@example.org")
    )
    assert INDEX.email("ana@example.org") == hmac.new(KEY, message, "sha256").digest()


def test_another_key_gives_another_index() -> None:
    assert BlindIndex(bytes(32)).email("ana@example.org") != INDEX.email("ana@example.org")


def test_equal_words_for_different_purposes_give_different_indexes() -> None:
    word = str(PERSON)
    indexes = {
        INDEX.subject(word, word, word),
        INDEX.email(word),
        INDEX.device(word),
        INDEX.digest(word, word.encode()),
    }
    assert len(indexes) == 4


def test_the_boundaries_between_provider_issuer_and_subject_count() -> None:
    assert INDEX.subject("google", "a", "bc") != INDEX.subject("google", "ab", "c")
    assert INDEX.subject("google", "a", "b") != INDEX.subject("apple", "a", "b")


def test_a_digest_tells_that_content_changed() -> None:
    assert INDEX.digest("profile", b"one") == INDEX.digest("profile", b"one")
    assert INDEX.digest("profile", b"one") != INDEX.digest("profile", b"two")


@pytest.mark.parametrize("spelling", ["Ana@Example.org", "ANA@EXAMPLE.ORG", "ana@example.org"])
def test_an_address_is_found_whatever_its_case(spelling: str) -> None:
    assert INDEX.email(spelling) == INDEX.email("ana@example.org")


def test_one_letter_in_two_encodings_is_one_address() -> None:
    assert INDEX.email("jos\u00e9@example.org") == INDEX.email("jose\u0301@example.org")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana@example.org", "a.na@example.org"),
        ("ana@example.org", "ana+tag@example.org"),
        ("stra\u00dfe@example.org", "strasse@example.org"),  # case folding would merge them
        ("\ufb01@example.org", "fi@example.org"),  # NFKC would merge them
    ],
)
def test_addresses_that_may_be_two_mailboxes_stay_two(one: str, other: str) -> None:
    assert INDEX.email(one) != INDEX.email(other)


@given(st.text())
def test_normalising_an_address_twice_changes_nothing(address: str) -> None:
    once = normalised_email(address)
    assert normalised_email(once) == once


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        BlindIndex(bytes(31))


def test_the_key_is_in_no_repr() -> None:
    assert KEY.hex() not in repr(INDEX)
    assert repr(KEY) not in repr(INDEX)

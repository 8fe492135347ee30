"""Refresh tokens: one canonical spelling, and nothing but RefreshTokenInvalid for all else (O5)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import RefreshTokenInvalid
from chalicelib.domain.tokens import RefreshToken, parse_refresh_token, session_seed

SECRET, OLD_SECRET = b"s" * 32, b"o" * 32
TOKEN = RefreshToken(session_id=UUID(int=7), seed=b"seed of 16 bytes", generation=3, jkt=None)
TEXT = TOKEN.encode(SECRET)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

tokens = st.builds(
    RefreshToken,
    session_id=st.uuids(),
    seed=st.binary(min_size=16, max_size=16),
    generation=st.integers(0, 10**18 - 1),
    jkt=st.none() | st.text(ALPHABET, min_size=43, max_size=43),
)


@given(tokens, st.binary(min_size=32, max_size=32))
def test_what_is_written_is_read(token: RefreshToken, secret: bytes) -> None:
    assert parse_refresh_token(token.encode(secret), [secret]) == token


@given(tokens)
def test_any_secret_at_hand_vouches_and_no_other(token: RefreshToken) -> None:
    text = token.encode(OLD_SECRET)
    assert parse_refresh_token(text, [SECRET, OLD_SECRET]) == token
    with pytest.raises(RefreshTokenInvalid):
        parse_refresh_token(text, [SECRET])
    with pytest.raises(RefreshTokenInvalid):
        parse_refresh_token(text, [])


@given(
    st.text()
    | st.binary().map(lambda raw: raw.decode("latin-1"))
    | st.from_regex(r"[\w-]{43}\.\d+\.[\w-]{43}")
)
def test_anything_else_is_invalid_and_raises_nothing_else(text: str) -> None:
    with pytest.raises(RefreshTokenInvalid):
        parse_refresh_token(text, [SECRET])


@given(st.integers(0, len(TEXT) - 1), st.characters())
def test_a_token_with_any_character_changed_is_invalid(position: int, character: str) -> None:
    altered = TEXT[:position] + character + TEXT[position + 1 :]
    if altered != TEXT:
        with pytest.raises(RefreshTokenInvalid):
            parse_refresh_token(altered, [SECRET])


@pytest.mark.parametrize("part", [0, 2])
def test_only_the_canonical_base64_is_read(part: int) -> None:
    parts = TEXT.split(".")
    raw = urlsafe_b64decode(parts[part] + "=")
    twins = [parts[part][:-1] + last for last in ALPHABET]
    same = [twin for twin in twins if urlsafe_b64decode(twin + "=") == raw and twin != parts[part]]
    assert same  # base64 has several spellings of the last character
    for twin in [*same, parts[part] + "=", parts[part] + "\n", " " + parts[part]]:
        parts[part] = twin
        with pytest.raises(RefreshTokenInvalid):
            parse_refresh_token(".".join(parts), [SECRET])


@pytest.mark.parametrize("generation", ["03", "+3", "-1", "3.", "", "3 ", "٣", "1" * 19, "3_0"])
def test_only_the_canonical_generation_is_read(generation: str) -> None:
    handle, _, mac = TEXT.split(".")
    with pytest.raises(RefreshTokenInvalid):
        parse_refresh_token(f"{handle}.{generation}.{mac}", [SECRET])


def test_a_generation_can_not_be_raised_without_the_secret() -> None:
    handle, _, mac = TEXT.split(".")
    with pytest.raises(RefreshTokenInvalid):
        parse_refresh_token(f"{handle}.4.{mac}", [SECRET])


def test_the_successor_can_be_derived_again() -> None:
    again = parse_refresh_token(TEXT, [SECRET])
    assert again.successor().encode(SECRET) == TOKEN.successor().encode(SECRET)
    assert again.successor().generation == TOKEN.generation + 1


def test_the_mac_has_256_bits_and_is_no_plain_hash() -> None:
    mac = urlsafe_b64decode(TEXT.split(".")[2] + "=")
    assert len(mac) == 32
    assert TOKEN.encode(OLD_SECRET).split(".")[2] != urlsafe_b64encode(mac).rstrip(b"=").decode()


def test_a_printed_token_does_not_show_its_seed() -> None:
    assert "seed" not in repr(TOKEN)


@given(st.text(), st.text())
def test_the_seed_follows_from_the_whole_id_token_and_the_secret(one: str, other: str) -> None:
    assert len(session_seed(SECRET, one)) == 16
    assert (session_seed(SECRET, one) == session_seed(SECRET, other)) == (one == other)
    assert session_seed(SECRET, one) != session_seed(OLD_SECRET, one)

"""Nonces that cost nothing until they are used: ours, for one purpose, for five minutes, in one spelling."""

from base64 import urlsafe_b64decode
from datetime import timedelta
from enum import StrEnum
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.challenges import (
    CHALLENGE_TTL,
    RETRIED_FOR,
    ChallengePurpose,
    issue_challenge,
    read_challenge,
)
from chalicelib.domain.errors import InvalidNonce
from tests.fakes import START

SECRET, OTHER = b"s" * 32, b"o" * 32
PURPOSE = ChallengePurpose.SIGN_IN
NONCE, EXPIRES_AT = issue_challenge(SECRET, PURPOSE, b"16 random bytes.", START)
SECOND = timedelta(seconds=1)


class OtherPurpose(StrEnum):
    """One that a nonce for signing in was not made for."""

    OTHER = "other"


@given(st.binary(min_size=16, max_size=16), st.timedeltas(timedelta(0), CHALLENGE_TTL - SECOND))
def test_a_nonce_works_until_it_expires(randomness: bytes, later: timedelta) -> None:
    nonce, expires_at = issue_challenge(SECRET, PURPOSE, randomness, START)
    challenge = read_challenge([OTHER, SECRET], PURPOSE, nonce, START + later)
    challenge.ensure_fresh(START + later)
    assert challenge.expires_at == expires_at
    with pytest.raises(InvalidNonce):
        challenge.ensure_fresh(expires_at)


def test_an_expired_nonce_is_read_only_as_long_as_a_sign_in_may_be_retried() -> None:
    read_challenge([SECRET], PURPOSE, NONCE, EXPIRES_AT + RETRIED_FOR - SECOND)
    with pytest.raises(InvalidNonce):
        read_challenge([SECRET], PURPOSE, NONCE, EXPIRES_AT + RETRIED_FOR)


def test_a_nonce_lasts_five_minutes() -> None:
    assert START + timedelta(minutes=5) == EXPIRES_AT


def test_two_nonces_have_two_hashes() -> None:
    other, _ = issue_challenge(SECRET, PURPOSE, b"another 16 bytes", START)
    hashes = {read_challenge([SECRET], PURPOSE, nonce, START).nonce_hash for nonce in (NONCE, other)}
    assert len(hashes) == 2


def test_a_nonce_of_another_secret_or_purpose_is_invalid() -> None:
    with pytest.raises(InvalidNonce):
        read_challenge([OTHER], PURPOSE, NONCE, START)
    with pytest.raises(InvalidNonce):
        read_challenge([SECRET], cast("ChallengePurpose", OtherPurpose.OTHER), NONCE, START)


@given(st.text(max_size=60) | st.from_regex(r"\A[\w-]{50}\Z") | st.text(min_size=50, max_size=50))
def test_anything_else_is_invalid_and_raises_nothing_else(nonce: str) -> None:
    with pytest.raises(InvalidNonce):
        read_challenge([SECRET], PURPOSE, nonce, START)


@given(st.integers(0, len(NONCE) - 1), st.characters())
def test_a_nonce_with_any_character_changed_is_invalid(position: int, character: str) -> None:
    altered = NONCE[:position] + character + NONCE[position + 1 :]
    if altered != NONCE:
        with pytest.raises(InvalidNonce):
            read_challenge([SECRET], PURPOSE, altered, START)


def test_only_the_canonical_spelling_is_read() -> None:
    raw = urlsafe_b64decode(NONCE + "==")
    twins = [NONCE[:-1] + last for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"]
    same = [twin for twin in twins if twin != NONCE and urlsafe_b64decode(twin + "==") == raw]
    assert same
    for twin in same:
        with pytest.raises(InvalidNonce):
            read_challenge([SECRET], PURPOSE, twin, START)

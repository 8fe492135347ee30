"""Laws of what only this service makes: it reads back what it wrote, and no other text, whichever is near."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from chalicelib.domain.challenges import ChallengePurpose, issue_challenge, read_challenge
from chalicelib.domain.dpop_nonces import NONCE_EVERY, issue_nonce, nonce_issued_at
from chalicelib.domain.errors import ChallengeInvalid, InvalidNonce, RefreshTokenInvalid
from chalicelib.domain.presence_challenges import (
    PresenceChallenge,
    Purpose,
    presence_challenge,
    read_presence_challenge,
)
from chalicelib.domain.tokens import RefreshToken, parse_refresh_token
from tests.fakes import START
from tests.hardware_key import base64url

NEWEST, OLDER, FOREIGN = b"n" * 32, b"o" * 32, b"f" * 32
SECRETS = (NEWEST, OLDER)
own_secrets = st.sampled_from(SECRETS)
thumbprints = st.binary(min_size=32, max_size=32).map(base64url)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
refresh_tokens = st.builds(
    RefreshToken,
    session_id=st.uuids(),
    seed=st.binary(min_size=16, max_size=16),
    generation=st.integers(0, 10**18 - 1),
    jkt=st.none() | thumbprints,
)
presence_challenges = st.builds(
    presence_challenge,
    st.sampled_from(Purpose),
    service=st.sampled_from(["https://auth.test", "https://auth.example/v1"]),
    session_id=st.uuids(),
    key=st.none() | thumbprints,
    randomness=st.binary(min_size=16, max_size=16),
    now=instants,
)
letters = st.characters() | st.sampled_from("AZaz09-_.=+/ \n\x00\ud800")
any_text = st.text(letters, max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1"))
TOKEN = RefreshToken(session_id=UUID(int=7), seed=b"s" * 16, generation=9, jkt=None).encode(NEWEST)
BOUND = RefreshToken(session_id=UUID(int=7), seed=b"s" * 16, generation=10, jkt="k" * 43).encode(NEWEST)
CHALLENGE = presence_challenge(
    Purpose.VERIFY,
    service="https://auth.test",
    session_id=UUID(int=7),
    key=None,
    randomness=b"r" * 16,
    now=START,
).encode(NEWEST)
SIGN_IN_NONCE, _ = issue_challenge(NEWEST, ChallengePurpose.SIGN_IN, b"r" * 16, START)
DPOP_NONCE = issue_nonce(NEWEST, START)


def refresh_token(text: str) -> RefreshToken | None:
    try:
        return parse_refresh_token(text, SECRETS)
    except RefreshTokenInvalid:
        return None


def challenge(text: str) -> PresenceChallenge | None:
    try:
        return read_presence_challenge(text, SECRETS)
    except ChallengeInvalid:
        return None


def sign_in_nonce(text: str) -> object:
    try:
        return read_challenge(SECRETS, ChallengePurpose.SIGN_IN, text, START)
    except InvalidNonce:
        return None


def dpop_nonce(text: str) -> object:
    return nonce_issued_at(SECRETS, text, START)


READERS = {
    "refresh token": (refresh_token, TOKEN),
    "bound refresh token": (refresh_token, BOUND),
    "presence challenge": (challenge, CHALLENGE),
    "sign-in nonce": (sign_in_nonce, SIGN_IN_NONCE),
    "DPoP nonce": (dpop_nonce, DPOP_NONCE),
}
each = pytest.mark.parametrize("name", READERS)


@given(refresh_tokens, own_secrets)
def test_a_refresh_token_is_read_as_it_was_written(token: RefreshToken, secret: bytes) -> None:
    assert refresh_token(token.encode(secret)) == token
    assert refresh_token(token.encode(FOREIGN)) is None


@given(presence_challenges, own_secrets)
def test_a_presence_challenge_is_read_as_it_was_written(made: PresenceChallenge, secret: bytes) -> None:
    assert challenge(made.encode(secret)) == made
    assert challenge(made.encode(FOREIGN)) is None


@given(st.sampled_from(ChallengePurpose), st.binary(min_size=16, max_size=16), instants, own_secrets)
def test_a_nonce_is_good_for_its_purpose_and_no_other(
    purpose: ChallengePurpose, randomness: bytes, now: datetime, secret: bytes
) -> None:
    nonce, expires_at = issue_challenge(secret, purpose, randomness, now)
    assert read_challenge(SECRETS, purpose, nonce, now).expires_at == expires_at
    for other in set(ChallengePurpose) - {purpose}:
        with pytest.raises(InvalidNonce):
            read_challenge(SECRETS, other, nonce, now)
    with pytest.raises(InvalidNonce):
        read_challenge((FOREIGN,), purpose, nonce, now)


@given(instants, own_secrets)
def test_a_dpop_nonce_tells_its_minute(now: datetime, secret: bytes) -> None:
    issued_at = nonce_issued_at(SECRETS, issue_nonce(secret, now), now)
    assert issued_at is not None
    assert timedelta(0) <= now - issued_at < NONCE_EVERY
    assert nonce_issued_at((FOREIGN,), issue_nonce(secret, now), now) is None


@each
def test_each_is_read_as_it_is(name: str) -> None:
    read, genuine = READERS[name]
    assert read(genuine) is not None


@each
@given(any_text)
@example("")
@example("." * 4096)
@example("A" * 28)
@example("A" * 50)
@example("A" * 43 + ".0." + "A" * 43)
@example("\u0661" * 50)  # a digit, but not in ASCII
def test_no_other_text_is_read_and_none_is_an_error_of_ours(name: str, text: str) -> None:
    read, genuine = READERS[name]
    assume(text != genuine)
    assert read(text) is None


@each
@given(st.integers(min_value=0), letters, st.sampled_from(["changed", "added", "left out"]))
def test_with_one_character_changed_added_or_left_out_it_is_refused(
    name: str, place: int, letter: str, how: str
) -> None:
    read, genuine = READERS[name]
    place %= len(genuine)
    added = "" if how == "left out" else letter
    near = genuine[:place] + added + genuine[place + (how != "added") :]
    assume(near != genuine)
    assert read(near) is None

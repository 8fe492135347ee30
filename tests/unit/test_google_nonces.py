from hashlib import sha256

import pytest

from chalicelib.domain.errors import InvalidIdToken, InvalidNonce, NonceRequired
from chalicelib.domain.id_tokens import NonceForm, Platform, check_nonce, check_platform
from tests.google import policy

RAW = "a-nonce-from-the-server"
HASHED = sha256(RAW.encode()).hexdigest()


def check(form: NonceForm, claim: str | None, presented: str | None) -> None:
    check_nonce(policy("client", form, Platform.ios), claim, presented)


# GG7


@pytest.mark.parametrize(
    ("form", "claim"),
    [
        (NonceForm.raw, RAW),
        (NonceForm.sha256, HASHED),
        (NonceForm.optional, RAW),
        (NonceForm.optional, HASHED),
    ],
)
def test_a_nonce_in_the_form_of_the_policy_matches(form: NonceForm, claim: str) -> None:
    check(form, claim, RAW)


@pytest.mark.parametrize(
    ("form", "claim"),
    [
        (NonceForm.raw, HASHED),
        (NonceForm.raw, "another"),
        (NonceForm.raw, None),
        (NonceForm.sha256, RAW),
        (NonceForm.sha256, HASHED.upper()),
        (NonceForm.sha256, None),
        (NonceForm.optional, "another"),
        (NonceForm.optional, HASHED.upper()),
        (NonceForm.optional, None),
    ],
)
def test_a_nonce_in_another_form_or_another_nonce_is_refused(form: NonceForm, claim: str | None) -> None:
    with pytest.raises(InvalidNonce):
        check(form, claim, RAW)


@pytest.mark.parametrize("form", [NonceForm.raw, NonceForm.sha256])
@pytest.mark.parametrize("claim", [RAW, HASHED, None])
def test_a_policy_that_demands_a_nonce_asks_for_the_missing_one(form: NonceForm, claim: str | None) -> None:
    with pytest.raises(NonceRequired):
        check(form, claim, None)


@pytest.mark.parametrize("claim", [RAW, None])
def test_an_optional_policy_does_not_look_at_a_nonce_that_nobody_presents(claim: str | None) -> None:
    check(NonceForm.optional, claim, None)


@pytest.mark.parametrize("form", list(NonceForm))
@pytest.mark.parametrize("presented", ["", "é", "\ud800", "x" * 10_000, HASHED])
def test_a_strange_nonce_is_refused_like_any_other(form: NonceForm, presented: str) -> None:
    with pytest.raises(InvalidNonce):
        check(form, "another", presented)


def test_a_token_is_taken_only_from_the_platforms_of_its_client() -> None:
    android = policy("client", NonceForm.optional, Platform.android)
    check_platform(android, Platform.android)
    with pytest.raises(InvalidIdToken):
        check_platform(android, Platform.ios)

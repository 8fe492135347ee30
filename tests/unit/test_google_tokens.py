import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.clients.id_token_verifier import IdTokenVerifier
from chalicelib.domain.errors import DependencyUnavailable, IdTokenExpired, InvalidIdToken
from chalicelib.domain.id_tokens import UnverifiedIdToken, VerifiedIdentity
from chalicelib.domain.providers import GOOGLE
from tests.fakes import START
from tests.google import (
    ANDROID_CLIENT,
    CLIENTS,
    IOS_CLIENT,
    SUBJECT,
    WEB_CLIENT,
    FixedKeys,
    GoogleKey,
    claims,
    key_set,
)

KEY = GoogleKey()
SECOND = timedelta(seconds=1)
INTEGER_BEYOND_TIME = 10**15


def verifier(hosted_domain: str | None = None) -> IdTokenVerifier:
    keys = FixedKeys(key_set(START, KEY, GoogleKey("key-2")))
    return IdTokenVerifier(provider=GOOGLE, keys=keys, clients=CLIENTS, hosted_domain=hosted_domain)


def verify(token: UnverifiedIdToken, now: datetime = START) -> VerifiedIdentity:
    return verifier().verify(token, now)


def identity_of(**overrides: object) -> VerifiedIdentity:
    return verify(KEY.sign(claims(START, **overrides)))


def assert_refused(token: UnverifiedIdToken, now: datetime = START) -> None:
    with pytest.raises(InvalidIdToken):
        verify(token, now)


def test_a_token_of_google_for_us_says_who_the_person_is() -> None:
    token = KEY.sign(claims(START, nonce="n-1"))
    identity = verify(token)
    assert identity.issuer == "https://accounts.google.com"
    assert (identity.subject, identity.client_id, identity.nonce) == (SUBJECT, WEB_CLIENT, "n-1")
    assert identity.issued_at == START.replace(microsecond=0)
    assert identity.expires_at == identity.issued_at + timedelta(hours=1)
    signed, _, _ = token.rpartition(".")
    assert identity.token_hash != hashlib.sha256(signed.encode()).digest()
    assert len(identity.token_hash) == 32


def test_a_token_without_typ_is_taken() -> None:
    payload = json.dumps(claims(START)).encode()
    assert verify(KEY.sign_bytes(b'{"alg":"RS256","kid":"key-1"}', payload)).subject == SUBJECT


# GG1


def test_a_key_that_google_does_not_publish_is_refused() -> None:
    assert_refused(GoogleKey("key-3").sign(claims(START)))


def test_another_key_under_the_right_kid_is_refused() -> None:
    assert_refused(GoogleKey("key-3").sign(claims(START), {"kid": "key-1"}))


def test_only_the_key_of_the_kid_is_tried() -> None:
    assert_refused(GoogleKey("key-2").sign(claims(START), {"kid": "key-1"}))


@pytest.mark.parametrize("segment", [0, 1, 2])
def test_a_changed_segment_is_refused(segment: int) -> None:
    parts = KEY.sign(claims(START)).split(".")
    parts[segment] = parts[segment][:20] + ("A" if parts[segment][20] != "A" else "B") + parts[segment][21:]
    assert_refused(UnverifiedIdToken(".".join(parts)))


def test_without_keys_the_service_is_unavailable_and_the_token_not_refused() -> None:  # F-13
    without = IdTokenVerifier(provider=GOOGLE, keys=FixedKeys(None), clients=CLIENTS, hosted_domain=None)
    with pytest.raises(DependencyUnavailable):
        without.verify(KEY.sign(claims(START)), START)


# GG2


@pytest.mark.parametrize("audience", ["other.apps.googleusercontent.com", "", None, 7, [WEB_CLIENT], ...])
def test_an_audience_that_is_not_one_of_ours_is_refused(audience: object) -> None:
    assert_refused(KEY.sign(claims(START, aud=audience)))


@pytest.mark.parametrize("party", ["other.apps.googleusercontent.com", "", None, 7, [WEB_CLIENT]])
def test_an_authorized_party_that_is_not_ours_is_refused(party: object) -> None:
    assert_refused(KEY.sign(claims(START, azp=party)))


@pytest.mark.parametrize(("party", "client"), [(ANDROID_CLIENT, ANDROID_CLIENT), (..., WEB_CLIENT)])
def test_the_client_is_the_authorized_party_or_else_the_audience(party: object, client: str) -> None:
    assert identity_of(aud=WEB_CLIENT, azp=party).client_id == client


def test_each_of_our_clients_is_accepted() -> None:
    assert identity_of(aud=IOS_CLIENT, azp=IOS_CLIENT).client_id == IOS_CLIENT


# GG3


def test_both_spellings_of_the_issuer_are_one_person() -> None:
    assert identity_of(iss="accounts.google.com").issuer == "https://accounts.google.com"


@pytest.mark.parametrize(
    "issuer",
    [
        "http://accounts.google.com",
        "https://accounts.google.com/",
        "https://accounts.google.com.evil.example",
        "HTTPS://accounts.google.com",
        ["https://accounts.google.com"],
        None,
        ...,
    ],
)
def test_any_other_issuer_is_refused(issuer: object) -> None:
    assert_refused(KEY.sign(claims(START, iss=issuer)))


# GG4


def test_a_token_is_good_for_its_lifetime_and_the_leeway() -> None:  # F-16
    token = KEY.sign(claims(START))
    end = START.replace(microsecond=0) + timedelta(hours=1, seconds=60)
    assert verify(token, end - SECOND).subject == SUBJECT
    with pytest.raises(IdTokenExpired):
        verify(token, end)


def test_a_token_from_a_clock_ahead_of_ours_is_good_within_the_leeway() -> None:  # F-16
    assert verify(KEY.sign(claims(START + timedelta(seconds=60)))).subject == SUBJECT
    assert_refused(KEY.sign(claims(START + timedelta(seconds=61))))


def test_a_token_is_not_used_before_its_time() -> None:
    second = int(START.timestamp())
    assert identity_of(nbf=second + 60).subject == SUBJECT
    assert_refused(KEY.sign(claims(START, nbf=second + 61)))


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [True, "1767323045", None, -1, 0, INTEGER_BEYOND_TIME, [], {}])
def test_a_time_that_is_no_plausible_integer_is_refused(name: str, value: object) -> None:
    if (name, value) == ("nbf", 0):  # long ago, which is what nbf may be
        return
    assert_refused(KEY.sign(claims(START, **{name: value})))


@pytest.mark.parametrize("name", ["exp", "iat"])
def test_a_token_without_its_times_is_refused(name: str) -> None:
    assert_refused(KEY.sign(claims(START, **{name: ...})))


@pytest.mark.parametrize("lifetime", [-1, 0, 24 * 3600 + 1, 10 * 365 * 24 * 3600])
def test_a_lifetime_that_is_not_a_sign_ins_is_refused(lifetime: int) -> None:
    assert_refused(KEY.sign(claims(START, exp=int(START.timestamp()) + lifetime)))


def test_an_expired_token_that_is_wrong_otherwise_is_invalid_not_expired() -> None:
    late = START + timedelta(days=1)
    assert_refused(KEY.sign(claims(START, aud="other")), late)
    assert_refused(GoogleKey("key-3").sign(claims(START), {"kid": "key-1"}), late)


# GG5


@pytest.mark.parametrize("subject", [None, "", 7, ["x"], "x" * 256, "x" * 7000, "é", "a b", "a\x00", ...])
def test_a_subject_that_is_not_a_short_ascii_text_is_refused(subject: object) -> None:
    assert_refused(KEY.sign(claims(START, sub=subject)))


def test_the_longest_subject_is_taken() -> None:
    assert identity_of(sub="x" * 255).subject == "x" * 255


# GG6


def test_a_hosted_domain_is_demanded_when_one_is_configured() -> None:
    ours = verifier("clinic.example")
    assert ours.verify(KEY.sign(claims(START, hd="clinic.example")), START).subject == SUBJECT
    for other in ("evil.example", "CLINIC.example.evil", None, ["clinic.example"], ...):
        with pytest.raises(InvalidIdToken):
            ours.verify(KEY.sign(claims(START, hd=other)), START)


def test_a_hosted_domain_is_not_looked_at_when_none_is_configured() -> None:
    assert identity_of(hd="clinic.example").subject == SUBJECT


# GG7, GG8


@pytest.mark.parametrize("nonce", [7, None, "", "x" * 256, ["n"]])
def test_a_nonce_claim_that_is_no_short_text_is_refused(nonce: object) -> None:
    assert_refused(KEY.sign(claims(START, nonce=nonce)))


def test_the_token_hash_is_the_tokens_own() -> None:
    token = KEY.sign(claims(START))
    assert verify(token).token_hash == verify(token).token_hash
    assert verify(token).token_hash != identity_of(jti="other").token_hash


def test_nothing_personal_shows_in_what_is_printed() -> None:
    identity = identity_of(nonce="n-secret")
    for planted in ("ada@example.com", "Lovelace", SUBJECT, "n-secret"):
        assert planted not in repr(identity)
        assert planted not in repr(replace(identity, client_id="c"))

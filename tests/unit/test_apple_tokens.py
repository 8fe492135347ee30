"""Tokens on P-256 and on RSA by one declaration: one algorithm a key, and no key of another kind (J1, J3)."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.clients.id_token_verifier import IdTokenVerifier
from chalicelib.clients.provider_keys import KeySetRefused, ProviderKeySet, keys_of, read_keys
from chalicelib.clients.signatures import P256_ORDER
from chalicelib.domain.errors import IdTokenExpired, InvalidIdToken
from chalicelib.domain.id_tokens import NonceForm, Platform, UnverifiedIdToken, VerifiedIdentity
from chalicelib.domain.providers import APPLE, GOOGLE
from tests import google
from tests.fakes import START
from tests.google import FixedKeys, GoogleKey, base64url, policy

BUNDLE = "com.example.app"
CLIENTS = {BUNDLE: policy(BUNDLE, NonceForm.sha256, Platform.ios)}
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = GoogleKey("rsa-1")


def ec_jwk(kid: str = "ec-1", key: ec.EllipticCurvePrivateKey = EC_KEY, **changes: object) -> dict[str, Any]:
    public = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    shown = {"kty": "EC", "use": "sig", "alg": "ES256", "kid": kid}
    jwk = shown | {name: public[name] for name in ("crv", "x", "y")} | changes
    return {name: value for name, value in jwk.items() if value is not ...}


KEYS = ProviderKeySet(
    keys=keys_of([ec_jwk(), RSA_KEY.jwk()], APPLE.algorithms),
    fetched_at=START,
    fresh_until=START + timedelta(hours=6),
)
VERIFIER = IdTokenVerifier(provider=APPLE, keys=FixedKeys(KEYS), clients=CLIENTS, hosted_domain=None)


def claims(**overrides: object) -> dict[str, Any]:
    issued_at = int(START.timestamp())
    apple = {
        "iss": "https://appleid.apple.com",
        "aud": BUNDLE,
        "azp": ...,
        "sub": "001234.0123456789abcdef0123456789abcdef.0123",
        "email_verified": "true",
        "is_private_email": "true",
        "nonce_supported": True,
        "exp": issued_at + 86_400,
        **dict.fromkeys(("name", "given_name", "family_name", "picture"), ...),
    }
    return google.claims(START, **(apple | overrides))


def signed(
    told: Mapping[str, Any] | None = None,
    key: ec.EllipticCurvePrivateKey = EC_KEY,
    **header: object,
) -> UnverifiedIdToken:
    """Return a token with an ES256 signature, whatever its header says."""
    fields = {"alg": "ES256", "kid": "ec-1"} | header
    text = ".".join(base64url(json.dumps(part).encode()) for part in (fields, told or claims()))
    signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(text.encode(), key)
    return UnverifiedIdToken(f"{text}.{base64url(signature)}")


def verify(token: str, now: datetime = START) -> VerifiedIdentity:
    return VERIFIER.verify(UnverifiedIdToken(token), now)


def assert_refused(token: str) -> None:
    with pytest.raises(InvalidIdToken):
        verify(token)


def numbers(token: str) -> tuple[str, bytes]:
    text, _, signature = token.rpartition(".")
    return text, urlsafe_b64decode(signature + "==")


def joined(text: str, signature: bytes) -> str:
    return f"{text}.{base64url(signature)}"


@pytest.mark.parametrize("token", [signed(), RSA_KEY.sign(claims())], ids=["ES256", "RS256"])
def test_a_token_of_either_algorithm_says_who_the_person_is(token: UnverifiedIdToken) -> None:
    identity = verify(token)
    assert (identity.provider, identity.issuer) == ("apple", "https://appleid.apple.com")
    assert identity.subject == claims()["sub"]
    assert identity.profile.email_verified
    assert (identity.profile.name, identity.client_id) == (None, BUNDLE)


def test_a_token_lives_a_day_and_no_longer() -> None:
    end = START.replace(microsecond=0) + timedelta(days=1, seconds=60)
    assert verify(signed(), end - timedelta(seconds=1))
    with pytest.raises(IdTokenExpired):
        verify(signed(), end)
    assert_refused(signed(claims(exp=int(START.timestamp()) + 86_401)))


FORGERIES: dict[str, str] = {
    "another key": signed(key=OTHER_EC_KEY),
    "the RSA key's name": signed(kid="rsa-1"),
    "the EC key's name": RSA_KEY.sign(claims(), {"kid": "ec-1"}),
    "an unknown key": signed(kid="ec-2"),
    "RS256 said of an ES256 signature": signed(alg="RS256"),
    "ES384 said": signed(alg="ES384"),
    "none said": signed(alg="none"),
    "HS256 said": signed(alg="HS256"),
    "Google's issuer": signed(claims(iss="https://accounts.google.com")),
    "Apple's old issuer": signed(claims(iss="https://account.apple.com")),
    "another team's bundle": signed(claims(aud="com.example.evil")),
    "several bundles": signed(claims(aud=[BUNDLE])),
    "no bundle": signed(claims(aud=...)),
    "an access token's type": signed(typ="at+jwt"),
    "a notice": signed(claims(events="{}")),
    "a flag that is none": signed(claims(email_verified="yes")),
}


@pytest.mark.parametrize("token", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_is_refused(token: str) -> None:
    assert_refused(token)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\x00" * 64,
        b"\xff" * 64,
        b"\x00" * 32 + b"\x01" * 32,
        b"\x01" * 32 + b"\x00" * 32,
        P256_ORDER.to_bytes(32, "big") * 2,
        b"\x01" * 63,
        b"\x01" * 65,
        b"\x30\x06\x02\x01\x01\x02\x01\x01",
    ],
    ids=["none", "zeros", "ones", "r 0", "s 0", "the order", "short", "long", "DER"],
)
def test_a_signature_that_is_none_is_refused(signature: bytes) -> None:
    text, _ = numbers(signed())
    assert_refused(joined(text, signature))


def test_the_twin_of_a_signature_is_the_same_token() -> None:  # GG8
    token = signed()
    text, signature = numbers(token)
    twin = signature[:32] + (P256_ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    one, other = verify(token), verify(joined(text, twin))
    assert (one.token_hash, one.token) == (other.token_hash, other.token)
    assert joined(text, twin) != token


def test_google_takes_nothing_on_p256() -> None:
    keys = FixedKeys(KEYS)
    verifier = IdTokenVerifier(provider=GOOGLE, keys=keys, clients=google.CLIENTS, hosted_domain=None)
    with pytest.raises(InvalidIdToken):
        verifier.verify(signed(google.claims(START)), START)


OFF_CURVE = base64url(b"\x01" * 32)
POISON: dict[str, dict[str, Any]] = {
    "no point of the curve": ec_jwk("ec-2", x=OFF_CURVE),
    "a short coordinate": ec_jwk("ec-2", y="AA"),
    "no coordinate": ec_jwk("ec-2", y=...),
    "a private part": ec_jwk("ec-2", d="AA"),
    "a private part, for encryption": ec_jwk("ec-2", d="AA", use="enc"),
    "a private part, on another curve": ec_jwk("ec-2", d="AA", crv="P-384"),
    "a symmetric key": {"kty": "oct", "kid": "ec-2", "k": "AAAA"},
    "a kid twice": ec_jwk("ec-1"),
    "a kid that is no text": ec_jwk("ec-2") | {"kid": 7},
}
OF_NO_USE: dict[str, object] = {
    "another curve": ec_jwk("ec-2", crv="P-384"),
    "secp256k1": ec_jwk("ec-2", crv="secp256k1"),
    "no curve": ec_jwk("ec-2", crv=...),
    "RSA's algorithm": ec_jwk("ec-2", alg="RS256"),
    "an unknown algorithm": ec_jwk("ec-2", alg="ESP256"),
    "an algorithm that is no text": ec_jwk("ec-2", alg=["ES256"]),
    "for encryption": ec_jwk("ec-2", use="enc"),
    "for encryption, under a kid of ours": ec_jwk("ec-1", use="enc"),
    "for deriving": ec_jwk("ec-2", key_ops=["deriveBits"]),
    "for something that is no list": ec_jwk("ec-2", key_ops="verify"),
    "an RSA key called EC": RSA_KEY.jwk() | {"kid": "ec-2", "kty": "EC"},
    "Ed25519": {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": "ed",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    },
    "ML-DSA": {"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq", "pub": "AA", "d": {"of": [None, 1.5]}},
    "an unknown kty": {"kty": "new", "k": "what k means there, nobody knows"},
    "a kty that is no text": {"kty": {}, "kid": 1.5},
    "nothing": {},
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_a_set_with_a_key_that_is_not_fit_is_refused_whole(poison: dict[str, Any]) -> None:  # F-15, J3
    with pytest.raises(KeySetRefused):
        read_keys(json.dumps({"keys": [ec_jwk(), poison]}).encode(), APPLE.algorithms)


@pytest.mark.parametrize("key", OF_NO_USE.values(), ids=OF_NO_USE)
def test_a_key_of_a_kind_that_we_do_not_use_is_ignored(key: object) -> None:  # RFC 7517 s5
    assert list(read_keys(json.dumps({"keys": [key, ec_jwk(), key]}).encode(), APPLE.algorithms)) == ["ec-1"]
    with pytest.raises(KeySetRefused):
        read_keys(json.dumps({"keys": [key]}).encode(), APPLE.algorithms)


def test_a_key_of_an_algorithm_that_the_provider_never_uses_is_ignored() -> None:
    document = json.dumps({"keys": [RSA_KEY.jwk(), ec_jwk()]}).encode()
    assert len(read_keys(document, APPLE.algorithms)) == 2
    assert list(read_keys(document, GOOGLE.algorithms)) == [RSA_KEY.jwk()["kid"]]


def test_what_is_published_of_a_key_is_what_was_checked() -> None:
    body = json.dumps({"keys": [ec_jwk(x5c=["MIIB"], use=..., alg=...)]}).encode()
    assert read_keys(body, APPLE.algorithms)["ec-1"].jwk == ec_jwk()

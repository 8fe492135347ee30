"""Our access tokens read strictly (RFC 8725, RFC 9068; J1 to J8): only what we write is what we read."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.clients.access_tokens import AccessTokenCodec
from chalicelib.clients.base64url import decode_base64url, encode_base64url
from chalicelib.clients.jwt_keys import TokenKey, load_key, make_key
from chalicelib.domain.errors import AccessTokenExpired, InvalidAccessToken
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.domain.tokens import CLOCK_LEEWAY, AccessClaims, Scope
from tests.fakes import START

CODEC = AccessTokenCodec(issuer="https://auth.test", audience="serenya-api")
MINUTE = timedelta(minutes=1)
CLAIMS = AccessClaims(
    user_id=UUID(int=1),
    session_id=UUID(int=2),
    client_id="client",
    scopes=frozenset({Scope.ACCOUNT, Scope.APP}),
    issued_at=START,
    expires_at=START + 15 * MINUTE,
    token_id=UUID(int=3),
    auth_time=START - MINUTE,
    acr="aal1",
    amr=("fed",),
)


@cache
def key(algorithm: SigningAlgorithm = SigningAlgorithm.ES256, number: int = 0) -> TokenKey:
    new = make_key(algorithm)
    return load_key(new.kid, algorithm, new.private_der)


KEY = key()
KEYS = {KEY.kid: KEY}
TOKEN = CODEC.encode(CLAIMS, KEY)
HEADER = {"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt"}
PAYLOAD = json.loads(decode_base64url(TOKEN.split(".")[1].encode()))


def signed(header: bytes, payload: bytes, by: TokenKey = KEY) -> str:
    """Return a token with a genuine signature around any bytes."""
    segments = f"{encode_base64url(header).decode()}.{encode_base64url(payload).decode()}"
    signer = jwt.get_algorithm_by_name(by.algorithm.value)
    return f"{segments}.{encode_base64url(signer.sign(segments.encode(), by.private)).decode()}"


def token(header: Mapping[str, Any] | None = None, **claims: object) -> str:
    """Return a genuinely signed token; a value of ... leaves the name out."""
    full = {name: value for name, value in (HEADER | dict(header or {})).items() if value is not ...}
    said = {name: value for name, value in (PAYLOAD | claims).items() if value is not ...}
    return signed(json.dumps(full).encode(), json.dumps(said).encode())


def assert_invalid(text: str, keys: Mapping[str, TokenKey] = KEYS) -> None:
    for read in (CODEC.decode, CODEC.identify):
        with pytest.raises(InvalidAccessToken):
            read(text, keys, START)


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_what_is_written_is_read(algorithm: SigningAlgorithm) -> None:
    by = key(algorithm)
    assert CODEC.decode(CODEC.encode(CLAIMS, by), {by.kid: by}, START) == CLAIMS


def test_a_token_says_what_rfc_9068_wants_and_nothing_personal() -> None:
    assert jwt.get_unverified_header(TOKEN) == HEADER
    required = {"iss", "aud", "sub", "client_id", "iat", "nbf", "exp", "jti", "sid", "scope", "auth_time"}
    assert PAYLOAD.keys() == required | {"acr", "amr"}  # J7, J8


def test_a_token_lives_until_its_end() -> None:
    CODEC.decode(TOKEN, KEYS, CLAIMS.expires_at - timedelta(microseconds=1))
    with pytest.raises(AccessTokenExpired):
        CODEC.decode(TOKEN, KEYS, CLAIMS.expires_at)
    assert CODEC.identify(TOKEN, KEYS, CLAIMS.expires_at + timedelta(days=365)) == CLAIMS


def test_a_token_from_the_future_is_invalid_beyond_the_leeway() -> None:
    CODEC.decode(TOKEN, KEYS, START - CLOCK_LEEWAY)  # F-16
    with pytest.raises(InvalidAccessToken):
        CODEC.decode(TOKEN, KEYS, START - CLOCK_LEEWAY - timedelta(seconds=1))


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "", "HS256", "RS256", "EdDSA", None, 1], ids=repr
)
def test_the_header_never_chooses_the_algorithm(algorithm: object) -> None:
    assert_invalid(token({"alg": algorithm}))  # J1, J2


@pytest.mark.parametrize("algorithm", ["none", "ES256"])
def test_no_signature_is_no_token(algorithm: str) -> None:
    head, payload, _ = token({"alg": algorithm}).split(".")
    assert_invalid(f"{head}.{payload}.")
    assert_invalid(f"{head}.{payload}")


def test_a_public_key_is_never_an_hmac_secret() -> None:
    for encoding in (Encoding.PEM, Encoding.DER):
        secret = KEY.public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        header = json.dumps(HEADER | {"alg": "HS256"}).encode()
        signing_input = encode_base64url(header) + b"." + TOKEN.split(".")[1].encode()
        mac = encode_base64url(hmac.digest(secret, signing_input, "sha256"))
        assert_invalid((signing_input + b"." + mac).decode())  # RFC 8725 s2.1


def test_a_key_is_used_with_its_own_algorithm_only() -> None:
    rsa = key(SigningAlgorithm.RS256)
    assert_invalid(CODEC.encode(CLAIMS, rsa), {rsa.kid: replace(rsa, algorithm=SigningAlgorithm.ES256)})


def test_another_key_of_ours_does_not_vouch_for_a_kid() -> None:
    other = key(number=1)
    header = json.dumps(HEADER).encode()
    assert_invalid(signed(header, json.dumps(PAYLOAD).encode(), by=other), KEYS | {other.kid: other})


@pytest.mark.parametrize("kid", ["unknown", "", "../key", None, 7, ["a"], ...], ids=repr)
def test_an_unknown_kid_leads_nowhere(kid: object) -> None:
    assert_invalid(token({"kid": kid}))  # J5


@pytest.mark.parametrize(
    "typ", ["JWT", "jwt", "AT+JWT", "application/at+jwt", "dpop+jwt", None, ...], ids=repr
)
def test_other_kinds_of_token_are_not_access_tokens(typ: object) -> None:
    assert_invalid(token({"typ": typ}))  # J4


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"jwk": {"kty": "EC"}},
        {"jku": "https://evil.example"},
        {"x5u": "https://evil.example"},
        {"x5c": []},
        {"b64": False},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"whatever": 1},
    ],
)
def test_a_header_that_says_more_is_invalid(extra: dict[str, Any]) -> None:
    assert_invalid(token(extra))  # J5, J6


def test_duplicate_names_are_invalid() -> None:
    header, payload = json.dumps(HEADER).encode(), json.dumps(PAYLOAD).encode()
    assert_invalid(signed(header, payload[:-1] + b', "sub": "x"}'))  # J6
    assert_invalid(signed(header[:-1] + b', "typ": "at+jwt"}', payload))


@pytest.mark.parametrize(
    "claims",
    [
        *({name: ...} for name in PAYLOAD if name != "nbf"),
        {"iss": "https://evil.example"},
        {"iss": ["https://auth.test"]},
        {"aud": "other"},
        {"aud": ["serenya-api", "other"]},
        {"exp": "1799999999"},
        {"exp": 1e30},
        {"exp": 10**30},
        {"exp": True},
        {"exp": None},
        {"iat": -(10**20)},
        {"sub": "not a uuid"},
        {"sub": None},
        {"scope": ["account"]},
        {"amr": "fed"},
        {"amr": [1]},
    ],
    ids=repr,
)
def test_claims_that_are_missing_or_misshapen_are_invalid(claims: dict[str, Any]) -> None:
    assert_invalid(token(**claims))


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b"NaN", b'{"exp": NaN}', b"{", b"\xff", b"[" * 900], ids=repr
)
def test_a_payload_that_is_no_object_is_invalid(payload: bytes) -> None:
    assert_invalid(signed(json.dumps(HEADER).encode(), payload))


def test_only_the_canonical_base64_is_read() -> None:
    head, payload, signature = TOKEN.split(".")
    assert_invalid(f"{head}=.{payload}.{signature}")
    assert_invalid(f"{head}.{payload}.{signature}=")
    assert_invalid(f"{head}.{payload}.{signature}\n")
    raw = decode_base64url(signature.encode())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for last in alphabet:
        twin = signature[:-1] + last
        if twin != signature:
            assert_invalid(f"{head}.{payload}.{twin}")  # J6
    assert len(raw) == 64  # r and s, not DER (RFC 7518 s3.4)
    with pytest.raises(ValueError, match=r".*"):
        decode_dss_signature(raw)


def test_a_token_of_great_length_is_invalid_unread() -> None:
    assert_invalid(token(client_id="x" * 4096))
    assert_invalid("é" + TOKEN[1:])


@given(st.text() | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*"))
def test_anything_else_is_invalid_and_raises_nothing_else(text: str) -> None:
    with pytest.raises(InvalidAccessToken):
        CODEC.decode(text, KEYS, START)


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("AbZ09-_.=\n"))
def test_a_token_with_any_character_changed_is_invalid(position: int, character: str) -> None:
    altered = TOKEN[:position] + character + TOKEN[position + 1 :]
    if altered != TOKEN:
        with pytest.raises(InvalidAccessToken):
            CODEC.decode(altered, KEYS, START)


def test_a_scope_of_a_later_release_opens_nothing_here_and_breaks_nothing() -> None:
    claims = CODEC.decode(token(scope="account everything"), KEYS, START)  # F-32
    assert claims.scopes == {Scope.ACCOUNT}

"""Validly signed tokens that google-auth admits, or stumbles over: each is refused (decision 0006)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.clients.id_token_parser import TOKEN_BYTES_MAX, parse_id_token
from chalicelib.clients.id_token_verifier import IdTokenVerifier
from chalicelib.domain.errors import InvalidIdToken
from chalicelib.domain.id_tokens import UnverifiedIdToken
from chalicelib.domain.providers import GOOGLE
from tests.fakes import START
from tests.google import CLIENTS, FixedKeys, GoogleKey, base64url, claims, key_set

KEY = GoogleKey()
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HEADER = b'{"alg":"RS256","kid":"key-1","typ":"JWT"}'
PAYLOAD = json.dumps(claims(START)).encode()


def assert_refused(token: str) -> None:
    verifier = IdTokenVerifier(
        provider=GOOGLE, keys=FixedKeys(key_set(START, KEY)), clients=CLIENTS, hosted_domain=None
    )
    with pytest.raises(InvalidIdToken) as refusal:
        verifier.verify(UnverifiedIdToken(token), START)
    assert refusal.value.args == ("invalid_id_token",)


def with_payload(change: Callable[[bytes], bytes]) -> str:
    return KEY.sign_bytes(HEADER, change(PAYLOAD))


def with_member(member: bytes) -> str:
    return with_payload(lambda payload: payload[:-1] + b", " + member + b"}")


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"1767326645.0", b"1.7e9"])
def test_an_expiry_that_is_not_a_finite_integer_is_refused(number: bytes) -> None:
    without = json.dumps(claims(START, exp=...)).encode()
    assert_refused(KEY.sign_bytes(HEADER, without[:-1] + b', "exp": ' + number + b"}"))


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False},
        {"jwk": {"kty": "RSA"}},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
        {"cty": "JWT"},
    ],
)
def test_a_header_that_leads_anywhere_or_demands_anything_is_refused(extra: dict[str, Any]) -> None:  # J5, J6
    assert_refused(KEY.sign(claims(START), extra))


@pytest.mark.parametrize(
    "typ", ["at+jwt", "secevent+jwt", "dpop+jwt", "logout+jwt", "jwt", "", None, 7, ["JWT"]]
)
def test_a_token_of_another_type_is_refused(typ: object) -> None:  # J4
    assert_refused(KEY.sign(claims(START), {"typ": typ}))


@pytest.mark.parametrize(
    "alg", ["none", "nOnE", "HS256", "RS384", "RS512", "PS256", "ES256", "", None, ["RS256"]]
)
def test_a_token_of_another_algorithm_is_refused(alg: object) -> None:  # J1, J2
    assert_refused(KEY.sign(claims(START), {"alg": alg}))


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused() -> None:  # J1
    header, payload, signature = KEY.sign(claims(START), {"alg": "HS256"}).split(".")
    assert_refused(f"{header}.{payload}.{signature[:43]}")


@pytest.mark.parametrize(
    "kid", [None, "", 7, ["key-1"], {"key-1": 1}, "k" * 129, "key 1", "../key-1", "key-1\x00"]
)
def test_a_kid_that_is_no_name_of_a_key_is_refused(kid: object) -> None:
    assert_refused(KEY.sign(claims(START), {"kid": kid}))


@pytest.mark.parametrize(
    "header", [b'{"alg":"RS256"}', b'{"kid":"key-1"}', b"{}", b"[]", b"null", b'"RS256"']
)
def test_a_header_without_algorithm_and_kid_is_refused(header: bytes) -> None:
    assert_refused(KEY.sign_bytes(header, PAYLOAD))


@pytest.mark.parametrize(
    "repeated", [b'"alg":"RS256"', b'"alg":"none"', b'"kid":"key-1"', b'"\\u0061lg":"RS256"']
)
def test_a_name_twice_in_the_header_is_refused(repeated: bytes) -> None:
    assert_refused(KEY.sign_bytes(HEADER[:-1] + b"," + repeated + b"}", PAYLOAD))


def test_a_name_twice_in_the_claims_is_refused() -> None:
    assert_refused(with_member(b'"sub": "somebody-else"'))
    assert_refused(with_member(b'"x": {"a": 1, "a": 2}'))


def test_each_other_spelling_of_the_signature_is_refused() -> None:
    token = KEY.sign(claims(START))
    place = ALPHABET.index(token[-1])
    spellings = [
        token[:-1] + letter for letter in ALPHABET[place + 1 : place + 16]
    ]  # 256 bytes: 4 spare bits
    assert parse_id_token(token).signature
    for spelling in [
        *spellings,
        token + "=",
        token + "==",
        token + "\n",
        " " + token,
        token + "A",
        token + ".",
    ]:
        assert_refused(spelling)


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("dirt", [" ", "\n", "=", "+", "/", "%", "\x00", "é", "\ud800"])
def test_a_foreign_character_in_a_segment_is_refused(index: int, dirt: str) -> None:
    parts = KEY.sign(claims(START)).split(".")
    parts[index] = parts[index][:8] + dirt + parts[index][8:]
    assert_refused(".".join(parts))


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a.b", "a.b.c.d", "e30..e30", ".e30.e30", "e30.e30."]
)
def test_anything_but_three_segments_is_refused(token: str) -> None:
    assert_refused(token)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"[]",
        b"7",
        b"null",
        b"{",
        b"{}x",
        b"{'a':1}",
        b'{"a":}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe",
        b'{"a":"\n"}',
    ],
)
def test_claims_that_are_no_json_object_are_refused(payload: bytes) -> None:
    assert_refused(KEY.sign_bytes(HEADER, payload))


@pytest.mark.parametrize(
    "nested", [b'{"a":' * 5 + b"1" + b"}" * 5, b"[" * 5 + b"]" * 5, b"[" * 2_500 + b"]" * 2_500]
)
def test_deep_nesting_is_refused(nested: bytes) -> None:  # F-28
    assert_refused(with_member(b'"x": ' + nested))


@pytest.mark.parametrize("text", [rb"\ud800", rb"\uDFFF", rb"a\udc00\ud800", rb"\ud83d"])
@pytest.mark.parametrize("name", [b"name", b"sub", b"unknown"])
def test_a_lone_surrogate_is_refused(text: bytes, name: bytes) -> None:  # F-28
    without = json.dumps(claims(START, name=..., sub=...)).encode()
    assert_refused(KEY.sign_bytes(HEADER, without[:-1] + b', "' + name + b'": "' + text + b'"}'))


def test_an_integer_of_any_length_is_refused() -> None:
    assert_refused(with_member(b'"x": ' + b"9" * 5_000))


def test_a_token_longer_than_the_limit_is_refused() -> None:
    assert_refused(with_member(b'"x": "' + b"x" * TOKEN_BYTES_MAX + b'"'))


@pytest.mark.parametrize("header", [HEADER, b'{"alg":"RS256","kid":"key-1"'])
def test_a_refusal_tells_nothing_of_the_token(header: bytes) -> None:
    token = UnverifiedIdToken(f"{base64url(header)}.{base64url(b'planted-secret')}.AA")
    with pytest.raises(InvalidIdToken) as refusal:
        parse_id_token(token)
    cause = refusal.value.__cause__
    assert cause is not None
    assert "planted" not in repr(vars(refusal.value)) + repr(vars(cause)) + str(cause)
    assert not hasattr(cause, "doc")

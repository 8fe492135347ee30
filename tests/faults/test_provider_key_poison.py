"""F-15: whatever comes in place of Google's keys, the good set stays."""

import json

import pytest

from chalicelib.clients.provider_keys import KEY_SET_BYTES_MAX
from chalicelib.domain.errors import DependencyUnavailable
from tests.fakes import START
from tests.google import GoogleKey, base64url, jwks, rsa_key
from tests.scripted_google import HOUR, World, answer

OLD, NEW = GoogleKey("key-1"), GoogleKey("key-2")


def changed(**members: object) -> bytes:
    """Return a set whose second key is unfit: None leaves a member out."""
    jwk = NEW.jwk() | members
    return json.dumps({"keys": [OLD.jwk(), {k: v for k, v in jwk.items() if v is not None}]}).encode()


def modulus(bits: int) -> str:
    return base64url(rsa_key("weak", bits).public_key().public_numbers().n.to_bytes(bits // 8, "big"))


POISON = {
    "HTML": answer(b"<html>sign in to the wifi</html>", content_type="text/html"),
    "HTML called JSON": answer(b"<html></html>"),
    "JSON called HTML": answer(jwks(NEW), content_type="text/html"),
    "5 MB": answer(b" " * 5_000_000 + jwks(NEW)),
    "a byte too many": answer(b" " * (KEY_SET_BYTES_MAX + 1 - len(jwks(NEW))) + jwks(NEW)),
    "redirect": answer(jwks(NEW), status=302, location="https://evil.example/"),
    "server error": answer(jwks(NEW), status=500),
    "no content": answer(b"", status=204),
    "nothing": answer(b""),
    "no keys": answer(b'{"keys":[]}'),
    "no set": answer(b"{}"),
    "keys no list": answer(b'{"keys":{"key-2":{}}}'),
    "a list": answer(b"[]"),
    "a key no object": answer(b'{"keys":["key-2"]}'),
    "certificates": answer(b'{"key-2":"-----BEGIN CERTIFICATE-----"}'),
    "duplicate name": answer(b'{"keys":[],' + jwks(NEW)[1:]),
    "deep": answer(b'{"keys":' + b"[" * 30_000 + b"]" * 30_000 + b"}"),
    "duplicate kid": answer(changed(kid="key-1")),
    "too many": answer(jwks(*[NEW] * 21)),
    "symmetric": answer(changed(kty="oct", k="AAAA", n=None, e=None, alg="HS256")),
    "private": answer(changed(d="AQAB")),
    "weak": answer(changed(n=modulus(1024))),
    "huge": answer(changed(n=base64url(b"\xff" * 1025))),
    "even": answer(changed(n=base64url(b"\xff" * 255 + b"\xfe"))),
    "exponent 3": answer(changed(e="Aw")),
    "exponent even": answer(changed(e=base64url((65538).to_bytes(3, "big")))),
    "exponent huge": answer(changed(e=base64url(b"\xff" * 9))),
    "no modulus": answer(changed(n=None)),
    "modulus no text": answer(changed(n=7)),
    "modulus no base64url": answer(changed(n="!!!!")),
    "modulus no ASCII": answer(changed(n="é")),
    "no kid": answer(changed(kid=None)),
    "kid no text": answer(changed(kid=7)),
    "kid with a blank": answer(changed(kid="key 2")),
}


@pytest.mark.parametrize("poison", POISON)
def test_a_poisoned_answer_leaves_the_good_set(poison: str) -> None:  # F-15, J3
    warm = World(answer(jwks(OLD)))
    assert warm.knows(OLD)
    warm.http.answer = POISON[poison]
    warm.clock.advance(6 * HOUR)
    assert warm.knows(OLD)
    with pytest.raises(DependencyUnavailable):
        warm.knows(NEW)
    assert warm.http.asked == 2


@pytest.mark.parametrize("poison", POISON)
def test_a_poisoned_answer_is_not_a_first_set_either(poison: str) -> None:  # F-13, F-15
    with pytest.raises(DependencyUnavailable):
        World(POISON[poison]).knows(NEW)


OF_NO_USE = {
    "elliptic": changed(kty="EC", crv="P-256", x="AA", y="AA", alg="ES256"),
    "other algorithm": changed(alg="RS512"),
    "for encryption": changed(use="enc"),
    "for wrapping": changed(key_ops=["wrapKey"]),
    "unknown": changed(kty="AKP", pub="AA", alg="ML-DSA-44"),
}


@pytest.mark.parametrize("key", OF_NO_USE)
def test_a_key_of_a_kind_that_we_do_not_use_stops_nobody(key: str) -> None:  # RFC 7517 s5
    world = World(answer(OF_NO_USE[key]))
    assert (world.knows(OLD), world.knows(NEW)) == (True, False)
    world.clock.advance(30 * HOUR)
    assert world.knows(OLD)


def test_members_that_say_nothing_of_fitness_are_left_out() -> None:
    body = json.dumps({"keys": [OLD.jwk() | {"x5t": "AAAA", "x5c": ["MIIB"]}], "note": "new"}).encode()
    world = World(answer(body))
    assert world.keys.current(START).keys["key-1"].jwk == OLD.jwk()


def test_a_key_set_without_use_and_algorithm_is_google_s_too() -> None:
    body = json.dumps({"keys": [{k: v for k, v in OLD.jwk().items() if k not in {"use", "alg"}}]}).encode()
    assert World(answer(body)).knows(OLD)

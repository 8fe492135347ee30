"""Proofs of a phone's key on the real service: the checks of RFC 9449 s4.3 by number, D1 to D13."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.routes.problems import FORWARDED_CHALLENGE
from tests.proofs import PhoneKey, base64url
from tests.world import Phone, Reply, World

ALGS = 'algs="ES256 EdDSA"'
KINDS = pytest.mark.parametrize("key", [PhoneKey, PhoneKey.ed25519], ids=["ES256", "EdDSA"])
Forge = Callable[[PhoneKey, dict[str, Any]], str]


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person(key=PhoneKey())
    assert phone.sign_in().status == 200
    return phone


def key_of(phone: Phone) -> PhoneKey:
    assert phone.key is not None
    return phone.key


def asked(phone: Phone, proof: str | None, path: str = "/sessions") -> Reply:
    """Ask with the phone's access token under the DPoP scheme, and with this proof."""
    headers = {"authorization": f"DPoP {phone.access_token}"} | ({} if proof is None else {"dpop": proof})
    return phone.world.call("GET", path, headers=headers)


def refused(reply: Reply, code: str = "invalid_dpop_proof") -> bool:
    """Tell whether it was refused as this, in the challenge of s7.1, with the session left alone."""
    assert (reply.status, reply.body["action"]) == (401, "retry")
    assert reply.headers[FORWARDED_CHALLENGE] == f'DPoP error="{reply.code}", {ALGS}'
    return reply.code == code


def proof(phone: Phone, method: str = "GET", path: str = "/sessions", **changes: object) -> str:
    return key_of(phone).proof(method, path, phone.world.clock.now(), phone.access_token, **changes)


@KINDS
def test_a_phone_with_a_key_gets_a_session_that_is_bound_to_it(
    world: World, key: Callable[[], PhoneKey]
) -> None:
    phone = world.person(key=key())
    assert phone.sign_in().body["token_type"] == "DPoP"
    statuses = [phone.refresh().status, phone.get("/sessions").status, phone.get("/account").status]
    assert statuses == [200, 200, 200]
    assert phone.answer["token_type"] == "DPoP"
    assert world.rows("SELECT jkt FROM sessions") == [(key_of(phone).jkt,)]
    assert [one["bound"] for one in phone.get("/sessions").body["sessions"]] == [True]


def test_a_phone_without_a_key_is_a_bearer_as_ever(world: World) -> None:
    phone = world.person()
    assert phone.sign_in().body["token_type"] == phone.refresh().body["token_type"] == "Bearer"
    assert [one["bound"] for one in phone.get("/sessions").body["sessions"]] == [False]


def test_d1_there_is_one_proof_header(world: World, ana: Phone) -> None:
    one, other = proof(ana), proof(ana)
    assert refused(asked(ana, f"{one}, {other}"))
    event = world._event("GET", "/sessions", None, {"authorization": f"DPoP {ana.access_token}"})
    for several in ({"DPoP": [one, other]}, {"DPoP": [one], "dpop": [other]}):
        told = event | {"multiValueHeaders": event["multiValueHeaders"] | several}
        assert world.app(told, None)["statusCode"] == 401
    assert refused(asked(ana, None))  # none is none


ODD: tuple[object, ...] = (
    None,
    True,
    1.5,
    18446744073709551615,
    "text",
    [[[[[None]]]]],
    {"a": {"b": {"c": {"d": {}}}}},
)


@pytest.mark.parametrize("value", ODD)
def test_what_is_not_known_in_a_proof_is_ignored(ana: Phone, value: object) -> None:  # RFC 9449 s4.2
    key = key_of(ana)
    claims = key.claims("GET", "/sessions", ana.world.clock.now(), ana.access_token)
    header = {"kid": value, "x5t": value, "unknown": value, "jwk": key.jwk | {"x5c": value, "ext": value}}
    assert asked(ana, key.sign(claims | {"unknown": value}, header)).status == 200


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.999])
def test_the_moment_of_a_proof_may_have_a_fraction(ana: Phone, fraction: float) -> None:  # RFC 7519 s2
    iat = int(ana.world.clock.now().timestamp()) + fraction
    assert asked(ana, proof(ana, iat=iat)).status == 200


@pytest.mark.parametrize("iat", [float("nan"), float("inf"), 1e300, -1, True, "0", None])
def test_a_moment_that_is_none_is_refused(ana: Phone, iat: object) -> None:
    assert refused(asked(ana, proof(ana, iat=iat)))


def without(name: str) -> Forge:
    return lambda key, claims: key.sign({kept: claims[kept] for kept in claims if kept != name})


MALFORMED: dict[str, Forge] = {
    "nothing (D2)": lambda k, c: "",
    "text (D2)": lambda k, c: "proof",
    "two segments (D2)": lambda k, c: k.sign(c).rpartition(".")[0],
    "a fourth segment (D2)": lambda k, c: k.sign(c) + ".e30",
    "padding (D2)": lambda k, c: k.sign(c) + "=",
    "a name twice (D2)": lambda k, c: k.sign_bytes(
        b'{"typ":"dpop+jwt","typ":"dpop+jwt","alg":"ES256"}', b"{}"
    ),
    "too long (D2)": lambda k, c: k.sign(c | {"more": "x" * 2048}),
    "a list for claims (D2)": lambda k, c: k.sign_bytes(b"{}", b"[]"),
    **{f"no {name} (D3)": without(name) for name in ("jti", "htm", "htu", "iat")},
    "a jti that can be guessed (D3)": lambda k, c: k.sign(c | {"jti": "1"}),
    "an endless jti (D3)": lambda k, c: k.sign(c | {"jti": "j" * 129}),
    "a jti that is a number (D3)": lambda k, c: k.sign(c | {"jti": 10**15}),
    "an iat in text (D3)": lambda k, c: k.sign(c | {"iat": str(c["iat"])}),
    "an iat of true (D3)": lambda k, c: k.sign(c | {"iat": True}),
    "an iat that is endless (D3)": lambda k, c: k.sign(c | {"iat": float("inf")}),
    "an iat beyond all years (D3)": lambda k, c: k.sign(c | {"iat": 10**15}),
    "the typ of a JWT (D4)": lambda k, c: k.sign(c, {"typ": "JWT"}),
    "the typ of an access token (D4)": lambda k, c: k.sign(c, {"typ": "at+jwt"}),
    "no typ (D4)": lambda k, c: k.sign(c, {"typ": ...}),
    "no algorithm (D5)": lambda k, c: k.sign(c, {"alg": "none"}),
    "HMAC (D5)": lambda k, c: k.sign(c, {"alg": "HS256"}),
    "RSA (D5)": lambda k, c: k.sign(c, {"alg": "RS256"}),
    "another curve's algorithm (D5)": lambda k, c: k.sign(c, {"alg": "ES384"}),
    "the other algorithm (D5)": lambda k, c: k.sign(c, {"alg": "EdDSA"}),
    "an algorithm that is a list (D5)": lambda k, c: k.sign(c, {"alg": ["ES256"]}),
    "another key's signature (D6)": lambda k, c: PhoneKey().sign(c, {"jwk": k.jwk}),
    "no signature (D6)": lambda k, c: k.sign(c).rpartition(".")[0] + ".",
    "a signature of zeros (D6)": lambda k, c: f"{k.sign(c).rpartition('.')[0]}.{base64url(bytes(64))}",
    "a private part (D7)": lambda k, c: k.sign(c, {"jwk": k.jwk | {"d": base64url(bytes(32))}}),
    "a symmetric key (D7)": lambda k, c: k.sign(c, {"jwk": {"kty": "oct", "k": "AA"}}),
    "another method (D8)": lambda k, c: k.sign(c | {"htm": "POST"}),
    "the method in small letters (D8)": lambda k, c: k.sign(c | {"htm": "get"}),
    "another path (D9)": lambda k, c: k.sign(c | {"htu": "https://auth.test/account"}),
    "another host (D9)": lambda k, c: k.sign(c | {"htu": "https://evil.example/sessions"}),
    "plain http (D9)": lambda k, c: k.sign(c | {"htu": "http://auth.test/sessions"}),
    "another port (D9)": lambda k, c: k.sign(c | {"htu": "https://auth.test:8443/sessions"}),
    "a path alone (D9)": lambda k, c: k.sign(c | {"htu": "/sessions"}),
    "no ath (D12)": without("ath"),
    "the ath of another token (D12)": lambda k, c: k.sign(c | {"ath": base64url(bytes(32))}),
}


@pytest.mark.parametrize("forge", MALFORMED.values(), ids=MALFORMED.keys())
def test_d2_to_d12_what_fails_a_check_is_refused_and_harms_nobody(
    world: World, ana: Phone, forge: Forge
) -> None:
    key, now = key_of(ana), world.clock.now()
    assert asked(ana, key.sign(key.claims("GET", "/sessions", now, ana.access_token))).status == 200
    before = world.rows("SELECT count(*) FROM dpop_proofs")
    assert refused(asked(ana, forge(key, key.claims("GET", "/sessions", now, ana.access_token))))
    assert world.rows("SELECT count(*) FROM dpop_proofs") == before  # nobody fills a table with them
    assert ana.refresh().status == 200


@pytest.mark.parametrize(
    "htu",
    [
        "https://auth.test/sessions?all=1#top",
        "HTTPS://AUTH.TEST/sessions",
        "https://auth.test:443/sessions",
        "https://auth.test/%73essions",
        "https://auth.test/./account/../sessions",
    ],
)
def test_d9_the_url_is_compared_as_urls_are_and_without_its_query(ana: Phone, htu: str) -> None:
    assert asked(ana, proof(ana, htu=htu), "/sessions?all=1").status == 200


@pytest.mark.parametrize(
    ("domain", "path"),
    [
        ("abc123.execute-api.eu-west-1.amazonaws.com", "/v1/sessions"),  # the stage is a part of it
        ("api.example.com", "/auth/sessions"),  # a base path mapping
        ("api.example.com", "/sessions"),
    ],
)
def test_d9_the_url_is_the_one_the_phone_called_behind_the_gateway(
    world: World, ana: Phone, domain: str, path: str
) -> None:
    def ask(htu: str, **headers: str) -> int:
        told = {"authorization": f"DPoP {ana.access_token}", "dpop": proof(ana, htu=htu), **headers}
        event = world._event("GET", "/sessions", None, told)
        event["requestContext"] |= {"domainName": domain, "path": path}
        status: int = world.app(event, None)["statusCode"]
        return status

    assert ask(f"https://{domain}{path}") == 200
    assert ask("https://evil.example/sessions", host="evil.example") == 401  # the Host header says nothing
    assert ask("https://auth.test/sessions") == 401


@pytest.mark.parametrize("minutes", [-5, 5])
def test_d11_a_clock_that_is_minutes_off_dates_a_proof(world: World, ana: Phone, minutes: int) -> None:
    off = int((world.clock.now() + timedelta(minutes=minutes)).timestamp())
    assert asked(ana, proof(ana, iat=off)).status == 200


@pytest.mark.parametrize("off", [timedelta(minutes=-5, seconds=-1), timedelta(minutes=5, seconds=1)])
def test_d11_a_clock_that_is_further_off_is_handed_a_nonce_that_dates_it(
    world: World, ana: Phone, off: timedelta
) -> None:
    iat = int((world.clock.now() + off).timestamp())
    reply = asked(ana, proof(ana, iat=iat))
    assert refused(reply, "use_dpop_nonce")  # D16
    nonce = reply.headers["DPoP-Nonce"]
    answer = asked(ana, proof(ana, iat=iat, nonce=nonce))
    assert (answer.status, "DPoP-Nonce" in answer.headers) == (200, True)  # the next one comes along: s8.2


def test_d10_a_nonce_that_is_old_or_not_ours_makes_way_for_a_fresh_one(world: World, ana: Phone) -> None:
    yesterday = int((world.clock.now() - timedelta(days=1)).timestamp())
    old = asked(ana, proof(ana, iat=yesterday)).headers["DPoP-Nonce"]
    assert asked(ana, proof(ana, nonce=old)).status == 200
    world.clock.advance(timedelta(minutes=6))
    for nonce in (old, "A" * 28, old[:-1], old + "A", "ü", "~"):
        reply = asked(ana, proof(ana, nonce=nonce))
        assert reply.code == ("invalid_dpop_proof" if nonce == "ü" else "use_dpop_nonce")
    assert asked(ana, proof(ana, nonce=asked(ana, proof(ana, nonce=old)).headers["DPoP-Nonce"])).status == 200


def test_d13_a_proof_opens_one_request(world: World, ana: Phone) -> None:
    once = proof(ana)
    assert asked(ana, once).status == 200
    assert refused(asked(ana, once))
    world.services = world.container()
    assert refused(asked(ana, once))  # every container knows
    again = proof(ana, jti=str(uuid4()))
    assert asked(ana, again).status == 200


def test_d13_a_second_signature_or_spelling_of_a_used_proof_is_no_second_proof(ana: Phone) -> None:
    key = key_of(ana)
    claims = key.claims("GET", "/sessions", ana.world.clock.now(), ana.access_token)
    assert asked(ana, key.sign(claims)).status == 200
    assert refused(asked(ana, key.sign(claims)))
    assert refused(asked(ana, key.sign({"more": 1, **claims})))


def test_d13_two_phones_may_use_one_jti(world: World, ana: Phone) -> None:
    ben = world.person("ben@example.com", "Ben Okafor", "device-2", key=PhoneKey())
    ben.sign_in()
    jti = str(uuid4())
    assert asked(ana, proof(ana, jti=jti)).status == asked(ben, proof(ben, jti=jti)).status == 200


def test_d13_what_is_remembered_outlives_the_proof(world: World, ana: Phone) -> None:
    ahead = int((world.clock.now() + timedelta(minutes=5)).timestamp())
    late = proof(ana, iat=ahead)
    assert asked(ana, late).status == 200
    world.clock.advance(timedelta(minutes=10))
    assert refused(asked(ana, late))  # still in its window
    world.clock.advance(timedelta(seconds=1))
    assert refused(asked(ana, late), "use_dpop_nonce")
    ((until,),) = world.rows("SELECT max(expires_at) FROM dpop_proofs")
    assert until >= world.clock.now() - timedelta(seconds=1)

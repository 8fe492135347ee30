"""Every bearer route, whichever there are: what it refuses. A route that forgets a check fails here."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.routes.all import ROUTES
from chalicelib.routes.problems import FORWARDED_CHALLENGE
from chalicelib.routes.route import Admission, Route
from chalicelib.services.ports import Act
from tests.world import Phone, Reply, World

BEARER_ROUTES = [route for route in ROUTES if route.access.admission is Admission.bearer]
PUBLIC_KEY = {  # RFC 7515 A.3.1
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
SIGNED = {"challenge": "e30.e30", "signature": "MAA"}
BODIES: dict[str, dict[str, object]] = {  # a body that the route accepts, by operation id
    "change_account": {"display_name": "Ana"},
    "link_identity": {"provider": "apple", "id_token": "x", "nonce": "x"},
    "erase_account": {"confirm": True},
    "answer_consents": {"consents": [{"document": "ai_processing", "version": "1.0", "granted": True}]},
    "register_biometric_key": {"public_key": PUBLIC_KEY},
    "complete_biometric_registration": {"public_key": PUBLIC_KEY, **SIGNED},
    "verify_presence": {"registration_id": str(uuid4()), **SIGNED, "refresh_token": "token"},
}
NAMES = {"{document}": "ai_processing"}  # what a path names, where it isn't an id
every_bearer_route = pytest.mark.parametrize("route", BEARER_ROUTES, ids=lambda route: route.operation_id)
ACT = Act(request_id="test", locale="en")


def path_of(route: Route[Any]) -> str:
    """Return a path of a route, with ids of nothing."""
    return "/".join(
        NAMES.get(part, str(uuid4())) if part.startswith("{") else part for part in route.path.split("/")
    )


def ask(
    world: World, route: Route[Any], token: str | None = None, *, path: str | None = None, **headers: str
) -> Reply:
    body = BODIES[route.operation_id] if route.body is not None and not route.body_optional else None
    return world.call(route.method, path or path_of(route), body, token=token, headers=headers)


class Forger:
    """Signs what the service would never sign, with the service's own key."""

    def __init__(self, world: World, phone: Phone) -> None:
        self.key = next(iter(world.services.access._keyring.keys().token_keys.values()))
        self.genuine = phone.access_token
        self.claims = jwt.decode(self.genuine, options={"verify_signature": False})
        self.header = jwt.get_unverified_header(self.genuine)
        self.now = int(world.clock.now().timestamp())

    def token(self, **claims: object) -> str:
        """Return a token with other claims; `...` leaves one out."""
        kept = {name: value for name, value in (self.claims | claims).items() if value is not ...}
        return self.signed(kept)

    def signed(self, claims: dict[str, Any], **header: object) -> str:
        """Return a token with a header of which `...` leaves a field out."""
        fields = {name: value for name, value in (self.header | header).items() if value is not ...}
        head, payload = (_base64url(json.dumps(part).encode()) for part in (fields, claims))
        return self.sign(f"{head}.{payload}")

    def sign(self, text: str) -> str:
        """Return a text with the genuine key's signature."""
        signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256)
        return f"{text}.{_base64url(signature.sign(text.encode(), self.key.private))}"

    def headed(self, **header: object) -> str:
        """Return the genuine claims under another header."""
        return self.signed(self.claims, **header)

    def by(self, key: Any, algorithm: str) -> str:  # noqa: ANN401 - any key of PyJWT's
        """Return the genuine claims signed by another key."""
        return jwt.encode(
            self.claims, key, algorithm=algorithm, headers={"kid": self.key.kid, "typ": "at+jwt"}
        )

    def public_pem(self) -> str:
        """Return the public key, as an attacker would use it for a secret."""
        pem: bytes = self.key.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem.decode()


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _hs256_of_public_key(forger: Forger) -> str:
    head = _base64url(json.dumps(forger.header | {"alg": "HS256"}).encode())
    text = f"{head}.{_base64url(json.dumps(forger.claims).encode())}"
    return f"{text}.{_base64url(hmac.digest(forger.public_pem().encode(), text.encode(), sha256))}"


def _twice(forger: Forger) -> str:
    payload = json.dumps(forger.claims)[:-1] + ', "sub": "' + str(uuid4()) + '"}'
    return forger.sign(f"{_base64url(json.dumps(forger.header).encode())}.{_base64url(payload.encode())}")


FORGERIES: dict[str, Callable[[Forger], str]] = {
    "another key under our kid (J1)": lambda f: f.by(ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "an RSA key under our kid (J1)": lambda f: f.by(rsa.generate_private_key(65537, 2048), "RS256"),
    "no algorithm (J2)": lambda f: f.headed(alg="none").rpartition(".")[0] + ".",
    "HMAC with the public key as its secret (J1)": _hs256_of_public_key,
    "the algorithm of another curve (J1)": lambda f: f.headed(alg="ES384"),
    "an ID token's typ (J4)": lambda f: f.headed(typ="JWT"),
    "no typ (J4)": lambda f: f.headed(typ=...),
    "a security event's typ (J4)": lambda f: f.headed(typ="secevent+jwt"),
    "an unknown kid (J5)": lambda f: f.headed(kid="unknown"),
    "no kid (J5)": lambda f: f.headed(kid=...),
    "a kid that is a path (J5)": lambda f: f.headed(kid="../../etc/passwd"),
    "a jku (J5)": lambda f: f.headed(jku="https://evil.example/jwks.json"),
    "a jwk (J5)": lambda f: f.headed(jwk={"kty": "oct", "k": "AA"}),
    "an unknown crit (J6)": lambda f: f.headed(crit=["exp"]),
    "a name twice (J6)": _twice,
    "padded base64 (J6)": lambda f: f.genuine + "=",
    "another issuer": lambda f: f.token(iss="https://accounts.google.com"),
    "another audience": lambda f: f.token(aud="other-api"),
    "an audience among others": lambda f: f.token(aud=[f.claims["aud"], "other-api"]),
    "no expiry (J7)": lambda f: f.token(exp=...),
    "an infinite expiry (J7)": lambda f: f.token(exp=float("inf")),
    "an expiry in text (J7)": lambda f: f.token(exp=str(f.claims["exp"])),
    "no subject (J7)": lambda f: f.token(sub=...),
    "a subject that is no user": lambda f: f.token(sub="ana@example.com"),
    "no session": lambda f: f.token(sid=...),
    "no client (J7)": lambda f: f.token(client_id=...),
    "no id of its own (J7)": lambda f: f.token(jti=...),
    "a time of issue to come": lambda f: f.token(iat=f.now + 3600),
    "a flipped signature": lambda f: f.genuine[:-2] + ("A" if f.genuine[-2] != "A" else "B") + f.genuine[-1],
    "no signature": lambda f: f.genuine.rpartition(".")[0] + ".",
    "a fourth segment": lambda f: f.genuine + ".e30",
    "four thousand dots": lambda f: "." * 4000,
}


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def let_in(it: Reply, route: Route[Any]) -> bool:
    """Tell whether the bearer passed, though a made-up id or proof may not have."""
    return it.status in {route.status, 400, 404} or it.code in {"challenge_invalid", "refresh_token_invalid"}


@every_bearer_route
def test_a_bearer_route_answers_its_person_and_asks_others_to_sign_in(
    world: World, ana: Phone, route: Route[Any]
) -> None:
    assert let_in(ask(world, route, ana.access_token), route)
    reply = ask(world, route)
    assert (reply.status, reply.code) == (401, "missing_token")
    assert reply.headers[FORWARDED_CHALLENGE] == "Bearer"  # no error without credentials: RFC 6750 s3.1


@every_bearer_route
def test_a_bearer_route_refuses_every_forgery(world: World, ana: Phone, route: Route[Any]) -> None:
    forger = Forger(world, ana)
    assert let_in(ask(world, route, forger.token()), route)  # the forger knows the trade
    answers = {name: ask(world, route, forge(forger)) for name, forge in FORGERIES.items()}
    told = {name: (reply.code, reply.headers[FORWARDED_CHALLENGE]) for name, reply in answers.items()}
    assert told == dict.fromkeys(FORGERIES, ("invalid_token", 'Bearer error="invalid_token"'))


@every_bearer_route
def test_a_bearer_route_takes_no_other_kind_of_token(world: World, ana: Phone, route: Route[Any]) -> None:
    for token in (ana.id_token(), ana.refresh_token, "a"):  # J4
        assert ask(world, route, token).code == "invalid_token"
    assert ask(world, route, authorization="Bearer a b").code == "invalid_token"
    assert ask(world, route, authorization="Basic YTpi").code == "missing_token"


@every_bearer_route
def test_blanks_around_the_credentials_are_no_part_of_them(
    world: World, ana: Phone, route: Route[Any]
) -> None:
    for spelled in (f"Bearer {ana.access_token} ", f" bearer   {ana.access_token}\t "):  # RFC 9110 s5.5
        assert let_in(ask(world, route, authorization=spelled), route)


@every_bearer_route
def test_a_bearer_route_says_that_a_token_has_expired(world: World, ana: Phone, route: Route[Any]) -> None:
    world.clock.advance(timedelta(minutes=15) - timedelta(seconds=1))
    assert ask(world, route, ana.access_token).code != "token_expired"
    world.clock.advance(timedelta(seconds=1))
    reply = ask(world, route, ana.access_token)
    assert (reply.status, reply.code, reply.body["action"]) == (401, "token_expired", "refresh")
    assert reply.headers[FORWARDED_CHALLENGE] == 'Bearer error="invalid_token"'


@every_bearer_route
def test_a_bearer_route_wants_its_own_scope(world: World, ana: Phone, route: Route[Any]) -> None:
    reply = ask(world, route, Forger(world, ana).token(scope="app"))
    assert (reply.status, reply.code) == (403, "insufficient_scope")
    assert reply.headers[FORWARDED_CHALLENGE].endswith(f'scope="{route.access.scope}"')  # RFC 6750 s3.1


def _logged_out(world: World, ana: Phone) -> None:
    ana.logout()


def _idle_too_long(world: World, ana: Phone) -> None:
    world.execute("UPDATE sessions SET idle_expires_at = %s", world.clock.now())  # S2, O4


def _session_row_gone(world: World, ana: Phone) -> None:
    world.execute("DELETE FROM used_id_tokens")
    world.execute("DELETE FROM sessions")


def _erased(world: World, ana: Phone) -> None:
    world.execute("UPDATE users SET status = 'erased', profile = NULL")


def _replaced(world: World, ana: Phone) -> None:
    world.person().sign_in()


def _suspended(world: World, ana: Phone) -> None:
    world.suspend(ana.user_id)  # S6


def _suspended_by_a_row_alone(world: World, ana: Phone) -> None:
    world.execute("UPDATE users SET status = 'suspended'")


@every_bearer_route
@pytest.mark.parametrize(
    "end", [_logged_out, _idle_too_long, _session_row_gone, _erased, _replaced], ids=lambda end: end.__name__
)
def test_a_bearer_route_refuses_at_once_a_session_that_is_no_more(
    world: World, ana: Phone, route: Route[Any], end: Callable[[World, Phone], None]
) -> None:
    end(world, ana)
    reply = ask(world, route, ana.access_token)
    assert (reply.status, reply.code) == (401, "session_revoked")  # F-23
    assert reply.headers[FORWARDED_CHALLENGE] == 'Bearer error="invalid_token"'


@every_bearer_route
@pytest.mark.parametrize("suspend", [_suspended, _suspended_by_a_row_alone], ids=lambda do: do.__name__)
def test_a_bearer_route_refuses_at_once_a_suspended_person(
    world: World, ana: Phone, route: Route[Any], suspend: Callable[[World, Phone], None]
) -> None:
    suspend(world, ana)
    reply = ask(world, route, ana.access_token)
    assert (reply.status, reply.code) == (403, "account_suspended")  # F-23

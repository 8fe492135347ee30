"""Bound sessions: what a thief of tokens can't do without the key, and what the phone with it still can."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest

from chalicelib.domain.dpop import Target
from chalicelib.domain.dpop_nonces import NonceDemand
from chalicelib.domain.errors import InvalidDpopProof
from chalicelib.routes.problems import FORWARDED_CHALLENGE
from chalicelib.routes.route import Route
from chalicelib.stores.database import connect
from chalicelib.stores.sessions import SessionStore
from tests.http.test_bearer import BEARER_ROUTES, ask, path_of
from tests.proofs import PhoneKey
from tests.races import at_once
from tests.world import Phone, Reply, World

BOUND_CHALLENGE = 'DPoP error="invalid_token", algs="ES256 EdDSA"'
every_bearer_route = pytest.mark.parametrize("route", BEARER_ROUTES, ids=lambda route: route.operation_id)


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person(key=PhoneKey())
    assert phone.sign_in().status == 200
    return phone


def thief_of(phone: Phone, key: PhoneKey | None) -> Phone:
    """Return somebody who has all that the phone was ever answered, and no key or their own."""
    return replace(phone, key=key)


def refresh(phone: Phone, token: str, proof: str | None) -> Reply:
    headers = {} if proof is None else {"dpop": proof}
    return phone.world.call("POST", "/auth/refresh", {"refresh_token": token}, headers=headers)


def bindings(world: World) -> list[tuple[Any, ...]]:
    return world.rows("SELECT jkt, ended_at FROM sessions ORDER BY created_at")


THIEVES = pytest.mark.parametrize(
    ("key", "code"),
    [(lambda: None, "invalid_dpop_proof"), (PhoneKey, "refresh_token_invalid")],
    ids=["no key", "a key of their own"],
)


@THIEVES
@pytest.mark.parametrize("age", ["newest", "predecessor", "grandparent", "late"])
def test_d14_a_stolen_refresh_token_is_useless_and_ends_nothing(
    world: World, ana: Phone, key: Callable[[], PhoneKey | None], code: str, age: str
) -> None:
    stolen = ana.refresh_token
    for _ in range({"newest": 0, "predecessor": 1, "grandparent": 2, "late": 1}[age]):
        ana.refresh()
    world.clock.advance(timedelta(minutes=1) if age == "late" else timedelta(0))
    before = world.stored()
    assert thief_of(ana, key()).refresh(stolen).code == code
    assert world.stored() == before  # no act, no record, nothing remembered
    assert ana.refresh().status == 200


def test_d14_with_its_key_a_grandparent_is_a_reuse_as_ever(ana: Phone) -> None:
    first = ana.refresh_token
    ana.refresh()
    assert ana.refresh(first).status == 200  # a lost answer
    ana.refresh()
    assert ana.refresh(first).code == "refresh_token_reused"
    assert ana.refresh().code == "session_revoked"


def test_d14_a_captured_refresh_sent_again_ends_nothing(world: World, ana: Phone) -> None:
    """Replay a whole request, proof and all, when its token is long a grandparent."""
    first = ana.refresh_token
    assert ana.key is not None
    proof = ana.key.proof("POST", "/auth/refresh", world.clock.now())
    assert refresh(ana, first, proof).status == 200
    reply = refresh(ana, first, proof)  # an HTTP library that resends, too
    assert (reply.code, reply.body["action"]) == ("invalid_dpop_proof", "retry")
    assert ana.refresh(first).status == 200
    ana.refresh()
    assert refresh(ana, first, proof).code == "invalid_dpop_proof"
    assert ana.refresh().status == 200


def test_a_bound_session_keeps_its_binding_and_an_unbound_one_gains_none(world: World, ana: Phone) -> None:
    jkt = ana.key and ana.key.jkt
    handle, generation, _, mac = ana.refresh_token.split(".")
    assert refresh(ana, f"{handle}.{generation}.{mac}", None).code == "refresh_token_invalid"
    ana.refresh()
    assert bindings(world) == [(jkt, None)]
    ben = world.person("ben@example.com", "Ben Okafor", "device-2")
    ben.sign_in()
    assert replace(ben, key=PhoneKey()).refresh().body["token_type"] == "Bearer"
    assert bindings(world)[1] == (None, None)
    handle, generation, mac = ben.refresh_token.split(".")
    assert refresh(ben, f"{handle}.{generation}.{jkt}.{mac}", None).code == "refresh_token_invalid"


def test_the_rotation_itself_wants_the_sessions_key(world: World, ana: Phone) -> None:
    """Whatever a token says: a row that is bound otherwise is neither rotated nor ended."""
    world.execute("UPDATE sessions SET jkt = %s", PhoneKey().jkt)
    assert ana.refresh().code == "refresh_token_invalid"
    assert world.rows("SELECT generation, ended_at FROM sessions") == [(0, None)]


@every_bearer_route
def test_d15_a_bound_token_as_a_bearer_is_refused(world: World, ana: Phone, route: Route[Any]) -> None:
    assert ana.key is not None
    reply = ask(world, route, ana.access_token)
    assert (reply.status, reply.code) == (401, "invalid_token")
    assert reply.headers[FORWARDED_CHALLENGE] == BOUND_CHALLENGE
    for headers in ({}, PhoneKey().headers("GET", "/elsewhere", world.clock.now(), ana.access_token)):
        told = {"authorization": f"DPoP {ana.access_token}", **headers}
        assert ask(world, route, **told).code == "invalid_dpop_proof"  # none, or one for another route
    assert ana.get("/sessions").status == 200


def test_d12_a_proof_of_another_key_opens_nothing_and_signing_in_is_what_helps(ana: Phone) -> None:
    reply = thief_of(ana, PhoneKey()).get("/sessions")
    assert (reply.status, reply.code, reply.body["action"]) == (401, "invalid_token", "refresh")
    assert reply.headers[FORWARDED_CHALLENGE] == BOUND_CHALLENGE  # RFC 9449 s7.1


@every_bearer_route
def test_an_unbound_token_is_no_dpop_token(world: World, route: Route[Any]) -> None:
    ben = world.person()
    ben.sign_in()
    for token_proof in ({}, {"dpop": PhoneKey().proof("GET", "/sessions", world.clock.now())}):
        reply = ask(world, route, authorization=f"DPoP {ben.access_token}", **token_proof)
        assert (reply.status, reply.code) == (401, "invalid_token")
        assert reply.headers[FORWARDED_CHALLENGE] == BOUND_CHALLENGE


def test_an_access_token_says_whose_key_it_wants(ana: Phone) -> None:
    claims = jwt.decode(ana.access_token, options={"verify_signature": False})
    assert ana.key is not None
    assert claims["cnf"] == {"jkt": ana.key.jkt}  # RFC 9449 s6.1


def test_a_token_of_a_consent_answer_is_bound_too(world: World, ana: Phone) -> None:
    body = {"consents": [{"document": "ai_processing", "version": "1.0", "granted": True}]}
    answer = ana.call("POST", "/consents", body, token=ana.access_token).body
    assert answer["token_type"] == "DPoP"
    assert "cnf" in jwt.decode(answer["access_token"], options={"verify_signature": False})


@pytest.mark.parametrize("other", [None, PhoneKey()], ids=["no key", "another key"])
def test_the_exact_retry_of_a_sign_in_has_the_same_key(ana: Phone, other: PhoneKey | None) -> None:
    token = ana.id_token()
    first = ana.sign_in(token).body["session"]["id"]
    assert thief_of(ana, other).sign_in(token).code == "id_token_used"
    assert ana.sign_in(token).body["session"]["id"] == first


def test_a_sign_in_that_is_resent_byte_by_byte_works_with_a_new_proof(world: World, ana: Phone) -> None:
    body = ana.sign_in_body()
    assert ana.key is not None
    headers = ana.key.headers("POST", "/auth/google", world.clock.now())
    assert world.call("POST", "/auth/google", body, headers=headers).status == 200
    assert world.call("POST", "/auth/google", body, headers=headers).code == "invalid_dpop_proof"
    assert ana.call("POST", "/auth/google", body).status == 200


def test_a_sign_in_with_a_proof_that_is_wrong_makes_no_unbound_session(world: World) -> None:
    phone, stored = world.person(), world.stored()
    wrong = PhoneKey().proof("POST", "/auth/refresh", world.clock.now())
    reply = world.call("POST", "/auth/google", phone.sign_in_body(), headers={"dpop": wrong})
    assert (reply.status, reply.code) == (401, "invalid_dpop_proof")
    assert world.stored() == stored


def test_logging_out_wants_the_key_and_says_so_where_it_could_help(world: World, ana: Phone) -> None:
    def leave(phone: Phone, **body: object) -> Reply:
        return phone.call("POST", "/auth/logout", {"refresh_token": phone.refresh_token, **body})

    assert leave(thief_of(ana, None)).code == "invalid_dpop_proof"  # 204 would be a lie
    assert leave(thief_of(ana, PhoneKey()), all_devices=True).status == 204  # nobody's, to this key
    assert world.call("POST", "/auth/logout", token=ana.access_token).code == "invalid_token"
    assert thief_of(ana, PhoneKey()).logout().code == "invalid_token"
    assert ana.refresh().status == 200
    world.clock.advance(timedelta(days=1))
    assert leave(ana).status == ana.logout().status == 204
    assert ana.refresh().code == "session_revoked"


def test_d16_where_nonces_are_required_each_answer_brings_the_next(world: World) -> None:
    world.settings = replace(world.settings, dpop_nonce=NonceDemand.REQUIRED)
    world.services = world.container()
    phone = world.person(key=PhoneKey())
    reply = phone.sign_in()
    assert (reply.status, reply.code, reply.body["action"]) == (401, "use_dpop_nonce", "retry")
    assert reply.headers[FORWARDED_CHALLENGE] == 'DPoP error="use_dpop_nonce", algs="ES256 EdDSA"'
    assert phone.key is not None
    for _ in range(3):
        now, nonce = world.clock.now(), reply.headers["DPoP-Nonce"]
        headers = phone.key.headers("POST", "/auth/google", now, nonce=nonce, iat=0)
        reply = world.call("POST", "/auth/google", phone.sign_in_body(), headers=headers)
        assert reply.status == 200
        world.clock.advance(timedelta(minutes=4))
    assert world.person("ben@example.com").sign_in().status == 200  # bearers need none


@every_bearer_route
def test_a_proof_opens_one_request_of_any_route(world: World, ana: Phone, route: Route[Any]) -> None:
    assert ana.key is not None
    path = path_of(route)
    headers = ana.key.headers(route.method, path, world.clock.now(), ana.access_token)
    replies = [ask(world, route, path=path, **headers) for _ in range(2)]
    assert replies[1].code == "invalid_dpop_proof"


def test_of_one_proof_seen_by_many_containers_at_once_one_wins(world: World, ana: Phone) -> None:
    assert ana.key is not None
    headers = ana.key.headers("GET", "/sessions", world.clock.now(), ana.access_token)
    proof = world.services.proofs.read([headers["dpop"]], Target(method="GET", place="auth.test/sessions"))
    assert proof is not None
    stores = [SessionStore(connect(world.settings.database_url, 1, now=world.clock.now)) for _ in range(8)]

    def uses(store: SessionStore) -> bool:
        try:
            store.live_beside(UUID(ana.session_id), proof=proof, now=world.clock.now())
        except InvalidDpopProof:
            return False
        return True

    acts = [lambda store=store: uses(store) for store in stores]
    assert sorted(at_once(acts)) == [False] * 7 + [True]

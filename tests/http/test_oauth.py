"""Standard clients end a session by its token (RFC 7009), backends ask whether one is good now (RFC 7662)."""

from datetime import timedelta
from urllib.parse import urlencode

import jwt
import pytest

from chalicelib.domain import limits
from tests.http.test_limits import assert_refused, fill
from tests.http.test_statements import counted
from tests.proofs import PhoneKey
from tests.races import audited, live_sessions
from tests.world import Phone, Reply, World

FORM = {"content-type": "application/x-www-form-urlencoded"}
BACKEND = "arn:aws:sts::123456789012:assumed-role/backend/1"
INACTIVE = {"active": False}


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def revoke(world: World, token: str, **more: str) -> Reply:
    return world.call("POST", "/oauth/revoke", urlencode({"token": token, **more}), headers=FORM)


def introspect(world: World, token: str, principal: str | None = BACKEND, **more: str) -> Reply:
    world.principal = principal
    return world.call("POST", "/oauth/introspect", urlencode({"token": token, **more}), headers=FORM)


@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "access_token"}, {"token_type_hint": "odd"}])
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_revoked_token_of_either_kind_ends_its_session(
    world: World, ana: Phone, kind: str, hint: dict[str, str]
) -> None:
    tablet = world.person(device="device-2")
    tablet.sign_in()
    assert (revoke(world, ana.answer[kind], client_id="any", **hint).status, live_sessions(world)) == (200, 1)
    assert {ana.refresh().code, ana.get("/account").code} == {"session_revoked"}
    assert tablet.refresh().status == 200


def test_revoking_twice_answers_the_same_and_is_recorded_once(world: World, ana: Phone) -> None:
    assert [revoke(world, ana.refresh_token).status for _ in range(2)] == [200, 200]
    assert audited(world, "session.ended") == 1


@pytest.mark.parametrize("token", ["x", "a.b.c", "é" * 9, "x" * 9000, " "])
def test_revoking_what_is_no_token_of_ours_is_answered_alike_and_ends_nothing(  # R1
    world: World, ana: Phone, token: str
) -> None:
    reply = revoke(world, token)
    assert (reply.status, reply.body) == (200, revoke(world, ana.id_token()).body)
    assert live_sessions(world) == 1


def test_only_who_holds_the_token_ends_its_session(world: World, ana: Phone) -> None:  # R2
    for not_a_token in (ana.session_id, ana.user_id, ana.refresh_token.swapcase(), ana.access_token[:-8]):
        revoke(world, not_a_token)
    assert live_sessions(world) == 1


def test_an_access_token_that_expired_still_ends_its_session(world: World, ana: Phone) -> None:
    world.clock.advance(timedelta(hours=1))
    revoke(world, ana.access_token)
    assert ana.refresh().code == "session_revoked"


def test_a_good_access_token_is_described(world: World, ana: Phone) -> None:
    told = introspect(world, ana.access_token).body
    claims = jwt.decode(ana.access_token, options={"verify_signature": False})
    assert told == {"active": True, "token_type": "Bearer", **claims}
    assert (told["sub"], told["sid"]) == (ana.user_id, ana.session_id)
    assert {"iss", "aud", "client_id", "scope", "exp", "iat", "acr", "auth_time"} < told.keys()


def test_a_bound_token_is_described_as_such_and_revoked_by_its_key_alone(world: World) -> None:
    ana = world.person(key=PhoneKey())
    ana.sign_in()
    told = introspect(world, ana.access_token).body
    assert ana.key is not None
    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": ana.key.jkt})
    for token in (ana.access_token, ana.refresh_token):
        assert (revoke(world, token).code, live_sessions(world)) == ("invalid_dpop_proof", 1)
    for kind, bound in (("access_token", ana.access_token), ("refresh_token", None)):
        proof = ana.key.proof("POST", "/oauth/revoke", world.clock.now(), bound)
        body = urlencode({"token": ana.answer[kind]})
        assert world.call("POST", "/oauth/revoke", body, headers=FORM | {"dpop": proof}).status == 200
        assert live_sessions(world) == 0
        ana.sign_in()


def test_introspection_is_one_statement_behind_that_of_its_limit(world: World, ana: Phone) -> None:
    introspect(world, ana.access_token)
    with counted(world) as count:
        introspect(world, ana.access_token)
    assert (len(count.statements), count.alone) == (2, [True, True])


def test_of_any_other_token_nothing_is_told(world: World, ana: Phone) -> None:  # I1
    old = ana.access_token
    for token in ("x", "a.b.c", ana.refresh_token, ana.id_token(), old[:-8], "é", "x" * 9000):
        assert introspect(world, token).body == INACTIVE
    world.suspend(ana.user_id)
    assert introspect(world, old).body == INACTIVE
    world.reinstate(ana.user_id)
    ana.sign_in()
    assert introspect(world, old).body == INACTIVE  # its session ended, though it has minutes to live
    assert introspect(world, ana.access_token).body["active"] is True
    ana.logout()
    assert introspect(world, ana.access_token).body == INACTIVE


def test_an_expired_token_is_not_active(world: World, ana: Phone) -> None:
    world.clock.advance(timedelta(minutes=15))
    assert introspect(world, ana.access_token).body == INACTIVE


@pytest.mark.parametrize("principal", [None, ""])
def test_whom_iam_did_not_let_in_learns_nothing(  # I2
    world: World, ana: Phone, principal: str | None
) -> None:
    for token in (ana.access_token, "x"):
        reply = introspect(world, token, principal)
        assert (reply.status, reply.code) == (403, "caller_not_authorized")


@pytest.mark.parametrize(
    "body",
    ["", "token", "token=", "token=a&token=b", "token=%zz", "token=%00", "token=é", "token=%ff", "a=b", "&"],
)
@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
def test_a_form_has_one_meaning_or_is_refused_in_the_words_of_rfc_6749(
    world: World, path: str, body: str
) -> None:
    world.principal = BACKEND
    reply = world.call("POST", path, body, headers=FORM)
    assert (reply.status, reply.body["error"]) == (400, "invalid_request")


def test_a_form_is_bounded_and_is_nothing_but_a_form(world: World, ana: Phone) -> None:
    assert revoke(world, "x" * 17_000).code == "body_too_large"
    many = urlencode({f"name{number}": "x" for number in range(20)})
    assert world.call("POST", "/oauth/revoke", many, headers=FORM).body["error"] == "invalid_request"
    for told in ("application/json", "multipart/form-data; boundary=x", f"{FORM['content-type']}, x=1"):
        reply = world.call("POST", "/oauth/revoke", "token=x", headers={"content-type": told})
        assert reply.code == "unsupported_media_type"
    reply = world.call("POST", "/auth/refresh", "refresh_token=x", headers=FORM)
    assert reply.code == "unsupported_media_type"


@pytest.mark.parametrize("parameters", ["; charset=UTF-8", ';charset=iso-8859-1; x="a;b"', " ;"])
def test_a_form_may_be_declared_with_any_parameters(world: World, parameters: str) -> None:
    headers = {"content-type": FORM["content-type"].upper() + parameters}
    assert world.call("POST", "/oauth/revoke", "token=x", headers=headers).status == 200


def test_a_form_that_lacks_its_token_is_told_so(world: World) -> None:
    told = world.call("POST", "/oauth/revoke", "a=b", headers=FORM).body
    assert told["error_description"] == "Some fields are not as declared: /token required"


def test_who_asks_too_often_waits(world: World, ana: Phone) -> None:
    fill(world, limits.OAUTH)
    assert_refused(revoke(world, ana.refresh_token), limits.OAUTH)
    assert_refused(introspect(world, ana.access_token), limits.OAUTH)


def test_the_metadata_name_both(world: World) -> None:
    for path in ("oauth-authorization-server", "openid-configuration"):
        told = world.call("GET", f"/.well-known/{path}").body
        assert told["revocation_endpoint"].endswith("/oauth/revoke")
        assert told["revocation_endpoint_auth_methods_supported"] == ["none"]
        assert told["introspection_endpoint"].endswith("/oauth/introspect")

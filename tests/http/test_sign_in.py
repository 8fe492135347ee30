"""Signing in, from the request to the row and back."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.providers import GOOGLE
from chalicelib.routes.problems import FORWARDED_CHALLENGE
from chalicelib.services.ports import Act
from tests.aws_tap import tapped
from tests.offering import WITHOUT_NONCE, offer
from tests.world import Phone, Reply, World

ACT = Act(request_id="test", locale="en")


@pytest.fixture(params=WITHOUT_NONCE, ids=lambda provider: provider.name)
def ana(request: pytest.FixtureRequest, world: World) -> Phone:
    return world.person(provider=request.param)


@pytest.fixture
def google(world: World) -> Phone:
    return world.person()


def test_a_new_person_who_agrees_to_all_that_is_required_gets_an_account_and_a_session(ana: Phone) -> None:
    reply = ana.sign_in()
    assert (reply.status, reply.body["is_new_user"], reply.body["user"]["email"]) == (200, True, ana.email)
    assert (reply.body["token_type"], reply.body["expires_in"]) == ("Bearer", 900)
    assert reply.body["refresh_expires_in"] == 604800
    assert reply.body["scope"] == "account app consents logout sessions"
    assert reply.body["session"]["device"]["name"] == "Ana Diaz's phone"


def test_a_known_person_signs_in_again_and_their_earlier_session_on_that_device_ends(
    world: World, ana: Phone
) -> None:
    ana.sign_in()
    earlier, session, person = ana.access_token, ana.session_id, ana.user_id
    reply = ana.sign_in()
    assert (reply.status, reply.body["is_new_user"], ana.user_id) == (200, False, person)
    assert world.call("GET", "/sessions", token=earlier).code == "session_revoked"
    assert ana.session_id != session  # S7


def test_a_known_person_need_not_answer_again(ana: Phone) -> None:
    ana.sign_in()
    new_device = {"id": "device-2", "platform": "web"}
    variants: tuple[dict[str, Any], ...] = ({"consents": []}, {"consents": [], "device": new_device})
    for changes in variants:
        reply = ana.sign_in(**changes)
        assert (reply.status, reply.body["consents_missing"]) == (200, [])


def test_the_subject_is_the_person_and_the_email_is_not(world: World, ana: Phone) -> None:
    ana.sign_in()  # GG5
    same_subject = ana.sign_in(ana.id_token(email="ana@new.example"))
    assert same_subject.body["user"]["id"] == ana.user_id
    other = world.person(provider=ana.provider)
    reply = other.sign_in(other.id_token(subject="1" * 21))
    assert (reply.body["is_new_user"], reply.body["user"]["email"]) == (True, ana.email)
    assert world.rows("SELECT count(*) FROM users") == [(2,)]


def test_both_spellings_of_google_name_one_person(google: Phone) -> None:
    google.sign_in()  # GG3
    assert google.sign_in(google.id_token(iss="accounts.google.com")).body["is_new_user"] is False


FORGERIES: dict[str, dict[str, Any]] = {
    "another audience (GG2)": {"audience": "other.apps.googleusercontent.com"},
    "another party (GG2)": {"azp": "other.apps.googleusercontent.com"},
    "another issuer (GG3)": {"iss": "https://accounts.google.com.evil.example"},
    "a time to come (GG4)": {"iat": 2**33, "exp": 2**33 + 3600},
    "an infinite life (GG4)": {"exp": float("inf")},
    "no subject (GG5)": {"sub": ""},
    "a subject beyond ASCII (GG5)": {"sub": "é"},
}


@pytest.mark.parametrize("claims", FORGERIES.values(), ids=FORGERIES)
def test_a_token_that_google_did_not_make_for_us_is_refused(
    world: World, ana: Phone, claims: dict[str, Any]
) -> None:
    before = world.stored()
    reply = ana.sign_in(ana.id_token(**claims))
    assert (reply.status, reply.code, reply.body["action"]) == (401, "invalid_id_token", "restart")
    assert reply.headers[FORWARDED_CHALLENGE] == "Bearer"
    assert world.stored() == before


def test_where_a_domain_is_set_only_its_people_come_in(world: World, google: Phone) -> None:
    offer(world, GOOGLE, hosted_domain="clinic.example")  # GG6
    for stranger in (google.id_token(), google.id_token(hd="other.example")):
        assert google.sign_in(stranger).code == "invalid_id_token"
    assert google.sign_in(google.id_token(hd="clinic.example")).status == 200


def test_a_token_that_somebody_else_signed_is_refused(ana: Phone) -> None:
    ana.sign_in()
    token = ana.id_token()  # GG1
    flipped = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
    for forged in (flipped, token.rpartition(".")[0] + ".", ana.access_token, "a.b.c", "x"):
        assert ana.sign_in(forged).code == "invalid_id_token"


def test_an_expired_token_says_so_after_a_minute_of_leeway(world: World, ana: Phone) -> None:
    token, late = (ana.id_token(lifetime=timedelta(hours=1)) for _ in range(2))
    world.clock.advance(timedelta(hours=1, seconds=59))
    assert ana.sign_in(token).status == 200  # GG4
    world.clock.advance(timedelta(seconds=1))
    reply = ana.sign_in(late)
    assert (reply.status, reply.code) == (401, "id_token_expired")


def test_a_suspended_person_gets_no_token(world: World, ana: Phone) -> None:
    ana.sign_in()
    world.suspend(ana.user_id)
    before = world.stored()
    for device in ("device-1", "device-2"):
        reply = ana.sign_in(device={"id": device, "platform": "ios"})
        assert (reply.status, reply.code, reply.body["action"]) == (
            403,
            "account_suspended",
            "contact_support",
        )
    assert world.stored() == before


def test_a_reinstated_person_signs_in_again_but_their_old_sessions_stay_ended(
    world: World, ana: Phone
) -> None:
    ana.sign_in()
    old = ana.refresh_token
    world.suspend(ana.user_id)
    assert ana.refresh(old).code == "account_suspended"
    world.reinstate(ana.user_id)
    assert ana.refresh(old).code == "session_revoked"
    assert ana.sign_in().status == 200


def test_an_erased_person_who_comes_again_is_a_new_one_without_old_consents(world: World, ana: Phone) -> None:
    ana.sign_in()  # F-23
    erased = ana.user_id
    world.execute("UPDATE users SET status = 'erased', profile = NULL, profile_digest = NULL")
    world.execute("DELETE FROM identities")
    assert ana.sign_in(consents=[]).code == "consent_required"
    assert ana.sign_in().body["is_new_user"] is True
    assert ana.user_id != erased


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"id_token": None}, "/id_token", "wrong_type"),
        ({"id_token": ""}, "/id_token", "too_short"),
        ({"id_token": "a" * 8193}, "/id_token", "too_long"),
        ({"nonce": 7}, "/nonce", "wrong_type"),
        ({"device": None}, "/device/id", "required"),
        ({"device": "phone"}, "/device", "wrong_type"),
        ({"device": {"platform": "ios"}}, "/device/id", "required"),
        ({"device": {"id": "1"}}, "/device/platform", "required"),
        ({"device": {"id": "1", "platform": "symbian"}}, "/device/platform", "not_allowed"),
        ({"device": {"id": "1" * 129, "platform": "ios"}}, "/device/id", "too_long"),
        ({"device": {"id": "1", "platform": "ios", "imei": "3"}}, "/device/imei", "unknown_field"),  # A2
        ({"consents": {}}, "/consents", "wrong_type"),
        ({"consents": [{"locale": "fr"}]}, "/consents/0/locale", "not_allowed"),
        ({"consents": [{}]}, "/consents/0/document", "required"),
        ({"is_admin": True}, "/is_admin", "unknown_field"),  # A2
    ],
)
def test_a_body_that_is_not_as_declared_is_refused_with_the_place(
    world: World, ana: Phone, body: dict[str, Any], pointer: str, code: str
) -> None:
    reply = world.call("POST", ana.sign_in_path, ana.sign_in_body() | body)
    assert (reply.status, reply.code, reply.body["action"]) == (400, "invalid_input", "update_app")
    assert {"pointer": pointer, "code": code} in reply.body["errors"]


def told(reply: Reply) -> set[tuple[str, str]]:
    return {(fault["pointer"], fault["code"]) for fault in reply.body["errors"]}


def test_all_faults_of_a_body_are_told_at_once_nested_ones_too(world: World) -> None:
    missing = {("/id_token", "required"), ("/device/id", "required"), ("/device/platform", "required")}
    for lacking in ("{}", '{"device": {}}', '{"device": null, "consents": null}'):
        assert told(world.call("POST", "/auth/google", lacking)) == missing
    body: dict[str, object] = {
        "idToken": "a",
        "device": {"id": "d" * 129, "appVersion": "1"},
        "consents": [{}, {"granted": 1}],
    }
    assert told(world.call("POST", "/auth/google", body)) == {
        *(("/idToken", "unknown_field"), ("/id_token", "required"), ("/device/appVersion", "unknown_field")),
        *(("/device/id", "too_long"), ("/device/platform", "required")),
        *((f"/consents/{index}/{name}", "required") for index in (0, 1) for name in ("document", "version")),
        *(("/consents/0/granted", "required"), ("/consents/1/granted", "wrong_type")),
    }
    assert told(world.call("POST", "/auth/google", {"device": "phone"})) == {
        *(("/id_token", "required"), ("/device", "wrong_type")),
    }


def test_what_the_headers_say_of_the_phone_is_no_fault_of_the_body(world: World) -> None:
    headers = {"x-device-id": "device-1", "x-device-platform": "iOS"}
    reply = world.call("POST", "/auth/google", {}, headers=headers)
    assert told(reply) == {("/id_token", "required")}


def test_a_phone_that_says_the_same_again_needs_no_key_however_odd_it_is(world: World, ana: Phone) -> None:
    device = {"id": "d", "platform": "ios", "name": "x" * 999, "model": "\n a\x07 ", "os_version": ""}
    name = "Ana\u0301 " * 99
    assert ana.sign_in(ana.id_token(name=name), device=device).status == 200
    with tapped(world) as aws:
        again = ana.sign_in(ana.id_token(name=name), device=device)
    assert (again.status, aws.calls) == (200, [])
    shown = again.body["session"]["device"]
    assert (shown["name"], shown["model"], shown["os_version"]) == ("x" * 128, "a", None)
    assert len(again.body["user"]["name"] or "") <= 255  # Apple tells no name in its token


@pytest.mark.parametrize(
    ("locale", "spoken"), [("es-MX", "es"), ("es_419", "es"), ("EN", "en"), ("", "en"), (None, "en")]
)
def test_the_language_of_a_consent_is_read_as_phones_write_it(
    world: World, ana: Phone, locale: str | None, spoken: str
) -> None:
    consents = [answer | {"locale": locale} for answer in ana.sign_in_body()["consents"]]
    assert ana.sign_in(consents=consents).status == 200
    assert world.rows("SELECT DISTINCT locale FROM consent_events") == [(spoken,)]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (None, "application/json", 400, "malformed_body"),
        ("[]", "application/json", 400, "malformed_body"),
        ('{"id_token": "a", "id_token": "b"}', "application/json", 400, "malformed_body"),  # F-28
        ("{}", "text/plain", 415, "unsupported_media_type"),
        ('{"id_token": "' + "a" * 16384 + '"}', "application/json", 413, "body_too_large"),  # L4
    ],
)
def test_a_body_that_is_not_json_is_refused(
    world: World, body: str | None, content_type: str, status: int, code: str
) -> None:
    reply = world.call("POST", "/auth/google", body, headers={"content-type": content_type})
    assert (reply.status, reply.code) == (status, code)


def test_headers_say_of_the_device_what_the_body_does_not(world: World, ana: Phone) -> None:
    hints = {"X-Device-ID": "hinted-1", "X-Device-Platform": "Android", "X-App-Version": "3.2.1"}
    body = ana.sign_in_body()
    del body["device"]
    hinted = world.call("POST", ana.sign_in_path, body, headers=hints).body["session"]["device"]
    assert (hinted["id"], hinted["platform"], hinted["app_version"]) == ("hinted-1", "android", "3.2.1")
    body = ana.sign_in_body(device={"id": "own", "platform": "web", "app_version": "1"})
    own = world.call("POST", ana.sign_in_path, body, headers=hints).body["session"]["device"]
    assert (own["id"], own["platform"], own["app_version"]) == ("own", "web", "1")


def test_an_error_speaks_the_language_of_the_phone(world: World) -> None:
    english = world.call("POST", "/auth/google", {})
    spanish = world.call("POST", "/auth/google", {}, headers={"accept-language": "es-MX, en;q=0.5"})
    assert (english.headers["Content-Language"], spanish.headers["Content-Language"]) == ("en", "es")
    assert english.body["user_message"] != spanish.body["user_message"]
    assert english.body["title"] == spanish.body["title"]


def test_a_method_that_a_path_does_not_take_is_told_in_the_one_shape(world: World) -> None:
    reply = world.call("GET", "/auth/google")
    assert (reply.status, reply.code, reply.headers["Allow"]) == (405, "method_not_allowed", "OPTIONS, POST")

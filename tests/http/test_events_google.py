"""What Google tells of an account protects the account here, once, and only if Google told it, to us."""

from typing import Any

import pytest

from chalicelib.domain import limits
from chalicelib.domain.providers import APPLE
from local.dev_google import AUDIENCE, ISSUER, subject_for
from tests.aws_tap import tapped
from tests.http.test_erasure import erase
from tests.http.test_identities import link
from tests.http.test_limits import assert_refused, fill
from tests.offering import offer_only
from tests.races import audited, live_sessions, times
from tests.world import Phone, Reply, World

RISC = "https://schemas.openid.net/secevent/risc/event-type/"
REVOKED = f"{RISC}sessions-revoked"
DISABLED = f"{RISC}account-disabled"
ENABLED = f"{RISC}account-enabled"
VERIFICATION = f"{RISC}verification"
ENDING = [
    REVOKED,
    "https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked",
    f"{RISC}account-credential-change-required",
]
FORM = {"content-type": "application/secevent+jwt"}


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def token(phone: Phone, uri: str = REVOKED, reason: str | None = None, **overrides: Any) -> str:  # noqa: ANN401 - claims of any kind
    if reason is not None:
        overrides["events"] = {uri: {"subject": subject(phone), "reason": reason}}
    world = phone.world
    return world.google.security_event(uri, subject_for(phone.email), world.clock.now(), **overrides)


def subject(phone: Phone, **changes: object) -> dict[str, object]:
    about = {"subject_type": "iss-sub", "iss": f"{ISSUER}/", "sub": subject_for(phone.email)}
    return about | changes


def post(world: World, payload: str, **headers: str) -> Reply:
    return world.call("POST", "/events/google", payload, headers=FORM | headers)


def taken(reply: Reply) -> bool:
    return (reply.status, reply.body) == (202, None)


def status(world: World) -> list[str]:
    return [name for (name,) in world.rows("SELECT status::text FROM users")]


def hijack(phone: Phone) -> None:
    assert taken(post(phone.world, token(phone, DISABLED, "hijacking")))


@pytest.mark.parametrize("uri", ENDING)
def test_what_ends_sessions_at_google_ends_them_here_on_every_device(
    world: World, ana: Phone, uri: str
) -> None:
    tablet = world.person(device="device-2")
    tablet.sign_in()
    eva = world.person("eva@example.com", device="device-3")
    eva.sign_in()
    assert taken(post(world, token(ana, uri)))
    assert {ana.refresh().code, tablet.refresh().code} == {"session_revoked"}
    assert eva.refresh().status == 200
    assert ana.sign_in().body["is_new_user"] is False
    assert world.kinds_of_acts(ana.user_id).count("identity.noticed") == 1


@pytest.mark.parametrize("reason", ["bulk-account", "something-new", None])
def test_an_account_disabled_for_another_reason_than_hijacking_ends_sessions_and_suspends_nobody(
    world: World, ana: Phone, reason: str | None
) -> None:
    assert taken(post(world, token(ana, DISABLED, reason)))
    assert (ana.refresh().code, status(world)) == ("session_revoked", ["active"])


def test_a_hijacked_account_is_suspended_with_all_its_sessions(world: World, ana: Phone) -> None:
    hijack(ana)
    assert {ana.refresh().code, ana.get("/account").code} == {"account_suspended"}
    assert ana.sign_in().code == "account_suspended"
    assert live_sessions(world) == 0
    assert world.kinds_of_acts(ana.user_id)[-3:] == ["identity.noticed", "account.suspended", "session.ended"]


def test_an_account_that_is_enabled_again_may_sign_in_but_its_sessions_stay_ended(
    world: World, ana: Phone
) -> None:
    hijack(ana)
    assert taken(post(world, token(ana, ENABLED)))
    assert (ana.refresh().code, ana.sign_in().status) == ("session_revoked", 200)
    assert audited(world, "account.reinstated") == 1


def test_whom_an_operator_suspended_no_event_reinstates(world: World, ana: Phone) -> None:
    world.suspend(ana.user_id)
    hijack(ana)
    post(world, token(ana, ENABLED))
    assert status(world) == ["suspended"]


def test_an_operators_word_replaces_an_events(world: World, ana: Phone) -> None:
    hijack(ana)
    world.suspend(ana.user_id)  # it was so already, but now it is theirs
    post(world, token(ana, ENABLED))
    assert status(world) == ["suspended"]
    world.reinstate(ana.user_id)
    assert ana.sign_in().status == 200


def test_an_account_that_was_enabled_at_google_alone_changes_nothing(world: World, ana: Phone) -> None:
    assert taken(post(world, token(ana, ENABLED)))
    assert (ana.refresh().status, status(world)) == (200, ["active"])


def test_of_two_hijacked_identities_both_must_be_enabled_again(world: World, ana: Phone) -> None:
    other = world.person("ana@work.example.com", device="device-2")
    link(ana, other)
    hijack(ana)
    hijack(other)
    post(world, token(ana, ENABLED))
    assert status(world) == ["suspended"]
    post(world, token(other, ENABLED))
    assert status(world) == ["active"]


def test_only_the_identity_that_was_hijacked_is_enabled_again(world: World, ana: Phone) -> None:
    other = world.person("ana@work.example.com", device="device-2")
    link(ana, other)
    hijack(ana)
    post(world, token(other, ENABLED))
    assert status(world) == ["suspended"]


def test_a_repeated_event_is_taken_and_does_nothing_more(world: World, ana: Phone) -> None:
    told = token(ana, jti="the-same")
    post(world, told)
    ana.sign_in()
    for again in (told, token(ana, f"{RISC}account-credential-change-required", jti="the-same")):
        assert taken(post(world, again))
    assert (ana.refresh().status, audited(world, "identity.noticed")) == (200, 1)
    assert taken(post(world, token(ana)))
    assert ana.refresh().code == "session_revoked"


def test_one_event_that_comes_many_times_at_once_has_one_effect(world: World, ana: Phone) -> None:
    told = token(ana)
    assert all(taken(reply) for reply in times(5, lambda: post(world, told)))
    assert audited(world, "identity.noticed") == 1


def test_an_events_id_is_burned_with_its_act_or_not_at_all(world: World, ana: Phone) -> None:
    told = token(ana)
    world.execute("ALTER TABLE audit_events RENAME TO away")  # no record, no act (F-33)
    try:
        assert post(world, told).status == 503
    finally:
        world.execute("ALTER TABLE away RENAME TO audit_events")
    assert (world.rows("SELECT count(*) FROM provider_events"), ana.refresh().status) == ([(0,)], 200)
    assert taken(post(world, told))
    assert ana.refresh().code == "session_revoked"


@pytest.mark.parametrize("uri", [VERIFICATION, f"{RISC}something-new", "urn:odd"])
def test_what_changes_nothing_here_is_taken_and_stores_nothing(world: World, ana: Phone, uri: str) -> None:
    before = world.stored()
    assert taken(post(world, token(ana, uri)))
    assert taken(post(world, token(ana, events={uri: {"state": "any"}})))  # as a verification is
    assert (world.stored(), live_sessions(world)) == (before, 1)


def test_an_unknown_subject_is_taken_and_stores_nothing(world: World, ana: Phone) -> None:
    before = world.stored()
    assert taken(post(world, token(world.person("nobody@example.com"))))
    for about in (
        subject(ana, iss="https://appleid.apple.com"),
        subject(ana, iss=7),
        subject(ana, subject_type="email"),
        {"subject_type": "oauth_token", "token_type": "refresh_token", "token": "abc"},
    ):
        assert taken(post(world, token(ana, events={REVOKED: {"subject": about}})))
    assert (world.stored(), live_sessions(world)) == (before, 1)


def test_a_subject_is_read_in_each_of_its_spellings(world: World, ana: Phone) -> None:
    about = subject(ana)
    top = {"format": "iss_sub", "iss": ISSUER, "sub": about["sub"]}  # RFC 9493 s3.2.2
    for claims in (
        {"events": {REVOKED: {"subject": about | {"subject_type": "iss_sub"}}}},
        {"events": {REVOKED: {"subject": about | {"subject_type": "id_token_claims", "email": "a@b.c"}}}},
        {"events": {REVOKED: {}}, "sub_id": top, "iss": ISSUER, "aud": ["another", AUDIENCE]},
    ):
        ana.sign_in()
        assert taken(post(world, token(ana, **claims)))
        assert ana.refresh().code == "session_revoked"


def test_without_google_there_is_nowhere_to_tell(world: World, ana: Phone) -> None:
    offer_only(world, APPLE)
    assert post(world, token(ana)).code == "not_found"


def test_an_event_needs_neither_kms_nor_the_vault(world: World, ana: Phone) -> None:
    with tapped(world) as aws:
        hijack(ana)
    assert aws.calls == []


def test_an_erased_person_is_unknown_and_events_never_name_one(world: World, ana: Phone) -> None:
    post(world, token(ana))
    ana.sign_in()
    assert erase(ana).status == 200
    assert taken(post(world, token(ana)))
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'provider_events'"
    assert {name for (name,) in world.rows(columns)} == {"id_hash", "taken_at", "expires_at"}


def test_who_sends_too_many_waits(world: World, ana: Phone) -> None:
    fill(world, limits.EVENTS)
    assert_refused(post(world, token(ana)), limits.EVENTS)

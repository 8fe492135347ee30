"""One use of an ID token (GG8, ASVS 10.5.1): only the exact retry of its sign-in is answered again."""

from datetime import timedelta

import pytest

from tests.http.test_consents import publish
from tests.offering import WITHOUT_NONCE
from tests.world import Phone, World


@pytest.fixture(params=WITHOUT_NONCE, ids=lambda provider: provider.name)
def ana(request: pytest.FixtureRequest, world: World) -> Phone:
    return world.person(provider=request.param)


def refused(ana: Phone, token: str, **changes: object) -> bool:
    before = ana.world.stored()
    reply = ana.sign_in(token, **changes)
    assert ana.world.stored() == before
    return (reply.status, reply.code) == (401, "id_token_used")


@pytest.mark.parametrize("is_new", [True, False])
def test_the_exact_retry_of_a_sign_in_answers_the_same_session(
    world: World, ana: Phone, *, is_new: bool
) -> None:
    if not is_new:
        ana.sign_in()
        world.clock.advance(timedelta(seconds=1))
    token = ana.id_token()
    first = ana.sign_in(token).body
    stored = world.stored()
    world.clock.advance(timedelta(seconds=60))
    again = ana.sign_in(token).body
    assert again["refresh_token"] == first["refresh_token"]
    assert (again["is_new_user"], again["session"], again["user"]) == (
        is_new,
        first["session"],
        first["user"],
    )
    assert world.stored() == stored  # nothing is done twice
    assert ana.refresh().status == 200


def test_a_retry_after_a_minute_is_refused(world: World, ana: Phone) -> None:
    token = ana.id_token()
    ana.sign_in(token)
    world.clock.advance(timedelta(seconds=61))
    assert refused(ana, token)


def test_another_device_is_refused(ana: Phone) -> None:
    token = ana.id_token()
    ana.sign_in(token)
    assert refused(ana, token, device={"id": "device-2", "platform": "ios"})  # F-26
    assert ana.refresh().status == 200  # and the first session is left in peace


def test_a_retry_after_a_refresh_is_refused(ana: Phone) -> None:
    token = ana.id_token()
    ana.sign_in(token)
    ana.refresh()
    assert refused(ana, token)


def test_a_retry_after_logout_is_refused(ana: Phone) -> None:
    token = ana.id_token()
    ana.sign_in(token)
    ana.logout()
    assert refused(ana, token)


def test_a_retry_after_another_sign_in_on_the_device_is_refused(ana: Phone) -> None:
    token = ana.id_token()
    ana.sign_in(token)
    ana.sign_in()
    assert refused(ana, token)
    assert ana.refresh().status == 200


def test_a_retry_of_a_person_suspended_meanwhile_is_refused(world: World, ana: Phone) -> None:
    token = ana.id_token()
    ana.sign_in(token)
    world.suspend(ana.user_id)
    assert ana.sign_in(token).code == "account_suspended"


def test_the_same_token_in_another_spelling_is_the_same_token(ana: Phone) -> None:
    token = ana.id_token()
    ana.sign_in(token)
    for spelling in (token + "=", token.replace(".", ". ", 1), f" {token}"):
        assert ana.sign_in(spelling).code == "invalid_id_token"


def test_the_used_token_of_an_erased_person_makes_no_account(world: World, ana: Phone) -> None:
    token = ana.id_token()
    ana.sign_in(token)
    world.execute("UPDATE users SET status = 'erased', profile = NULL, profile_digest = NULL")
    world.execute("DELETE FROM identities")  # what recognised them is gone
    assert refused(ana, token)  # and no key stays in the vault for nobody
    assert world.rows("SELECT count(*) FROM users") == [(1,)]


def test_a_retry_with_other_answers_opens_nothing_that_was_not_recorded(world: World, ana: Phone) -> None:
    token = ana.id_token()
    scope = ana.sign_in(token).body["scope"]
    more = [{"document": "ai_processing", "version": "1.0", "granted": True}]
    assert ana.sign_in(token, consents=more).body["scope"] == scope  # G1: no consent without its record
    assert world.rows("SELECT count(*) FROM consent_events WHERE kind = 'ai_processing'") == [(0,)]


def test_a_retry_is_answered_though_a_document_was_replaced_meanwhile(world: World, ana: Phone) -> None:
    token = ana.id_token()
    first = ana.sign_in(token).body
    world.clock.advance(timedelta(seconds=1))
    publish(world, "terms_of_service", "2.0")
    again = ana.sign_in(token).body
    assert again["refresh_token"] == first["refresh_token"]
    assert [gap["version"] for gap in again["consents_missing"]] == ["2.0"]


def test_a_used_token_of_a_person_who_answers_wrongly_is_told_what_is_wrong_with_the_token(
    ana: Phone,
) -> None:
    token = ana.id_token()
    ana.sign_in(token)
    ana.refresh()
    assert refused(ana, token, consents=[{"document": "everything", "version": "1", "granted": True}])

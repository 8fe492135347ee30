"""A hardware key proves presence: the session steps up, once a proof, however often it is sent."""

from datetime import timedelta

import pytest

from tests.hardware_key import HardwareKey, asked, post, proof, registered, verify
from tests.proofs import PhoneKey
from tests.races import at_once
from tests.world import Phone, Reply, World


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


@pytest.fixture
def key() -> HardwareKey:
    return HardwareKey()


@pytest.fixture
def registration(world: World, ana: Phone, key: HardwareKey) -> str:
    """A registered key, an hour after the sign-in."""
    made = registered(ana, key)
    world.clock.advance(timedelta(hours=1))
    ana.refresh()
    return made


def test_a_proof_steps_the_session_up(world: World, ana: Phone, key: HardwareKey, registration: str) -> None:
    assert ana.get("/account/export").code == "insufficient_user_authentication"  # S4
    told = verify(ana, proof(ana, key, registration, asked(ana)))
    assert told.status == 200
    assert (told.body["session"]["id"], told.body["session"]["acr"]) == (ana.session_id, "aal2")
    assert told.body["session"]["auth_time"] == world.clock.now().isoformat().replace("+00:00", "Z")
    assert ana.get("/account/export").status == 200
    claims = world.services.access.identify(ana.access_token)
    assert (claims.acr, claims.amr) == ("aal2", ("hwk", "user"))
    assert ana.refresh().status == 200
    assert ana.answer["session"]["acr"] == "aal2"
    assert world.kinds_of_acts(ana.user_id).count("session.presence_proved") == 1
    assert ana.get("/auth/biometric/registrations").body["registrations"][0]["last_used_at"] is not None


def test_a_proof_counts_for_seven_days(world: World, ana: Phone, key: HardwareKey, registration: str) -> None:
    verify(ana, proof(ana, key, registration, asked(ana)))
    for _ in range(2):
        world.clock.advance(timedelta(days=3, hours=12))
        ana.refresh()
    assert ana.answer["session"]["acr"] == "aal2"
    world.clock.advance(timedelta(seconds=1))
    ana.refresh()
    assert ana.answer["session"]["acr"] == "aal1"
    assert world.services.access.identify(ana.access_token).amr == ("fed",)


def test_the_retry_of_a_lost_answer_gets_the_same_tokens(
    world: World, ana: Phone, key: HardwareKey, registration: str
) -> None:
    body = proof(ana, key, registration, asked(ana))
    first, second = post(ana, "verify", body), post(ana, "verify", body)
    assert (first.status, second.status) == (200, 200)
    assert first.body["refresh_token"] == second.body["refresh_token"]
    assert world.kinds_of_acts(ana.user_id).count("session.presence_proved") == 1


def test_a_used_challenge_proves_nothing_more(ana: Phone, key: HardwareKey, registration: str) -> None:
    body = proof(ana, key, registration, asked(ana))
    verify(ana, body)
    assert ana.refresh().status == 200
    again = body | {"refresh_token": ana.refresh_token}
    assert post(ana, "verify", again).code == "challenge_used"
    assert post(ana, "verify", body).code == "challenge_used"
    assert ana.refresh().status == 200  # nobody honest is signed out by a late copy of a proof


def test_many_at_once_are_one_proof(world: World, ana: Phone, key: HardwareKey, registration: str) -> None:
    body = proof(ana, key, registration, asked(ana))
    told = at_once([lambda: post(ana, "verify", body)] * 12)
    assert {reply.status for reply in told} == {200}
    assert len({reply.body["refresh_token"] for reply in told}) == 1
    assert world.kinds_of_acts(ana.user_id).count("session.presence_proved") == 1


def test_a_proof_and_refreshes_at_once_leave_one_newest_token(
    ana: Phone, key: HardwareKey, registration: str
) -> None:
    body = proof(ana, key, registration, asked(ana))
    spent = ana.refresh_token

    def refresh() -> Reply:
        return ana.world.call("POST", "/auth/refresh", {"refresh_token": spent})

    told = at_once([lambda: post(ana, "verify", body), *[refresh] * 6])
    assert {reply.status for reply in told} == {200}
    assert len({reply.body["refresh_token"] for reply in told}) == 1
    ana.answer = told[0].body
    assert ana.refresh().status == 200
    assert ana.answer["session"]["acr"] == "aal2"


def test_a_signature_over_something_else_is_refused(ana: Phone, key: HardwareKey, registration: str) -> None:
    challenge = asked(ana)
    body = proof(ana, key, registration, challenge)
    other = HardwareKey()
    for signature in (key.sign(asked(ana)), other.sign(challenge), key.sign(challenge.swapcase())):
        assert post(ana, "verify", body | {"signature": signature}).code == "signature_invalid"
    assert verify(ana, body).status == 200  # a failed attempt uses nothing up


def test_another_sessions_challenge_is_refused(
    world: World, ana: Phone, key: HardwareKey, registration: str
) -> None:
    bo = world.person(email="bo@example.com", name="Bo", device="bo-1")
    bo.sign_in()
    assert post(ana, "verify", proof(ana, key, registration, asked(bo))).code == "challenge_mismatch"


def test_an_expired_challenge_is_refused(
    world: World, ana: Phone, key: HardwareKey, registration: str
) -> None:
    body = proof(ana, key, registration, asked(ana))
    world.clock.advance(timedelta(minutes=5))
    assert post(ana, "verify", body).code == "challenge_expired"


def test_a_challenge_to_register_proves_nothing(ana: Phone, key: HardwareKey, registration: str) -> None:
    verify(ana, proof(ana, key, registration, asked(ana)))
    challenge = post(ana, "register", {"public_key": key.jwk}).body["challenge"]
    assert post(ana, "verify", proof(ana, key, registration, challenge)).code == "challenge_mismatch"


def test_a_key_proves_presence_on_its_own_device_only(
    world: World, ana: Phone, key: HardwareKey, registration: str
) -> None:
    tablet = world.person(device="tablet")
    tablet.sign_in()
    assert post(tablet, "verify", proof(tablet, key, registration, asked(tablet))).code == "not_found"


def test_the_refresh_token_must_be_the_sessions_own(
    world: World, ana: Phone, key: HardwareKey, registration: str
) -> None:
    bo = world.person(email="bo@example.com", name="Bo", device="bo-1")
    bo.sign_in()
    body = proof(ana, key, registration, asked(ana))
    assert post(ana, "verify", body | {"refresh_token": bo.refresh_token}).code == "refresh_token_invalid"
    assert verify(ana, body).status == 200


def test_a_refresh_token_from_long_ago_is_a_reuse_here_too(
    ana: Phone, key: HardwareKey, registration: str
) -> None:
    stolen = ana.refresh_token
    ana.refresh()
    ana.refresh()
    body = proof(ana, key, registration, asked(ana)) | {"refresh_token": stolen}
    assert post(ana, "verify", body).code == "refresh_token_reused"  # O2
    assert ana.refresh().code == "session_revoked"


def test_a_proof_of_an_ended_session_brings_nothing_back(
    ana: Phone, key: HardwareKey, registration: str
) -> None:
    body, access = proof(ana, key, registration, asked(ana)), ana.access_token
    ana.logout()
    told = ana.world.call("POST", "/auth/biometric/verify", body, token=access)
    assert told.code == "session_revoked"  # F-21


def test_a_bound_session_steps_up_by_its_key_and_stays_bound(world: World, key: HardwareKey) -> None:
    phone = world.person(key=PhoneKey())
    phone.sign_in()

    def post_bound(route: str, body: object = None) -> Reply:
        return phone.call("POST", f"/auth/biometric/{route}", body, token=phone.access_token)

    begun = post_bound("register", {"public_key": key.jwk}).body["challenge"]
    signed = {"public_key": key.jwk, "challenge": begun, "signature": key.sign(begun)}
    registration = post_bound("complete", signed).body["id"]
    body = proof(phone, key, registration, post_bound("challenge").body["challenge"])
    assert post(phone, "verify", body).code == "invalid_token"  # D15: as a bearer, a thief's way
    told = post_bound("verify", body)
    assert (told.status, told.body["token_type"]) == (200, "DPoP")
    assert told.body["session"]["acr"] == "aal2"
    assert phone.key is not None
    phone.answer = told.body
    assert world.services.access.identify(phone.access_token).jkt == phone.key.jkt
    assert phone.refresh().status == 200

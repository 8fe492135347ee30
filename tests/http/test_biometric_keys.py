"""Registering, listing and removing the keys of phones' hardware."""

from datetime import timedelta
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.domain.biometrics import KEYS_MAX
from tests.hardware_key import HardwareKey, base64url, begin, complete, post, proof, registered
from tests.races import at_once
from tests.world import Phone, World

REGISTRATIONS = "/auth/biometric/registrations"


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


@pytest.fixture
def key() -> HardwareKey:
    return HardwareKey()


def listed(phone: Phone) -> list[dict[str, object]]:
    return list(phone.get(REGISTRATIONS).body["registrations"])


def completed(phone: Phone, key: HardwareKey, challenge: str) -> str | None:
    return complete(phone, key, challenge).code


def test_a_key_that_signed_its_challenge_is_registered_and_listed(
    world: World, ana: Phone, key: HardwareKey
) -> None:
    registration_id = registered(ana, key, name="Ana's phone")
    (shown,) = listed(ana)
    assert (shown["id"], shown["name"], shown["current"], shown["last_used_at"]) == (
        registration_id,
        "Ana's phone",
        True,
        None,
    )
    assert world.kinds_of_acts(ana.user_id)[-1] == "biometric_key.registered"


def test_a_registration_needs_a_recent_sign_in(world: World, ana: Phone, key: HardwareKey) -> None:
    world.clock.advance(timedelta(minutes=6))  # S4
    assert begin(ana, key).code == "insufficient_user_authentication"
    assert ana.delete(f"{REGISTRATIONS}/{ana.session_id}").code == "insufficient_user_authentication"


def test_the_retry_of_a_lost_answer_gets_the_same_registration(ana: Phone, key: HardwareKey) -> None:
    challenge = begin(ana, key).body["challenge"]
    first, second = complete(ana, key, challenge), complete(ana, key, challenge)
    assert (first.status, first.body) == (second.status, second.body)
    assert len(listed(ana)) == 1


def test_a_key_must_sign_its_own_challenge(ana: Phone, key: HardwareKey) -> None:
    other = HardwareKey()
    challenge = begin(ana, key).body["challenge"]
    assert complete(ana, other, challenge).code == "challenge_mismatch"
    assert complete(ana, key, challenge, signature=other.sign(challenge)).code == "signature_invalid"
    assert complete(ana, key, challenge, signature=key.sign(challenge + " ")).code == "signature_invalid"
    assert listed(ana) == []


def test_a_challenge_to_prove_presence_registers_nothing(ana: Phone, key: HardwareKey) -> None:
    challenge = post(ana, "challenge", None).body["challenge"]
    assert complete(ana, key, challenge).code == "challenge_mismatch"


def test_another_sessions_challenge_registers_nothing(world: World, ana: Phone, key: HardwareKey) -> None:
    tablet = world.person(device="tablet")
    tablet.sign_in()
    assert complete(tablet, key, begin(ana, key).body["challenge"]).code == "challenge_mismatch"


def test_an_expired_challenge_registers_nothing(world: World, ana: Phone, key: HardwareKey) -> None:
    challenge = begin(ana, key).body["challenge"]
    world.clock.advance(timedelta(minutes=5))
    assert complete(ana, key, challenge).code == "challenge_expired"


@pytest.mark.parametrize("challenge", ["x", "e30.e30", "", "e30." + "A" * 43])
def test_what_is_no_challenge_of_ours_registers_nothing(ana: Phone, key: HardwareKey, challenge: str) -> None:
    assert complete(ana, key, challenge).code in {"challenge_invalid", "invalid_input"}


def test_another_curve_or_kind_of_key_is_told_so(ana: Phone, key: HardwareKey) -> None:
    numbers = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    x, y = (base64url(number.to_bytes(48, "big")) for number in (numbers.x, numbers.y))
    wider = {"kty": "EC", "crv": "P-384", "x": x, "y": y}
    assert post(ana, "register", {"public_key": wider}).code == "public_key_unsupported"
    for changes in ({"kty": "OKP"}, {"crv": "secp256k1"}, {"kty": "RSA"}):
        assert post(ana, "register", {"public_key": key.jwk | changes}).code == "public_key_unsupported"


def test_a_key_that_is_off_its_curve_or_spelled_otherwise_is_refused(ana: Phone, key: HardwareKey) -> None:
    x = key.jwk["x"]
    last = "BCDEFGHIJKLMNOPQRSTUVWXYZABCDEF"
    spellings = (
        {"y": x},  # off the curve
        {"x": base64url(bytes(32)), "y": base64url(bytes(32))},
        {"x": x + "="},
        {"x": x[:-1] + last[(last.index(x[-1]) + 1) % len(last)] if x[-1] in last else x[:-1] + "B"},
        {"x": base64url(b"\x00" + bytes(32))},  # J3
        {"x": "-" * 43},
        {"x": "é"},
    )
    for changes in spellings:
        assert post(ana, "register", {"public_key": key.jwk | changes}).code == "public_key_invalid", changes


@pytest.mark.parametrize("member", ["d", "p", "k", "oth"])
def test_a_private_half_is_not_taken(ana: Phone, key: HardwareKey, member: str) -> None:
    told = post(ana, "register", {"public_key": key.jwk | {member: key.jwk["x"], "ext": True}})
    assert told.body["errors"] == [{"pointer": f"/public_key/{member}", "code": "not_allowed"}]


@pytest.mark.parametrize(
    "more",
    [
        {"key_ops": ["verify"], "ext": True},  # as WebCrypto's exportKey writes it
        {"alg": "ES256", "use": "sig", "kid": "phone-1"},
        {"x5c": None, "unknown": {"of": [1.5]}},
    ],
)
def test_a_key_is_taken_as_libraries_write_it_and_is_the_same_key(
    ana: Phone, key: HardwareKey, more: dict[str, object]
) -> None:
    written = {"public_key": key.jwk | more}
    challenge = post(ana, "register", written).body["challenge"]
    assert complete(ana, key, challenge, **written).status == 200
    again = begin(ana, key).body["challenge"]
    assert complete(ana, key, again).body["id"] == complete(ana, key, challenge, **written).body["id"]


@pytest.mark.parametrize(
    ("name", "kept"), [("x" * 65, "x" * 64), ("", None), ("Ana\n's", "Ana's"), (7, None)]
)
def test_the_name_of_a_key_keeps_nobody_out(
    ana: Phone, key: HardwareKey, name: object, kept: str | None
) -> None:
    told = complete(ana, key, begin(ana, key).body["challenge"], name=name)
    assert (told.status, told.body["name"]) == (200, kept)


def test_a_person_has_so_many_keys_at_most_however_many_are_offered_at_once(world: World, ana: Phone) -> None:
    keys = [HardwareKey() for _ in range(KEYS_MAX + 4)]
    offers = [(key, begin(ana, key).body["challenge"]) for key in keys]
    codes = at_once([partial(completed, ana, *offer) for offer in offers])
    assert sorted(codes, key=str).count("biometric_keys_full") == 4
    assert len(listed(ana)) == KEYS_MAX
    assert world.kinds_of_acts(ana.user_id).count("biometric_key.registered") == KEYS_MAX


def test_one_challenge_completed_by_many_at_once_registers_one_key(
    world: World, ana: Phone, key: HardwareKey
) -> None:
    challenge = begin(ana, key).body["challenge"]
    ids = at_once([lambda: complete(ana, key, challenge).body["id"]] * 12)
    assert len(set(ids)) == 1
    assert world.kinds_of_acts(ana.user_id).count("biometric_key.registered") == 1


def test_a_removed_key_proves_nothing_and_its_old_challenge_brings_it_not_back(
    ana: Phone, key: HardwareKey
) -> None:
    challenge = begin(ana, key).body["challenge"]
    registration_id = complete(ana, key, challenge).body["id"]
    assert ana.delete(f"{REGISTRATIONS}/{registration_id}").status == 204
    assert listed(ana) == []
    assert ana.delete(f"{REGISTRATIONS}/{registration_id}").code == "not_found"
    asked = post(ana, "challenge", None).body["challenge"]
    assert post(ana, "verify", proof(ana, key, registration_id, asked)).code == "not_found"
    assert complete(ana, key, challenge).code == "challenge_used"


def test_nobody_sees_or_removes_somebody_elses_key(world: World, ana: Phone, key: HardwareKey) -> None:
    registration_id = registered(ana, key)
    bo = world.person(email="bo@example.com", name="Bo", device="bo-1")
    bo.sign_in()
    assert listed(bo) == []
    assert bo.delete(f"{REGISTRATIONS}/{registration_id}").code == "not_found"  # A1
    assert len(listed(ana)) == 1


def test_keys_go_with_their_person(world: World, ana: Phone, key: HardwareKey) -> None:
    registered(ana, key, name="Ana's phone")
    ana.world.call("DELETE", "/account", {"confirm": True}, token=ana.access_token)
    assert world.stored()["biometric_keys"] == 0


def test_the_export_has_the_keys_with_their_names(ana: Phone, key: HardwareKey) -> None:
    registration_id = registered(ana, key, name="Ana's phone")
    (held,) = ana.get("/account/export").body["biometric_keys"]
    assert (held["id"], held["name"]) == (registration_id, "Ana's phone")


def test_the_routes_want_a_live_session(ana: Phone, key: HardwareKey) -> None:
    registration_id, access = registered(ana, key), ana.access_token
    ana.logout()
    calls = (
        ("POST", "register", {"public_key": key.jwk}),
        ("POST", "challenge", None),
        ("GET", "registrations", None),
        ("DELETE", f"registrations/{registration_id}", None),
    )
    for method, path, body in calls:
        told = ana.world.call(method, f"/auth/biometric/{path}", body, token=access)
        assert told.code == "session_revoked", path

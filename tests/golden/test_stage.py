"""The present code on what an earlier release left: nobody loses account, session, rights or evidence."""

from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key

from chalicelib.clients.seal_signatures import check_seal
from chalicelib.domain.audit_bundle import verify_bundle
from chalicelib.domain.audit_verification import Verifier
from chalicelib.domain.providers import PROVIDERS
from chalicelib.functions.audit import audit_of
from chalicelib.services.ports import Act
from tests.conftest import Parts
from tests.egress_scenes import Outside
from tests.golden.stage import RELEASES, Left, Yesterday, left_by, yesterday
from tests.hardware_key import HardwareKey, asked, complete, proof, verify
from tests.proofs import PhoneKey
from tests.webhook_scenes import Receiver, receiving
from tests.world import Phone, Reply


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture(scope="module", params=RELEASES)
def left(parts: Parts, request: pytest.FixtureRequest) -> Left:
    return left_by(parts, str(request.param))


@pytest.fixture
def world(
    parts: Parts, left: Left, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Yesterday]:
    with yesterday(parts, left, receiver.url) as one:
        monkeypatch.setattr(one.apple, "now", one.clock.now)  # which looks at how old our secrets are
        yield one


@pytest.fixture
def outside(world: Yesterday) -> Outside:
    world.apple.revoked.clear()
    return Outside(world, world.places.egress)


def phone(world: Yesterday, name: str) -> Phone:
    """Return somebody's phone as the earlier release left it."""
    held = world.held[name]
    return Phone(
        world=world,
        email=held["email"],
        name=held["name"],
        device=held["device"],
        key=PhoneKey(_private(held["key"])) if "key" in held else None,
        answer=held["answer"],
        provider=PROVIDERS[held["provider"]],
    )


def _private(encoded: str) -> ec.EllipticCurvePrivateKey:
    key = load_der_private_key(b64decode(encoded), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def read(one: Phone, path: str) -> Reply:
    return one.call("GET", path, token=one.access_token)


def erase(one: Phone) -> Reply:
    return one.call("DELETE", "/account", {"confirm": True}, token=one.access_token)


@pytest.mark.parametrize("name", ["ana", "ben", "cleo", "dora", "gus"])
def test_a_session_goes_on_and_shows_the_same_person(world: Yesterday, name: str) -> None:
    one, before = phone(world, name), world.held[name]["answer"]
    assert read(one, "/account").body == before["user"]
    refreshed = one.refresh()
    assert refreshed.status == 200
    assert refreshed.body["session"]["id"] == before["session"]["id"]
    assert refreshed.body["user"] == before["user"]
    assert refreshed.body["scope"] == before["scope"]


def test_an_account_shows_what_its_person_chose(world: Yesterday) -> None:
    ana = phone(world, "ana")
    assert read(ana, "/account").body == world.held["ana"]["account"]
    assert read(ana, "/account/identities").body == world.held["ana"]["identities"]
    exported = read(ana, "/account/export")
    assert exported.status == 200
    for word in ("Anita ✨", "ana@example.com", "Ana Diaz's phone", "El móvil de Ana"):
        assert word in str(exported.body)


@pytest.mark.parametrize("name", ["ana", "ben", "cleo", "dora", "gus"])
def test_whoever_signs_in_again_is_the_same_person(world: Yesterday, name: str) -> None:
    one, before = phone(world, name), world.held[name]["answer"]
    again = one.sign_in()
    assert again.status == 200
    assert (again.body["is_new_user"], again.body["user"]["id"]) == (False, before["user"]["id"])
    assert again.body["user"] == before["user"]
    assert len(read(one, "/sessions").body["sessions"]) == 1  # it is the device that it was


@pytest.mark.parametrize("name", ["ana", "ben", "cleo", "dora", "gus"])
def test_a_sign_in_that_says_the_same_seals_nothing_anew(world: Yesterday, name: str) -> None:
    def sealed() -> list[Any]:
        return world.rows("SELECT id, profile, profile_digest FROM users ORDER BY id") + world.rows(
            "SELECT id, description, description_digest FROM devices ORDER BY id"
        )

    before = sealed()
    assert phone(world, name).sign_in().status == 200
    assert sealed() == before  # the digests are what the earlier release made of the same words


def test_who_was_suspended_stays_suspended(world: Yesterday) -> None:
    hal = phone(world, "hal")
    assert hal.refresh().code == "account_suspended"
    assert hal.sign_in().code == "account_suspended"


@pytest.mark.parametrize("name", ["eva", "fay"])
def test_who_was_erased_stays_erased(world: Yesterday, name: str) -> None:
    one, before = phone(world, name), world.held[name]
    assert one.refresh().code == "session_revoked"
    asked_again = erase(one).body  # as a phone does that lost the answer
    assert asked_again["secret"] == before["erased"]["secret"]
    assert asked_again["erasure"]["id"] == before["erased"]["erasure"]["id"]
    again = one.sign_in()
    assert again.status == 200
    assert again.body["is_new_user"] is True


@pytest.mark.parametrize("name", ["eva", "fay"])
def test_an_erasure_s_receipt_is_good_and_its_secret_tells_the_state(world: Yesterday, name: str) -> None:
    erased = world.held[name]["erased"]
    keys = jwt.PyJWKSet.from_dict(world.call("GET", "/.well-known/jwks.json").body)
    header = jwt.get_unverified_header(erased["receipt"])
    claims = jwt.decode(
        erased["receipt"], keys[header["kid"]], algorithms=["ES256"], options={"verify_iat": False}
    )
    assert (header["typ"], claims["erasure_id"]) == ("erasure-receipt+jwt", erased["erasure"]["id"])
    path = f"/account/erasures/{erased['erasure']['id']}"
    assert world.call("GET", path, token=erased["secret"]).body == {"erasure": erased["erasure"]}


def test_an_interrupted_erasure_is_completed_and_the_provider_is_told(
    world: Yesterday, outside: Outside
) -> None:
    assert world.services.recovery.sweep().completed == 1
    assert phone(world, "fay").answer["user"]["id"] not in world.vault_keys()
    outside.deliver()
    assert world.apple.revoked == [world.held["fay"]["granted"]]


def test_a_backup_of_that_day_repeats_the_erasures_in_the_ledger(world: Yesterday) -> None:
    world.execute("UPDATE database_position SET epoch = 0")
    world.execute("DELETE FROM erasures")
    world.services = world.container()
    assert world.services.recovery.restore(Act(request_id="test", locale="en")).erasures == 2


def test_outbound_jobs_are_done_and_what_they_brought_back_is_kept(
    world: Yesterday, outside: Outside
) -> None:
    world.apple._codes.add(world.held["cleo"]["code"])
    outside.deliver()
    while outside.collect():
        pass
    cleo = world.apple.exchanged[-1]["refresh_token"]
    granted = {world.held[name]["granted"] for name in ("ben", "dora")} | {cleo}
    for name in ("ben", "cleo", "dora"):
        assert erase(phone(world, name)).status == 200
    outside.deliver()
    assert set(world.apple.revoked) >= granted


def test_webhooks_are_delivered_in_order_and_signed(
    world: Yesterday, outside: Outside, receiver: Receiver
) -> None:
    told = world.rows("SELECT count(*) FROM outbox WHERE settled_at IS NULL")[0][0]
    carrier = outside.parts.carrier(world.database)
    while outside.deliver():
        outside.collect()
        carrier.carry()
    assert len(receiver.got) == told > 0
    assert receiver.verifies(world.held["webhook_secret"])
    assert world.rows("SELECT count(*) FROM outbox WHERE settled_at IS NULL") == [(0,)]


def test_hardware_keys_and_challenges_go_on(world: Yesterday) -> None:
    ana, held = phone(world, "ana"), world.held["ana"]
    key = HardwareKey(_private(held["hardware_key"]))
    assert complete(ana, key, held["challenge"]).status == 200
    body = proof(ana, key, held["registration_id"], asked(ana))
    assert verify(ana, body).status == 200


@pytest.mark.parametrize("purpose", ["sign_in", "link_identity"])
def test_a_nonce_is_good_once_for_its_purpose(world: Yesterday, purpose: str) -> None:
    ben, nonce = phone(world, "ben"), world.held["nonces"][purpose]
    reply = ben.sign_in(ben.id_token(nonce=nonce), nonce=nonce)
    if purpose == "sign_in":
        assert reply.status == 200
        assert ben.sign_in(ben.id_token(nonce=nonce), nonce=nonce).code == "invalid_nonce"
    else:
        assert reply.code == "invalid_nonce"


def test_the_audit_record_verifies_and_is_continued(world: Yesterday) -> None:
    audit = audit_of(world.settings, world.database, world.clock)
    report = audit.verify()
    assert (report.finding, report.unanchored, report.trusted_first) == (None, 0, ())
    assert phone(world, "ana").refresh().status == 200
    assert audit.seal().seals == 1
    assert audit.verify().finding is None


def test_a_bundle_that_auditors_hold_verifies(world: Yesterday) -> None:
    trusted = {key["kid"]: key for key in world.held["jwks"]["keys"]}
    lines = world.held["bundle"]
    verifier = Verifier(check_signature=check_seal, now=world.clock.now(), trusted=trusted)
    report = verify_bundle(lines, verifier)
    assert report.finding is None
    assert report.events == sum(1 for line in lines if '"record": "event"' in line)


def test_the_published_keys_and_the_service_go_on(world: Yesterday) -> None:
    shown: list[Any] = world.call("GET", "/.well-known/jwks.json").body["keys"]
    assert [key for key in world.held["jwks"]["keys"] if key not in shown] == []
    assert world.call("GET", "/health/ready").status == 200


def test_a_consent_receipt_still_verifies(world: Yesterday) -> None:
    signed = world.held["ana"]["consent_receipt"]["receipt"]
    keys = jwt.PyJWKSet.from_dict(world.call("GET", "/.well-known/jwks.json").body)
    header = jwt.get_unverified_header(signed)
    claims = jwt.decode(signed, keys[header["kid"]], algorithms=["ES256"], options={"verify_iat": False})
    assert (header["typ"], claims["piiPrincipalId"]) == (
        "consent-receipt+jwt",
        world.held["ana"]["answer"]["user"]["id"],
    )
    now = jwt.decode(
        read(phone(world, "ana"), "/consents/receipt").body["receipt"],
        options={"verify_signature": False},
    )
    assert now["history"] == claims["history"]

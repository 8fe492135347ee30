"""What Apple grants: a code becomes a sealed refresh token, and whoever leaves is revoked there."""

import io
from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.clients.egress_table import EgressTable
from chalicelib.domain.egress import EgressKind
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.providers import APPLE
from tests.egress_scenes import Outside
from tests.http.test_erasure import erase
from tests.world import Phone, World

EXCHANGE, REVOKE = EgressKind.APPLE_EXCHANGE, EgressKind.APPLE_REVOKE


@pytest.fixture
def outside(world: World) -> Outside:
    made = Outside(world)
    made.give_key()
    world.apple.exchanged.clear()
    world.apple.revoked.clear()
    return made


@pytest.fixture
def ana(world: World, outside: Outside) -> Phone:
    phone = world.person(provider=APPLE)
    assert phone.sign_in(authorization_code=world.apple.code()).status == 200
    return phone


def granted(outside: Outside) -> str:
    """Let the code be exchanged, and return what Apple gave."""
    outside.deliver()
    assert outside.collect() == 1
    return str(outside.world.apple.exchanged[-1]["refresh_token"])


def test_a_code_is_exchanged_and_what_comes_back_is_sealed(
    world: World, outside: Outside, ana: Phone
) -> None:
    assert world.apple.exchanged == []  # the person had their answer before Apple was asked
    token = granted(outside)
    ((_, sealed),) = outside.sealed_tokens().items()
    assert token.encode() not in sealed
    assert token not in repr(outside.items())
    assert outside.collect() == 0


def test_neither_code_nor_token_can_be_read_in_the_table(world: World, outside: Outside) -> None:
    code = world.apple.code()
    world.person(provider=APPLE).sign_in(authorization_code=code)
    assert code not in repr(outside.items())
    outside.deliver()
    assert world.apple.exchanged[0]["code"] == code
    assert world.apple.exchanged[0]["refresh_token"] not in repr(outside.items())


def test_an_erasure_revokes_at_apple(world: World, outside: Outside, ana: Phone) -> None:
    token = granted(outside)
    assert erase(ana).status == 200
    assert ana.user_id not in world.vault_keys()  # the key is gone: what was handed over is enough
    outside.deliver()
    assert world.apple.revoked == [token]
    assert world.rows("SELECT count(*) FROM revocations") == [(0,)]


def test_unlinking_revokes_at_apple_and_the_person_goes_on(
    world: World, outside: Outside, ana: Phone
) -> None:
    token = granted(outside)
    google = world.person(device="device-9")
    nonce = world.call("POST", "/auth/challenge", {"purpose": "link_identity"}).body["nonce"]
    body = {"provider": "google", "id_token": google.id_token(nonce=nonce), "nonce": nonce}
    assert world.call("POST", "/account/identities", body, token=ana.access_token).status in {200, 201}
    apple = ana.get("/account/identities").body["identities"][0]
    assert apple["provider"] == "apple"
    assert ana.delete(f"/account/identities/{apple['id']}").status == 204
    outside.deliver()
    assert world.apple.revoked == [token]
    assert ana.get("/account").status == 200
    assert world.rows("SELECT count(*) FROM revocations") == [(0,)]


def test_a_sign_in_succeeds_without_the_table_and_says_what_is_lost(
    world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch, lines: io.StringIO
) -> None:
    outside.dynamodb.delete_table(TableName=world.settings.egress_table)
    assert world.person(provider=APPLE).sign_in(authorization_code=world.apple.code()).status == 200
    assert '"event": "provider_code_lost"' in lines.getvalue()


def test_an_erasure_waits_for_the_table_with_the_key_in_place_and_the_sweep_completes_it(
    world: World, outside: Outside, ana: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = granted(outside)

    def away(*_: object) -> bool:
        raise DependencyUnavailable from EndpointConnectionError(endpoint_url="x")

    with monkeypatch.context() as patched:
        patched.setattr(EgressTable, "put", away)
        assert erase(ana).body["erasure"]["state"] == "pending"
    assert ana.user_id in world.vault_keys()
    world.services.recovery.sweep()
    assert ana.user_id not in world.vault_keys()
    outside.deliver()
    assert world.apple.revoked == [token]


def test_a_token_that_comes_after_its_person_left_is_revoked_at_once(
    world: World, outside: Outside, ana: Phone
) -> None:
    outside.deliver()
    assert erase(ana).status == 200
    assert outside.collect() == 1
    outside.deliver()
    assert world.apple.revoked == [world.apple.exchanged[0]["refresh_token"]]


def test_the_phones_retry_has_its_code_exchanged_once(world: World, outside: Outside) -> None:
    phone, code = world.person(provider=APPLE), world.apple.code()
    token = phone.id_token()
    for _ in range(2):
        assert phone.sign_in(token, authorization_code=code).status == 200
    outside.deliver()
    outside.deliver()
    assert len(world.apple.exchanged) == 1


def test_a_code_that_apple_refuses_is_tried_once_and_wakes_nobody(
    world: World, outside: Outside, lines: io.StringIO
) -> None:
    world.person(provider=APPLE).sign_in(authorization_code="made-up")
    assert outside.deliver() == {"dead": 1}
    assert "egress_dead" not in lines.getvalue()
    assert outside.collect() == 1
    assert outside.sealed_tokens() == {}


def test_a_revocation_without_our_key_is_tried_for_days_and_then_wakes_somebody(
    world: World, outside: Outside, ana: Phone, lines: io.StringIO
) -> None:
    granted(outside)
    outside.dynamodb.delete_item(TableName=world.settings.egress_table, Key={"id": {"S": "apple-client-key"}})
    assert erase(ana).status == 200
    assert outside.deliver() == {"pending": 1}
    assert outside.sweep() == {}  # not due yet
    tries = 1
    while outside.states(REVOKE) == ["pending"]:
        outside.sweep(timedelta(hours=40))
        tries += 1
    assert tries == 11
    assert '"egress_dead": 1' in lines.getvalue()


def test_what_an_interrupted_unlink_left_is_handed_over_by_the_collector(
    world: World, outside: Outside, ana: Phone
) -> None:
    token = granted(outside)
    # as its statement does, whose process died behind it
    world.execute(
        "INSERT INTO revocations SELECT id, user_id, refresh_token, now() FROM identities; "
        "UPDATE identities SET refresh_token = NULL"
    )
    assert outside.end_left_behind() == 0  # somebody may be at it
    world.clock.advance(timedelta(minutes=2))
    assert outside.end_left_behind() == 1
    outside.deliver()
    assert world.apple.revoked == [token]
    assert outside.end_left_behind() == 0

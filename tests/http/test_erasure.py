"""Erasure as a person meets it: everything of theirs goes, a receipt stays, and nobody is brought back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest

from chalicelib.clients.aws import aws_client
from chalicelib.domain.erasure import KEPT, ErasedData
from chalicelib.domain.errors import NotFound
from chalicelib.services.ports import Act
from chalicelib.stores.schema import Schema
from tests.races import audited
from tests.world import Phone, Reply, World

OPERATOR = Act(request_id="operator", locale="en")
NEVER_AGAIN = (("GET", "/account"), ("GET", "/sessions"), ("GET", "/consents"), ("DELETE", "/sessions"))
STAY = {"users", "consent_events", "audit_events", "erasures"}  # by the person's id, with nothing personal


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def erase(phone: Phone) -> Reply:
    return phone.world.call("DELETE", "/account", {"confirm": True}, token=phone.access_token)


def state(world: World, erasure_id: str, secret: str | None) -> Reply:
    return world.call("GET", f"/account/erasures/{erasure_id}", token=secret)


def tables_of_people() -> Iterator[str]:
    for name, table in Schema.metadata.tables.items():
        if "user_id" in table.columns:
            yield name


def test_an_erasure_answers_a_receipt_that_says_what_goes_and_what_stays(world: World, ana: Phone) -> None:
    reply = erase(ana)
    assert reply.status == 200
    erasure = reply.body["erasure"]
    assert (erasure["state"], erasure["erased"]) == ("completed", list(ErasedData))
    assert [kept["what"] for kept in erasure["kept"]] == [kept.what for kept in KEPT]
    assert all(kept["legal_basis"].startswith("GDPR art. ") for kept in erasure["kept"])
    asked = datetime.fromisoformat(erasure["requested_at"])
    until = [datetime.fromisoformat(kept["until"]) - asked for kept in erasure["kept"]]
    assert until == [kept.period for kept in KEPT]


def test_the_receipt_is_signed_and_verifies_against_the_jwks(world: World, ana: Phone) -> None:
    reply = erase(ana)
    signed, erasure = reply.body["receipt"], reply.body["erasure"]
    keys = jwt.PyJWKSet.from_dict(world.call("GET", "/.well-known/jwks.json").body)
    header = jwt.get_unverified_header(signed)
    claims = jwt.decode(signed, keys[header["kid"]], algorithms=["ES256"], options={"verify_iat": False})
    assert (header["typ"], claims["iss"]) == ("erasure-receipt+jwt", "https://auth.test")
    assert (claims["erasure_id"], claims["erased"]) == (erasure["id"], erasure["erased"])
    assert datetime.fromtimestamp(claims["requested_at"], UTC) == world.clock.now()
    assert [kept["what"] for kept in claims["kept"]] == [kept.what for kept in KEPT]
    assert ana.user_id not in str(claims)  # whoever finds it learns nothing of whom
    assert world.call("GET", "/account", token=signed).code == "invalid_token"


@pytest.mark.parametrize("body", [{"confirm": False}, {}, {"confirm": "true"}, {"confirm": True, "why": ""}])
def test_without_confirmation_nothing_happens(world: World, ana: Phone, body: dict[str, Any]) -> None:
    stored = world.stored()
    assert world.call("DELETE", "/account", body, token=ana.access_token).code == "invalid_input"
    assert world.stored() == stored
    assert ana.get("/account").status == 200


def test_an_old_sign_in_is_not_enough(world: World, ana: Phone) -> None:
    world.clock.advance(timedelta(minutes=6))
    reply = erase(ana)
    assert (reply.status, reply.code) == (401, "insufficient_user_authentication")  # S4
    assert reply.body["action"] == "step_up"
    assert ana.get("/account").status == 200


def test_old_tokens_are_refused_everywhere_as_revoked(world: World, ana: Phone) -> None:
    tablet = world.person(device="device-2")
    tablet.sign_in()
    assert erase(ana).status == 200
    for phone in (ana, tablet):  # F-23, S6
        for method, path in NEVER_AGAIN:
            assert world.call(method, path, token=phone.access_token).code == "session_revoked"
        assert phone.refresh().code == "session_revoked"
    assert erase(tablet).code == "session_revoked"  # another session didn't ask for it: no receipt (A1)


def test_another_container_refuses_them_too(world: World, ana: Phone) -> None:
    assert ana.get("/account").status == 200
    warm = world.services  # it has the person's key in its cache
    world.services = world.container()
    erase(ana)
    world.services = warm
    assert ana.get("/account").code == "session_revoked"


def test_nothing_of_the_person_is_left_but_history_by_an_id(world: World, ana: Phone) -> None:
    events = world.rows("SELECT count(*) FROM consent_events WHERE user_id = %s", ana.user_id)
    erase(ana)
    for table in set(tables_of_people()) - {"users"}:
        (rows,) = world.rows(f"SELECT count(*) FROM {table} WHERE user_id = %s", ana.user_id)  # noqa: S608 - our own names
        assert (rows[0] > 0) == (table in STAY), f"say in sql/erasures.sql what happens to {table}"
    binary = [
        column.name for column in Schema.metadata.tables["users"].columns if column.type.python_type is bytes
    ]
    found = world.rows(f"SELECT status, {', '.join(binary)} FROM users WHERE id = %s", ana.user_id)  # noqa: S608 - our own names
    assert found == [("erased", *[None] * len(binary))]
    assert world.rows("SELECT count(*) FROM consent_events WHERE user_id = %s", ana.user_id) == events
    assert ana.user_id not in world.vault_keys()


def test_the_ledger_outside_the_database_holds_ids_a_time_and_a_hash(world: World, ana: Phone) -> None:
    reply = erase(ana)
    client = aws_client("s3", world.settings.aws_region, world.settings.aws_endpoint_url)
    (lineage,) = world.rows("SELECT lineage FROM database_position")[0]
    listed = client.list_objects_v2(Bucket=world.settings.evidence_bucket, Prefix=f"erasures/{lineage}/")
    (key,) = [item["Key"] for item in listed["Contents"]]
    body = client.get_object(Bucket=world.settings.evidence_bucket, Key=key)["Body"].read().decode()
    assert reply.body["erasure"]["id"] in key
    assert ana.user_id in body
    assert not any(told in body for told in (ana.email, ana.name, ana.device, reply.body["secret"]))


def test_signing_in_again_makes_a_new_person_without_history(world: World, ana: Phone) -> None:
    erase(ana)
    before = ana.user_id
    world.clock.advance(timedelta(seconds=1))
    assert ana.sign_in(consents=[]).code == "consent_required"  # F-23: old consents don't count
    assert ana.sign_in().body["is_new_user"]
    assert ana.user_id != before
    assert len(ana.get("/sessions").body["sessions"]) == 1
    granted = {event["session_id"] for event in ana.get("/consents").body["history"]}
    assert granted == {ana.session_id}


@pytest.mark.parametrize("came_back", [False, True])
def test_an_id_token_that_was_used_stays_used(world: World, ana: Phone, *, came_back: bool) -> None:
    used = ana.id_token()
    ana.sign_in(used)
    erase(ana)
    if came_back:
        world.clock.advance(timedelta(seconds=1))
        assert ana.sign_in().status == 200
    stored = world.stored()
    assert ana.sign_in(used).code == "id_token_used"  # F-26
    assert world.stored() == stored  # no orphan in the vault either


def test_others_are_left_alone(world: World, ana: Phone) -> None:
    ben = world.person("ben@example.com", "Ben Okafor")  # on the same phone
    ben.sign_in()
    erase(ana)
    assert ben.get("/account").body["name"] == "Ben Okafor"
    assert ben.refresh().status == 200
    assert ben.user_id in world.vault_keys()


def test_the_state_is_told_to_who_has_the_receipts_secret(world: World, ana: Phone) -> None:
    answer = erase(ana).body
    reply = state(world, answer["erasure"]["id"], answer["secret"])
    assert (reply.status, reply.body["erasure"]) == (200, answer["erasure"])


def test_a_wrong_secret_and_an_unknown_id_look_the_same(world: World, ana: Phone) -> None:
    answer = erase(ana).body
    erasure_id, secret = answer["erasure"]["id"], answer["secret"]
    wrong = [state(world, erasure_id, other) for other in (None, "A" * 43, secret[:-1], ana.access_token)]
    wrong += [state(world, str(uuid4()), secret), state(world, "none", secret)]
    shapes = {
        (reply.status, reply.code, reply.body["title"], reply.body["user_message"], *sorted(reply.headers))
        for reply in wrong
    }
    assert len(shapes) == 1  # A1
    assert wrong[0].status == 404


def test_only_the_hash_of_the_secret_is_stored(world: World, ana: Phone) -> None:
    secret = erase(ana).body["secret"]
    ((stored,),) = world.rows("SELECT secret_hash FROM erasures")
    assert len(secret) == 43
    assert secret.encode() not in bytes(stored)


def test_an_operator_erases_by_the_same_path_with_a_reason_on_record(world: World, ana: Phone) -> None:
    world.suspend(ana.user_id)
    done = world.services.erasures.erase(
        UUID(ana.user_id), reason="request 4711", actor="ops-maria", act=OPERATOR
    )
    assert done.erasure.state == "completed"
    assert ana.refresh().code == "session_revoked"
    ((details, request_id),) = world.rows(
        "SELECT details, request_id FROM audit_events WHERE kind = 'account.erased'"
    )
    assert (details["origin"], details["actor"], details["reason"]) == (
        "operator",
        "ops-maria",
        "request 4711",
    )
    assert request_id == "operator"


def test_an_operator_erases_nobody_twice_and_nobody_who_is_not_there(world: World, ana: Phone) -> None:
    erase(ana)
    for user_id in (UUID(ana.user_id), uuid4()):
        with pytest.raises(NotFound):
            world.services.erasures.erase(user_id, reason="request 4711", actor="ops-maria", act=OPERATOR)
    assert audited(world, "account.erased") == 1


def test_the_record_names_the_session_that_asked_and_each_that_ended(world: World, ana: Phone) -> None:
    tablet = world.person(device="device-2")
    tablet.sign_in()
    erase(ana)
    recorded = world.rows(
        "SELECT kind, session_id::text, details->>'reason' FROM audit_events"
        " WHERE kind IN ('account.erased', 'session.ended')"
    )
    assert sorted(recorded, key=str) == sorted(
        [
            ("account.erased", ana.session_id, None),
            ("session.ended", ana.session_id, "erased"),
            ("session.ended", tablet.session_id, "erased"),
        ],
        key=str,
    )

"""What people's keys are needed for, what works without them and what does not (F-8 to F-11)."""

from collections.abc import Iterator

import pytest

from chalicelib.clients.aws import aws_client
from tests.aws_tap import AwsTap, renew_container, tapped
from tests.http.test_personal_data import sealed
from tests.world import Phone, World


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


@pytest.fixture
def aws(world: World, ana: Phone) -> Iterator[AwsTap]:
    with tapped(world) as tap:
        yield tap


def test_a_new_person_costs_one_key_and_one_item(world: World, aws: AwsTap) -> None:
    world.person("eve@example.com").sign_in()
    assert aws.calls == ["kms.GenerateDataKey", "dynamodb.PutItem"]


def test_a_known_persons_sign_in_makes_no_call(ana: Phone, aws: AwsTap) -> None:
    assert ana.sign_in().status == 200
    assert aws.calls == []


def test_refreshing_and_its_retry_make_no_call(ana: Phone, aws: AwsTap) -> None:
    first = ana.refresh_token
    assert (ana.refresh().status, ana.refresh(first).status) == (200, 200)
    assert aws.calls == []


def test_the_bearer_check_makes_no_call(ana: Phone, aws: AwsTap) -> None:
    assert ana.get("/consents").status == 200
    assert ana.delete("/sessions").status == 204
    assert ana.delete(f"/sessions/{ana.session_id}").status == 204
    assert ana.get("/sessions").code == "session_revoked"
    assert aws.calls == []


def test_reading_ones_data_takes_ones_key_once_for_many_reads(ana: Phone, aws: AwsTap) -> None:
    for path in ("/account", "/sessions", "/account"):
        assert ana.get(path).status == 200
    assert aws.calls == ["dynamodb.GetItem", "kms.Decrypt"]


@pytest.fixture
def outage(aws: AwsTap) -> AwsTap:
    """KMS and the vault can't be reached; the container has the service's own keys and nobody else's."""
    aws.down = {"kms", "dynamodb"}
    return aws


def test_while_the_keys_are_away_a_refresh_works(ana: Phone, outage: AwsTap) -> None:
    assert ana.refresh().body["user"]["email"] == ana.email  # F-9


def test_while_the_keys_are_away_sessions_are_listed_without_what_is_sealed(
    ana: Phone, outage: AwsTap
) -> None:
    [session] = ana.get("/sessions").body["sessions"]
    named = {"id": None, "name": None, "model": None, "os_version": None, "app_version": None}
    assert session["device"] == named | {"platform": "ios", "first_seen_at": session["created_at"]}
    outage.down.clear()
    assert ana.get("/sessions").body["sessions"][0]["device"]["name"] == "Ana Diaz's phone"


def test_while_the_keys_are_away_news_wait_for_the_next_sign_in(
    world: World, ana: Phone, outage: AwsTap
) -> None:
    before = sealed(world)
    reply = ana.sign_in(ana.id_token(name="Ana Maria Diaz"))
    assert (reply.status, reply.body["user"]["name"]) == (200, "Ana Maria Diaz")
    assert sealed(world) == before
    outage.down.clear()
    ana.sign_in(ana.id_token(name="Ana Maria Diaz"))
    assert ana.get("/account").body["name"] == "Ana Maria Diaz"


def test_while_the_keys_are_away_another_devices_news_wait_for_a_later_refresh(
    world: World, ana: Phone
) -> None:
    tablet = world.person(device="device-2")
    tablet.sign_in()
    ana.sign_in(ana.id_token(name="Ana Maria Diaz"))
    with tapped(world) as aws:
        aws.down = {"kms"}
        assert tablet.refresh().body["user"]["name"] == "Ana Diaz"
        aws.down.clear()
        assert tablet.refresh().body["user"]["name"] == "Ana Maria Diaz"


@pytest.mark.parametrize("service", ["kms", "dynamodb"])
def test_while_the_keys_are_away_nobody_signs_up_and_nothing_is_left(
    world: World, aws: AwsTap, service: str
) -> None:
    aws.down = {service}
    eve = world.person("eve@example.com")
    token, before = eve.id_token(), world.stored()
    reply = eve.sign_in(token)
    assert (reply.status, reply.code, reply.body["action"]) == (503, "service_unavailable", "retry")  # F0
    assert 1 <= reply.body["retry_after"] <= 5
    assert world.stored() == before
    aws.down.clear()
    assert eve.sign_in(token).body["is_new_user"] is True  # the same credentials work


def test_while_the_keys_are_away_an_account_is_not_shown(ana: Phone, outage: AwsTap) -> None:
    reply = ana.get("/account")
    assert (reply.status, reply.code) == (503, "service_unavailable")
    outage.down.clear()
    assert ana.get("/account").status == 200


def test_a_person_whose_key_was_deleted_is_unreadable_for_ever(world: World, ana: Phone) -> None:
    client = aws_client("dynamodb", world.settings.aws_region, world.settings.aws_endpoint_url)
    client.delete_item(TableName=world.settings.vault_table, Key={"user_id": {"S": ana.user_id}})
    renew_container(world)
    assert ana.get("/account").code == "integrity"  # of a person who wasn't erased: an alarm, not a sign-out


@pytest.mark.parametrize(
    "corrupt",
    [
        "UPDATE users SET profile = set_byte(profile, 40, get_byte(profile, 40) # 1) WHERE id = %s",
        "UPDATE users u SET profile = o.profile FROM users o WHERE o.id <> u.id AND u.id = %s",
    ],
    ids=["flipped", "swapped"],
)
def test_a_record_that_was_tampered_with_is_told_for_that_person_alone(
    world: World, ana: Phone, corrupt: str
) -> None:
    eve = world.person("eve@example.com")
    eve.sign_in()
    world.execute(corrupt, ana.user_id)
    reply = ana.get("/account")  # F-11
    assert (reply.status, reply.code, reply.body["action"]) == (500, "integrity", "contact_support")
    assert eve.get("/account").body["email"] == eve.email


def test_a_session_copy_that_was_tampered_with_is_told_by_its_refresh_alone(world: World, ana: Phone) -> None:
    eve = world.person("eve@example.com")
    eve.sign_in()
    world.execute(
        "UPDATE sessions s SET profile = o.profile FROM sessions o WHERE o.id = %s AND s.id = %s",
        eve.session_id,
        ana.session_id,
    )
    assert (ana.refresh().code, eve.refresh().status) == ("integrity", 200)

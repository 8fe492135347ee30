"""Many sign-ins at once: one account a person, one live session a device, one key."""

from collections.abc import Callable

import pytest

from chalicelib.clients.aws import aws_client
from tests.races import at_once, audited, live_sessions, times
from tests.world import Phone, Reply, World


def vault_keys(world: World) -> set[str]:
    vault = aws_client("dynamodb", world.settings.aws_region, world.settings.aws_endpoint_url)
    pages = vault.get_paginator("scan").paginate(TableName=world.settings.vault_table)
    return {str(item["user_id"]["S"]) for page in pages for item in page["Items"]}


def assert_one_account(world: World, replies: list[Reply], keys_before: set[str]) -> None:
    assert {reply.status for reply in replies} == {200}
    (user_id,) = {reply.body["user"]["id"] for reply in replies}
    assert world.rows("SELECT id::text FROM users") == [(user_id,)]
    assert world.rows("SELECT count(*) FROM identities") == [(1,)]
    assert audited(world, "account.created") == 1
    assert vault_keys(world) - keys_before == {user_id}  # no orphan, and never the account's own


@pytest.mark.parametrize("count", [2, 20])
def test_first_sign_ins_of_one_person_on_several_phones_make_one_account(world: World, count: int) -> None:
    before = vault_keys(world)
    phones = [world.person(device=f"phone-{i}") for i in range(count)]
    replies = at_once([phone.sign_in for phone in phones])
    assert_one_account(world, replies, before)
    assert live_sessions(world) == count
    assert [reply.body["is_new_user"] for reply in replies].count(True) == 1
    assert {phone.refresh().status for phone in phones} == {200}
    assert {phone.get("/account").body["email"] for phone in phones} == {"ana@example.com"}


@pytest.mark.parametrize("count", [2, 20])
def test_a_first_sign_in_sent_several_times_at_once_answers_one_session(world: World, count: int) -> None:
    before, phone = vault_keys(world), world.person()
    body = phone.sign_in_body()
    replies = times(count, lambda: world.call("POST", "/auth/google", body))
    assert_one_account(world, replies, before)
    assert len({reply.body["refresh_token"] for reply in replies}) == 1
    assert {reply.body["is_new_user"] for reply in replies} == {True}  # the same answer to all
    assert world.rows("SELECT count(*) FROM sessions") == [(1,)]
    assert audited(world, "session.started") == 1
    for reply in replies:
        phone.answer = reply.body
        assert phone.get("/account").status == 200
    assert phone.refresh().status == 200


def test_one_id_token_used_on_two_devices_at_once_opens_one_session(world: World) -> None:
    phones = [world.person(device="mine"), world.person(device="theirs")]
    token = phones[0].id_token()
    replies = at_once([lambda phone=phone: phone.sign_in(token) for phone in phones])  # type: ignore[misc] # mypy can't infer a lambda's default
    assert sorted(str(reply.code) for reply in replies) == ["None", "id_token_used"]  # GG8
    assert live_sessions(world) == 1


def test_one_nonce_used_by_two_people_at_once_serves_one(world: World) -> None:
    nonce = world.call("POST", "/auth/challenge").body["nonce"]
    before, people = vault_keys(world), [world.person("ana@example.com"), world.person("ben@example.com")]
    replies = at_once([_with_nonce(phone, nonce) for phone in people])
    assert sorted(str(reply.code) for reply in replies) == ["None", "invalid_nonce"]
    assert world.rows("SELECT count(*) FROM users") == [(1,)]
    assert len(vault_keys(world) - before) == 1


def test_thirty_sign_ins_on_one_device_at_once_leave_one_live_session(world: World) -> None:
    world.person().sign_in()
    phones = [world.person() for _ in range(30)]
    replies = at_once([phone.sign_in for phone in phones])
    assert {reply.status for reply in replies} == {200}
    assert live_sessions(world) == 1
    assert audited(world, "session.started") == 31
    assert audited(world, "session.ended") == 30
    codes = [phone.refresh().code for phone in phones]
    assert sorted(codes, key=str) == [None, *["session_revoked"] * 29]


def test_two_new_people_on_one_device_each_get_their_account(world: World) -> None:
    people = [world.person(f"{name}@example.com", device="shared") for name in ("ana", "ben", "eva")]
    assert {reply.status for reply in at_once([phone.sign_in for phone in people])} == {200}
    assert live_sessions(world) == 3


def _with_nonce(phone: Phone, nonce: str) -> Callable[[], Reply]:
    return lambda: phone.sign_in(phone.id_token(nonce=nonce), nonce=nonce)

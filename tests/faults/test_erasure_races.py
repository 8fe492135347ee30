"""Erasure against refreshes, sign-ins, itself and outages: one order, one effect (F-21, F-22, F-23, F0)."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.aws_tap import tapped
from tests.http.test_erasure import erase, state
from tests.races import at_once, audited, live_sessions, times
from tests.world import Phone, Reply, World


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def test_erasing_twice_at_once_is_one_erasure_and_one_record(world: World, ana: Phone) -> None:
    replies = times(6, lambda: erase(ana))  # F-22
    assert [reply.status for reply in replies] == [200] * 6
    told = {(reply.body["erasure"]["id"], reply.body["secret"]) for reply in replies}
    assert len(told) == 1  # whose answer came first was lost, say: all hold the one receipt
    assert (audited(world, "account.erased"), audited(world, "session.ended")) == (1, 1)
    assert world.rows("SELECT count(*) FROM erasures") == [(1,)]


def test_a_refresh_that_overlaps_an_erasure_yields_no_working_token(world: World) -> None:
    for number in range(4):  # F-21
        phone = world.person(f"person-{number}@example.com")
        phone.sign_in()
        body = {"refresh_token": phone.refresh_token}
        acts = [partial(world.call, "POST", "/auth/refresh", body)] * 4
        replies = at_once([partial(erase, phone), *acts])
        assert replies[0].status == 200
        assert {reply.code for reply in replies[1:]} <= {None, "session_revoked"}
        assert live_sessions(world) == 0
        for reply in replies[1:]:
            if reply.status == 200:
                again = {"refresh_token": reply.body["refresh_token"]}
                assert world.call("POST", "/auth/refresh", again).code == "session_revoked"


def test_a_sign_in_that_overlaps_an_erasure_is_of_the_old_person_or_of_a_new_one(world: World) -> None:
    for number in range(4):
        phone = world.person(f"person-{number}@example.com")
        phone.sign_in()
        others = [world.person(phone.email, device=f"phone-{i}") for i in range(3)]
        acts: list[Callable[[], Reply]] = [partial(erase, phone), *(other.sign_in for other in others)]
        replies = at_once(acts)
        assert {reply.status for reply in replies} == {200}
        for other in others:
            is_old = other.user_id == phone.user_id
            assert other.refresh().code == ("session_revoked" if is_old else None)
        assert phone.user_id not in world.vault_keys()


def test_while_the_vault_is_away_it_is_pending_and_the_sweep_completes_it(world: World, ana: Phone) -> None:
    with tapped(world) as aws:
        aws.down = {"dynamodb"}
        answer = erase(ana).body
        assert answer["erasure"]["state"] == "pending"
        assert ana.get("/account").code == "session_revoked"
        aws.down = set()
        assert world.services.recovery.sweep().completed == 1
    told = state(world, answer["erasure"]["id"], answer["secret"]).body["erasure"]
    assert told["state"] == "completed"
    assert ana.user_id not in world.vault_keys()
    assert world.services.recovery.sweep().completed == 0
    assert audited(world, "account.erased") == 1


def test_while_the_ledger_is_away_nothing_happens(world: World, ana: Phone) -> None:
    stored = world.stored()
    with tapped(world) as aws:
        aws.down = {"s3"}
        assert erase(ana).code == "service_unavailable"  # F0
        assert world.stored() == stored
        aws.down = set()
        assert erase(ana).status == 200


def test_many_erasures_at_once_take_a_number_each_and_none_looks_like_a_restore(world: World) -> None:
    phones = [world.person(f"person-{number}@example.com") for number in range(8)]
    for phone in phones:
        phone.sign_in()
    acts: list[Callable[[], Reply]] = [partial(erase, phone) for phone in phones]
    replies = at_once(acts + [partial(world.call, "GET", "/health/ready")] * 4)
    assert [reply.status for reply in replies] == [200] * 12
    assert world.rows("SELECT epoch FROM erasures ORDER BY epoch") == [(n,) for n in range(1, 9)]


@pytest.mark.parametrize("act", ["GET /account", "GET /sessions", "PATCH /account", "POST /auth/google"])
def test_who_is_erased_between_the_read_and_the_key_is_told_that_the_session_ended(
    world: World, ana: Phone, act: str
) -> None:
    body = ana.sign_in_body(device={"id": "device-2", "platform": "ios"})
    elsewhere = World(world.settings, world.owner_url, world.people)
    elsewhere.clock = world.clock
    phone = elsewhere.person()
    phone.answer = ana.answer
    with tapped(world) as aws:
        aws.meanwhile["dynamodb.GetItem"] = partial(erase, phone)
        method, path = act.split()
        told = {"PATCH": {"display_name": "Ani"}, "POST": body}.get(method)
        reply = world.call(method, path, told, token=None if told is body else ana.access_token)
    assert (reply.status, reply.code) == (401, "session_revoked")  # F-23, and no 500
    assert audited(world, "account.erased") == 1
    elsewhere.close()

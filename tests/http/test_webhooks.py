"""Other backends are told: signed, in each person's order, at least once, and nothing personal."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chalicelib.domain.egress import EgressKind
from chalicelib.domain.webhooks import OVERLAP, checked_address
from tests.http.test_erasure import erase
from tests.leaks import leaked
from tests.races import times
from tests.webhook_scenes import ORDER, Backend, receiving
from tests.world import World


@pytest.fixture
def backend(world: World) -> Iterator[Backend]:
    with receiving() as receiver:
        yield Backend(world, receiver)


def told(world: World, kind: str) -> list[Any]:
    return [row for (row,) in world.rows("SELECT details FROM audit_events WHERE kind = %s", kind)]


def test_a_life_is_told_in_order(world: World, backend: Backend) -> None:
    ana = world.person()
    ana.sign_in()
    ana.logout()
    ana.sign_in()
    erase(ana)
    backend.turns()
    kinds = backend.receiver.types
    assert kinds[0] == "account.created"
    assert kinds[1:6] == ["consent.changed"] * 5
    assert kinds[6] == "session.revoked"
    assert sorted(kinds[7:]) == ["account.erased", "session.revoked"]
    sequences = [json.loads(body)["data"]["sequence"] for _, body in backend.receiver.got]
    assert sequences == sorted(sequences)
    assert backend.left() == 0
    assert sum(each["count"] for each in told(world, "webhooks.delivered")) == len(kinds)


def test_a_message_is_what_the_specification_says(world: World, backend: Backend) -> None:
    ana = world.person()
    ana.sign_in()
    backend.turn()
    headers, body = backend.receiver.got[0]
    assert backend.receiver.verifies(backend.secret)
    assert headers["content-type"] == "application/json"
    assert UUID(headers["webhook-id"])
    message = json.loads(body)
    assert message.keys() == {"type", "timestamp", "data"}
    assert message["data"].keys() == {"user_id", "sequence"}
    assert message["data"]["user_id"] == ana.user_id


def test_nothing_personal_is_sent_or_stands_in_the_table(world: World, backend: Backend) -> None:
    ana = world.person("planted.person@example.com", "Plantedname Person", "planted-device-77")
    ana.sign_in()
    world.suspend(ana.user_id)
    backend.turns()
    sent = b"".join(body for _, body in backend.receiver.got) + repr(backend.outside.items()).encode()
    planted = {"planted.person@example.com", "Plantedname", "planted-device-77", backend.secret}
    assert leaked(sent, planted) == set()
    assert ana.user_id.encode() in sent


@pytest.mark.parametrize("status", [301, 302, 400, 404, 429, 500, 503])
def test_any_answer_but_success_is_tried_again_with_the_same_id(
    world: World, backend: Backend, status: int
) -> None:
    world.person().sign_in()
    backend.receiver.status = status
    assert backend.turn() == {"pending": 1}
    assert backend.turn() == {"pending": 1} or backend.receiver.types  # another try of the same errand only
    backend.receiver.status = 200
    assert backend.outside.sweep(timedelta(minutes=10)) == {"done": 1}
    ids = {headers["webhook-id"] for headers, _ in backend.receiver.got}
    assert (len(ids), set(backend.receiver.types)) == (1, {"account.created"})


def test_nobody_is_told_the_next_before_the_former_ended(world: World, backend: Backend) -> None:
    ana, ben = world.person(), world.person("ben@example.com", device="device-2")
    ana.sign_in()
    backend.receiver.status = 500
    backend.turn()
    ben.sign_in()
    for _ in range(3):
        backend.carrier.carry()
    assert len(backend.outside.ids(EgressKind.WEBHOOK)) == 2  # one a person: ben doesn't wait for ana


def test_two_carriers_at_once_hand_each_event_over_once(world: World, backend: Backend) -> None:
    for number in range(3):
        world.person(f"p{number}@example.com", device=f"device-{number}").sign_in()
    times(4, backend.carrier.carry)
    assert len(backend.outside.ids(EgressKind.WEBHOOK)) == 3
    backend.outside.deliver()
    backend.outside.deliver()
    assert backend.receiver.types == ["account.created"] * 3


def test_a_carrier_that_died_before_its_mark_repeats_nothing(world: World, backend: Backend) -> None:
    world.person().sign_in()
    backend.carrier.carry()
    world.execute("UPDATE outbox SET carried_at = NULL")  # F-20
    backend.carrier.carry()
    backend.turns()
    assert backend.receiver.types == ["account.created"] + ["consent.changed"] * 5


def test_what_the_table_lost_is_handed_over_again(world: World, backend: Backend) -> None:
    world.person().sign_in()
    backend.carrier.carry()
    ((name),) = backend.outside.ids(EgressKind.WEBHOOK)
    backend.outside.dynamodb.delete_item(TableName=world.settings.egress_table, Key={"id": {"S": name}})
    assert backend.carrier.carry() == 0
    world.clock.advance(timedelta(hours=1, seconds=1))
    assert backend.carrier.carry() == 1


def test_given_up_it_wakes_somebody_is_on_record_and_the_next_goes_on(
    world: World, backend: Backend, lines: io.StringIO
) -> None:
    world.person().sign_in()
    backend.receiver.status = 500
    backend.turn()
    while backend.outside.states(EgressKind.WEBHOOK) == ["pending"]:
        backend.outside.sweep(timedelta(hours=24))
    assert '"egress_dead": 1' in lines.getvalue()
    backend.outside.collect()
    assert told(world, "webhooks.abandoned") == [{"endpoint_id": str(backend.id), "count": 1}]
    backend.receiver.status = 200
    backend.turn()
    assert backend.receiver.types[-1] == "consent.changed"


def test_a_secret_is_rotated_with_two_signatures_meanwhile(world: World, backend: Backend) -> None:
    second = backend.endpoints.rotate(backend.id, ORDER, OVERLAP, "test")
    world.person().sign_in()
    backend.turn()
    assert backend.receiver.verifies(second, which=0)
    assert backend.receiver.verifies(backend.secret, which=1)
    world.clock.advance(OVERLAP)
    backend.turn()
    assert backend.receiver.verifies(second)
    assert " " not in backend.receiver.got[-1][0]["webhook-signature"]
    assert [each["act"] for each in told(world, "webhook_endpoint.changed")] == ["add", "rotate"]


def test_an_endpoint_that_is_removed_is_told_nothing_more(world: World, backend: Backend) -> None:
    ana = world.person()
    ana.sign_in()
    backend.endpoints.remove(backend.id, ORDER, "test")
    assert backend.left() == 0
    ana.logout()
    backend.turns()
    assert backend.receiver.got == []


def test_a_poisoned_errand_ends_and_holds_up_no_other(
    world: World, backend: Backend, lines: io.StringIO
) -> None:
    world.person().sign_in()
    backend.carrier.carry()
    table = world.settings.egress_table
    bad: dict[str, dict[str, Any]] = {
        "webhook.x": {"payload": {"B": b"{"}},
        "webhook.y": {"kind": {"S": "odd"}},
    }
    good = next(iter(backend.outside.items().values()))
    for name, item in bad.items():
        backend.outside.dynamodb.put_item(TableName=table, Item=good | {"id": {"S": name}} | item)
    backend.outside.deliver()
    assert backend.receiver.types == ["account.created"]
    assert backend.outside.sweep(timedelta(hours=1)) == {}
    assert "egress_dead" in lines.getvalue()
    assert '"integrity": 1' in lines.getvalue()


@pytest.mark.parametrize(
    "address",
    [
        "http://b.example/",
        "https://b.example:8443/",
        "https://u:p@b.example/",
        "ftp://b.example/",
        "x",
        "https://",
    ],
)
def test_only_https_and_event_buses_are_told(address: str) -> None:
    with pytest.raises(ValueError, match="address is"):
        checked_address(address, is_local=False)


def test_an_event_bus_is_told_without_a_secret(world: World, backend: Backend) -> None:
    backend.endpoints.remove(backend.id, ORDER, "test")
    arn = "arn:aws:events:eu-west-1:123456789012:event-bus/default"
    assert backend.endpoints.add(arn, ORDER, "test")[1] is None
    world.person().sign_in()
    assert backend.turn() == {"done": 1}
    assert backend.outside.ids(EgressKind.EVENT_BRIDGE)

"""Errands meet receivers that never end, records that aren't any, and answers of DynamoDB that get lost."""

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from time import monotonic
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib import wiring
from chalicelib.clients import aws
from chalicelib.domain.egress import LEASE
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.functions.egress import egress_deliver
from tests.aws_tap import forget_clients
from tests.faults.test_bounded_http import drip, raw_server
from tests.patience import HANG_SECONDS
from tests.webhook_scenes import ORDER, Backend, receiving
from tests.world import World

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture
def backend(world: World) -> Iterator[Backend]:
    with receiving() as receiver:
        yield Backend(world, receiver)


def record(errand_id: object, number: object = "1", **changes: object) -> dict[str, Any]:
    """Return what the stream says of an errand that was written."""
    kind = {"kind": {"S": "webhook"}}
    written = {"Keys": {"id": {"S": errand_id}}, "SequenceNumber": number, "NewImage": kind}
    return {"eventName": "INSERT", "dynamodb": written | changes}


POISON: dict[str, Any] = {
    "no record": 7,
    "null": None,
    "nothing in it": {},
    "no change": {"eventName": "INSERT"},
    "a change that is a list": {"eventName": "INSERT", "dynamodb": []},
    "a change that is text": {"eventName": "INSERT", "dynamodb": "kind"},
    "an image that is null": record("x", NewImage=None),
    "an image that is a number": record("x", NewImage=1),
    "no keys": record("x", Keys={}),
    "keys that are text": record("x", Keys="id"),
    "an id that is a number": record(7),
    "an id that is a list": record(["x"]),
    "an id that is an object": record({"S": "x"}),
    "no number": record("x", None),
    "a number that is a number": record("x", 9),
    "an errand that never was": record("webhook.unknown", "2"),
    "an id of 100 kB": record("x" * 100_000, "3"),
    "an id that is empty": record("", "4"),
    "an id with NUL": record("\x00", "5"),
    "an id with half a character": record("\ud800", "6"),
}


def delivered(world: World, monkeypatch: pytest.MonkeyPatch, records: list[Any]) -> dict[str, Any]:
    """Return what the function that the stream triggers answers."""
    monkeypatch.setattr(wiring, "settings", lambda: world.settings)
    return egress_deliver({"Records": records}, None)


@pytest.mark.parametrize("poison", POISON)
def test_a_record_that_is_no_errand_holds_up_no_other(
    world: World, backend: Backend, monkeypatch: pytest.MonkeyPatch, poison: str
) -> None:
    world.person().sign_in()
    backend.carrier.carry()
    (errand_id,) = backend.outside.items()
    answer = delivered(world, monkeypatch, [POISON[poison], record(errand_id, "17"), POISON[poison]])
    assert "17" not in str(answer)
    assert backend.receiver.types == ["account.created"]


def test_poison_is_told_and_not_asked_for_again(
    world: World, backend: Backend, monkeypatch: pytest.MonkeyPatch, lines: io.StringIO
) -> None:
    no_errands = [POISON[name] for name in POISON if name.startswith(("no ", "an id that is a", "keys"))]
    assert delivered(world, monkeypatch, no_errands) == {"batchItemFailures": []}
    assert lines.getvalue().count("egress_no_errand") == len(no_errands)


@pytest.mark.parametrize("said", [b"", HEAD[:17] + b"X-A: ", HEAD], ids=["nothing", "a header", "a body"])
def test_a_receiver_that_drips_costs_a_bounded_time_and_holds_up_no_other(
    world: World, backend: Backend, said: bytes
) -> None:
    def slowly(connection: socket.socket, over: Event) -> None:
        connection.settimeout(HANG_SECONDS)
        drip(said)(connection, over)

    with raw_server(slowly) as port:
        backend.endpoints.add(f"http://127.0.0.1:{port}/", ORDER, "test")
        world.person().sign_in()
        backend.carrier.carry()
        begun = monotonic()
        assert backend.outside.deliver() == {"done": 1, "pending": 1}
        assert monotonic() - begun < HANG_SECONDS
    assert backend.receiver.types == ["account.created"]


class LostAnswers:
    """DynamoDB does what it is asked, and nobody hears of it: so many times, after so many that are heard."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._spared = self._left = self.lost = 0

    def lose(self, times: int = 1, after: int = 0) -> None:
        self._spared, self._left = after, times

    def heard(self, model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's OperationModel has no types
        if model.name != self._operation or not self._left:
            return
        if self._spared:
            self._spared -= 1
            return
        self._left -= 1
        self.lost += 1
        raise ReadTimeoutError(endpoint_url="https://dynamodb")


@contextmanager
def losing(operation: str) -> Iterator[LostAnswers]:
    """Let the clients that are made meanwhile lose answers."""
    answers, events = LostAnswers(operation), aws.aws_session().get_component("event_emitter")
    events.register("after-call.dynamodb", answers.heard)
    forget_clients()
    try:
        yield answers
    finally:
        events.unregister("after-call.dynamodb", answers.heard)
        forget_clients()


def test_a_vaults_answer_that_was_lost_makes_no_second_key(world: World) -> None:
    ana = world.person()
    with losing("PutItem") as answers:
        world.services = world.container()
        answers.lose()  # F-10, F-20: written, and nobody heard
        assert ana.sign_in().status == 200
    assert answers.lost == 1
    world.services = world.container()  # cold: what the vault holds must be what the data was sealed with
    assert ana.get("/account").body["email"] == ana.email
    assert world.kinds_of_acts(ana.user_id).count("account.created") == 1


def test_a_vault_whose_answers_stay_lost_is_503_and_the_retry_is_one_account(world: World) -> None:
    ana = world.person()
    body = ana.sign_in_body()
    with losing("PutItem") as answers:
        world.services = world.container()
        answers.lose(times=9)  # F-10, F-20
        reply = world.call("POST", "/auth/google", body)
    assert (reply.status, reply.code) == (503, "service_unavailable")
    assert world.rows("SELECT count(*) FROM users") == [(0,)]
    world.services = world.container()
    assert ana._keep(world.call("POST", "/auth/google", body)).status == 200
    assert ana.get("/account").body["email"] == ana.email


def test_an_errand_whose_answer_was_lost_is_written_once_and_done_once(world: World) -> None:
    with receiving() as receiver, losing("PutItem") as answers:
        backend = Backend(world, receiver)
        world.person().sign_in()
        answers.lose()  # F-20
        with pytest.raises(DependencyUnavailable):
            backend.carrier.carry()
        backend.carrier.carry()
        assert answers.lost == 1
        assert len(backend.outside.items()) == 1
        backend.turns()
        assert_told_once(backend)


@pytest.mark.parametrize(("at", "updates_before"), [("claim", 0), ("end", 1)])
def test_a_try_whose_answer_was_lost_is_made_up_for(world: World, at: str, updates_before: int) -> None:
    with receiving() as receiver, losing("UpdateItem") as answers:
        backend = Backend(world, receiver)
        world.person().sign_in()
        backend.carrier.carry()
        answers.lose(after=updates_before)  # F-20
        assert backend.outside.deliver() == ({} if at == "claim" else {"done": 1})
        assert answers.lost == 1
        backend.outside.sweep(LEASE + timedelta(seconds=1))  # nobody knows that the claim succeeded
        backend.outside.collect()
        backend.turns()
        assert_told_once(backend)


def assert_told_once(backend: Backend) -> None:
    """Every event was told, and none twice."""
    ids = [headers["webhook-id"] for headers, _ in backend.receiver.got]
    assert backend.receiver.types[0] == "account.created"
    assert len(ids) == len(set(ids)) > 1
    assert backend.left() == 0

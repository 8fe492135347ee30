"""A bad network loses, repeats and delays what its seed says, and lets every fourth attempt through."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message

from local.children import HOST
from local.gateway import Inbound, Outbound
from local.network import IN_A_ROW_MAX, SILENT_SECONDS, BadNetwork, GoodNetwork
from local.server import Server, create_server
from tests.patience import HANG_SECONDS
from tests.world import World

MANY = 400


def request(path: str = "/account?part=1") -> Inbound:
    return Inbound(method="GET", target=path, headers=Message(), body=b"", address="", request_id="r-1")


class Service:
    """Counts what reaches it."""

    def __init__(self) -> None:
        self.reached = 0

    def answer(self, _: Inbound) -> Outbound:
        self.reached += 1
        return Outbound(status=200, headers={}, body=b"%d" % self.reached)


def heard(seed: int) -> list[tuple[int | None, int]]:
    """Return, of many requests, the status that was heard and how often each reached the service."""
    service, network = Service(), BadNetwork(seed, sleep=lambda _: None)
    told = []
    for _ in range(MANY):
        before = service.reached
        outbound = network.carry(request(), service.answer)
        told.append((outbound.status if outbound else None, service.reached - before))
    return told


def test_all_its_troubles_happen() -> None:
    counts = Counter(heard(7))
    assert set(counts) == {(200, 1), (None, 0), (None, 1), (200, 2), (503, 0)}
    assert counts[200, 1] > MANY / 2


def test_the_seed_decides() -> None:
    assert heard(7) == heard(7)
    assert heard(7) != heard(8)


def test_four_attempts_suffice() -> None:
    troubled = [told != (200, 1) for told in heard(7)]
    runs = "".join("x" if one else " " for one in troubled).split()
    assert max(map(len, runs)) == IN_A_ROW_MAX


def test_a_silent_network_outlasts_the_patience_of_an_app() -> None:
    slept: list[float] = []
    network = BadNetwork(7, sleep=slept.append)
    for _ in range(MANY):
        network.carry(request(), Service().answer)
    assert max(slept) == SILENT_SECONDS
    assert min(slept) < 1


def test_a_good_network_carries_once() -> None:
    service = Service()
    assert GoodNetwork().carry(request(), service.answer) is not None
    assert service.reached == 1


def test_over_a_socket_what_is_lost_ends_the_connection(world: World) -> None:
    server = create_server(world.app, 0)
    server.network = BadNetwork(7, sleep=lambda _: None)
    with serving(server):
        statuses = Counter(status(server.server_port) for _ in range(40))
    assert {200, 503, None} <= set(statuses)


@contextmanager
def serving(server: Server) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.drain()
        thread.join()


def status(port: int) -> int | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=HANG_SECONDS)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        json.loads(answer.read())
    except http.client.RemoteDisconnected:
        return None
    finally:
        connection.close()
    return answer.status

"""Listen to every AWS call that a fresh container makes, and cut the line when a test wants an outage."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import EndpointConnectionError

from chalicelib.assembly import clients
from chalicelib.clients import aws
from chalicelib.domain.errors import DependencyUnavailable
from tests.world import World


class AwsTap:
    """The calls so far, as `service.Operation`; a service that is in `down` can't be reached.

    `meanwhile` happens once, before the next call of that name is sent: elsewhere, somebody was faster.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.down: set[str] = set()
        self.meanwhile: dict[str, Callable[[], object]] = {}

    def clear(self) -> None:
        """Forget the calls so far."""
        self.calls.clear()

    def heard(self, model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's OperationModel has no types
        """Take note of a call, before it is sent."""
        service = model.service_model.service_name
        self.calls.append(f"{service}.{model.name}")
        self.meanwhile.pop(self.calls[-1], bool)()
        if service in self.down:
            raise EndpointConnectionError(endpoint_url=f"https://{service}")


@contextmanager
def tapped(world: World) -> Iterator[AwsTap]:
    """Give the world a fresh container, its own keys loaded and its caches of people's keys cold."""
    tap = AwsTap()
    events = aws.aws_session().get_component("event_emitter")
    events.register("before-call", tap.heard)
    try:
        renew_container(world)
    finally:
        events.unregister("before-call", tap.heard)  # the container's clients have it by now
    tap.clear()
    try:
        yield tap
    finally:
        forget_clients()  # nobody else's container has a client that this tap listens to


def renew_container(world: World) -> None:
    """Start a container anew, as AWS does, and let it load the service's own keys, which takes KMS once."""
    forget_clients()
    world.services = world.container()
    assert world.call("GET", "/.well-known/jwks.json").status == 200
    with suppress(DependencyUnavailable):  # of a database that was restored
        world.services.gate.ensure_open()


def forget_clients() -> None:
    """Let the next container have AWS clients of its own."""
    clients.shared_client.cache_clear()  # type: ignore[attr-defined]  # to type checkers it is `aws_client`

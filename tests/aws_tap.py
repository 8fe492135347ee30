"""Listen to every AWS call that a fresh container makes, and cut the line when a test wants an outage."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import EndpointConnectionError

from chalicelib.clients import aws
from tests.world import World


class AwsTap:
    """The calls so far, as `service.Operation`; a service that is in `down` can't be reached."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.down: set[str] = set()

    def clear(self) -> None:
        """Forget the calls so far."""
        self.calls.clear()

    def heard(self, model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's OperationModel has no types
        """Take note of a call, before it is sent."""
        service = model.service_model.service_name
        self.calls.append(f"{service}.{model.name}")
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
    yield tap


def renew_container(world: World) -> None:
    """Start a container anew, as AWS does, and let it load the service's own keys, which takes KMS once."""
    world.services = world.container()
    assert world.call("GET", "/.well-known/jwks.json").status == 200

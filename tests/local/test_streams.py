"""The local stack does what is written into the egress table, without waiting for a schedule."""

import threading

from chalicelib.assembly.egress import EgressParts
from chalicelib.domain.egress import EgressKind
from local.aws import LocalAws
from local.streams import followed
from tests.conftest import Parts
from tests.egress_scenes import Outside
from tests.world import World


def test_each_errand_is_handed_over_as_it_is_written(world: World, parts: Parts) -> None:
    outside, came, got = Outside(world), threading.Event(), list[str]()

    def deliver(event: dict[str, object], _context: object) -> dict[str, object]:
        got.extend(record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"])  # type: ignore[attr-defined] # as Lambda sends it
        if len(got) == 2:
            came.set()
        return {}

    errands = EgressParts(settings=world.settings, clock=world.clock).errands
    assert isinstance(parts.aws, LocalAws)
    with followed(parts.aws.endpoint_url, deliver, world.settings.egress_table):
        errands.send(EgressKind.WEBHOOK, "webhook.1", {})
        errands.send(EgressKind.WEBHOOK, "webhook.2", {})
        errands.send(EgressKind.WEBHOOK, "webhook.1", {})
        outside.deliver()  # changes them, which hands nothing over
        assert came.wait(10)
    assert got == ["webhook.1", "webhook.2"]
    assert "streams" not in {thread.name for thread in threading.enumerate()}

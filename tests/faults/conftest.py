"""In every test of faults, phones write down what they are told, and it is looked for when the world ends."""

from typing import Any

import pytest

from tests.told import Told
from tests.world import Reply, World

# where the fault is that the database, or a record in it, is taken back: what was told is gone by intent
TAKEN_BACK = {
    "test_restored_database",
    "test_restored_record",
    "test_restored_refused",
    "test_a_generation_from_the_future_ends_the_session",
}


@pytest.fixture(autouse=True)
def limits(true_limits: None) -> None:
    """Faults meet the limits of production."""


@pytest.fixture(autouse=True)
def nothing_told_is_lost(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every world of a test to F0: no answer given with success is lost."""
    if {request.path.stem, request.node.name} & TAKEN_BACK:
        return
    told: dict[str, Told] = {}  # by database: several worlds may share one
    call, close = World.call, World.close

    def heard(world: World, method: str, path: str, body: object = None, **more: Any) -> Reply:  # noqa: ANN401 - what `call` takes
        reply = call(world, method, path, body, **more)
        told.setdefault(world.owner_url, Told()).hear(method, path, body, more.get("token"), reply)
        return reply

    def closed(world: World) -> None:
        lost = told.get(world.owner_url, Told()).lost(world)
        close(world)
        assert lost == []

    monkeypatch.setattr(World, "call", heard)
    monkeypatch.setattr(World, "close", closed)

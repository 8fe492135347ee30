"""Containers in the middle of a rotation of the index key: one writes the old version, another the new."""

from datetime import timedelta

from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.domain.operators import Order
from tests.key_scenes import DAY, REQUEST_ID, KeyScene
from tests.world import World

ORDER = Order(actor="ops", reason="a drill")
INDEX = ServiceKeyUse.BLIND_INDEX
LATER = DAY + timedelta(minutes=6)  # a new version writes, and every container has looked again


def rotated(world: World) -> KeyScene:
    """Return the scene after a rotation of the index key: the new version writes, everywhere."""
    scene = KeyScene(world)
    scene.parts.rotation.rotate(INDEX, REQUEST_ID)
    world.clock.advance(LATER)
    return scene


def beside(world: World, ahead: timedelta) -> World:
    """Return another container's world on the same parts, its clock ahead, its keys loaded now."""
    other = World(world.settings, world.owner_url, world.people)
    other.clock.jump(world.clock.now() - other.clock.now() + ahead)
    load(other)
    return other


def load(world: World) -> None:
    """Let a container look at its keys."""
    assert world.call("GET", "/.well-known/jwks.json").status == 200


def versions(world: World) -> dict[str, list[int]]:
    """Return under which versions people, identities and devices are indexed."""
    return {
        table: [version for (version,) in world.rows(f"SELECT index_version FROM {table} ORDER BY id")]  # noqa: S608 - names of ours
        for table in ("users", "identities", "devices")
    }

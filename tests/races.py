"""Let things happen at the same moment: one thread each, all waiting at one barrier."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from tests.world import World

T = TypeVar("T")
WAIT_SECONDS = 30.0


def at_once(acts: Iterable[Callable[[], T]]) -> list[T]:
    """Return what each act returned, in order; all of them start together."""
    listed = list(acts)
    barrier = Barrier(len(listed))

    def started(act: Callable[[], T]) -> T:
        barrier.wait(WAIT_SECONDS)
        return act()

    with ThreadPoolExecutor(len(listed)) as threads:
        return list(threads.map(started, listed))


def times(count: int, act: Callable[[], T]) -> list[T]:
    """Return what one act returned each time, all times at once."""
    return at_once([act] * count)


def audited(world: World, kind: str) -> int:
    """Return how many records of one kind there are."""
    return int(world.rows("SELECT count(*) FROM audit_events WHERE kind = %s", kind)[0][0])


def live_sessions(world: World) -> int:
    """Return how many sessions have not ended."""
    return int(world.rows("SELECT count(*) FROM sessions WHERE ended_at IS NULL")[0][0])

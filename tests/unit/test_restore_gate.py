"""One look at whether the database was restored serves all who wait for it, whatever it finds (F-2, F-24)."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event
from uuid import UUID

import pytest

from chalicelib.domain.erasure import Position
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.services.restore_gate import RestoreGate
from chalicelib.services.restore_watch import RestoreWatch
from tests.fakes import FakeClock

WAITING = 20
SETTLED_SECONDS = 0.2  # in which all who wait have come to the door
HERE = Position(lineage=UUID(int=1), epoch=7)


class SlowWatch(RestoreWatch):
    """A comparison that ends when the test lets it; each one is counted."""

    def __init__(self, *, is_away: bool = False, knows_all: bool = True) -> None:
        self.looks = 0
        self.may_end = Event()
        self._is_away = is_away
        self._knows_all = knows_all

    def position(self) -> Position | None:
        self.looks += 1
        assert self.may_end.wait(5)
        if self._is_away:
            raise DependencyUnavailable
        return HERE

    def knows_all(self, position: Position) -> bool:
        return position == HERE and self._knows_all


def asked_at_once(watch: SlowWatch) -> list[type[BaseException] | None]:
    """Return what becomes of requests that all came while one was looking."""
    gate = RestoreGate(watch=watch, connections=lambda: 1, clock=FakeClock())
    with ThreadPoolExecutor(WAITING) as threads:
        asked: list[Future[None]] = [threads.submit(gate.ensure_open) for _ in range(WAITING)]
        wait(asked, SETTLED_SECONDS)
        watch.may_end.set()
    failures = [each.exception() for each in asked]
    return [None if each is None else type(each) for each in failures]


@pytest.mark.parametrize(
    ("watch", "outcome"),
    [
        (SlowWatch(), None),
        (SlowWatch(is_away=True), DependencyUnavailable),
        (SlowWatch(knows_all=False), DependencyUnavailable),
    ],
    ids=["as it was", "no answer", "restored"],
)
def test_all_who_wait_share_one_look_and_what_it_found(
    watch: SlowWatch, outcome: type[BaseException] | None
) -> None:
    assert asked_at_once(watch) == [outcome] * WAITING
    assert watch.looks == 1


def test_who_comes_after_a_failed_look_looks_again() -> None:
    watch = SlowWatch(is_away=True)
    watch.may_end.set()
    gate = RestoreGate(watch=watch, connections=lambda: 1, clock=FakeClock())
    for _ in range(2):
        with pytest.raises(DependencyUnavailable):
            gate.ensure_open()
    assert watch.looks == 2

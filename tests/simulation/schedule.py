"""Time that is made up: what happens next is taken from a queue, so that a seed decides everything."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from random import Random

from tests.fakes import FakeClock

Act = Callable[[], None]


class Schedule:
    """Acts in the order of their moments; `random` is the only chance there is."""

    def __init__(self, clock: FakeClock, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - repeatable on purpose
        self._clock = clock
        self._queue: list[tuple[datetime, int, Act]] = []
        self._numbers = count()  # acts of one moment keep their order

    def after(self, seconds: float, act: Act) -> None:
        """Let an act happen in so many seconds."""
        moment = self._clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._queue, (moment, next(self._numbers), act))

    def between(self, least: float, most: float, act: Act) -> None:
        """Let an act happen in some seconds within bounds."""
        self.after(self.random.uniform(least, most), act)

    def chance(self, probability: float) -> bool:
        """Toss a coin."""
        return self.random.random() < probability

    def run(self, duration: timedelta) -> None:
        """Do all that is due within a duration; what comes later stays in the queue."""
        until = self._clock.now() + duration
        while self._queue and self._queue[0][0] <= until:
            moment, _, act = heapq.heappop(self._queue)
            self._clock.advance(max(moment - self._clock.now(), timedelta(0)))
            act()
        self._clock.advance(max(until - self._clock.now(), timedelta(0)))

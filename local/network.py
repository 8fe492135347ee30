"""A bad mobile network in front of the local stack, by a seed: `make run NETWORK=bad SEED=7`.

It loses requests and responses, delivers requests twice, delays them, and returns 503. An app that keeps the
rules of docs/tokens.md notices nothing but that it is slow. After three troubles in a row of one path the
next request gets through, so that four attempts always suffice.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import Final

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.observation import log
from local.gateway import Inbound, Outbound, refusal

IN_A_ROW_MAX: Final = 3
DELAY_SECONDS_MAX: Final = 0.5
SILENT_SECONDS: Final = 10.0  # longer than an app waits, which is 8 s
RETRY_AFTER_SECONDS_MAX: Final = 2


class Trouble(StrEnum):
    """What happens to one request."""

    none = "none"
    lost_request = "lost_request"
    lost_response = "lost_response"
    silent = "silent"  # the response is lost, and the connection stays open as if it were still to come
    twice = "twice"  # the app hears the second response
    unavailable = "unavailable"


WEIGHTS: Final = {
    Trouble.none: 60,
    Trouble.lost_request: 10,
    Trouble.lost_response: 10,
    Trouble.silent: 2,
    Trouble.twice: 10,
    Trouble.unavailable: 8,
}
Answer = Callable[[Inbound], Outbound]


class GoodNetwork:
    """A network that carries every request once."""

    def carry(self, inbound: Inbound, answer: Answer) -> Outbound | None:
        """Return the response that the app hears; None where it hears nothing and the connection ends."""
        return answer(inbound)


class BadNetwork(GoodNetwork):
    """A network whose troubles follow from a seed: the same requests in the same order meet the same ones."""

    def __init__(self, seed: int, sleep: Callable[[float], None] = time.sleep) -> None:
        self._random = Random(seed)  # noqa: S311 -- repeatable on purpose
        self._sleep = sleep
        self._lock = threading.Lock()
        self._in_a_row: Counter[tuple[str, str]] = Counter()

    def carry(self, inbound: Inbound, answer: Answer) -> Outbound | None:
        """Return the response that the app hears, if it hears one."""
        trouble, delay, retry_after = self._drawn((inbound.method, inbound.target.partition("?")[0]))
        self._sleep(delay)
        if trouble is not Trouble.none:
            log.event("bad_network", method=inbound.method, request_id=inbound.request_id, code=trouble.value)
        if trouble is Trouble.lost_request:
            return None
        if trouble is Trouble.unavailable:
            return refusal(DependencyUnavailable(retry_after=retry_after), inbound)
        outbound = answer(inbound)
        if trouble is Trouble.twice:
            return answer(inbound)
        if trouble is Trouble.silent:
            self._sleep(SILENT_SECONDS)
        return None if trouble in {Trouble.lost_response, Trouble.silent} else outbound

    def _drawn(self, what: tuple[str, str]) -> tuple[Trouble, float, timedelta]:
        """Draw what happens to the next request of a method and path, and how long it is on its way."""
        with self._lock:
            [drawn] = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))
            trouble = drawn if self._in_a_row[what] < IN_A_ROW_MAX else Trouble.none
            self._in_a_row[what] = 0 if trouble is Trouble.none else self._in_a_row[what] + 1
            retry_after = timedelta(seconds=self._random.randint(1, RETRY_AFTER_SECONDS_MAX))
            return trouble, self._random.uniform(0, DELAY_SECONDS_MAX), retry_after

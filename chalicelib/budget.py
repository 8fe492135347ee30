"""The time that one request has for all that it waits for (F0; decision 0114).

Each dependency has limits of its own, and several slow ones in a row would add up to more than a phone waits.
So the edge says when a request has to be over, and whatever waits asks here how long it still may. What runs
for no request, a schedule say, has only its own limits.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Final

REQUEST: Final = timedelta(seconds=8)  # F0 owes an answer within 10 s; the rest is for what isn't waiting

_over_at: ContextVar[float] = ContextVar("over_at", default=math.inf)


@contextmanager
def limited(most: timedelta) -> Iterator[None]:
    """Let what this thread waits for take so long in all, from now on."""
    token = _over_at.set(time.monotonic() + most.total_seconds())
    try:
        yield
    finally:
        _over_at.reset(token)


def within(seconds: float) -> float:
    """Return how long a wait may take, in seconds, whose own limit is given; 0 when all time is spent."""
    return max(0.0, min(seconds, _over_at.get() - time.monotonic()))


def is_spent() -> bool:
    """Tell whether there is no time left to wait for anything."""
    return time.monotonic() >= _over_at.get()

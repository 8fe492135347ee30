"""A time limit on the client's side of every wait for PostgreSQL.

 `statement_timeout` lives in the server, and a server that is frozen or cut off enforces nothing. psycopg2
lets the client do the waiting; here it waits so long and no longer.
"""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

import psycopg2
from psycopg2 import extensions

# Above the role's statement_timeout of 3 s, which should be the one that fires. A request waits twice at
# most, to look at its keys again and to act, and owes its answer within 10 s (F0).
WAIT_MAX = timedelta(seconds=4)


_patience = ContextVar("patience", default=WAIT_MAX)


class DeadlineError(psycopg2.OperationalError):
    """PostgreSQL did not answer within the limit; the connection is closed."""


def install() -> None:
    """Put the limit on every psycopg2 connection of this process."""
    extensions.set_wait_callback(_wait)


@contextmanager
def patience(limit: timedelta) -> Iterator[None]:
    """Wait this long instead, in this thread, while the context lasts: for an operator's report."""
    before = _patience.set(limit)
    try:
        yield
    finally:
        _patience.reset(before)


def _wait(connection: extensions.connection) -> None:
    give_up_at = time.monotonic() + _patience.get().total_seconds()
    while True:
        state = connection.poll()
        if state == extensions.POLL_OK:
            return
        wanted = select.POLLIN if state == extensions.POLL_READ else select.POLLOUT
        poller = select.poll()
        poller.register(connection.fileno(), wanted)
        if not poller.poll(max(0.0, give_up_at - time.monotonic()) * 1000):
            message = "no answer within the time limit"
            raise DeadlineError(message)  # psycopg2 then closes it; close() would wait for a lock held here

"""A time limit on the client's side of every wait for PostgreSQL.

`statement_timeout` lives in the server, and a server that is frozen or cut off enforces nothing. psycopg2
lets the client do the waiting: a connection of ours waits so long and no longer. Any other, an operator's or
a migration's, may work as long as it likes; only to connect it waits no longer either, since libpq's own
`connect_timeout` means nothing where the client waits.
"""

import select
import time
from datetime import timedelta

import psycopg2
from psycopg2 import extensions

from chalicelib import budget

WAIT_MAX = timedelta(seconds=4)  # above the role's statement_timeout of 3 s, which should fire first


class DeadlineError(psycopg2.OperationalError):
    """PostgreSQL did not answer within the limit; the connection is closed."""


class BoundedConnection(extensions.connection):
    """A connection that gives up; `wait_max` may be longer for a while, for an operator's report."""

    wait_max = WAIT_MAX


def install() -> None:
    """Let this process, and not libpq, do the waiting of its psycopg2 connections."""
    extensions.set_wait_callback(_wait)


def _limit(connection: extensions.connection) -> timedelta | None:
    if isinstance(connection, BoundedConnection):
        return connection.wait_max
    return WAIT_MAX if connection.status == extensions.STATUS_SETUP else None


def _wait(connection: extensions.connection) -> None:
    limit = _limit(connection)
    give_up_at = None if limit is None else time.monotonic() + budget.within(limit.total_seconds())
    while True:
        state = connection.poll()
        if state == extensions.POLL_OK:
            return
        poller = select.poll()
        poller.register(
            connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT
        )
        left = None if give_up_at is None else max(0.0, give_up_at - time.monotonic()) * 1000
        if not poller.poll(left):
            message = "no answer within the time limit"
            raise DeadlineError(message)  # psycopg2 then closes it; close() would wait for a lock held here

"""The connections of one container: so many at most, the last used first, a login for each that is made.

There is no check before use, which would cost a round trip: a connection that broke is found out by the
statement that meets it, and `Database` sends that again. A connection that was idle for long is replaced
first: Lambda's network drops it in silence, and the statement would wait for its whole time limit (F-45).
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote, urlsplit

import psycopg2
from psycopg2 import errorcodes, extensions

from chalicelib import budget
from chalicelib.postgres import deadline, values
from chalicelib.postgres.deadline import BoundedConnection

ConnectionT = TypeVar("ConnectionT", bound=extensions.connection)
TAKE_TIMEOUT = timedelta(seconds=3)
IDLE_MAX = timedelta(seconds=300)  # Lambda and NAT drop a connection after some 350 s without traffic
POSTGRES_PORT = 5432
OUR_FAULTS = (  # what was sent is at fault, not the way there
    psycopg2.DataError,
    psycopg2.IntegrityError,
    psycopg2.NotSupportedError,
    psycopg2.ProgrammingError,
)
_SHUT_DOWN = frozenset({errorcodes.ADMIN_SHUTDOWN, errorcodes.CRASH_SHUTDOWN})


class NoneFree(Exception):
    """All connections stayed in use."""


class Login(Protocol):
    """What makes the parameters of one login, anew for each connection."""

    def parameters(self, *, host: str, port: int, user: str) -> Mapping[str, str]:
        """Return libpq's parameters."""


class Connections:
    """Takes connections out and puts them back; safe between threads."""

    def __init__(
        self,
        connect: Callable[[], BoundedConnection],
        connections_max: int,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Start with none. `wall_clock` returns seconds; monotonic time would stand still in a freeze."""
        self.made = 0
        self._connect = connect
        self._wall_clock = wall_clock
        self._free = threading.Semaphore(connections_max)
        self._idle: list[tuple[BoundedConnection, float]] = []
        self._counting = threading.Lock()

    def take(self) -> BoundedConnection:
        """Return a connection in autocommit, to be put back.

        Raises:
            NoneFree: none was put back in time, or there is none left to use it.
            psycopg2.Error: none could be made.
        """
        most = budget.within(TAKE_TIMEOUT.total_seconds())
        if not most or not self._free.acquire(timeout=most):
            raise NoneFree
        try:
            return self._kept() or self._made()
        except BaseException:
            self._free.release()
            raise

    def put_back(self, connection: BoundedConnection, *, is_broken: bool) -> None:
        """Keep a connection for the next one who asks, unless it is broken."""
        if is_broken:
            connection.close()
        else:
            self._idle.append((connection, self._wall_clock()))
        self._free.release()

    def close_idle(self) -> None:
        """Close what nobody uses now."""
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _kept(self) -> BoundedConnection | None:
        try:
            connection, since = self._idle.pop()
        except IndexError:  # to look first and then take would leave room for another thread
            return None
        if abs(self._wall_clock() - since) < IDLE_MAX.total_seconds():  # a clock may jump back, too
            return connection
        connection.close()
        self.close_idle()  # the others were idle for even longer
        return None

    def _made(self) -> BoundedConnection:
        connection = self._connect()
        connection.autocommit = True
        with self._counting:
            self.made += 1
        return connection


def is_lost(error: psycopg2.Error) -> bool:
    """Tell whether an error is the end of its connection: the server's last word, or none of the server's."""
    is_of_client = error.pgcode is None and not isinstance(error, OUR_FAULTS)
    return is_of_client or error.pgcode in _SHUT_DOWN


def connecting(url: str, login: Login | None, kind: type[ConnectionT]) -> Callable[[], ConnectionT]:
    """Return what makes a connection to a URL's database."""
    deadline.install()
    values.install()
    place = urlsplit(url)

    def connect() -> ConnectionT:
        given: dict[str, Any] = {}
        if login is not None:
            host, user = unquote(place.hostname or ""), unquote(place.username or "")
            given |= login.parameters(host=host, port=place.port or POSTGRES_PORT, user=user)
        opened: ConnectionT = psycopg2.connect(
            url, connection_factory=kind, application_name="serenya-auth", **given
        )
        values.read_bytes(opened)
        return opened

    return connect

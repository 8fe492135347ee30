"""The way to PostgreSQL: connections in autocommit, one message an operation, every wait bounded.

A message is one transaction: of one statement, or of a lock and the statement that begins when it is held.
Each statement of the stores is atomic and safe to send twice (a repeated rotation, sign-in or logout finds
its own work done), so a connection that broke is replaced and the statement sent once more, even when nobody
can know whether the first one was committed.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NoReturn, Protocol, cast

import psycopg2
from psycopg2 import errorcodes
from sqlalchemy import Connection, Executable, create_engine, event, exc
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool, PoolProxiedConnection

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.stores import deadline
from chalicelib.stores.messages import Line, Message, alone, joined
from chalicelib.stores.prepared import Prepared, Row

ATTEMPTS_MAX = 3
POOL_TIMEOUT = timedelta(seconds=3)
RETRY_AFTER_SECONDS_MAX = 5
_WORTH_RETRYING = frozenset({errorcodes.SERIALIZATION_FAILURE, errorcodes.DEADLOCK_DETECTED})
_OUR_FAULTS = (
    psycopg2.DataError,
    psycopg2.IntegrityError,
    psycopg2.NotSupportedError,
    psycopg2.ProgrammingError,
)
_NOT_AS_MIGRATED = (
    frozenset(  # a table that is missing or closed to us: a fault of the database's state (F-33)
        {errorcodes.INSUFFICIENT_PRIVILEGE, errorcodes.UNDEFINED_COLUMN, errorcodes.UNDEFINED_TABLE}
    )
)


class Database:
    """Runs statements; says "unavailable" and nothing else when PostgreSQL can't."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine that `connect` made: its connections, and its dialect."""
        self.engine = engine
        self.connections_made = 0
        event.listen(engine, "connect", self._connected)
        self._prepared: dict[Executable, Prepared] = {}

    def rows(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | None = None,
        *,
        behind: Executable | None = None,
    ) -> list[Row]:
        """Return all rows of a statement that is safe to send twice, behind a lock if one is given.

        Raises:
            DependencyUnavailable: no answer within the time limits, or a server that can't take it now.
            psycopg2.IntegrityError: a constraint refused it.
        """
        given, prepared = parameters or {}, self._of(statement)
        lock = [] if behind is None else [(self._of(behind), given)]
        message = joined([*lock, (prepared, given)]) if lock else alone(prepared, given)
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return prepared.rows(self._sent(message))
            except psycopg2.Error as error:
                self._give_up_unless_passing(error, attempt)
        raise AssertionError  # the last attempt returned or raised

    def row(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | None = None,
        *,
        behind: Executable | None = None,
    ) -> Row | None:
        """Return the one row, or None. Raises as `rows`."""
        found = self.rows(statement, parameters, behind=behind)
        return found[0] if found else None

    def row_behind(
        self, lock: Executable, statement: Executable, parameters: Mapping[str, Any]
    ) -> Row | None:
        """Return the row of a statement that is sent once, behind a lock. Raises as `rows`."""
        found = self._sent_once(joined([(self._of(each), parameters) for each in (lock, statement)]))
        rows = self._of(statement).rows(found)
        return rows[0] if rows else None

    def all_or_none(self, statement: Executable, acts: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once for each set of parameters, in one transaction. Raises as `rows`."""
        if acts:
            self._sent_once(joined([(self._of(statement), parameters) for parameters in acts]))

    def patient_rows(
        self, statement: Executable, parameters: Mapping[str, Any], limit: timedelta
    ) -> list[Row]:
        """Return all rows of a report, which may take as long as the limit. Raises as `rows`."""
        longer = f"SET LOCAL statement_timeout = {int(limit.total_seconds() * 1000)}"
        prepared = self._of(statement)
        return prepared.rows(self._sent_once(joined([(prepared, parameters)], longer), limit))

    def _of(self, statement: Executable) -> Prepared:
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepared[statement] = Prepared(statement, self.engine.dialect)
        return prepared

    def _sent_once(self, message: Message, wait_max: timedelta = deadline.WAIT_MAX) -> list[Line]:
        try:
            return self._sent(message, wait_max)
        except psycopg2.Error as error:
            self._give_up(error)

    def _sent(self, message: Message, wait_max: timedelta = deadline.WAIT_MAX) -> list[Line]:
        pool = self.engine.pool
        try:
            connection = pool.connect()
        except exc.TimeoutError as error:
            raise unavailable() from error
        try:
            driver = cast("deadline.BoundedConnection", connection.dbapi_connection)
            with _waiting(driver, wait_max), driver.cursor() as cursor:
                return message(cursor)
        except psycopg2.Error as error:
            if self._is_broken(error, connection):
                connection.invalidate(error)
                if self.engine.pool is pool:
                    self.engine.dispose()  # what was connected to the same server is as broken
            raise
        finally:
            connection.close()

    def _connected(self, *_: object) -> None:
        self.connections_made += 1

    def _is_broken(self, error: psycopg2.Error, connection: PoolProxiedConnection | None = None) -> bool:
        driver = None if connection is None else connection.dbapi_connection
        return self.engine.dialect.is_disconnect(cast("Any", error), driver, None)

    def _give_up_unless_passing(self, error: psycopg2.Error, attempt: int) -> None:
        timed_out = isinstance(error, deadline.DeadlineError)
        broken = self._is_broken(error) and not timed_out and attempt == 1
        if not broken and not (error.pgcode in _WORTH_RETRYING and attempt < ATTEMPTS_MAX):
            self._give_up(error)

    def _give_up(self, error: psycopg2.Error) -> NoReturn:
        """Raise "unavailable", unless the fault is in what was sent."""
        if error.pgcode == errorcodes.READ_ONLY_SQL_TRANSACTION:
            self.engine.dispose()  # a demoted primary: the next connection finds the new one
        if isinstance(error, _OUR_FAULTS) and error.pgcode not in _NOT_AS_MIGRATED:
            raise error
        raise unavailable() from error


@contextmanager
def _waiting(connection: deadline.BoundedConnection, limit: timedelta) -> Iterator[None]:
    connection.wait_max = limit
    try:
        yield
    finally:
        connection.wait_max = deadline.WAIT_MAX


def unavailable() -> DependencyUnavailable:
    """Return the error that tells phones to come back, spread over a few seconds (F-38)."""
    seconds = random.randint(1, RETRY_AFTER_SECONDS_MAX)  # noqa: S311 - spreads load, guards nothing
    return DependencyUnavailable(retry_after=timedelta(seconds=seconds))


class Login(Protocol):
    """What makes the parameters of one login, anew for each connection."""

    def parameters(self, *, host: str, port: int, user: str) -> Mapping[str, str]:
        """Return libpq's parameters."""


def connect(url: str, connections_max: int, login: Login | None = None) -> Database:
    """Return the database at a URL; connects at the first statement only.

    Statement and lock timeouts belong to the role (see the migrations): a SET would pin a proxied connection,
    and RDS Proxy refuses `options` at the start of one.
    """
    deadline.install()
    engine = create_engine(
        _with_driver(url),
        isolation_level="AUTOCOMMIT",
        pool_size=connections_max,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT.total_seconds(),
        pool_use_lifo=True,
        pool_reset_on_return=None,
        hide_parameters=True,
        connect_args={
            "connection_factory": deadline.BoundedConnection,
            "application_name": "serenya-auth",
        },
    )
    if login is not None:
        log_in(engine, login)
    return Database(engine)


@contextmanager
def owner_connection(url: str, login: Login | None) -> Iterator[Connection]:
    """Yield a connection whose statements may take as long as they need, for migrations."""
    deadline.install()
    engine = create_engine(_with_driver(url), poolclass=NullPool, hide_parameters=True)
    if login is not None:
        log_in(engine, login)
    with engine.connect() as connection:
        yield connection


def log_in(engine: Engine, login: Login) -> None:
    """Ask for a login at each new connection of an engine."""
    event.listen(engine, "do_connect", _logged_in(login))


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg2://", 1)


def _logged_in(login: Login) -> Callable[..., None]:
    def add(_dialect: object, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
        host, port, user = parameters["host"], int(parameters.get("port", 5432)), parameters["user"]
        parameters.update(login.parameters(host=host, port=port, user=user))

    return add

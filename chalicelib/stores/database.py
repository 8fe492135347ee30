"""The way to PostgreSQL: one autocommit engine, one statement an operation, every wait bounded.

Each statement of the stores is atomic and safe to send twice (a repeated rotation, sign-in or logout finds
its own work done), so a connection that broke is replaced and the statement sent once more, even when
nobody can know whether the first one was committed.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NoReturn, Protocol, cast

from psycopg2 import errorcodes
from sqlalchemy import Connection, CursorResult, Executable, Row, create_engine, event, exc, text
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.observation import tally
from chalicelib.stores import deadline

ATTEMPTS_MAX = 3
POOL_TIMEOUT = timedelta(seconds=3)
RETRY_AFTER_SECONDS_MAX = 5
_WORTH_RETRYING = frozenset({errorcodes.SERIALIZATION_FAILURE, errorcodes.DEADLOCK_DETECTED})
_OUR_FAULTS = (exc.DataError, exc.IntegrityError, exc.NotSupportedError, exc.ProgrammingError)
_NOT_AS_MIGRATED = (
    frozenset(  # a table that is missing or closed to us: a fault of the database's state (F-33)
        {errorcodes.INSUFFICIENT_PRIVILEGE, errorcodes.UNDEFINED_COLUMN, errorcodes.UNDEFINED_TABLE}
    )
)


class Database:
    """Runs statements; says "unavailable" and nothing else when PostgreSQL can't."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine that `connect` made."""
        self.engine = engine
        self.connections_made = 0
        event.listen(engine, "connect", self._connected)
        self._transactional = engine.execution_options(isolation_level="READ COMMITTED")

    def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Return all rows of a statement that is safe to send twice.

        Raises:
            DependencyUnavailable: no answer within the time limits, or a server that can't take it now.
            sqlalchemy.exc.IntegrityError: a constraint refused it.
        """
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                with self.engine.connect() as connection:
                    return _sent(connection, statement, parameters or {}).fetchall()
            except exc.DBAPIError as error:
                self._give_up_unless_passing(error, attempt)
            except exc.TimeoutError as error:
                raise unavailable() from error
        raise AssertionError  # the last attempt returned or raised

    def row(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Row[Any] | None:
        """Return the one row, or None. Raises as `rows`."""
        found = self.rows(statement, parameters)
        return found[0] if found else None

    def row_behind(
        self, lock: Executable, statement: Executable, parameters: Mapping[str, Any]
    ) -> Row[Any] | None:
        """Return the row of a statement that begins once its transaction holds a lock. Raises as `rows`."""
        try:
            with self._transactional.begin() as connection:
                _sent(connection, lock, parameters)
                return _sent(connection, statement, parameters).first()
        except exc.DBAPIError as error:
            self._give_up(error)
        except exc.TimeoutError as error:
            raise unavailable() from error

    def all_or_none(self, statement: Executable, acts: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once for each set of parameters, in one transaction. Raises as `rows`."""
        try:
            with self._transactional.begin() as connection:
                for parameters in acts:
                    _sent(connection, statement, parameters)
        except exc.DBAPIError as error:
            self._give_up(error)
        except exc.TimeoutError as error:
            raise unavailable() from error

    def patient_rows(
        self, statement: Executable, parameters: Mapping[str, Any], limit: timedelta
    ) -> Sequence[Row[Any]]:
        """Return all rows of a report, which may take as long as the limit. Raises as `rows`."""
        longer = text(f"SET LOCAL statement_timeout = {int(limit.total_seconds() * 1000)}")
        try:
            with self._transactional.begin() as connection, _patience(connection, limit):
                _sent(connection, longer, {})
                return _sent(connection, statement, parameters).fetchall()
        except exc.DBAPIError as error:
            self._give_up(error)
        except exc.TimeoutError as error:
            raise unavailable() from error

    def _connected(self, *_: object) -> None:
        self.connections_made += 1

    def _give_up_unless_passing(self, error: exc.DBAPIError, attempt: int) -> None:
        timed_out = isinstance(error.orig, deadline.DeadlineError)
        broken = error.connection_invalidated and not timed_out and attempt == 1
        if not broken and not (_code(error) in _WORTH_RETRYING and attempt < ATTEMPTS_MAX):
            self._give_up(error)

    def _give_up(self, error: exc.DBAPIError) -> NoReturn:
        """Raise "unavailable", unless the fault is in what was sent."""
        if _code(error) == errorcodes.READ_ONLY_SQL_TRANSACTION:
            self.engine.dispose()  # a demoted primary: the next connection finds the new one
        if isinstance(error, _OUR_FAULTS) and _code(error) not in _NOT_AS_MIGRATED:
            raise error
        raise unavailable() from error


def _sent(connection: Connection, statement: Executable, parameters: Mapping[str, Any]) -> CursorResult[Any]:
    tally.count(tally.STATEMENTS)
    return connection.execute(statement, dict(parameters))


@contextmanager
def _patience(connection: Connection, limit: timedelta) -> Iterator[None]:
    bounded = cast("deadline.BoundedConnection", connection.connection.dbapi_connection)
    bounded.wait_max = limit
    try:
        yield
    finally:
        bounded.wait_max = deadline.WAIT_MAX


def _code(error: exc.DBAPIError) -> str | None:
    return getattr(error.orig, "pgcode", None)


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

"""Transactions in SQLAlchemy Core, for everything that isn't a request: jobs, operators and releases.

Requests call functions of the database instead (`calls`), so nothing that they import may import this module.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg2
from psycopg2 import errorcodes
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from chalicelib.postgres import deadline
from chalicelib.postgres.connections import OUR_FAULTS, Login, connecting
from chalicelib.postgres.database import NOT_AS_MIGRATED, unavailable

_TIMEOUT = text("SELECT set_config('statement_timeout', :milliseconds, true)")


class Transactions:
    """Opens transactions as one role of the database; connects at the first one."""

    def __init__(self, url: str, login: Login | None = None) -> None:
        """Take the URL of a role, and what logs it in where the URL has no password."""
        self._engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg2://", 1),
            creator=connecting(url, login, deadline.BoundedConnection),
            pool_pre_ping=True,  # a function may have been frozen for hours
            hide_parameters=True,
            use_native_hstore=False,  # nobody uses the type, and asking for it costs each connection a query
        )

    @contextmanager
    def begin(self, *, longest: timedelta | None = None) -> Iterator[Connection]:
        """Yield a connection in a transaction. It commits at the end, and an exception rolls it back.

        `longest` is how long one statement may take, where that is more than the role's own limit.

        Raises:
            DependencyUnavailable: PostgreSQL doesn't answer within the limits, or can't take it now.
            DBAPIError: a statement was refused for what it says.
        """
        try:
            with self._engine.begin() as connection, _patience(connection, longest):
                yield connection
        except DBAPIError as error:
            if isinstance(error.orig, OUR_FAULTS) and error.orig.pgcode not in NOT_AS_MIGRATED:
                raise
            if getattr(error.orig, "pgcode", None) == errorcodes.READ_ONLY_SQL_TRANSACTION:
                self.close()  # a demoted primary: the next connection finds the new one
            raise unavailable() from error.orig
        except (NoneFree, psycopg2.Error) as error:  # no connection could be made
            raise unavailable() from error

    def close(self) -> None:
        """Close the connections; the next transaction makes a new one."""
        self._engine.dispose()


@contextmanager
def _patience(connection: Connection, longest: timedelta | None) -> Iterator[None]:
    """Let statements take longer, on the server's side and on ours."""
    if longest is None:
        yield
        return
    driver = connection.connection.driver_connection
    if not isinstance(driver, deadline.BoundedConnection):
        raise TypeError(driver)
    driver.wait_max = longest
    try:
        connection.execute(_TIMEOUT, {"milliseconds": str(longest // timedelta(milliseconds=1))})
        yield
    finally:
        driver.wait_max = deadline.WAIT_MAX

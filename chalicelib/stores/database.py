"""The way to PostgreSQL: connections in autocommit, one message an operation, every wait bounded.

A message is one transaction: of one statement, or of a lock and the statement that begins when it is held.
Each statement of the stores is atomic and safe to send twice (a repeated rotation, sign-in or logout finds
its own work done), so a connection that broke is replaced and the statement sent once more, even when nobody
can know whether the first one was committed.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NoReturn

import psycopg2
from psycopg2 import errorcodes

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.stores import deadline
from chalicelib.stores.connections import OUR_FAULTS, Connections, Login, NoneFree, connecting, is_lost
from chalicelib.stores.described import Sent, compiled
from chalicelib.stores.messages import Line, Message, alone, joined
from chalicelib.stores.prepared import Row

ATTEMPTS_MAX = 3
RETRY_AFTER_SECONDS_MAX = 5
_WORTH_RETRYING = frozenset({errorcodes.SERIALIZATION_FAILURE, errorcodes.DEADLOCK_DETECTED})
_NOT_AS_MIGRATED = (
    frozenset(  # a table that is missing or closed to us: a fault of the database's state (F-33)
        {errorcodes.INSUFFICIENT_PRIVILEGE, errorcodes.UNDEFINED_COLUMN, errorcodes.UNDEFINED_TABLE}
    )
)


class Database:
    """Runs statements; says "unavailable" and nothing else when PostgreSQL can't."""

    def __init__(self, connections: Connections) -> None:
        """Take the way there."""
        self._connections = connections

    @property
    def connections_made(self) -> int:
        """Count the connections so far: each may lead to another database than the one before."""
        return self._connections.made

    def close(self) -> None:
        """Close the connections; the next statement makes a new one."""
        self._connections.close_idle()

    def rows(
        self,
        statement: Sent,
        parameters: Mapping[str, Any] | None = None,
        *,
        behind: Sent | None = None,
    ) -> list[Row]:
        """Return all rows of a statement that is safe to send twice, behind a lock if one is given.

        Raises:
            DependencyUnavailable: no answer within the time limits, or a server that can't take it now.
            psycopg2.IntegrityError: a constraint refused it.
        """
        given, prepared = parameters or {}, compiled(statement)
        lock = [] if behind is None else [(compiled(behind), given)]
        message = joined([*lock, (prepared, given)]) if lock else alone(prepared, given)
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return prepared.rows(self._sent(message))
            except psycopg2.Error as error:
                self._give_up_unless_passing(error, attempt)
        raise AssertionError  # the last attempt returned or raised

    def row(
        self,
        statement: Sent,
        parameters: Mapping[str, Any] | None = None,
        *,
        behind: Sent | None = None,
    ) -> Row | None:
        """Return the one row, or None. Raises as `rows`."""
        found = self.rows(statement, parameters, behind=behind)
        return found[0] if found else None

    def row_behind(self, lock: Sent, statement: Sent, parameters: Mapping[str, Any]) -> Row | None:
        """Return the row of a statement that is sent once, behind a lock. Raises as `rows`."""
        found = self._sent_once(joined([(compiled(each), parameters) for each in (lock, statement)]))
        rows = compiled(statement).rows(found)
        return rows[0] if rows else None

    def all_or_none(self, statement: Sent, acts: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once for each set of parameters, in one transaction. Raises as `rows`."""
        if acts:
            self._sent_once(joined([(compiled(statement), parameters) for parameters in acts]))

    def patient_rows(self, statement: Sent, parameters: Mapping[str, Any], limit: timedelta) -> list[Row]:
        """Return all rows of a report, which may take as long as the limit. Raises as `rows`."""
        longer = f"SET LOCAL statement_timeout = {int(limit.total_seconds() * 1000)}"
        prepared = compiled(statement)
        return prepared.rows(self._sent_once(joined([(prepared, parameters)], longer), limit))

    def _sent_once(self, message: Message, wait_max: timedelta = deadline.WAIT_MAX) -> list[Line]:
        try:
            return self._sent(message, wait_max)
        except psycopg2.Error as error:
            self._give_up(error)

    def _sent(self, message: Message, wait_max: timedelta = deadline.WAIT_MAX) -> list[Line]:
        connection = self._taken()
        is_broken = True
        try:
            connection.wait_max = wait_max
            with connection.cursor() as cursor:
                found = message(cursor)
            is_broken = False
        except psycopg2.Error as error:
            is_broken = bool(connection.closed) or is_lost(error)
            raise
        finally:
            if is_broken:
                self._connections.close_idle()  # what was connected to the same server is as broken
            self._connections.put_back(connection, is_broken=is_broken)
        return found

    def _taken(self) -> deadline.BoundedConnection:
        try:
            return self._connections.take()
        except (NoneFree, psycopg2.Error) as error:
            raise unavailable() from error

    def _give_up_unless_passing(self, error: psycopg2.Error, attempt: int) -> None:
        timed_out = isinstance(error, deadline.DeadlineError)
        broken = is_lost(error) and not timed_out and attempt == 1
        if not broken and not (error.pgcode in _WORTH_RETRYING and attempt < ATTEMPTS_MAX):
            self._give_up(error)

    def _give_up(self, error: psycopg2.Error) -> NoReturn:
        """Raise "unavailable", unless the fault is in what was sent."""
        if error.pgcode == errorcodes.READ_ONLY_SQL_TRANSACTION:
            self.close()  # a demoted primary: the next connection finds the new one
        if isinstance(error, OUR_FAULTS) and error.pgcode not in _NOT_AS_MIGRATED:
            raise error
        raise unavailable() from error


def unavailable() -> DependencyUnavailable:
    """Return the error that tells phones to come back, spread over a few seconds (F-38)."""
    seconds = random.randint(1, RETRY_AFTER_SECONDS_MAX)  # noqa: S311 - spreads load, guards nothing
    return DependencyUnavailable(retry_after=timedelta(seconds=seconds))


def connect(url: str, connections_max: int, login: Login | None = None) -> Database:
    """Return the database at a URL; connects at the first statement only.

    Statement and lock timeouts belong to the role (see the migrations): a SET would pin a proxied connection,
    and RDS Proxy refuses `options` at the start of one.
    """
    return Database(Connections(connecting(url, login, deadline.BoundedConnection), connections_max))

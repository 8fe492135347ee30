"""Calls functions of the database: one call is one message and one transaction, and every wait is bounded.

Each function is safe to call twice (a repeated rotation, sign-in or logout finds its own work done). So when
a connection breaks, a new one is made and the call is sent once more, even when nobody can know whether the
first one was committed.
"""

import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NoReturn, TypeVar

import psycopg2
from psycopg2 import errorcodes

from chalicelib.domain.errors import DependencyUnavailable, ServiceError
from chalicelib.postgres import deadline, messages
from chalicelib.postgres.calls import Call, Row
from chalicelib.postgres.connections import OUR_FAULTS, Connections, NoneFree, is_lost
from chalicelib.postgres.messages import Line, Message

RowT = TypeVar("RowT", bound=Row)
Refusals = Mapping[str, Callable[[], ServiceError]]

ATTEMPTS_MAX = 3
RETRY_AFTER_SECONDS_MAX = 5
_WORTH_RETRYING = frozenset({errorcodes.SERIALIZATION_FAILURE, errorcodes.DEADLOCK_DETECTED})
NOT_AS_MIGRATED = frozenset(  # something is missing or closed to us: a fault of the database's state (F-33)
    {
        errorcodes.INSUFFICIENT_PRIVILEGE,
        errorcodes.INVALID_SCHEMA_NAME,
        errorcodes.UNDEFINED_COLUMN,
        errorcodes.UNDEFINED_FUNCTION,
        errorcodes.UNDEFINED_TABLE,
    }
)


class Database:
    """Calls functions; says "unavailable" and nothing else when PostgreSQL can't."""

    def __init__(self, connections: Connections, refusals: Refusals) -> None:
        """`refusals` names the error of each SQLSTATE that a function raises to undo its work."""
        self._connections = connections
        self._refusals = refusals

    @property
    def connections_made(self) -> int:
        """Count the connections so far: each may lead to another database than the one before."""
        return self._connections.made

    def close(self) -> None:
        """Close the connections; the next call makes a new one."""
        self._connections.close_idle()

    def one(self, call: Call[RowT]) -> RowT:
        """Return the row of a function that returns exactly one.

        Raises:
            DependencyUnavailable: no answer within the time limits, or a server that can't take it now.
            ServiceError: the function refused and undid its work.
        """
        (row,) = self.all(call)
        return row

    def all(self, call: Call[RowT]) -> list[RowT]:
        """Return the rows of a function that returns any number. Raises as `one`."""
        lines = self._repeated(lambda cursor: messages.send(cursor, call.text(), call.values()))
        return [call.read(line) for line in lines]

    def _repeated(self, message: Message) -> list[Line]:
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return self._sent(message)
            except psycopg2.Error as error:
                self._give_up_unless_passing(error, attempt)
        raise AssertionError  # the last attempt returned or raised

    def _sent(self, message: Message) -> list[Line]:
        connection = self._taken()
        is_broken = True
        try:
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
        """Raise "unavailable", unless the function refused or the fault is in what was sent."""
        if (refusal := self._refusals.get(error.pgcode or "")) is not None:
            raise refusal() from error
        if error.pgcode == errorcodes.READ_ONLY_SQL_TRANSACTION:
            self.close()  # a demoted primary: the next connection finds the new one
        if isinstance(error, OUR_FAULTS) and error.pgcode not in NOT_AS_MIGRATED:
            raise error
        raise unavailable() from error


def unavailable() -> DependencyUnavailable:
    """Return the error that tells phones to come back, spread over a few seconds (F-38)."""
    seconds = random.randint(1, RETRY_AFTER_SECONDS_MAX)  # noqa: S311 - spreads load, guards nothing
    return DependencyUnavailable(retry_after=timedelta(seconds=seconds))

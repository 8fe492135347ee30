"""The database as one role sees it: functions for requests, transactions for everything else.

A message of two parts is a lock and the statement that begins when it is held.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import psycopg2

from chalicelib.postgres import database as functions
from chalicelib.postgres import deadline
from chalicelib.postgres.connections import Connections, Login, connecting
from chalicelib.postgres.messages import Line, Message
from chalicelib.stores.described import Sent, compiled
from chalicelib.stores.prepared import Row
from chalicelib.stores.refusals import REFUSALS
from chalicelib.stores.statement_messages import alone, joined

if TYPE_CHECKING:
    from chalicelib.postgres.transactions import Transactions


class Database(functions.Database):
    """Calls functions; jobs, operators and releases open transactions with the same login."""

    def __init__(self, url: str, connections_max: int, login: Login | None = None) -> None:
        """Take the URL of a role, and what logs it in where the URL has no password."""
        connections = Connections(connecting(url, login, deadline.BoundedConnection), connections_max)
        super().__init__(connections, REFUSALS)
        self._url = url
        self._login = login

    @cached_property
    def transactions(self) -> "Transactions":
        """Return what opens transactions in SQLAlchemy Core. No request may ask for it."""
        from chalicelib.postgres.transactions import Transactions  # noqa: PLC0415 - costs more than a cold start

        return Transactions(self._url, self._login)

    def close(self) -> None:
        """Close all connections; the next call makes a new one."""
        super().close()
        if "transactions" in vars(self):
            self.transactions.close()

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
        return prepared.rows(self._repeated(message))

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


def connect(url: str, connections_max: int, login: Login | None = None) -> Database:
    """Return the database at a URL; connects at the first call only.

    Statement and lock timeouts belong to the role (see the migrations): a SET would pin a proxied connection,
    and RDS Proxy refuses `options` at the start of one.
    """
    return Database(url, connections_max, login)

"""The database as one role sees it: functions for requests, transactions for everything else."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.postgres import database as functions
from chalicelib.postgres import deadline
from chalicelib.postgres.connections import Connections, Login, connecting
from chalicelib.postgres.roles import REQUESTS_ROLE
from chalicelib.stores.refusals import REFUSALS

if TYPE_CHECKING:
    from chalicelib.postgres.transactions import Transactions


class Database(functions.Database):
    """Calls functions; jobs, operators and releases open transactions with the same login.

    Statement and lock timeouts belong to the role (see the migrations): a SET would pin a proxied connection,
    and RDS Proxy refuses `options` at the start of one.
    """

    def __init__(
        self, url: str, connections_max: int, login: Login | None, *, now: Callable[[], datetime]
    ) -> None:
        """Take the URL of a role, and what logs it in where the URL has no password; connect at first use."""
        connections = Connections(connecting(url, login, deadline.BoundedConnection), connections_max, now)
        super().__init__(connections, REFUSALS)
        self._url = url
        self._connections_max = connections_max
        self._login = login
        self._now = now
        self._others: dict[str, Database] = {}

    @cached_property
    def transactions(self) -> "Transactions":
        """Return what opens transactions in SQLAlchemy Core. No request may ask for it."""
        from chalicelib.postgres.transactions import Transactions  # noqa: PLC0415 - costs more than a cold start

        return Transactions(self._url, self._login)

    def acting_as(self, role: str) -> "Database":
        """Return the database as another role sees it, which logs in the same way.

        That is this one, unless its role is that of requests: deployed, each function has a URL of its own.
        """
        place = urlsplit(self._url)
        if place.username != REQUESTS_ROLE:
            return self
        if role not in self._others:
            netloc = role + place.netloc.removeprefix(REQUESTS_ROLE)
            url = place._replace(netloc=netloc).geturl()
            self._others[role] = Database(url, self._connections_max, self._login, now=self._now)
        return self._others[role]

    def close(self) -> None:
        """Close all connections; the next call makes a new one."""
        super().close()
        if "transactions" in vars(self):
            self.transactions.close()
        for other in self._others.values():
            other.close()


def connect(
    url: str, connections_max: int, login: Login | None = None, *, now: Callable[[], datetime]
) -> Database:
    """Return the database at a URL; connects at the first call only. `now` tells how long one was idle."""
    return Database(url, connections_max, login, now=now)

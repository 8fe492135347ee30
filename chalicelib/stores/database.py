"""The database as one role sees it: functions for requests, transactions for everything else."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.postgres import database as functions
from chalicelib.postgres import deadline
from chalicelib.postgres.connections import Connections, Login, connecting
from chalicelib.stores.refusals import REFUSALS

if TYPE_CHECKING:
    from chalicelib.postgres.transactions import Transactions


class Database(functions.Database):
    """Calls functions; jobs, operators and releases open transactions with the same login.

    Statement and lock timeouts belong to the role (see the migrations): a SET would pin a proxied connection,
    and RDS Proxy refuses `options` at the start of one.
    """

    def __init__(self, url: str, connections_max: int, login: Login | None = None) -> None:
        """Take the URL of a role, and what logs it in where the URL has no password; connect at first use."""
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


def connect(url: str, connections_max: int, login: Login | None = None) -> Database:
    """Return the database at a URL; connects at the first call only."""
    return Database(url, connections_max, login)

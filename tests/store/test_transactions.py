"""Transactions of jobs: whole or not at all, bounded, and "unavailable" when PostgreSQL can't."""

from datetime import timedelta
from urllib.parse import unquote, urlsplit

import pytest
from psycopg2 import errorcodes
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.postgres.roles import JOBS_ROLE
from chalicelib.postgres.transactions import Transactions
from local.database import as_role
from tests.world import World

STATEMENT_TIMEOUT = text("SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'")
PID = text("SELECT pg_backend_pid()")


@pytest.fixture
def transactions(world: World) -> Transactions:
    password = unquote(urlsplit(world.settings.database_url).password or "")
    return Transactions(as_role(world.owner_url, JOBS_ROLE, password))  # a pooler has other processes


def test_an_error_rolls_everything_back(transactions: Transactions, world: World) -> None:
    before = world.rows("SELECT epoch FROM database_position")

    def act() -> None:
        with transactions.begin() as connection:
            connection.execute(text("UPDATE database_position SET epoch = epoch + 1"))
            connection.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError):
        act()
    assert world.rows("SELECT epoch FROM database_position") == before


def test_a_longer_limit_holds_for_its_transaction_only(transactions: Transactions) -> None:
    with transactions.begin() as connection:
        usual, pid = connection.scalar(STATEMENT_TIMEOUT), connection.scalar(PID)
    with transactions.begin(longest=timedelta(minutes=2)) as connection:
        assert connection.scalar(STATEMENT_TIMEOUT) == 120_000
        assert connection.scalar(PID) == pid
    with transactions.begin() as connection:
        assert connection.scalar(STATEMENT_TIMEOUT) == usual


def test_a_connection_that_the_server_closed_is_replaced(transactions: Transactions, world: World) -> None:
    with transactions.begin() as connection:
        pid = connection.scalar(PID)
    world.rows("SELECT pg_terminate_backend(%s)", pid)
    with transactions.begin() as connection:
        assert connection.scalar(PID) != pid


def test_what_is_missing_or_closed_to_the_role_is_unavailable(transactions: Transactions) -> None:
    with pytest.raises(DependencyUnavailable), transactions.begin() as connection:
        connection.execute(text("SELECT * FROM no_such_table"))
    with pytest.raises(DependencyUnavailable), transactions.begin() as connection:
        connection.execute(text("DELETE FROM audit_events"))


def test_no_server_is_unavailable() -> None:
    nowhere = Transactions("postgresql://serenya_jobs@127.0.0.1:1/serenya")
    with pytest.raises(DependencyUnavailable), nowhere.begin():
        pass


def test_what_a_statement_says_wrongly_is_its_own_error(transactions: Transactions) -> None:
    with pytest.raises(DBAPIError) as refused, transactions.begin() as connection:
        connection.execute(text("SELECT 1 / 0"))
    assert refused.value.orig is not None
    assert getattr(refused.value.orig, "pgcode", None) == errorcodes.DIVISION_BY_ZERO


def test_a_server_that_only_reads_by_now_is_left(transactions: Transactions) -> None:
    with transactions.begin() as connection:
        pid = connection.scalar(PID)
    with pytest.raises(DependencyUnavailable), transactions.begin() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY; UPDATE database_position SET epoch = epoch + 1"))
    with transactions.begin() as connection:
        assert connection.scalar(PID) != pid

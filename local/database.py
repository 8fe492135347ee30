"""A migrated database, and the app's way into it: the same steps for the stack and for tests."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import alembic.command
import alembic.config
import alembic.util
import psycopg2
import sqlalchemy.exc
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2's own lower case
from psycopg2.extensions import encrypt_password

from chalicelib.postgres.roles import LOGIN_ROLES, REQUESTS_ROLE
from local.places import PROJECT, StackError

OWNER_URL: Final = "MIGRATION_DATABASE_URL"  # what alembic/env.py reads first


def prepare_database(owner_url: str) -> str:
    """Migrate the owner's database to the newest schema and return the URL of requests.

    Raises: StackError.
    """
    try:
        migrate(owner_url)
        return open_roles(owner_url)
    except (alembic.util.CommandError, sqlalchemy.exc.SQLAlchemyError, psycopg2.Error) as error:
        raise StackError(f"The database can't be brought to the newest schema: {error}") from error


def migrate(owner_url: str, revision: str = "head") -> None:
    """Upgrade the database to the revision, as `alembic upgrade` does."""
    with variable(OWNER_URL, owner_url):
        alembic.command.upgrade(alembic_config(PROJECT), revision)


def alembic_config(project: Path) -> alembic.config.Config:
    """Return Alembic's configuration for the migrations of a checkout, wherever it lies."""
    config = alembic.config.Config(str(project / "alembic.ini"))
    config.set_main_option(
        "script_location", str(project / "alembic").replace("%", "%%")
    )  # configparser's own
    return config


def open_roles(owner_url: str) -> str:
    """Give all roles that log in one new random password, and return the URL of requests.

    Earlier URLs stop working.
    """
    password = secrets.token_urlsafe(32)
    statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
    with connected(owner_url) as connection, connection.cursor() as cursor:
        for each in LOGIN_ROLES:
            stored = encrypt_password(password, each, connection, "scram-sha-256")  # no log sees it in clear
            cursor.execute(statement.format(sql.Identifier(each), sql.Literal(stored)))
    return as_role(owner_url, REQUESTS_ROLE, password)


def as_role(url: str, role: str, password: str) -> str:
    """Return the URL of the same database for another role."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{place}"))


def as_another(url: str, role: str) -> str:
    """Return the URL of the same database for another role, whose password is the same (`open_roles`)."""
    return as_role(url, role, unquote(urlsplit(url).password or ""))


@contextmanager
def connected(url: str, timeout_seconds: int = 5) -> Iterator[Connection]:
    """Connect in autocommit while the context lasts."""
    connection = psycopg2.connect(url, connect_timeout=timeout_seconds)
    try:
        connection.autocommit = True  # CREATE and DROP DATABASE can't run in a transaction
        yield connection
    finally:
        connection.close()


@contextmanager
def variable(name: str, value: str) -> Iterator[None]:
    """Set an environment variable while the context lasts."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before

"""A connection of the database's owner, for migrations: SQLAlchemy's own, which Alembic works with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from psycopg2 import extensions
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from chalicelib.postgres.connections import Login, connecting

SCHEMES: Final = ("postgresql", "postgres", "postgresql+psycopg2")


def plain_url(url: str) -> str:
    """Return the URL with the one scheme that libpq, SQLAlchemy and people all know.

    Raises: ValueError for the URL of anything but PostgreSQL.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES or not rest:
        raise ValueError("is postgresql://user@host:port/database")
    return f"postgresql://{rest}"


@contextmanager
def owner_connection(url: str, login: Login | None) -> Iterator[Connection]:
    """Yield a connection whose statements may take as long as they need."""
    engine = create_engine(
        "postgresql+psycopg2://",
        creator=connecting(url, login, extensions.connection),
        poolclass=NullPool,
        hide_parameters=True,
    )
    with engine.connect() as connection:
        yield connection

"""A connection of the database's owner, for migrations: SQLAlchemy's own, which Alembic works with."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import extensions
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from chalicelib.postgres.connections import Login, connecting


@contextmanager
def owner_connection(url: str, login: Login | None) -> Iterator[Connection]:
    """Yield a connection whose statements may take as long as they need."""
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg2://", 1),
        creator=connecting(url, login, extensions.connection),
        poolclass=NullPool,
        hide_parameters=True,
    )
    with engine.connect() as connection:
        yield connection

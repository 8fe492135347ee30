"""Connections of a database's owner, kept between uses: a new one costs more than most statements do."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
from psycopg2 import extensions


class Owners:
    """Connections to one URL in autocommit, each as good as new; safe between threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[extensions.connection] = []

    @contextmanager
    def cursor(self) -> Iterator[extensions.cursor]:
        """Yield a cursor of a connection that nobody else has."""
        connection = self._kept() or self._made()
        try:
            with connection.cursor() as opened:
                yield opened
        except BaseException:
            connection.close()
            raise
        if _is_as_new(connection):
            self._idle.append(connection)

    def close(self) -> None:
        """Close what nobody uses now."""
        while self._idle:
            self._idle.pop().close()

    def _kept(self) -> extensions.connection | None:
        """Return one whose server has not been restarted meanwhile."""
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if _is_as_new(connection):
                    return connection
        return None

    def _made(self) -> extensions.connection:
        connection = psycopg2.connect(self._url, connect_timeout=5)
        connection.autocommit = True
        return connection


def _is_as_new(connection: extensions.connection) -> bool:
    """Forget all that was set and locked; close the connection if it is lost or in a transaction."""
    try:
        with connection.cursor() as opened:
            opened.execute("DISCARD ALL")
    except psycopg2.Error:
        connection.close()
        return False
    return True

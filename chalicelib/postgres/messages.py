"""What goes to PostgreSQL at once: one message is one transaction."""

from collections.abc import Callable, Mapping
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case

from chalicelib.observation import tally

Line = tuple[Any, ...]
Message = Callable[[Cursor], list[Line]]


def send(cursor: Cursor, statement: str | bytes, values: Mapping[str, Any] | None = None) -> list[Line]:
    """Send one message, and return the rows of its last statement."""
    tally.count(tally.STATEMENTS)
    cursor.execute(statement, values)
    return cursor.fetchall() if cursor.description else []

"""What goes to PostgreSQL at once: one message is one transaction, however many statements it has."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case

from chalicelib.observation import tally
from chalicelib.stores.prepared import Prepared

Line = tuple[Any, ...]
Message = Callable[[Cursor], list[Line]]


def alone(prepared: Prepared, parameters: Mapping[str, Any]) -> Message:
    """Return the message of one statement."""
    values = prepared.values(parameters)
    return lambda cursor: send(cursor, prepared.text, values)


def joined(parts: Sequence[tuple[Prepared, Mapping[str, Any]]], before: str = "") -> Message:
    """Return the message of some statements, one transaction, that answers the last one's rows."""

    def message(cursor: Cursor) -> list[Line]:
        texts = [cursor.mogrify(prepared.text, prepared.values(given)) for prepared, given in parts]
        return send(cursor, b";\n".join([before.encode(), *texts] if before else texts))

    return message


def send(cursor: Cursor, statement: str | bytes, values: Mapping[str, Any] | None = None) -> list[Line]:
    """Send one message, and return the rows that its last statement answers."""
    tally.count(tally.STATEMENTS)
    cursor.execute(statement, values)
    return cursor.fetchall() if cursor.description else []

"""Messages of statements that are described in SQLAlchemy: what isn't a function of the database yet."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case

from chalicelib.postgres import messages
from chalicelib.postgres.messages import Line, Message
from chalicelib.stores.prepared import Prepared


def alone(prepared: Prepared, parameters: Mapping[str, Any]) -> Message:
    """Return the message of one statement."""
    values = prepared.values(parameters)
    return lambda cursor: messages.send(cursor, prepared.text, values)


def joined(parts: Sequence[tuple[Prepared, Mapping[str, Any]]], before: str = "") -> Message:
    """Return the message of some statements, one transaction, that returns the last one's rows."""

    def message(cursor: Cursor) -> list[Line]:
        texts = [cursor.mogrify(prepared.text, prepared.values(given)) for prepared, given in parts]
        return messages.send(cursor, b";\n".join([before.encode(), *texts] if before else texts))

    return message

"""How values travel: what psycopg2 doesn't do by itself, or does at a price."""

from binascii import b2a_base64

import psycopg2
from psycopg2 import extensions, extras


class Base64:
    """Bytes in a message: a third longer than they are, where psycopg2's hexadecimal is twice as long."""

    def __init__(self, value: bytes) -> None:
        self._value = value

    def getquoted(self) -> bytes:
        """Return them as an expression of type bytea; psycopg2 asks for it."""
        return b"decode('%s','base64')" % b2a_base64(self._value, newline=False)


def _bytes(value: str | bytes | None, cursor: extensions.cursor) -> bytes | None:
    return None if value is None else bytes(psycopg2.BINARY(value, cursor))


_BYTEA = extensions.new_type(psycopg2.BINARY.values, "BYTEA", _bytes)


def install() -> None:
    """Let this process send UUIDs, and bytes as base64."""
    extras.register_uuid()  # type: ignore[no-untyped-call]  # psycopg2 has no types
    extensions.register_adapter(bytes, Base64)


def read_bytes(connection: extensions.connection) -> None:
    """Let a connection return bytea as bytes, where psycopg2 makes a memoryview."""
    extensions.register_type(_BYTEA, connection)

"""Values as PostgreSQL writes them in JSON."""

from datetime import datetime


def read_moment(text: str) -> datetime:
    """Return a timestamptz."""
    return datetime.fromisoformat(text)


def read_bytes(text: str) -> bytes:
    """Return a bytea: hexadecimal behind a backslash and an x."""
    return bytes.fromhex(text.removeprefix("\\x"))

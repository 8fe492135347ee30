"""Values of DynamoDB items, each as its one-member object says: `{"S": "text"}`, `{"N": "1"}`, `{"B": b""}`.

Kinds for `domain/formats.py`. Each raises KeyError, TypeError or ValueError for a value of another kind.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

Value = Mapping[str, Any]


def item_text(value: Value) -> str:
    """Return a text."""
    return str(value["S"])


def item_uuid(value: Value) -> UUID:
    """Return an id."""
    return UUID(value["S"])


def item_moment(value: Value) -> datetime:
    """Return a time."""
    return datetime.fromisoformat(value["S"])


def item_number(value: Value) -> int:
    """Return a whole number."""
    return int(value["N"])


def item_bytes(value: Value) -> bytes:
    """Return bytes."""
    return bytes(value["B"])

"""What Lambda hands to a function that is invoked, and how its fields are read."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from chalicelib.domain.erasure import on_record
from chalicelib.domain.failures import NotPossible

Event = dict[str, Any]
Answer = dict[str, Any]


class InvalidEvent(NotPossible):
    """A field of the event can't be used; `requirement` says in words what it must be."""

    def __init__(self, field: str, requirement: str) -> None:
        super().__init__(f"{field} {requirement}")
        self.field = field
        self.requirement = requirement


def request_id(context: object) -> str:
    """Return the id of the invocation; without Lambda there is none."""
    return str(getattr(context, "aws_request_id", "local"))


def choice(event: Event, field: str, choices: Collection[str]) -> str:
    """Return a field that has one of a few values. Raises: InvalidEvent."""
    value = event.get(field)
    if value not in choices:
        raise InvalidEvent(field, f"is one of {', '.join(choices)}")
    return str(value)


def uuid(event: Event, field: str) -> UUID:
    """Return an id. Raises: InvalidEvent."""
    try:
        return UUID(event.get(field) or "")
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidEvent(field, "is an id like 0198b2c4-5d6e-7f80-91a2-b3c4d5e6f708") from error


def number(event: Event, field: str, default: int | None = None) -> int:
    """Return a whole number from 1. Raises: InvalidEvent."""
    value = default if event.get(field) is None else event[field]
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise InvalidEvent(field, "is a whole number from 1")
    return int(text)


def recorded(event: Event, field: str) -> str:
    """Return the `actor` or the `reason` as the audit record may keep it. Raises: InvalidEvent."""
    try:
        return on_record(event.get(field))
    except ValueError as error:
        raise InvalidEvent(field, str(error)) from error

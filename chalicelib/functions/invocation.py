"""What Lambda hands to a function that is invoked."""

from typing import Any

Event = dict[str, Any]
Answer = dict[str, Any]


def request_id(context: object) -> str:
    """Return the id of the invocation; without Lambda there is none."""
    return str(getattr(context, "aws_request_id", "local"))

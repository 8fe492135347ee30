"""Write times the one way this API writes them."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """Return whole seconds in UTC with a `Z`: Swift's standard decoder refuses fractions (RFC 3339 s5.6)."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"

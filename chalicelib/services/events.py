"""Tell the log that something went another way than usual; an event's name and ids, never a value."""

import logging

logger = logging.getLogger("serenya-auth")


def warn(name: str, **fields: str) -> None:
    """Log an event that an operator should be able to find."""
    logger.warning(name, extra={"fields": fields})

"""The one way in which a release stops."""


class ReleaseFault(Exception):
    """A release can't go on; the message says what happened, and what to do about it."""

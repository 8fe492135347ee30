"""Bring in the only three things that differ at every call: the time, new ids, randomness."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID, uuid4


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards; they may stand still while the function is frozen."""
        return time.monotonic()


class SystemIds:
    """Ids and randomness from the operating system's generator."""

    def new_uuid(self) -> UUID:
        """Return a random id (RFC 9562 s5.4); it identifies and is never a secret."""
        return uuid4()

    def random_bytes(self, length: int) -> bytes:
        """Return `length` bytes that nobody can guess."""
        return os.urandom(length)

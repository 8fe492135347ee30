"""Keep unwrapped data keys for a short while, bounded in every direction (K5)."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol
from uuid import UUID

from chalicelib.clients.envelope import DataKey


class Clock(Protocol):
    """Wall-clock time and a clock that never runs backwards."""

    def now(self) -> datetime:
        """Return the aware UTC time."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLimits:
    """What bounds the plain keys in memory."""

    age: timedelta = timedelta(minutes=5)  # how long another container may still read an erased person
    uses: int = 1000
    entries: int = 1000  # about 3 kB each


@dataclass(slots=True, kw_only=True)
class _Entry:
    key: DataKey
    kept_at: datetime
    kept_monotonic: float
    uses_left: int


class KeyCache:
    """The least recently used keys leave first; safe to use from many threads."""

    def __init__(self, clock: Clock, limits: CacheLimits) -> None:
        """Start empty."""
        self._clock = clock
        self._limits = limits
        self._entries: OrderedDict[UUID, _Entry] = OrderedDict()
        self._lock = Lock()
        self._drops = 0

    @property
    def drops(self) -> int:
        """Count the calls of `drop`: what was fetched before the last one may be a key that is gone since."""
        return self._drops

    def take(self, user_id: UUID) -> DataKey | None:
        """Return a key that is still within its limits, and count the use."""
        with self._lock:
            entry = self._entries.pop(user_id, None)
            if entry is None or self._is_stale(entry):
                return None
            entry.uses_left -= 1
            if entry.uses_left > 0:
                self._entries[user_id] = entry
            return entry.key

    def keep(self, key: DataKey, drops_before: int) -> None:
        """Keep a key, unless one was dropped since its fetch began: no slow reader undoes an erasure."""
        with self._lock:
            if drops_before != self._drops:
                return
            self._entries[key.owner_id] = _Entry(
                key=key,
                kept_at=self._clock.now(),
                kept_monotonic=self._clock.monotonic(),
                uses_left=self._limits.uses,
            )
            while len(self._entries) > self._limits.entries:
                self._entries.popitem(last=False)

    def drop(self, user_id: UUID) -> None:
        """Forget a key at once."""
        with self._lock:
            self._drops += 1
            self._entries.pop(user_id, None)

    def _is_stale(self, entry: _Entry) -> bool:
        """Trust neither clock alone: one stands still while frozen (F-36), the other can jump back (F-16)."""
        wall = self._clock.now() - entry.kept_at
        ticked = timedelta(seconds=self._clock.monotonic() - entry.kept_monotonic)
        return not timedelta(0) <= wall < self._limits.age or ticked >= self._limits.age

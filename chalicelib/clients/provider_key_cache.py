"""Keep a provider's keys at hand: fresh while it says so, the last good ones while it can't be asked.

Every decision compares the caller's wall clock with times that are kept: a function that was frozen for hours
sees at once that its keys are old (F-36), and a clock that jumps back makes them due, not eternal (F-16).

| what | when |
|---|---|
| no load | while the set is fresh |
| one thread loads, the others go on with the set they have | past `fresh_until`, or past `recheck` |
| the last good set | a load fails, until STALE_MAX after its `fresh_until` (F-12); then 503 (F-13) |
| next attempt after 1, 2, 4 ... 60 s | loads go on failing: no storm on a provider that is down |
| one load a minute, whoever asks | unknown kids: a rotation is noticed within that delay (F-14) |
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from chalicelib import budget
from chalicelib.clients.provider_keys import KeySetError, ProviderKey, ProviderKeySet
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.observation import log

STALE_MAX = timedelta(hours=24)  # an outage of the provider that sign-in survives; keys leave use over days
LOAD_INTERVAL = timedelta(seconds=60)  # between loads that succeed: the longest a rotation stays unnoticed
BACKOFF_MAX = timedelta(seconds=60)
WAIT_MAX = timedelta(seconds=5)  # for a load under way, by those who have no key to go on with
CLOCK_TOLERANCE = timedelta(seconds=60)  # a `now` this far behind is a slower thread, not a jump


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What is known, replaced whole so that a reader never sees half of a change."""

    keys: ProviderKeySet | None = None
    loaded_at: datetime | None = None
    attempted_at: datetime | None = None
    failures: int = 0

    def is_fresh(self, now: datetime, recheck: timedelta) -> bool:
        if self.keys is None or self.loaded_at is None:
            return False
        return self.loaded_at - CLOCK_TOLERANCE <= now < min(self.keys.fresh_until, self.loaded_at + recheck)

    def is_usable(self, now: datetime) -> bool:
        return self.keys is not None and now < self.keys.fresh_until + STALE_MAX

    def is_authority(self, now: datetime) -> bool:
        """Tell whether a kid that the set lacks isn't the provider's: it is fresh, no load failed."""
        return self.keys is not None and now < self.keys.fresh_until and not self.failures

    def has_rested(self, now: datetime, interval: timedelta) -> bool:
        """Tell whether the last attempt is an interval ago, or lies ahead because the clock jumped back."""
        at = self.attempted_at
        return at is None or not at - CLOCK_TOLERANCE <= now < at + interval

    def rest(self) -> timedelta:
        """Return how long the next attempt waits: after failures less, since something is missing."""
        if not self.failures:
            return LOAD_INTERVAL
        return min(timedelta(seconds=2 ** min(self.failures - 1, 6)), BACKOFF_MAX)


class CachedProviderKeys:
    """A key source that keeps what `load` brings."""

    def __init__(self, *, load: Callable[[datetime], ProviderKeySet], recheck: timedelta) -> None:
        """Load nothing yet; `recheck` bounds how long a set is kept without looking for a newer one."""
        self._load = load
        self._recheck = recheck
        self._state = _State()
        self._loading = Lock()

    def current(self, now: datetime) -> ProviderKeySet:
        """Return the set in use; see `ProviderKeySource`."""
        state = self._state
        if not state.is_fresh(now, self._recheck):
            self._refresh(now, rest=state.rest(), wait=not state.is_usable(now))
            state = self._state
        if state.keys is None or not state.is_usable(now):
            raise DependencyUnavailable(retry_after=state.rest())
        return state.keys

    def find(self, kid: str, now: datetime) -> ProviderKey | None:
        """Return the key of a name; see `ProviderKeySource`."""
        key = self.current(now).keys.get(kid)
        if key is None:
            self._refresh(now, rest=LOAD_INTERVAL, wait=True)
            key = self.current(now).keys.get(kid)
        if key is not None:
            return key
        state = self._state
        if not state.is_authority(now):  # perhaps it was rotated in meanwhile: an outage is no refusal (F0)
            raise DependencyUnavailable(retry_after=state.rest())
        return None

    def _refresh(self, now: datetime, *, rest: timedelta, wait: bool) -> None:
        """Load once, unless another thread does or did; those who wait get what that one brought."""
        before = self._state
        if not before.has_rested(now, rest):
            return
        if not self._loading.acquire(timeout=budget.within(WAIT_MAX.total_seconds()) if wait else 0):
            return
        try:
            if self._state is before:
                self._state = self._attempt(now)
        finally:
            self._loading.release()

    def _attempt(self, now: datetime) -> _State:
        try:
            return _State(keys=self._load(now), loaded_at=now, attempted_at=now)
        except KeySetError as error:
            reason = str(error).replace(" ", "_").lower()  # one of our own few words, nothing of the answer
            log.warn("provider_keys_not_loaded", error=type(error).__name__, code=reason)
            return replace(self._state, attempted_at=now, failures=self._state.failures + 1)

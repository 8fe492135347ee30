"""Record what was refused, bounded and beside the answer: no failure here changes what a phone is told.

A refusal is no act: nothing was done that the record must prove, so "no record, no act" doesn't hold, and a
401 must not become a 503 because its count can't be written. Counts are written by the container's next
request that asks the database anyway, or by any a minute later, and once a minute at most: a flood costs no
more. What a container counted that then gets no request is lost with it (its log lines are not).
"""

import threading
from collections import Counter
from datetime import datetime
from typing import Protocol

from chalicelib.domain.refusals import FREE, NOTED, RECORD_INTERVAL, RefusalCounts, Refused
from chalicelib.observation.log import warn
from chalicelib.services.ports import Clock


class RefusalStore(Protocol):
    """Refusals, as rows."""

    def record(self, counts: RefusalCounts, *, now: datetime, request_id: str) -> None:
        """Append one event."""


class Refusals:
    """Counts refusals of one container."""

    def __init__(self, *, store: RefusalStore, clock: Clock) -> None:
        """Start with none."""
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[Refused] = Counter()
        self._since: datetime | None = None
        self._next_at: datetime | None = None

    def answered(self, route: str, code: str | None, request_id: str, *, is_free: bool = False) -> None:
        """Take note of an answer, and write what is due. Never raises."""
        now = self._clock.now()
        due = self._counted(route, code, now, is_free=is_free or code in FREE)
        if due is None:
            return
        try:
            self._store.record(due, now=now, request_id=request_id)
        except Exception as error:  # noqa: BLE001 - the answer stands, whatever happens to its count
            warn("refusals_not_recorded", cause=type(error).__name__)
            with self._lock:
                self._counts, self._since = due.plus(self._counts), due.since

    def _counted(self, route: str, code: str | None, now: datetime, *, is_free: bool) -> RefusalCounts | None:
        """Count, and return the counts if they are to be written now."""
        if code not in NOTED and not self._counts:
            return None
        with self._lock:
            if code is not None and code in NOTED:
                self._counts[route, code] += 1
                self._since = self._since or now
            if not self._counts or self._since is None or not self._is_due(self._since, now, is_free=is_free):
                return None
            due = RefusalCounts(since=self._since, counts=self._counts)
            self._counts, self._since, self._next_at = Counter(), None, now + RECORD_INTERVAL
            return due

    def _is_due(self, since: datetime, now: datetime, *, is_free: bool) -> bool:
        """Leave it to a request that asked the database anyway, unless none has come for a minute."""
        due_at = self._next_at
        if due_at is not None and now < due_at and due_at - now <= RECORD_INTERVAL:  # else: the clock jumped
            return False
        return not is_free or abs(now - since) >= RECORD_INTERVAL

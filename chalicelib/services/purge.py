"""Delete what is kept no longer, in batches, until nothing is left or the time is up (decision 0047)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from chalicelib.domain.retention import PERIODS, PURGE_BUDGET, Expired, Purged
from chalicelib.services.ports import Clock


class PurgeStore(Protocol):
    """Deletes by age."""

    def delete(self, table: Purged, *, before: datetime) -> int:
        """Delete a batch of what was over before a moment."""

    def expire(self, history: Expired) -> int:
        """Delete a batch of history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeReport:
    """How many rows went, by table; `is_done` is False when the time was up, and the next run goes on."""

    deleted: dict[str, int]
    is_done: bool


class Purge:
    """The purge; run twice at once, each run deletes other rows."""

    def __init__(self, *, store: PurgeStore, clock: Clock) -> None:
        """Take what deletes, and the time."""
        self._store = store
        self._clock = clock

    def run(self) -> PurgeReport:
        """Delete by the declared periods. Raises DependencyUnavailable: what was deleted until then is."""
        now, until = self._clock.now(), self._clock.monotonic() + PURGE_BUDGET.total_seconds()
        batches: dict[str, Callable[[], int]] = {
            str(table): partial(self._store.delete, table, before=now - PERIODS[table]) for table in Purged
        }
        batches |= {str(history): partial(self._store.expire, history) for history in Expired}
        deleted = dict.fromkeys(batches, 0)
        for name, delete in batches.items():
            count = 1
            while count:
                if self._clock.monotonic() >= until:
                    return PurgeReport(deleted=deleted, is_done=False)
                count = delete()
                deleted[name] += count
        return PurgeReport(deleted=deleted, is_done=True)

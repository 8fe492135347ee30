"""The buckets that one container remembers: what it counts by itself, and what it knows to be full."""

import threading
from collections import OrderedDict
from datetime import datetime

from chalicelib.domain.limits import Limit, Taken

BUCKETS_MAX = 10_000  # some 2 MB; whoever has more addresses than that pushes out their own first
Name = tuple[str, str]  # a limit and whose bucket it is


class Buckets:
    """A bounded number of buckets; the one that was used longest ago makes room."""

    def __init__(self, count_max: int = BUCKETS_MAX) -> None:
        """Start empty."""
        self._count_max = count_max
        self._lock = threading.Lock()
        self._arrivals: OrderedDict[Name, datetime] = OrderedDict()

    def full(self, limit: Limit, subject: str, now: datetime) -> datetime | None:
        """Return the bucket if it takes no more, as far as this container knows."""
        arrives_at = self._arrivals.get((limit.name, subject))
        return arrives_at if arrives_at is not None and limit.is_full(arrives_at, now) else None

    def take(self, limit: Limit, subject: str, now: datetime) -> Taken:
        """Count one request here."""
        name = (limit.name, subject)
        with self._lock:
            arrives_at = self._arrivals.get(name)
            if arrives_at is not None and limit.is_full(arrives_at, now):
                return Taken(is_admitted=False, arrives_at=arrives_at)
            taken = limit.taken(arrives_at, now)
            self._keep(name, taken)
            return Taken(is_admitted=True, arrives_at=taken)

    def note(self, limit: Limit, subject: str, arrives_at: datetime) -> None:
        """Remember how a bucket stands elsewhere."""
        with self._lock:
            self._keep((limit.name, subject), arrives_at)

    def _keep(self, name: Name, arrives_at: datetime) -> None:
        self._arrivals[name] = arrives_at
        self._arrivals.move_to_end(name)
        if len(self._arrivals) > self._count_max:
            self._arrivals.popitem(last=False)

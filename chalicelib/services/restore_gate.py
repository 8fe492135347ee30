"""Let nobody through to a database that was restored and not brought up to date (F-24, F-25).

A database can hardly be replaced under a connection that lives on. So a container looks when it has made a
connection, before and after it serves by it, and every few minutes, since a proxy hides much (decision 0046).
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.observation.log import warn
from chalicelib.services.ports import Clock
from chalicelib.services.restore_watch import RestoreWatch

LOOK_EVERY = timedelta(minutes=5)  # one statement and one listing of S3 a container
LOOK_AGAIN = timedelta(seconds=5)  # while it is behind: `restore` runs in another container
UNKNOWN_FOR = timedelta(seconds=30)  # while S3 is away


class RestoreGate:
    """What one container knows of its database."""

    def __init__(self, *, watch: RestoreWatch, connections: Callable[[], int], clock: Clock) -> None:
        """Take what compares the database with the ledger, and what counts the connections made so far."""
        self._watch = watch
        self._connections = connections
        self._clock = clock
        self._lock = threading.Lock()
        self._is_behind = False
        self._seen = -1
        self._looked_at: datetime | None = None
        self._looks = 0
        self._failure: DependencyUnavailable | None = None
        self._pause = LOOK_EVERY

    def ensure_open(self) -> None:
        """Let through, unless the database is behind its ledger.

        While S3 doesn't answer, what was known last holds: its outage is nobody's sign-out.

        Raises:
            DependencyUnavailable: it was restored, or PostgreSQL doesn't answer.
        """
        if self._is_due():
            self._look_or_wait(self._looks)
        if self._is_behind:
            raise DependencyUnavailable(retry_after=LOOK_AGAIN)

    def _look_or_wait(self, looks: int) -> None:
        """Look, or take what a request finds that was looking already: an outage is waited for once."""
        with self._lock:
            if self._looks != looks:
                if self._failure is not None:
                    raise DependencyUnavailable(retry_after=self._failure.retry_after)
                return
            try:
                self._failure = None
                self._look()
            except DependencyUnavailable as error:
                self._failure = error
                raise
            finally:
                self._looks += 1

    def _is_due(self) -> bool:
        is_new = self._seen != self._connections()
        return is_new or self._looked_at is None or abs(self._clock.now() - self._looked_at) >= self._pause

    def _look(self) -> None:
        position = self._watch.position()
        self._seen, self._looked_at = self._connections(), self._clock.now()
        try:
            self._is_behind = position is None or not self._watch.knows_all(position)
        except DependencyUnavailable:
            self._pause = UNKNOWN_FOR
            return
        self._pause = LOOK_AGAIN if self._is_behind else LOOK_EVERY
        if self._is_behind:
            warn("database_restored")

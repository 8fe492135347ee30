"""Notice that the database was restored from a backup, and bring it up to what must not be forgotten.

A backup revives the people who were erased since, and the refresh tokens that were rotated since. The ledger
outside the database knows of the first, and by its numbers that there was a restore at all.
"""

import logging
from dataclasses import dataclass

from chalicelib.domain.erasure import Position
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.observation import log
from chalicelib.services.audit_joining import AuditJoining, Joined
from chalicelib.services.erasure import ErasureService
from chalicelib.services.erasure_ports import ErasureLedger, RecoveryStore
from chalicelib.services.ports import Act, Clock
from chalicelib.services.restore_watch import RestoreWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep did."""

    completed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What bringing a restored database up to date took; `joined` is None if the audit's chain isn't ours."""

    erasures: int
    sessions: int
    epoch: int
    joined: Joined | None


class Recovery:
    """Keeps the database and the ledger in step."""

    def __init__(
        self,
        *,
        store: RecoveryStore,
        ledger: ErasureLedger,
        watch: RestoreWatch,
        erasures: ErasureService,
        joining: AuditJoining,
        clock: Clock,
    ) -> None:
        """Take the database's position, and the ledger that knows a later one after a restore."""
        self._store = store
        self._ledger = ledger
        self._watch = watch
        self._erasures = erasures
        self._joining = joining
        self._clock = clock

    def sweep(self) -> Swept:
        """Complete interrupted erasures, and write down how far the database is.

        Raises:
            DependencyUnavailable: something is away; or the database was restored: `restore` must run first.
        """
        self._watch.ensure_current()
        completed = self._finish_pending()
        self._ledger.mark(self._store.advance())
        return Swept(completed=completed)

    def restore(self, act: Act) -> Restored:
        """Repeat the erasures a restored database forgot, end every session in it, and let it be ready again.

        The audit's chain is joined first, before anything is recorded under an id of a lost event. The number
        is raised last: interrupted, it is still behind, and all is repeated. Raises DependencyUnavailable.
        """
        position = self._position()
        joined = self._joined(act)
        forgotten = self._ledger.after(position)
        for erasure in forgotten:
            self._erasures.replay(erasure, act)
        self._finish_pending()
        sessions = self._end_sessions(act)
        reached = max(position.epoch, self._ledger.last(position))
        new = self._store.restored(reached, now=self._clock.now(), request_id=act.request_id)
        self._ledger.mark(new)
        return Restored(erasures=len(forgotten), sessions=sessions, epoch=new.epoch, joined=joined)

    def _joined(self, act: Act) -> Joined | None:
        """Join the audit's chain; where it can't be, people are protected all the same, and sealing stops."""
        try:
            return self._joining.join(act.request_id)
        except IntegrityFailure as error:
            log.event("audit_not_joined", logging.ERROR, **log.describe(error))
            return None

    def _finish_pending(self) -> int:
        """Complete what was interrupted, and return how many. Raises DependencyUnavailable."""
        count = 0
        while pending := self._store.pending():
            for erasure in pending:
                self._erasures.finish(erasure)
                count += 1
        return count

    def _end_sessions(self, act: Act) -> int:
        now, total = self._clock.now(), 0
        while count := self._store.end_sessions(now=now, request_id=act.request_id):
            total += count
        return total

    def _position(self) -> Position:
        position = self._store.position()
        if position is None:  # no migration ran here
            raise DependencyUnavailable
        return position

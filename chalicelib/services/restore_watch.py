"""Tell whether the database went back in time: it is behind the ledger outside of it (decision 0030)."""

from chalicelib.domain.erasure import Position
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.observation.log import warn
from chalicelib.services.erasure_ports import ErasureLedger, PositionStore


class RestoreWatch:
    """Compares the database's number with the ledger's."""

    def __init__(self, *, store: PositionStore, ledger: ErasureLedger) -> None:
        """Take both."""
        self._store = store
        self._ledger = ledger

    def is_current(self) -> bool:
        """Return whether the database knows all that the ledger knows. Raises DependencyUnavailable.

        One statement and one listing, from the database's own number on. What was written in between is in
        the database before it is in the ledger, so a second look at the number tells it from a restore.
        """
        position = self.position()
        return position is not None and self.knows_all(position)

    def position(self) -> Position | None:
        """Return how far the database is; None if no migration ran. Raises DependencyUnavailable."""
        return self._store.position()

    def knows_all(self, position: Position) -> bool:
        """Return whether a database that was at this position a moment ago is current."""
        last = self._ledger.last(position)
        if last == position.epoch:
            return True
        later = self._store.position()
        return later is not None and later.epoch >= last

    def ensure_current(self) -> None:
        """Let through what would give the database a higher number, and so hide that it was restored.

        Raises:
            DependencyUnavailable: it was restored and not brought up to date; or nobody can tell.
        """
        if not self.is_current():
            warn("database_restored")
            raise DependencyUnavailable

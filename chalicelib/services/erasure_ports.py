"""What erasing needs of the world; the store and the ledger fit these by their shape alone."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from chalicelib.domain.erasure import Erasure, ErasureOrder, Ordered, Position


class ErasureStore(Protocol):
    """Erasures, as rows."""

    def erase(self, order: ErasureOrder, *, request_id: str) -> Ordered:
        """Erase a person from the database, if the order holds."""

    def with_secret(self, erasure_id: UUID, secret_hash: bytes) -> Erasure | None:
        """Return an erasure to who has its secret."""

    def complete(self, erasure_id: UUID, *, now: datetime) -> None:
        """Note that nothing is left to do."""

    def replay(self, erasure: Erasure, *, now: datetime, request_id: str) -> None:
        """Erase again, as the ledger says."""


class PositionStore(Protocol):
    """How far the database is, as a row."""

    def position(self) -> Position | None:
        """Return how far the database is."""


class RecoveryStore(PositionStore, Protocol):
    """The same row, what a restore changes, and what was interrupted."""

    def pending(self) -> tuple[Erasure, ...]:
        """Return some erasures that are not completed."""

    def advance(self) -> Position:
        """Take the next number."""

    def end_sessions(self, *, now: datetime, request_id: str) -> int:
        """End some sessions that began before."""

    def restored(self, epoch: int, *, now: datetime, request_id: str) -> Position:
        """Go beyond a number."""


class ErasureLedger(Protocol):
    """The record outside the database. Never called inside a transaction."""

    def record(self, erasure: Erasure) -> None:
        """Write an erasure down; writing it twice is writing it once."""

    def mark(self, position: Position) -> None:
        """Write down how far the database is."""

    def last(self, position: Position) -> int:
        """Return the highest number written for this line of descent, or the position's own."""

    def after(self, position: Position) -> tuple[Erasure, ...]:
        """Return the erasures that a database at this position can't know."""

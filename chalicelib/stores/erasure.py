"""Erasures, as rows: the transaction that decides, and how far each one is."""

from datetime import datetime
from uuid import UUID

from chalicelib.domain.erasure import Erasure, ErasureOrder
from chalicelib.stores.database import Database
from chalicelib.stores.described import described
from chalicelib.stores.prepared import Row

statements = described("erasure_statements")


class ErasureStore:
    """What erasing reads and writes."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def erase(self, order: ErasureOrder, *, request_id: str) -> Erasure | None:
        """Erase a person behind their lock; None when they are erased, or the asking session isn't live."""
        details = {"erasure_id": str(order.id), "origin": order.origin.value, **order.details}
        parameters = {
            "p_erasure_id": order.id,
            "p_user_id": order.user_id,
            "p_session_id": order.session_id,
            "p_secret_hash": order.secret_hash,
            "p_requested_at": order.requested_at,
            "p_now": order.requested_at,
            "p_details": details,
            "p_request_id": request_id,
        }
        return _erasure(self._database.row_behind(statements.LOCK, statements.ERASE, parameters))

    def find(self, erasure_id: UUID) -> Erasure | None:
        """Return an erasure."""
        return _erasure(self._database.row(statements.FIND, {"p_erasure_id": erasure_id}))

    def with_secret(self, erasure_id: UUID, secret_hash: bytes) -> Erasure | None:
        """Return an erasure, if this is the hash of its secret."""
        parameters = {"p_erasure_id": erasure_id, "p_secret_hash": secret_hash}
        return _erasure(self._database.row(statements.WITH_SECRET, parameters))

    def pending(self) -> tuple[Erasure, ...]:
        """Return the oldest erasures that are not completed, up to `PENDING_MAX`."""
        return tuple(Erasure(**row._asdict()) for row in self._database.rows(statements.PENDING))

    def complete(self, erasure_id: UUID, *, now: datetime) -> None:
        """Note that nothing is left to do; the first time counts."""
        self._database.rows(statements.COMPLETE, {"p_erasure_id": erasure_id, "p_now": now})


def _erasure(row: Row | None) -> Erasure | None:
    return Erasure(**row._asdict()) if row else None

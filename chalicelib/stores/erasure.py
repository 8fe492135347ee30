"""Erasures, as rows: the transaction that decides, and how far each one is (sql/erasures.sql)."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from chalicelib.domain.erasure import ANSWERED_AGAIN, Erased, Erasure, ErasureOrder, Ordered, Origin
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database
from chalicelib.stores.proofs import ProofParameters, used
from chalicelib.stores.session_rows import SessionRow, read_session


class ErasureRow(Row):
    """The view erasure_row in sql/rows.sql."""

    id: UUID
    user_id: UUID
    epoch: int
    lineage: UUID
    secret_hash: bytes | None
    requested_at: datetime
    completed_at: datetime | None


class ErasedRow(Row):
    """What came of an operator's order."""

    outcome: str
    erasure: ErasureRow | None


class ErasedOwnRow(Row):
    """What came of a person's order; the session stands here if it was refused."""

    outcome: str
    erasure: ErasureRow | None
    own: SessionRow | None


class EraseAccount(Call[ErasedOwnRow], function="erase_account"):
    p_user_id: UUID
    p_session_id: UUID
    p_erasure_ids: list[UUID]
    p_secret_hash: bytes | None
    p_retry_window: timedelta
    p_details: str
    proof: ProofParameters
    p_now: datetime
    p_request_id: str


class EraseForOperator(Call[ErasedRow], function="erase_for_operator"):
    p_user_id: UUID
    p_erasure_ids: list[UUID]
    p_secret_hash: bytes | None
    p_retry_window: timedelta
    p_details: str
    p_now: datetime
    p_request_id: str


class ReplayedRow(Row):
    """Whether a person was erased again."""

    outcome: str


class ReplayErasure(Call[ReplayedRow], function="replay_erasure"):
    p_erasure_id: UUID
    p_user_id: UUID
    p_epoch: int
    p_lineage: UUID
    p_secret_hash: bytes | None
    p_requested_at: datetime
    p_details: str
    p_now: datetime
    p_request_id: str


class FindErasure(Call[ErasureRow], function="find_erasure"):
    p_erasure_id: UUID
    p_secret_hash: bytes


class CompletedRow(Row):
    """When an erasure was first complete."""

    completed_at: datetime


class CompleteErasure(Call[CompletedRow], function="complete_erasure"):
    p_erasure_id: UUID
    p_now: datetime


class ErasureStore:
    """What erasing reads and writes."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def erase(self, order: ErasureOrder, *, request_id: str) -> Ordered:
        """Erase a person, if they are not erased, and the asking session is live and theirs."""
        if order.session_id is None:
            return self._erase_for_operator(order, request_id)
        row = self._database.one(
            EraseAccount(
                p_user_id=order.user_id,
                p_session_id=order.session_id,
                p_erasure_ids=list(order.ids),
                p_secret_hash=order.secret_hash,
                p_retry_window=ANSWERED_AGAIN,
                p_details=_details(order.ids[0], order.origin, order.details),
                proof=used(order.proof),
                p_now=order.requested_at,
                p_request_id=request_id,
            )
        )
        return Ordered(
            outcome=Erased(row.outcome),
            erasure=_read(row.erasure) if row.erasure else None,
            own=read_session(row.own) if row.own else None,
        )

    def with_secret(self, erasure_id: UUID, secret_hash: bytes) -> Erasure | None:
        """Return an erasure, if this is the hash of its secret."""
        rows = self._database.all(FindErasure(p_erasure_id=erasure_id, p_secret_hash=secret_hash))
        return _read(rows[0]) if rows else None

    def complete(self, erasure_id: UUID, *, now: datetime) -> None:
        """Note that nothing is left to do; the first time counts."""
        self._database.all(CompleteErasure(p_erasure_id=erasure_id, p_now=now))

    def replay(self, erasure: Erasure, *, now: datetime, request_id: str) -> None:
        """Erase again what a restore brought back; somebody already erased stays so, without a record."""
        self._database.one(
            ReplayErasure(
                p_erasure_id=erasure.id,
                p_user_id=erasure.user_id,
                p_epoch=erasure.epoch,
                p_lineage=erasure.lineage,
                p_secret_hash=erasure.secret_hash,
                p_requested_at=erasure.requested_at,
                p_details=_details(erasure.id, Origin.RESTORE, {}),
                p_now=now,
                p_request_id=request_id,
            )
        )

    def _erase_for_operator(self, order: ErasureOrder, request_id: str) -> Ordered:
        row = self._database.one(
            EraseForOperator(
                p_user_id=order.user_id,
                p_erasure_ids=list(order.ids),
                p_secret_hash=order.secret_hash,
                p_retry_window=ANSWERED_AGAIN,
                p_details=_details(order.ids[0], order.origin, order.details),
                p_now=order.requested_at,
                p_request_id=request_id,
            )
        )
        return Ordered(outcome=Erased(row.outcome), erasure=_read(row.erasure) if row.erasure else None)


def _details(erasure_id: UUID, origin: Origin, details: Mapping[str, str]) -> str:
    """Return the details of the audit event."""
    return json.dumps({"erasure_id": str(erasure_id), "origin": origin.value, **details})


def _read(row: ErasureRow) -> Erasure:
    return Erasure(
        id=row.id,
        user_id=row.user_id,
        epoch=row.epoch,
        lineage=row.lineage,
        secret_hash=row.secret_hash,
        requested_at=row.requested_at,
        completed_at=row.completed_at,
    )

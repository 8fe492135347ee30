"""What the life of people's keys needs of the database: the record, and who has a row."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from chalicelib.domain.audit import AuditKind
from chalicelib.postgres.transactions import Transactions
from chalicelib.stores.jobs.audit import Act
from chalicelib.stores.schema import Users


class KeyActsStore:
    """The record of what is done to people's keys."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def record(self, kind: AuditKind, details: Mapping[str, Any], *, now: datetime, request_id: str) -> None:
        """Record one act."""
        with self._transactions.begin() as connection:
            Act(connection, now, request_id).record(kind, details=details)

    def known(self, user_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return which of these people have a row; that of an erased person counts."""
        with self._transactions.begin() as connection:
            return frozenset(connection.execute(select(Users.id).where(Users.id.in_(user_ids))).scalars())

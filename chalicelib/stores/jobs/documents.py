"""The published texts, as a release adds to them. A published one never changes."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.consents import ConsentDocument
from chalicelib.postgres.transactions import Transactions
from chalicelib.stores.jobs.audit import Act
from chalicelib.stores.schema import ConsentDocuments

_TEXT = tuple(
    column.label("text") if column.name == "body" else column
    for column in ConsentDocuments.__table__.c
    if column.name != "published_at"
)
_ADDED = insert(ConsentDocuments).on_conflict_do_nothing().returning(ConsentDocuments.kind)
_RECORDED = ("kind", "version", "locale", "sha256")


class PublishingStore:
    """The texts, as rows."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def publish(self, documents: Iterable[ConsentDocument], *, now: datetime, request_id: str) -> None:
        """Add texts, all or none; one that is published already stays as it is."""
        with self._transactions.begin() as connection:
            act = Act(connection, now, request_id)
            for document in documents:
                values = asdict(document)
                body = values.pop("text")
                if connection.execute(_ADDED, values | {"body": body, "published_at": now}).first():
                    details = {name: values[name] for name in _RECORDED}
                    act.record(AuditKind.DOCUMENT_PUBLISHED, details=details)

    def published(self) -> tuple[ConsentDocument, ...]:
        """Return every text that was ever published."""
        with self._transactions.begin() as connection:
            rows = connection.execute(select(*_TEXT)).mappings().all()
        return tuple(ConsentDocument(**row) for row in rows)
